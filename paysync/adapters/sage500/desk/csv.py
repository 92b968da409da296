"""A CSV export of a site, cut into rows: bounded, strict, every complaint with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from paysync.adapters.sage500.desk.options import ENCODINGS, FileOptions
from paysync.domain.desk import Problem

#: One file: 64 MB, half a million rows, 16,000 characters a line. Ten times a large site's needs.
MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 500_000
MOST_CHARS = 16_000
#: After so many wrong cells nobody needs to know of more.
MOST_PROBLEMS = 200


class BadFileError(Exception):
    """The file cannot be taken in; nothing of it counts. digest: of its content, once read."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(problems[0]) if problems else "")
        self.problems = problems
        self.digest = ""

    @classmethod
    def whole(cls, reason: str) -> BadFileError:
        return cls(Problem.at(0, "", "", reason))


@dataclass(frozen=True, slots=True)
class Sheet:
    """header: column names in lower case -> place. rows: (line, cells)."""

    header: dict[str, int]
    rows: list[tuple[int, list[str]]]


def read_sheet(content: bytes, options: FileOptions, *, is_marked: bool = False) -> Sheet:
    """The rows of a file. is_marked: the site said by a .done file that it is whole.

    Raises BadFileError.
    """
    text = decoded(content, options)
    if not is_marked and text and not text.endswith("\n"):
        raise BadFileError.whole("the last line has no end: the file was cut off")
    lines = list(numbered(text, options))
    if not lines:
        raise BadFileError.whole("the file is empty")
    (_, names), rows = lines[0], lines[1:]
    if options.trailer:
        rows = without_trailer(rows)
    header = header_of(names)
    for line, cells in rows:
        if len(cells) != len(names):
            text = f"the line has {len(cells)} cells, the first line has {len(names)}"
            raise BadFileError(Problem.at(line, "", "", text))
    return Sheet(header, rows)


def decoded(content: bytes, options: FileOptions) -> str:
    if len(content) > MOST_BYTES:
        raise BadFileError.whole(f"the file is larger than {MOST_BYTES} bytes")
    encoding = ENCODINGS[options.encoding.lower()]
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = f"a byte that is not {options.encoding}"
        found = content[error.start : error.start + 1].hex()
        raise BadFileError(Problem.at(line, "", f"0x{found}", text)) from error


def numbered(text: str, options: FileOptions) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins in. Empty lines are passed over."""
    source = Lines(text)
    reader = csv.reader(source, delimiter=options.delimiter, strict=True)
    while True:
        line = source.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadFileError(Problem.at(line, "", "", f"not CSV: {error}")) from error
        if cells is None:
            return
        if line > MOST_ROWS + 2:
            raise BadFileError.whole(f"the file has more than {MOST_ROWS} rows")
        if cells:
            yield line, cells


class Lines:
    """The lines of a text, counted, each of bounded length."""

    def __init__(self, text: str) -> None:
        self.number = 0
        self._lines = io.StringIO(text, newline="")

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        if len(line) > MOST_CHARS:
            text = f"the line is longer than {MOST_CHARS} characters"
            raise BadFileError(Problem.at(self.number, "", line, text))
        return line


def header_of(names: list[str]) -> dict[str, int]:
    header: dict[str, int] = {}
    for place, name in enumerate(names):
        key = name.strip().lower()
        if key in header:
            raise BadFileError(Problem.at(1, name, name, "the column is there twice"))
        header[key] = place
    return header


def without_trailer(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows before the last line, which says `T` and how many they are."""
    line, cells = rows[-1] if rows else (1, [])
    if len(cells) != 2 or cells[0].strip().upper() != "T":
        raise BadFileError(Problem.at(line, "", "", "the last line does not say T and a count"))
    if cells[1].strip() != str(len(rows) - 1):
        text = f"the last line says so many rows, there are {len(rows) - 1}"
        raise BadFileError(Problem.at(line, "T", cells[1], text))
    return rows[:-1]
