"""Values made a column at a time are those that would have been made one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from paysync.adapters.sage500.columns import made_of
from paysync.domain.money import Money


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    number: int = 0


def test_they_are_equal_and_as_frozen() -> None:
    made = made_of(Place, 2, {"number": [1, 2], "name": iter(["a", "b"])})
    assert made == [Place("a", 1), Place("b", 2)]
    assert {*made} == {Place("a", 1), Place("b", 2)} and replace(made[0], number=3).number == 3
    with pytest.raises(AttributeError):
        made[0].name = "c"  # type: ignore[misc]


def test_no_rows_make_nothing() -> None:
    assert made_of(Place, 0, {"name": [], "number": []}) == []


@pytest.mark.parametrize("columns", [{"name": ["a"]}, {"name": ["a"], "number": [1], "x": [1]}])
def test_every_field_has_its_column(columns: dict[str, list[Any]]) -> None:
    with pytest.raises(TypeError, match="Place"):
        made_of(Place, 1, columns)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
def test_a_column_of_another_length_is_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="shorter|longer"):
        made_of(Place, 2, {"name": names, "number": [1, 2]})


def test_a_class_that_checks_its_values_is_made_by_itself() -> None:
    with pytest.raises(TypeError, match="Money"):
        made_of(Money, 1, {"amount": ["no amount"], "currency": ["USD"]})
