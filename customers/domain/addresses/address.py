"""An address, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

#: Sage 500 has five lines; the references name their widths (Sage reference §7).
LINES = 5


@dataclass(frozen=True, slots=True)
class Address:
    """Texts, "" where nothing is known. postal_code: without punctuation, as Sage 500 keeps it."""

    line1: str = ""
    line2: str = ""
    line3: str = ""
    line4: str = ""
    line5: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""

    @classmethod
    def of(cls, parts: Mapping[str, object]) -> Address:
        """From named parts, such as a mirror keeps them; what it does not know is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: str(value or "") for name, value in parts.items() if name in known})

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line1, self.line2, self.line3, self.line4, self.line5)

    @property
    def postal_shown(self) -> str:
        """As it is written on mail: ZIP+4 with its dash."""
        code = self.postal_code
        is_plus4 = len(code) == 9 and code.isdecimal()
        return f"{code[:5]}-{code[5:]}" if is_plus4 else code

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is another now. is_loss: something of it is gone, so that a person looks."""

    field: str
    before: str
    after: str
    why: str
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Standardized:
    """raw: as it came, always kept. is_us: read as an address in the United States."""

    raw: Address
    address: Address
    is_us: bool
    changes: tuple[Change, ...] = ()

    @property
    def losses(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.is_loss)


def changes_between(before: Address, after: Address, why: Mapping[str, str]) -> tuple[Change, ...]:
    """why: by field, where something is known to have been done to it."""
    found = []
    for field in fields(Address):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            found.append(Change(field.name, old, new, why.get(field.name, "blanks")))
    return tuple(found)
