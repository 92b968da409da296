"""What a key of the API may be used for."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One thing a program may do."""

    CUSTOMERS_READ = "customers:read"
    INVOICES_READ = "invoices:read"


LABELS = {
    Scope.CUSTOMERS_READ: "See customers",
    Scope.INVOICES_READ: "See invoices and statements",
}
