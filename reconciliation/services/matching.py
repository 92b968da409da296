"""Match a company's open payments: read in bulk, decide in memory, write in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction as database

from paysync.domain.ledger import Bucket, move
from paysync.domain.money import Money
from paysync.models import Company
from paysync.services.audit import record_many
from paysync.services.bulk import CHUNK, chunks, locked, update_rows
from reconciliation.domain.matching import (
    RULE_VERSION,
    Decision,
    LeftOver,
    Matched,
    OpenPayment,
    is_representable,
    match,
)
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    GLMapping,
    Invoice,
    Match,
)
from reconciliation.queries.candidates import candidates_for, payments_to_match, promised
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    match_key,
    open_items,
    receipt_key,
)
from reconciliation.services.mappings import MappingTable
from reconciliation.services.planning import Planner, brand_of, comment_of

ACTOR = "paysync"


@dataclass(slots=True)
class MatchRun:
    """What one run decided."""

    seen: int = 0
    matched: int = 0
    left: int = 0
    postponed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def match_company(company_id: int, *, now: datetime, limit: int = 20_000) -> MatchRun:
    """Match the company's open payments with the invoices we know, and plan their receipts.

    Safe to repeat and to run twice at once: each write locks the company, and what another run
    took meanwhile is left for the next one. Queries do not grow with the payments but for the
    inserts of 500 rows each.
    """
    company = Company.objects.get(pk=company_id)
    payments = payments_to_match(company, limit)
    run = MatchRun(seen=len(payments))
    if not payments:
        return run
    balances = balances_of(payments)
    candidates, tran_ids = candidates_for(company, payments)
    opened = [
        OpenPayment(
            row.pk,
            held_money(row, balances.get(row.pk, {})),
            row.invoice_reference,
            row.customer_id,
            row.created_at,
        )
        for row in payments
    ]
    by_id = {row.pk: row for row in payments}
    table = MappingTable.load(company.pk)
    decisions = [
        check_postable(decision, by_id[decision.payment_id], table)
        for decision in match(opened, candidates)
    ]
    for part in chunks(decisions):
        write_part(company, part, table, tran_ids, run, now)
    return run


def held_money(row: GatewayTransaction, balances: dict[Bucket, Money]) -> Money:
    """What of the payment still waits for an explanation (a refund may have taken a part)."""
    zero = Money.zero(row.currency)
    return balances.get(Bucket.UNIDENTIFIED, zero) + balances.get(Bucket.UNAPPLIED, zero)


def find_mapping(row: GatewayTransaction, table: MappingTable) -> GLMapping | None:
    return table.find(
        row.merchant_account_id, GLMapping.Kind.SALE, brand_of(row), row.business_date
    )


def check_postable(decision: Decision, row: GatewayTransaction, table: MappingTable) -> Decision:
    """Turn a match that could not be posted into a left-over that says why."""
    if isinstance(decision, LeftOver):
        return decision
    mapping = find_mapping(row, table)
    if mapping is None:
        return LeftOver(
            decision.payment_id,
            Reason.NO_GL_MAPPING,
            f"No active GL mapping covers {brand_of(row) or 'cards'} of this merchant account "
            f"on {row.business_date}.",
            decision.customer_id,
        )
    if mapping.cash_account.currency != row.currency:
        return LeftOver(
            decision.payment_id,
            Reason.CURRENCY_MISMATCH,
            f"Cash account {mapping.cash_account.cash_account_id} is in "
            f"{mapping.cash_account.currency}, the payment in {row.currency}.",
            decision.customer_id,
        )
    if not is_representable(comment_of(row)):
        return LeftOver(
            decision.payment_id,
            Reason.BAD_TEXT,
            "The approval code has characters that Sage 500 cannot hold.",
            decision.customer_id,
        )
    return decision


def write_part(
    company: Company,
    decisions: Sequence[Decision],
    table: MappingTable,
    tran_ids: dict[int, str],
    run: MatchRun,
    now: datetime,
) -> None:
    """Write up to 500 decisions in one transaction; those that no longer hold are postponed."""
    with database.atomic():
        locked(Company.objects.all()).get(pk=company.pk)
        rows = {
            row.pk: row
            for row in locked(GatewayTransaction.objects.all())
            .filter(pk__in=[d.payment_id for d in decisions], needs_match=True)
            .order_by("pk")
        }
        held = balances_of(rows.values())
        current = [d for d in decisions if d.payment_id in rows and is_still_held(d, rows, held)]
        matched = still_available([d for d in current if isinstance(d, Matched)])
        left = [d for d in current if isinstance(d, LeftOver)]
        write_matches(company, matched, rows, table, tran_ids, now)
        write_left(company, left, rows, now)
    run.matched += len(matched)
    run.left += len(left)
    run.postponed += len(decisions) - len(matched) - len(left)
    for decision in left:
        run.reasons[decision.reason] = run.reasons.get(decision.reason, 0) + 1


def is_still_held(
    decision: Decision,
    rows: dict[int, GatewayTransaction],
    held: dict[int, dict[Bucket, Money]],
) -> bool:
    """Whether the payment still holds what was decided on: a refund may have come in between."""
    if isinstance(decision, LeftOver):
        return True
    row = rows[decision.payment_id]
    applied = Money.total((money for _, money in decision.applications), row.currency)
    return applied + decision.unapplied == held_money(row, held.get(row.pk, {}))


def still_available(decisions: list[Matched]) -> list[Matched]:
    """Those whose invoices can still take them, now that the company is locked."""
    wanted = sorted({invoice for d in decisions for invoice, _ in d.applications})
    available: dict[int, Decimal] = {}
    for part in chunks(wanted):
        available |= dict(Invoice.objects.filter(pk__in=part).values_list("pk", "payable"))
    for invoice, amount in promised(wanted).items():
        available[invoice] -= amount
    kept: list[Matched] = []
    for decision in decisions:
        if all(available[invoice] >= money.amount for invoice, money in decision.applications):
            kept.append(decision)
            for invoice, money in decision.applications:
                available[invoice] -= money.amount
    return kept


def write_matches(
    company: Company,
    decisions: list[Matched],
    rows: dict[int, GatewayTransaction],
    table: MappingTable,
    tran_ids: dict[int, str],
    now: datetime,
) -> None:
    if not decisions:
        return
    matches = Match.objects.bulk_create(
        [to_match(decision, rows[decision.payment_id], now) for decision in decisions],
        batch_size=CHUNK,
    )
    Application.objects.bulk_create(
        [
            Application(match=made, invoice_id=invoice, amount=money.amount)
            for made, decision in zip(matches, decisions, strict=True)
            for invoice, money in decision.applications
        ],
        batch_size=CHUNK,
    )
    paid = [rows[decision.payment_id] for decision in decisions]
    settle_payers(paid, decisions)
    balances = balances_of(paid)
    write_entries(
        [
            entry_of(made, decision, rows[decision.payment_id], balances)
            for made, decision in zip(matches, decisions, strict=True)
        ],
        now=now,
    )
    plan_receipts(company, matches, decisions, rows, table, tran_ids, now)
    record_many(ACTOR, "matched", [(made, {"rule": made.rule}) for made in matches])
    over = {d.payment_id for d in decisions if d.reason}
    close_items(company, [match_key(pk) for pk in rows if pk not in over], "Matched.", now=now)
    open_items(company, [finding_of(d, rows) for d in decisions if d.reason], now=now)


def to_match(decision: Matched, row: GatewayTransaction, now: datetime) -> Match:
    applied = Money.total((money for _, money in decision.applications), row.currency)
    return Match(
        transaction=row,
        customer_id=decision.customer_id,
        rule=decision.rule,
        rule_version=RULE_VERSION,
        signals=list(decision.signals),
        sentence=decision.sentence[:300],
        actor=ACTOR,
        currency=row.currency,
        applied=applied.amount,
        unapplied=decision.unapplied.amount,
        made_at=now,
    )


def settle_payers(paid: list[GatewayTransaction], decisions: Sequence[Matched]) -> None:
    """A matched payment needs no match any more; its payer is the invoice's customer."""
    newly = [row for row in paid if row.customer_id is None]
    for row, decision in zip(paid, decisions, strict=True):
        row.needs_match = False
        row.customer_id = row.customer_id or decision.customer_id
    GatewayTransaction.objects.filter(pk__in=[row.pk for row in paid]).update(needs_match=False)
    update_rows(GatewayTransaction, newly, ["customer"])


def entry_of(
    made: Match,
    decision: Matched,
    row: GatewayTransaction,
    balances: dict[int, dict[Bucket, Money]],
) -> Draft:
    """Unidentified (or unapplied) money becomes applied, the rest unapplied."""
    applied = Money(made.applied, made.currency)
    zero = Money.zero(made.currency)
    held = balances.get(row.pk, {})
    unidentified = held.get(Bucket.UNIDENTIFIED, zero)
    from_unidentified = min(applied, unidentified)
    lines = (
        *move(Bucket.UNIDENTIFIED, Bucket.APPLIED, from_unidentified),
        *move(Bucket.UNAPPLIED, Bucket.APPLIED, applied - from_unidentified),
        *move(Bucket.UNIDENTIFIED, Bucket.UNAPPLIED, unidentified - from_unidentified),
    )
    return Draft(row, f"match:{made.pk}", "matched", row.business_date, lines)


def plan_receipts(
    company: Company,
    matches: Sequence[Match],
    decisions: Sequence[Matched],
    rows: dict[int, GatewayTransaction],
    table: MappingTable,
    tran_ids: dict[int, str],
    now: datetime,
) -> None:
    planner = Planner.load(company, [rows[d.payment_id] for d in decisions])
    sequences = next_sequences([d.payment_id for d in decisions])
    receipts = []
    for made, decision in zip(matches, decisions, strict=True):
        row = rows[decision.payment_id]
        mapping = find_mapping(row, table)
        if mapping is None:  # the table did not change since check_postable
            raise RuntimeError(f"no GL mapping for payment {row.pk}")
        applications = [(tran_ids[invoice], money) for invoice, money in decision.applications]
        sequence = sequences.get(row.pk, 0) + 1
        receipts.append(planner.plan(row, made, applications, mapping, sequence, now))
    made_receipts = CashReceipt.objects.bulk_create(receipts, batch_size=CHUNK)
    open_items(company, [late_for_period(r) for r in made_receipts if is_late(r)], now=now)


def is_late(receipt: CashReceipt) -> bool:
    return receipt.held_because == Reason.PERIOD_CLOSED


def late_for_period(receipt: CashReceipt) -> Finding:
    return Finding(
        receipt_key(receipt.pk),
        Reason.PERIOD_CLOSED,
        f"Receipt {receipt.tran_no} waits: the period of {receipt.post_date} is closed for AR.",
        Money(receipt.amount, receipt.currency),
        receipt.transaction,
        receipt,
    )


def next_sequences(payment_ids: list[int]) -> dict[int, int]:
    """The highest sequence used so far by each payment's receipts."""
    used: dict[int, int] = {}
    rows = CashReceipt.objects.filter(transaction_id__in=payment_ids)
    for pk, sequence in rows.values_list("transaction_id", "sequence"):
        used[pk] = max(used.get(pk, 0), sequence)
    return used


def finding_of(decision: Decision, rows: dict[int, GatewayTransaction]) -> Finding:
    row = rows[decision.payment_id]
    reason = decision.reason or Reason.UNIDENTIFIED
    money = decision.unapplied if isinstance(decision, Matched) else Money(row.amount, row.currency)
    return Finding(match_key(row.pk), reason, decision.sentence, money, row)


def write_left(
    company: Company,
    decisions: list[LeftOver],
    rows: dict[int, GatewayTransaction],
    now: datetime,
) -> None:
    """Note why each is left over; where the payer is known, the money is unapplied from now on."""
    known = [d for d in decisions if d.customer_id is not None]
    paid = [rows[d.payment_id] for d in known]
    newly = [row for row, d in zip(paid, known, strict=True) if row.customer_id != d.customer_id]
    for row, decision in zip(paid, known, strict=True):
        row.customer_id = decision.customer_id
    update_rows(GatewayTransaction, newly, ["customer"])
    balances = balances_of(paid)
    write_entries(
        [
            Draft(
                row,
                f"identified:{row.pk}:{row.customer_id}",
                "payer identified",
                row.business_date,
                move(
                    Bucket.UNIDENTIFIED,
                    Bucket.UNAPPLIED,
                    balances.get(row.pk, {}).get(Bucket.UNIDENTIFIED, Money.zero(row.currency)),
                ),
            )
            for row in paid
        ],
        now=now,
    )
    open_items(company, [finding_of(decision, rows) for decision in decisions], now=now)
