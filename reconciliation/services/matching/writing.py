"""Write decisions, up to 500 in a transaction: matches, or why there is none."""

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
from paysync.services.bulk import CHUNK, chunks, insert_rows, locked, update_rows
from reconciliation.domain.matching import RULE_VERSION, Decision, LeftOver, Matched
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, GatewayTransaction, Invoice, Match
from reconciliation.queries.candidates import promised
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import Finding, close_items, match_key, open_items
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.postable import held_money
from reconciliation.services.matching.receipts import plan_receipts

ACTOR = "paysync"


@dataclass(slots=True)
class MatchRun:
    """What one run decided."""

    seen: int = 0
    matched: int = 0
    left: int = 0
    postponed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


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
    matches = insert_rows(
        [to_match(decision, rows[decision.payment_id], now) for decision in decisions],
        by=("transaction_id",),
        among=Match.objects.filter(ended_at__isnull=True),
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
