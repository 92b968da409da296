"""The console's pages of reconciliation."""

from reconciliation.admin import (
    disputes,
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
    "disputes",
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
