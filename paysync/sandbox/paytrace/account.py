"""The merchant account behind the twin, and how it reads amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass
class Settings:
    """The account's settings; change them by `POST /_twin/settings`."""

    username: str = "apiuser"
    password: str = "apipass"  # noqa: S105 - the twin's own
    integrator_id: str = "paysync"
    merchant_id: str = "1234567"
    zone: str = "America/Los_Angeles"
    token_life_s: int = 7200
    token_life_v3_s: int = 900
    token_at_top_level: bool = False
    validation_status: int = 400
    decline_status: int = 200
    csc_auto_void: bool = False
    duplicate_filter_minutes: int = 0
    duplicate_error_key: str = "1024"
    strict_customers: bool = True
    auto_settle: bool = False
    unreferenced_refunds: bool = False
    first_batch_number: int = 571

    def change(self, values: Mapping[str, Any]) -> None:
        """Raises ValueError on an unknown name or a wrong type."""
        for item in fields(self):
            if item.name in values:
                kind = type(getattr(self, item.name))
                if not isinstance(values[item.name], kind):
                    raise ValueError(f"{item.name} must be {kind.__name__}")
        unknown = set(values) - {item.name for item in fields(self)}
        if unknown:
            raise ValueError(f"no setting named {sorted(unknown)[0]!r}")
        for name, value in values.items():
            setattr(self, name, value)


def cents_of(amount: object) -> int:
    """Whole cents of a JSON amount, number or text. Raises ValueError."""
    if isinstance(amount, bool) or not isinstance(amount, (str, int, float, Decimal)):
        raise ValueError(f"{amount!r} is not an amount")
    try:
        value = Decimal(str(amount)) * 100
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is not an amount") from error
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError(f"{amount!r} is not an amount")
    return int(value)
