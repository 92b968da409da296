"""What is wrong with a file, line by line, and the file that says so."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

#: How much of a wrong value is repeated.
SHOWN_CHARS = 60
HEADINGS = ("line", "column", "value", "reason")
#: What a spreadsheet takes for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong cell. line: as an editor counts, 0 for the file as a whole."""

    line: int
    column: str
    value: str
    reason: str

    @classmethod
    def at(cls, line: int, column: str, value: object, reason: str) -> Problem:
        return cls(line, column[:40], shortened(str(value)), reason)

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "the file"
        return f"{where}{', ' + self.column if self.column else ''}: {self.reason}"


def shortened(text: str) -> str:
    """The value for people: bounded, and nothing in it that moves a cursor."""
    shown = "".join(char if char.isprintable() else "�" for char in text[: SHOWN_CHARS + 1])
    return shown if len(shown) <= SHOWN_CHARS else shown[:SHOWN_CHARS] + "…"


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs: what looks like a formula gets an apostrophe in front."""
    if text.startswith(FORMULA) and not PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def error_file(problems: Iterable[Problem]) -> str:
    """The problems as CSV, to be opened in a spreadsheet beside the file they are about."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for problem in problems:
        writer.writerow(safe_cell(str(cell)) for cell in asdict(problem).values())
    return out.getvalue()
