"""Shadow mode: compare what paysync decided with the receipts that the staff entered in Sage 500.

Everything is computed anew from what both sides hold now, and written in pieces that are whole by
themselves: a run that was killed is finished by the next one, and a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction as database
from django.db.models import Q, QuerySet

from paysync.domain.errors import CredentialError, RejectedError
from paysync.domain.ledger import LIVE_RECEIPT_STATES, ReceiptState, StaffReceipt
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, Kind
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.bulk import chunks, locked, upsert
from reconciliation.domain.shadow import (
    DAYS_AFTER,
    DAYS_BEFORE,
    Applied,
    Compared,
    Ours,
    Paired,
    Pairing,
    ShadowPayment,
    compare,
    pair,
)
from reconciliation.domain.waits import BY_STAFF
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    Match,
    Proposal,
    ReconcilingItem,
    ShadowComparison,
)
from reconciliation.queries.applications import applications_of
from reconciliation.services.matching.chosen import ENGINE

#: Payments of so many days are compared; what was said of older ones stays.
LOOKBACK = timedelta(days=60)
#: Older payments still compete for the receipts of the first days.
MARGIN = timedelta(days=DAYS_BEFORE + DAYS_AFTER)
#: What paysync sent itself has no receipt of the staff to be compared with.
SENT = sorted(
    (LIVE_RECEIPT_STATES | {ReceiptState.REVERSED}) - {ReceiptState.DUE, ReceiptState.HELD}
)
FIELDS = (
    "business_date", "verdict", "currency", "amount", "ours", "theirs", "erp_tran_id",
    "explanation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """The business days that are compared, first and last included."""

    first: date
    last: date

    @classmethod
    def before(cls, now: datetime) -> Span:
        return cls(now.date() - LOOKBACK, now.date() + timedelta(days=1))


def compare_company(company: Company, *, erp: ErpLedger, now: datetime) -> int:
    """Compare the payments of a company in shadow mode. Returns how many rows are new or differ.

    Where Sage 500's receipts cannot be told, an alert says so and nothing is written: silence about
    a receipt must not be taken for its absence.
    """
    span, set_aside = Span.before(now), list[str]()
    first, last = span.first - MARGIN - timedelta(days=DAYS_BEFORE), now.date() + MARGIN
    try:
        receipts = list(erp.staff_receipts(company.company_id, first, last, set_aside=set_aside))
    except CredentialError:
        raise
    except RejectedError as error:
        tell(company, f"the receipts of its staff are not told: {error}", now)
        return 0
    if set_aside:
        named = "; ".join(set_aside[:3])
        tell(company, f"{len(set_aside)} receipts of its staff cannot be read: {named}", now)
    else:
        close_alert(alert_key(company), actor=ENGINE)
    return write_all(company, span, receipts, now)


def end(company: Company) -> None:
    """The company left shadow mode: what was compared stays, and nothing is missing any more."""
    close_alert(alert_key(company), actor=ENGINE)


def alert_key(company: Company) -> str:
    return f"shadow:{company.pk}"


def tell(company: Company, what: str, now: datetime) -> None:
    raise_alert(
        "shadow_not_compared",
        alert_key(company),
        f"{company.company_id} is in shadow mode, but {what}"[:400],
        advice="The comparison is not whole until this is mended: see the runbook.",
        company=company,
        now=now,
    )


def write_all(company: Company, span: Span, receipts: Sequence[StaffReceipt], now: datetime) -> int:
    """Pair over the whole span at once, then judge and write a part at a time."""
    pairing = pair(shadow_payments(company, span), receipts)
    changed, seen = 0, set[int]()
    shown = population(company).filter(business_date__range=(span.first, span.last))
    for part in chunks(keys_of(shown)):
        seen.update(part)
        with database.atomic():
            locked(Company.objects.all()).get(pk=company.pk)  # one writer at a time
            rows = rows_of(company, part, pairing, now)
            new, updated = upsert(
                ShadowComparison,
                rows,
                scope={"company": company},
                key="transaction_id",
                fields=FIELDS,
                stamp="compared_at",
            )
            withhold(part, pairing, now)
        changed += new + updated
    return changed + forget(company, span, seen)


def withhold(keys: Sequence[int], pairing: Pairing, now: datetime) -> None:
    """What the staff entered, or may have entered, never goes out by itself once the company leaves
    shadow mode: a person may release it. Where their receipt is gone, it waits as before.
    """
    theirs = {key for key in keys if pairing.of(key) != Paired()}
    receipts = CashReceipt.objects.filter(transaction_id__in=keys)
    waiting = Q(state=ReceiptState.DUE) | Q(state=ReceiptState.HELD, held_because="shadow")
    receipts.filter(waiting, transaction_id__in=theirs).update(
        state=ReceiptState.HELD, held_because=BY_STAFF, due_at=now
    )
    receipts.filter(state=ReceiptState.HELD, held_because=BY_STAFF).exclude(
        transaction_id__in=theirs
    ).update(held_because="shadow", due_at=now)


def population(company: Company) -> QuerySet[GatewayTransaction]:
    """Payments that hold money, but for those that paysync itself has sent."""
    sent = CashReceipt.objects.filter(company=company, state__in=SENT).order_by()
    return GatewayTransaction.objects.filter(
        company=company,
        kind=Kind.SALE.value,
        state__in=sorted(state.value for state in MONEY_STATES),
        amount__gt=0,
    ).exclude(pk__in=sent.values("transaction_id"))


def keys_of(rows: QuerySet[GatewayTransaction]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def forget(company: Company, span: Span, seen: set[int]) -> int:
    """Drop what is said of payments that hold no money any more, or were sent after all."""
    held = ShadowComparison.objects.filter(
        company=company, business_date__range=(span.first, span.last)
    )
    keys = dict(held.order_by().values_list("pk", "transaction_id"))
    gone = [pk for pk, payment in keys.items() if payment not in seen]
    for part in chunks(gone):
        ShadowComparison.objects.filter(pk__in=part).delete()
    return len(gone)


# --- what both sides know ---------------------------------------------------------------------


def shadow_payments(company: Company, span: Span) -> Iterator[ShadowPayment]:
    """A match by paysync knows the customer better than the payment does."""
    rows = population(company).filter(business_date__range=(span.first - MARGIN, span.last))
    fields = (
        "pk", "gateway_id", "business_date", "amount", "currency", "customer__customer_id",
        "approval_code", "last4", "invoice_reference", "customer_reference", "description",
    )  # fmt: skip
    for part in chunks(keys_of(rows)):
        payers = {
            match.transaction_id: match.customer.customer_id
            for match in own_matches(part).select_related("customer")
        }
        for pk, gateway_id, day, amount, currency, payer, approval, last4, *texts in (
            GatewayTransaction.objects.filter(pk__in=part).order_by("pk").values_list(*fields)
        ):
            yield ShadowPayment(
                key=pk,
                gateway_id=gateway_id,
                day=day,
                amount=Money(amount, currency),
                customer_id=payers.get(pk) or payer or "",
                approval_code=approval,
                last4=last4,
                reference=" ".join(texts),
            )


def own_matches(payments: Iterable[int]) -> QuerySet[Match]:
    return Match.objects.filter(
        transaction_id__in=payments, ended_at__isnull=True, actor=ENGINE
    ).order_by("pk")


def rows_of(
    company: Company, keys: Sequence[int], pairing: Pairing, now: datetime
) -> list[ShadowComparison]:
    payments = GatewayTransaction.objects.filter(pk__in=keys).select_related("customer")
    decided = decisions_of(keys)
    rows = []
    for payment in payments.order_by("pk"):
        amount = Money(payment.amount, payment.currency)
        ours = decided.get(payment.pk, Ours())
        found = compare(payment.business_date, amount, ours, pairing.of(payment.pk))
        rows.append(to_row(company, payment, found, now))
    return rows


def to_row(
    company: Company, payment: GatewayTransaction, found: Compared, now: datetime
) -> ShadowComparison:
    return ShadowComparison(
        company=company,
        transaction_id=payment.pk,
        business_date=payment.business_date,
        verdict=found.verdict.value,
        currency=payment.currency,
        amount=payment.amount,
        ours=to_json(found.ours),
        theirs=to_json(found.theirs.applications if found.theirs else ()),
        erp_tran_id=found.theirs.tran_id[:13] if found.theirs else "",
        explanation=found.explanation,
        compared_at=now,
    )


def to_json(applied: Iterable[Applied]) -> list[list[str]]:
    return [[tran_id, str(money.amount)] for tran_id, money in applied]


def decisions_of(keys: Sequence[int]) -> dict[int, Ours]:
    """What paysync decided of these payments: its matches, its proposals, else why it waits."""
    waiting = ReconcilingItem.objects.filter(
        transaction_id__in=keys, state=ReconcilingItem.State.OPEN
    )
    decided = {
        item.transaction_id: Ours(why=in_sentence(item.sentence))
        for item in waiting.order_by("-pk")
        if item.transaction_id
    }
    for proposal in Proposal.objects.filter(transaction_id__in=keys).select_related("transaction"):
        offered = offered_by(proposal.card, proposal.transaction.currency)
        why = in_sentence(str(proposal.card.get("sentence", "")))
        decided[proposal.transaction_id] = Ours(why=why, offered=offered)
    people = Match.objects.filter(~Q(actor=ENGINE), transaction_id__in=keys, ended_at__isnull=True)
    for payment in people.values_list("transaction_id", flat=True):
        decided[payment] = Ours(why="a person matched it here before paysync did")
    matches = list(own_matches(keys).select_related("customer"))
    applied = applications_of([match.pk for match in matches])
    for match in matches:
        links = tuple((one.invoice_tran_id, one.amount) for one in applied.get(match.pk, ()))
        why = ", ".join(match.signals) or in_sentence(match.sentence)
        decided[match.transaction_id] = Ours(match.customer.customer_id, True, links, why)
    return decided


def offered_by(card: Mapping[str, Any], currency: str) -> tuple[Applied, ...]:
    """The first suggestion of a card."""
    solutions = card.get("solutions") or [{}]
    shares = solutions[0].get("shares", ())
    return tuple((share["tran_id"], Money.parse(share["amount"], currency)) for share in shares)


def in_sentence(text: str) -> str:
    """A sentence as the end of another one."""
    text = text.strip().rstrip(".")
    is_word = len(text) > 1 and text[1].islower()
    return text[:1].lower() + text[1:] if is_word else text
