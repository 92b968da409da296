"""Open, refresh and close reconciling items as the jobs find things out. People use items.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from paysync.domain.money import Money
from paysync.models import Company, InboundEvent
from paysync.services.bulk import chunks, insert_rows, spans, update_rows
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction, ReconcilingItem

#: Who resolved an item whose cause went away by itself.
RESOLVED_BY_US = "paysync"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing left over. key: what it is about; an open item of the key is refreshed."""

    key: str
    reason: Reason
    sentence: str
    money: Money | None = None
    transaction: GatewayTransaction | None = None
    receipt: CashReceipt | None = None
    event: InboundEvent | None = None


def match_key(transaction_id: int) -> str:
    """The key of "this payment is not matched"."""
    return f"match:{transaction_id}"


def receipt_key(receipt_id: int) -> str:
    """The key of "this receipt does not get on"."""
    return f"receipt:{receipt_id}"


def left_key(receipt_id: int) -> str:
    """The key of "Sage's receipt still counts money that went back"."""
    return f"left:{receipt_id}"


def reverse_key(receipt_id: int) -> str:
    """The key of "reverse this receipt in Sage 500"."""
    return f"reverse:{receipt_id}"


def apply_key(receipt_id: int) -> str:
    """The key of "apply this receipt in Sage 500 again"."""
    return f"apply:{receipt_id}"


def open_items(company: Company, findings: Sequence[Finding], *, now: datetime) -> int:
    """Open an item for each finding, or bring its open item up to date. Returns how many are new.

    Owner, due date and notes of an open item are people's: they stay as they are. What a person
    has resolved is not opened again for the same reason.
    """
    by_key = {finding.key: finding for finding in findings}
    created = 0
    for part in chunks(by_key.values()):
        held = {
            item.key: item
            for item in ReconcilingItem.objects.filter(
                company=company, state=ReconcilingItem.State.OPEN, key__in=[f.key for f in part]
            )
        }
        changed = [
            item
            for key, item in held.items()
            if differs(item, by_key[key]) and revise(item, by_key[key])
        ]
        update_rows(ReconcilingItem, changed, ["reason", "sentence", "amount", "currency"])
        decided = decided_by_people(company, [f.key for f in part if f.key not in held])
        new = [
            to_item(company, f, now)
            for f in part
            if f.key not in held and (f.key, f.reason.value) not in decided
        ]
        created += len(insert_rows(new, by=("key",), among=still_open(company)))
    return created


def still_open(company: Company) -> QuerySet[ReconcilingItem]:
    return ReconcilingItem.objects.filter(company=company, state=ReconcilingItem.State.OPEN)


def decided_by_people(company: Company, keys: Sequence[str]) -> set[tuple[str, str]]:
    """The (key, reason) pairs among `keys` that somebody has resolved with a note."""
    if not keys:
        return set()
    rows = ReconcilingItem.objects.filter(
        company=company, key__in=keys, state=ReconcilingItem.State.RESOLVED
    ).exclude(resolved_by=RESOLVED_BY_US)
    return set(rows.values_list("key", "reason"))


def differs(item: ReconcilingItem, finding: Finding) -> bool:
    return (item.reason, item.sentence) != (finding.reason.value, finding.sentence[:300])


def revise(item: ReconcilingItem, finding: Finding) -> bool:
    item.reason = finding.reason
    item.sentence = finding.sentence[:300]
    if finding.money:
        item.amount, item.currency = finding.money.amount, finding.money.currency
    return True


def to_item(company: Company, finding: Finding, now: datetime) -> ReconcilingItem:
    return ReconcilingItem(
        company=company,
        key=finding.key,
        reason=finding.reason,
        sentence=finding.sentence[:300],
        transaction=finding.transaction,
        receipt=finding.receipt,
        event=finding.event,
        currency=finding.money.currency if finding.money else "",
        amount=finding.money.amount if finding.money else 0,
        opened_at=now,
    )


def close_items(
    company: Company,
    keys: Sequence[str],
    resolution: str,
    *,
    now: datetime,
    only: Reason | None = None,
) -> int:
    """Resolve the open items of these keys: the cause is gone. Returns how many there were.

    only: what stands there for another reason stays.
    """
    open_ones = still_open(company)
    if only is not None:
        open_ones = open_ones.filter(reason=only)
    closed = 0
    for part in spans(keys):
        closed += open_ones.filter(key__any_of=part).update(
            state=ReconcilingItem.State.RESOLVED,
            resolved_at=now,
            resolved_by=RESOLVED_BY_US,
            resolution=resolution[:300],
        )
    return closed
