"""A SQL Server named by a URL -> Django's settings of it (mssql-django).

mssql://user:password@host:1433/database?driver=FreeTDS&encrypt=yes&trust_server_certificate=no
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

FREETDS = "FreeTDS"
MSSQL_PYTHON = "mssql_python"
DEFAULT_DRIVER = "ODBC Driver 18 for SQL Server"
MICROSOFT = re.compile(r"ODBC Driver \d\d for SQL Server")
DRIVERS = f"driver may be {DEFAULT_DRIVER}, {FREETDS} or {MSSQL_PYTHON}."
#: FreeTDS's words for what Microsoft calls Encrypt.
FREETDS_ENCRYPTION = {"yes": "require", "no": "off", "strict": "strict"}
CONNECT_TIMEOUT_S = 10
EXTRA = "extra_params"
#: Compares letters and marks one by one, as the other databases do. docs/sql-server.md
COLLATION = "Latin1_General_100_BIN2"
#: How long a connection that nobody uses stays open, in seconds.
KEEP_S = 300
#: How long one statement of our own may take (chosen): far more than any of ours needs, building an
#: index in a migration among them, and yet an end where the line is dead.
OWN_QUERY_S = 900


def sqlserver(name: str, url: str, *, query_timeout_s: float) -> dict[str, Any]:
    """Django's settings of the database at `url`. `name` is the setting it comes from.

    Raises ImproperlyConfigured with a sentence that repeats nothing of the URL but its options.
    """
    parts, port = split(name, url)
    query = options_of(name, parts)
    return {
        "ENGINE": "mssql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": port,
        "OPTIONS": {
            **driver_options(name, query),
            "query_timeout": max(1, round(query_timeout_s)),
            "connection_timeout": CONNECT_TIMEOUT_S,
            # The retries of mssql-django are for Azure, and take a wrong database name for one.
            "connection_retries": 0,
        },
        "CONN_MAX_AGE": KEEP_S,
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "TIME_ZONE": None,
        "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": False, "MIRROR": None,
                 "NAME": None},
    }  # fmt: skip


def own_sqlserver(name: str, url: str) -> dict[str, Any]:
    """Django's settings of paysync's own database at `url`.

    Django opens it at once, so a missing driver is said here, in words.
    """
    found = sqlserver(name, url, query_timeout_s=OWN_QUERY_S)
    options = found["OPTIONS"]
    require_driver(name, options)
    # mssql-django takes MARS for switched on, and Microsoft's driver on Linux has it off.
    microsoft = MICROSOFT.fullmatch(options.get("driver", ""))
    if microsoft and "mars_connection" not in options[EXTRA].lower():
        options[EXTRA] = ";".join(filter(None, [options[EXTRA], "MARS_Connection=no"]))
    found["TEST"] = {"COLLATION": COLLATION}
    return found


def require_driver(name: str, options: dict[str, Any]) -> None:
    """Raises ImproperlyConfigured when what talks to SQL Server is not installed."""
    try:
        pyodbc = import_module("pyodbc")
        import_module(options.get("python_driver", "pyodbc"))
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{name} names a SQL Server, and this machine cannot speak to one: {error}. "
            "Install unixODBC (Debian: unixodbc) and requirements.txt."
        ) from None
    driver, known = options.get("driver"), pyodbc.drivers()
    if driver and driver not in known:
        raise ImproperlyConfigured(
            f"{name} names the driver {driver!r}, which unixODBC does not know; it knows: "
            f"{', '.join(known) or 'none'}. Install it, or set driver={MSSQL_PYTHON}."
        )


def split(name: str, url: str) -> tuple[SplitResult, str]:
    advice = f"Set {name} to mssql://user:password@host:1433/database?driver={FREETDS}."
    refusal = ImproperlyConfigured(f"{name} names no SQL Server database. {advice}")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme != "mssql" or not parts.hostname or not parts.path.strip("/"):
        raise refusal
    return parts, str(port or "")


def options_of(name: str, parts: SplitResult) -> dict[str, str]:
    """The query of the URL. Only what we know: a mistyped word would change nothing in silence."""
    found = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = {
        "encrypt": {"yes", "no", "strict"},
        "trust_server_certificate": {"yes", "no"},
    }
    for option, value in found.items():
        if option not in {"driver", "extra_params", *allowed}:
            raise ImproperlyConfigured(f"{name} has the option {option!r}, which does not exist.")
        if option in allowed and value not in allowed[option]:
            choice = ", ".join(sorted(allowed[option]))
            raise ImproperlyConfigured(f"{name} has {option}={value}; it may be: {choice}.")
    return found


def driver_options(name: str, query: dict[str, str]) -> dict[str, Any]:
    """What mssql-django needs to know of the driver."""
    driver = query.get("driver", DEFAULT_DRIVER)
    if driver == FREETDS:
        chosen: dict[str, Any] = {"driver": driver, "host_is_server": True}
        extra = ["TDS_Version=7.4", "ClientCharset=UTF-8"]
        if "encrypt" in query:
            extra.append(f"Encryption={FREETDS_ENCRYPTION[query['encrypt']]}")
    elif driver == MSSQL_PYTHON or MICROSOFT.fullmatch(driver):
        chosen = {"python_driver" if driver == MSSQL_PYTHON else "driver": driver}
        extra = [f"Encrypt={query['encrypt']}"] if "encrypt" in query else []
        if "trust_server_certificate" in query:
            extra.append(f"TrustServerCertificate={query['trust_server_certificate']}")
    else:
        raise ImproperlyConfigured(f"{name} names the driver {driver!r}. {DRIVERS}")
    return {**chosen, "extra_params": ";".join([*extra, *given(query)])}


def given(query: dict[str, str]) -> list[str]:
    extra = query.get("extra_params", "")
    return [extra] if extra else []
