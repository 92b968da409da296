"""How sure we are of an entry in a table."""

from __future__ import annotations

from enum import StrEnum


class Grade(StrEnum):
    """The marks of the references: certain [C], inferred [I], unknown [U]."""

    CERTAIN = "certain"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Actor(StrEnum):
    """Who acts next."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    FINANCE = "finance"
    OPERATOR = "operator"
    BANK = "bank"
