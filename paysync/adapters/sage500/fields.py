"""Reading one row of an ERP service's JSON, field by field, with exact numbers.

A field that cannot be read raises RecordError naming the row and the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.texts import storable

T = TypeVar("T")


class Fields:
    """One row of an answer, read field by field; every complaint names row and field."""

    def __init__(self, row: object, where: str) -> None:
        if not isinstance(row, Mapping):
            raise RecordError(f"{where} is not an object")
        self._row = row
        self._where = where

    def text(self, name: str, default: str | None = None) -> str:
        """Text without trailing blanks: older databases hold fixed-width columns (inferred)."""
        value = self._given(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise self.unreadable(name, value)
        return storable(value).rstrip()

    def number(self, name: str, default: int | None = None) -> int:
        value = self._given(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.unreadable(name, value)
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        value = self._given(name, default)
        if not isinstance(value, bool):
            raise self.unreadable(name, value)
        return value

    def money(self, name: str, currency: str) -> Money:
        value = self._given(name, None)
        try:
            return Money.parse(value, currency)
        except RecordError as error:
            raise RecordError(f"{self._where}: {name}: {error}") from error

    def money_or_none(self, name: str, currency: str) -> Money | None:
        return None if self._row.get(name) is None else self.money(name, currency)

    def cut_money_or_none(self, name: str, currency: str) -> Money | None:
        """An amount without what lies below the minor unit."""
        value = self._row.get(name)
        try:
            return None if value is None else Money.cut(value, currency)
        except RecordError as error:
            raise RecordError(f"{self._where}: {name}: {error}") from error

    def day(self, name: str) -> date:
        return self._read(name, lambda text: date.fromisoformat(text[:10]))

    def day_or_none(self, name: str) -> date | None:
        return None if self._row.get(name) is None else self.day(name)

    def moment_or_none(self, name: str) -> datetime | None:
        return None if self._row.get(name) is None else self._read(name, moment_of)

    def rows(self, name: str, what: str) -> list[Fields]:
        value = self._given(name, None)
        if not isinstance(value, list):
            raise self.unreadable(name, value)
        return [Fields(row, f"{self._where}: {what} {n}") for n, row in enumerate(value, 1)]

    def texts(self, name: str) -> dict[str, str]:
        """An object of short texts, such as an address; empty and foreign parts are left out."""
        value = self._row.get(name) or {}
        if not isinstance(value, Mapping):
            raise self.unreadable(name, value)
        texts = {str(key): part for key, part in value.items() if isinstance(part, str)}
        parts = {storable(key): storable(part).rstrip() for key, part in texts.items()}
        return {key: part for key, part in parts.items() if part}

    def unreadable(self, name: str, value: object) -> RecordError:
        return RecordError(f"{self._where}: {name} cannot be read: {storable(str(value))[:60]!r}")

    def _given(self, name: str, default: object) -> object:
        value = self._row.get(name, default)
        value = default if value is None else value
        if value is None:
            raise RecordError(f"{self._where}: {name} is missing")
        return value

    def _read(self, name: str, reader: Callable[[str], T]) -> T:
        value = self.text(name)
        try:
            return reader(value)
        except ValueError as error:
            raise self.unreadable(name, value) from error


def moment_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment
