"""Many values of one dataclass at once, a field after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import repeat, starmap
from typing import Any, TypeVar

T = TypeVar("T")


def made_of(kind: type[T], count: int, columns: Mapping[str, Iterable[Any]]) -> list[T]:
    """What `kind(...)` would make of each row. columns: field -> its values, `count` of them.

    For a dataclass with slots, at half of what `kind(...)` takes: the `__init__` of a frozen one
    looks up for each field how it is written. Raises TypeError for a class that checks its values,
    or unless every field is given; ValueError for a column of another length.
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if hasattr(kind, "__post_init__") or names != columns.keys():
        raise TypeError(f"a {kind.__name__} cannot be made of the columns {sorted(columns)}")
    made = list(map(object.__new__, repeat(kind, count)))
    for name, column in columns.items():
        write = getattr(kind, name).__set__
        deque(starmap(write, zip(made, column, strict=True)), maxlen=0)
    return made
