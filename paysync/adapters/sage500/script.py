"""The shipped T-SQL as one script that a DBA reads, runs and removes again.

Built from the templates in `sql/` and the settings of the site. Nothing here talks to a server.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from paysync.adapters.sage500.site import SETTINGS, rendered, settings_of

#: Raised with every change of a file in `sql/`; the number before the dot when paysync and older
#: wrappers no longer understand one another.
VERSION = "1.2"

FOLDER = Path(__file__).parent / "sql"
UNINSTALL = FOLDER / "uninstall.sql"
GO = re.compile(r"^[ \t]*GO[ \t]*$", re.MULTILINE | re.IGNORECASE)
MADE = re.compile(r"^\s*CREATE (?:TABLE|VIEW|FUNCTION|PROCEDURE) (\w+\.\w+)", re.MULTILINE)
WIDTH = max(len(found.name) for found in SETTINGS)

#: Indexed views, filtered indexes and XML need these; sqlcmd begins without the first.
SESSION = """\
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;
SET NOCOUNT ON;
GO
"""
#: A part whose objects could not be made is not noted as installed.
NOTED = """\
DELETE FROM {schema}.Version WHERE ScriptName = '{name}';
IF {condition}
  INSERT INTO {schema}.Version (ScriptName, Version, Sha256, InstalledAt)
    VALUES ('{name}', '{version}', '{sha256}', GETUTCDATE());
GO
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of `sql/`, rendered for a site. sha256: of the text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def objects(self) -> list[str]:
        """What it makes, as schema.name."""
        return MADE.findall(self.text)


def parts(settings: Mapping[str, object] | None = None) -> list[Part]:
    """The files in the order they are run. settings: what the site has otherwise."""
    files = sorted(path for path in FOLDER.glob("[0-9]*.sql"))
    return [Part(path.name, rendered(path.read_text(encoding="ascii"), settings)) for path in files]


def install_script(settings: Mapping[str, object] | None = None) -> str:
    """The whole installation. Running it again replaces procedures and keeps tables."""
    values = settings_of(settings)
    pieces = []
    for part in parts(settings):
        schema, condition = values["Schema"], condition_of(part)
        note = NOTED.format(schema=schema, name=part.name, version=VERSION,
                            sha256=part.sha256, condition=condition)  # fmt: skip
        pieces.append(f"-- {'=' * 20} {part.name}\n{part.text}{note}")
    return whole("installation of the wrappers", settings, SESSION + "".join(pieces))


def uninstall_script(
    settings: Mapping[str, object] | None = None, *, drop_receipts: bool = False
) -> str:
    """Removes what the installation made. drop_receipts: even the record of what we sent."""
    text = UNINSTALL.read_text(encoding="ascii").replace("$(DropReceipts)", f"{drop_receipts:d}")
    return whole("removal of the wrappers", settings, SESSION + rendered(text, settings))


def condition_of(part: Part) -> str:
    """Whether everything that the part makes is there."""
    tests = [f"OBJECT_ID('{name}') IS NOT NULL" for name in part.objects]
    return "\n   AND ".join(tests) or "1 = 1"


def whole(what: str, settings: Mapping[str, object] | None, body: str) -> str:
    """The body under a header that says what it is and what was set."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    values = settings_of(settings)
    lines = [
        f"-- paysync {VERSION}: {what} beside Sage 500, for SQL Server 2012 or later.",
        f"-- sha256 of everything below this header: {digest}",
        "-- Run it in the Sage 500 application database as a member of db_owner, and stop at the",
        "-- first error (sqlcmd: -b). It changes no table, procedure or right of Sage's own.",
        "--",
        "-- Settings of the site, how sure their defaults are, and where that is written down:",
    ]
    for found in SETTINGS:
        value, mark = (
            values[found.name],
            "" if values[found.name] == found.default else " (changed)",
        )
        lines.append(
            f"--   {found.name:{WIDTH}} = {value}{mark}  [{found.grade}: reference {found.source}] "
            f"{found.meaning}"
        )
    return "\n".join(lines) + "\n\n" + body


def batches_of(script: str) -> list[str]:
    """The script cut at its GO lines, each piece to be sent by itself."""
    return [batch for part in GO.split(script) if (batch := part.strip())]
