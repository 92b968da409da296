"""What waits for a person at the workbench, and what helps to decide about it."""

from reconciliation.queries.workbench.asked import ORDERS, PAYERS, VIEWS, Asked
from reconciliation.queries.workbench.offers import Group, ages, last_steps, people, reasons
from reconciliation.queries.workbench.paging import (
    Neighbours,
    Page,
    nearest,
    neighbours,
    queue,
    view_counts,
    with_parts,
)
from reconciliation.queries.workbench.payment import Work, earlier_of, find_work

__all__ = [
    "ORDERS",
    "PAYERS",
    "VIEWS",
    "Asked",
    "Group",
    "Neighbours",
    "Page",
    "Work",
    "ages",
    "earlier_of",
    "find_work",
    "last_steps",
    "nearest",
    "neighbours",
    "people",
    "queue",
    "reasons",
    "view_counts",
    "with_parts",
]
