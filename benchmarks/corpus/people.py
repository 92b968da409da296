"""Who pays: names of firms and persons, and how much of them a payment shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

FIRST = (
    "Summit", "Harbor", "Cedar", "Granite", "Pioneer", "Lakeside", "Northern", "Pacific", "Delta",
    "Keystone", "Liberty", "Evergreen", "Riverside", "Golden", "Blue", "Silver", "Atlantic",
    "Prairie", "Mountain", "Valley", "Coastal", "Central", "Metro", "United", "Eagle", "Falcon",
    "Sterling", "Heritage", "Beacon", "Crown", "Patriot", "Frontier", "Redwood", "Maple", "Birch",
    "Stone", "Iron", "Copper", "Ocean", "Sunrise", "Twin", "Great", "Oak", "Alpine", "Desert",
    "Canyon", "Bay", "Forest", "Orchard", "Meadow", "Müller",
)  # fmt: skip
SECOND = (
    "Supply", "Tools", "Foods", "Dental", "Medical", "Plumbing", "Electric", "Builders",
    "Logistics", "Printing", "Motors", "Marine", "Fabrics", "Lighting", "Steel", "Paper",
    "Packaging", "Dairy", "Farms", "Interiors", "Security", "Optics", "Pharma", "Glass",
    "Hardware", "Roofing", "Catering", "Textiles", "Robotics", "Instruments", "Chemicals",
    "Fasteners", "Furniture",
)  # fmt: skip
FORMS = ("Inc.", "LLC", "Corp.", "Co.", "Ltd.", "& Sons", "Group", "Partners LP", "GmbH", "")
GIVEN = (
    "Maria", "James", "Linda", "Robert", "Patricia", "John", "Jennifer", "Michael", "Elena",
    "David", "Susan", "Carlos", "Karen", "Wei", "Lisa", "Ahmed", "Nancy", "Daniel", "Betty",
    "José", "Sandra", "Kevin", "Ashley", "Brian",
)  # fmt: skip
FAMILY = (
    "Smith", "Johnson", "Nguyen", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez", "Lopez",
    "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "O'Brien", "Jackson", "Lee",
    "Perez", "Thompson", "White", "Harris", "Sánchez", "Clark",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the ERP. label: its number there. habit: how its amounts look."""

    id: int
    label: str
    name: str
    habit: str
    price: int
    currency: str
    parent_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Payer:
    """What a payment shows of who pays. is_stranger: nothing that leads to a customer."""

    customer_id: int | None = None
    name: str = ""
    label: str = ""
    aliases: tuple[int, ...] = ()
    is_stranger: bool = False


def company_name(draw: Random) -> str:
    middle = f" {draw.choice(FIRST)}" if draw.random() < 0.35 else ""
    return f"{draw.choice(FIRST)}{middle} {draw.choice(SECOND)} {draw.choice(FORMS)}".strip()


def person_name(draw: Random) -> str:
    return f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"


def shortened(name: str, draw: Random) -> str:
    """As it fits on a card or is typed in a hurry: cut, in capitals, without the legal form."""
    words = [word for word in name.replace(".", "").split() if word not in {"&", "Sons"}]
    ways: list[Callable[[], str]] = [
        lambda: " ".join(words[:2]).upper(),
        lambda: name.upper()[:14].strip(),
        lambda: " ".join(words[:-1]) or name,
        lambda: f"{words[0][:5]} {words[1][:4]}" if len(words) > 1 else words[0],
        lambda: f"THE {' '.join(words).upper()}",
    ]
    return draw.choice(ways)()


def payer_of(customer: Customer, knowledge: str, draw: Random) -> Payer:
    """linked: somebody linked this payer before; the billing name may be anybody's then."""
    if knowledge == "linked":
        name = draw.choice((customer.name, shortened(customer.name, draw), person_name(draw), ""))
        label = customer.label if draw.random() < 0.7 else ""
        return Payer(customer.id, name, label)
    if knowledge == "name":
        return Payer(name=customer.name if draw.random() < 0.7 else customer.name.upper())
    if knowledge == "short_name":
        return Payer(name=shortened(customer.name, draw))
    if knowledge == "person":
        label = draw.choice(("", "", "guest", "web"))
        return Payer(name=person_name(draw), label=label, is_stranger=True)
    return Payer(is_stranger=True)
