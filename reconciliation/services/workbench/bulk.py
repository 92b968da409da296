"""The same thing done to several payments: each by itself, all in one group of the undo stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paysync.domain.errors import PaySyncError, RuleError
from reconciliation.models import GatewayTransaction, WorkStep

#: So many at once: each answers within a fraction of a second, and a person can still check them.
MOST = 200


@dataclass(frozen=True, slots=True)
class Picked:
    """A payment as the person saw it in the list."""

    payment_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one payment: a step, or the sentence that says why not."""

    payment: GatewayTransaction
    step: WorkStep | None = None
    problem: str = ""


def do_each(picked: Sequence[Picked], act: Callable[[int, int], WorkStep]) -> list[Result]:
    """`act(payment_id, revision)` for each, every one in a transaction of its own.

    One that fails stops no other. Raises RuleError for none, or for too many at once.
    """
    if not picked:
        raise RuleError("Tick the payments first.")
    if len(picked) > MOST:
        raise RuleError(f"At most {MOST} payments at once.")
    rows = GatewayTransaction.objects.select_related("customer", "company").in_bulk(
        [one.payment_id for one in picked]
    )
    return [do_one(rows[one.payment_id], one.revision, act) for one in picked if
            one.payment_id in rows]  # fmt: skip


def do_one(row: GatewayTransaction, revision: int, act: Callable[[int, int], WorkStep]) -> Result:
    try:
        return Result(row, act(row.pk, revision))
    except PaySyncError as error:
        return Result(row, problem=str(error))
