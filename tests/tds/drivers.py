"""Both ODBC drivers under the names that the settings use, without touching the machine's own list.

Microsoft's driver comes inside a wheel that mssql-django depends on; FreeTDS from Debian's
`tdsodbc`. unixODBC reads its list of drivers from the folder in ODBCSYSINI, once a process.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

MICROSOFT = "ODBC Driver 18 for SQL Server"
FREETDS = "FreeTDS"
#: Where distributions put FreeTDS's ODBC library.
FREETDS_PLACES = ("/usr/lib/*/odbc/libtdsodbc.so", "/usr/lib*/libtdsodbc.so*")


def microsoft_library() -> Path | None:
    """The driver inside the wheel, for this processor; None where there is none."""
    spec = find_spec("mssql_python_odbc")
    if spec is None or not spec.submodule_search_locations or sys.platform != "linux":
        return None
    libs = Path(spec.submodule_search_locations[0]) / "libs" / "linux"
    found = libs.glob(f"debian_ubuntu/{platform.machine()}/lib/libmsodbcsql-18*")
    return next(iter(sorted(found)), None)


def freetds_library() -> Path | None:
    found = [path for place in FREETDS_PLACES for path in Path("/").glob(place[1:])]
    return found[0] if found else None


def installed() -> dict[str, Path]:
    libraries = {MICROSOFT: microsoft_library(), FREETDS: freetds_library()}
    return {name: path for name, path in libraries.items() if path is not None}


def register_drivers() -> None:
    """Write a driver list for this process, unless the user has set one."""
    if "ODBCSYSINI" in os.environ:
        return
    folder = Path(tempfile.gettempdir()) / f"paysync-odbc-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    text = "".join(f"[{name}]\nDriver={path}\n\n" for name, path in installed().items())
    part = folder / f"odbcinst.ini.{os.getpid()}"
    part.write_text(text)
    part.replace(folder / "odbcinst.ini")
    os.environ["ODBCSYSINI"] = str(folder)
