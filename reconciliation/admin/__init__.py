"""The console's pages of reconciliation."""

from reconciliation.admin import (
    items,
    mappings,
    mirrors,
    payments,
    proofs,
    receipts,
    refunds,
    replays,
    rules,
    shadow,
    workbench,
)

__all__ = [
    "items",
    "mappings",
    "mirrors",
    "payments",
    "proofs",
    "receipts",
    "refunds",
    "replays",
    "rules",
    "shadow",
    "workbench",
]
