"""Make an address fit into Sage 500, and say what was lost. Nothing is cut silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from customers.domain.addresses.address import LINES, Address, Change

#: Characters of each field. Source: Sage reference §7 (certain).
SAGE_LIMITS = {
    **{f"line{n + 1}": 40 for n in range(LINES)},
    "city": 20, "state": 3, "postal_code": 9, "country": 3,
}  # fmt: skip
#: Sage's texts are Windows-1252.
CODE_PAGE = "cp1252"


def fit(address: Address) -> tuple[Address, tuple[Change, ...]]:
    """The address in Sage's lengths and characters, with what that changed.

    A line that is too long goes on in the next free one. What still does not fit is cut, and the
    change says so (`is_loss`), as does a character that Sage cannot hold.
    """
    changes: list[Change] = []
    values = {name: encodable(name, value, changes) for name, value in address.as_dict().items()}
    lines, rest = wrapped([values[f"line{n + 1}"] for n in range(LINES)], SAGE_LIMITS["line1"])
    for number, line in enumerate(lines, 1):
        name = f"line{number}"
        if line != values[name]:
            changes.append(Change(name, values[name], line, "moved to keep to 40 characters"))
    if rest:
        why = "it does not fit into five lines of 40 characters"
        changes.append(Change(f"line{LINES}", f"{lines[-1]} {rest}", lines[-1], why, is_loss=True))
    values |= {f"line{n + 1}": line for n, line in enumerate(lines)}
    fitted = replace(address, **values)
    for name in ("city", "state", "postal_code", "country"):
        value, most = getattr(fitted, name), SAGE_LIMITS[name]
        if len(value) > most:
            why = f"cut to {most} characters"
            changes.append(Change(name, value, value[:most].rstrip(), why, is_loss=True))
            fitted = replace(fitted, **{name: value[:most].rstrip()})
    return fitted, tuple(changes)


def encodable(name: str, value: str, changes: list[Change]) -> str:
    kept = value.encode(CODE_PAGE, errors="replace").decode(CODE_PAGE)
    if kept != value:
        lost = sorted({char for char, now in zip(value, kept, strict=True) if char != now})
        why = f"Sage 500 cannot hold {' '.join(lost)}"
        changes.append(Change(name, value, kept, why, is_loss=True))
    return kept


def wrapped(lines: Sequence[str], most: int) -> tuple[list[str], str]:
    """The lines, none longer than `most` where free lines can take the rest; and what is left.

    A line is broken between words, or within a word that is longer than a line.
    """
    wanted = [part for line in lines for part in broken(line, most)]
    if all(len(line) <= most for line in lines):
        return list(lines), ""
    kept = wanted[: len(lines)]
    rest = " ".join(wanted[len(lines) :])
    return kept + [""] * (len(lines) - len(kept)), rest


def broken(line: str, most: int) -> list[str]:
    parts: list[str] = []
    while len(line) > most:
        cut = line.rfind(" ", 0, most + 1)
        cut = cut if cut > 0 else most
        parts.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return [*parts, line] if line else parts
