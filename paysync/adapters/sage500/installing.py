"""Install, check and remove the wrappers on a site's SQL Server. Only ever on request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paysync.adapters.sage500.odbc_errors import failure_of
from paysync.adapters.sage500.reader import Reader
from paysync.adapters.sage500.script import VERSION, Part, batches_of, parts
from paysync.adapters.sage500.site import settings_of
from paysync.domain.errors import RejectedError

SYSTEM = "sage500"
#: The first words of a batch, to name it in an error.
SHOWN = 60
MAKES = re.compile(r"^\s*CREATE (?:VIEW|FUNCTION|PROCEDURE) (\w+\.\w+)", re.MULTILINE)
BLANKS = re.compile(r"\s+")
DEFINITION = "SELECT OBJECT_DEFINITION(OBJECT_ID(?)), OBJECT_ID(?)"


@dataclass(frozen=True, slots=True)
class Compared:
    """One file of the shipped script against what the database has. problem: "" when it agrees.

    is_fit: whether paysync can work with what is there, be it as shipped or not.
    """

    name: str
    problem: str = ""
    is_fit: bool = True


def run_script(raw: Any, script: str) -> int:
    """Run every batch on a driver's connection, all or nothing. Returns how many.

    Raises RejectedError naming the batch that failed; nothing of the script stays then.
    """
    batches = batches_of(script)
    raw.autocommit = False
    cursor = raw.cursor()
    for number, batch in enumerate(batches, 1):
        try:
            cursor.execute(batch)
            while cursor.nextset():
                pass
        except Exception as error:
            with suppress(Exception):  # the server may have rolled back already
                raw.rollback()
            first = next(line for line in batch.splitlines() if line and not line.startswith("--"))
            raise RejectedError(
                SYSTEM,
                f"batch {number} of {len(batches)} ({first[:SHOWN]}): {failure_of(error).text}",
                reason="script",
            ) from error
    raw.commit()
    return len(batches)


def compare(reader: Reader, settings: Mapping[str, object] | None) -> list[Compared]:
    """Is what is installed what we ship, with these settings of the site?"""
    schema = settings_of(settings)["Schema"]
    if reader.rows("SELECT OBJECT_ID(?)", [f"{schema}.Version"])[0][0] is None:
        return [not_installed(part) for part in parts(settings)]
    noted = {
        str(name): (str(version), str(digest))
        for name, version, digest in reader.rows(
            f"SELECT ScriptName, Version, Sha256 FROM {schema}.Version"  # noqa: S608 - checked name
        )
    }
    return [compared(reader, part, noted) for part in parts(settings)]


def compared(reader: Reader, part: Part, noted: Mapping[str, tuple[str, str]]) -> Compared:
    if part.name not in noted:
        return not_installed(part)
    version, digest = noted[part.name]
    if version != VERSION:
        told = f"version {version} is installed, {VERSION} is shipped"
        return Compared(part.name, told, is_fit=generation(version) == generation(VERSION))
    return Compared(part.name, problem_of(reader, part, digest))


def not_installed(part: Part) -> Compared:
    return Compared(part.name, "not installed", is_fit=False)


def generation(version: str) -> str:
    """The number before the dot: another one takes other parameters or gives another answer."""
    return version.partition(".")[0]


def problem_of(reader: Reader, part: Part, digest: str) -> str:
    """What differs at a part of the right version; "" when nothing does."""
    if digest != part.sha256:
        return "installed with other settings of the site, or from another build"
    for name, text in definitions_of(part).items():
        found, exists = reader.rows(DEFINITION, [name, name])[0]
        if exists is None:
            return f"{name} is gone, or this login may not see it"
        if found is not None and not same(str(found), text):
            return f"{name} was changed after the installation"
    return ""


def definitions_of(part: Part) -> dict[str, str]:
    """The text of each view, function and procedure, as the server keeps it."""
    return {name: batch for batch in batches_of(part.text) for name in MAKES.findall(batch)}


def same(found: str, shipped: str) -> bool:
    """Equal but for blanks and line ends, which tools change on the way."""
    return BLANKS.sub(" ", found).strip() == BLANKS.sub(" ", shipped).strip()
