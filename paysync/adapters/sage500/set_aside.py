"""Rows of any mode -> our domain, one by one: what nobody can read costs no other row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from paysync.domain.errors import RecordError

Row = TypeVar("Row")
T = TypeVar("T")


def read_each(
    rows: Iterable[Row], to_domain: Callable[[Row], T], set_aside: list[str] | None
) -> Iterator[T]:
    """The rows in our words. One nobody can read is named in `set_aside`, or raises RecordError."""
    for row in rows:
        try:
            found = to_domain(row)
        except RecordError as error:
            if set_aside is None:
                raise
            set_aside.append(str(error))
        else:
            yield found
