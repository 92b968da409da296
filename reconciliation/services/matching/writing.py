"""Write what payments pay: match, applications, ledger, receipt, audit, open items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from paysync.domain.ledger import Bucket, move
from paysync.models import Company
from paysync.services.audit import record_many
from paysync.services.bulk import insert_rows, insert_values, maker, set_values, spans
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    CreditUse,
    GatewayTransaction,
    Match,
    Proposal,
)
from reconciliation.queries.amounts import to_minor
from reconciliation.queries.promises import credit_key
from reconciliation.services.journal import Balances, Draft, write_entries
from reconciliation.services.leftovers import Finding, close_items, match_key, open_items
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.chosen import Chosen
from reconciliation.services.matching.receipts import plan_receipts
from reconciliation.services.releasing import PAYER_KNOWN

Made = tuple[Match, Chosen, GatewayTransaction]
make_match = maker(Match)


def write_chosen(
    company: Company,
    chosen: Sequence[Chosen],
    rows: dict[int, GatewayTransaction],
    balances: dict[int, Balances],
    table: MappingTable,
    tran_ids: dict[int, str],
    now: datetime,
) -> list[Match]:
    """Write these solutions. Call in a transaction, with the company and the payments locked, after
    Availability has taken what they need.

    tran_ids: of every document that is named.
    """
    if not chosen:
        return []
    matches = insert_rows(
        [to_match(one, rows[one.payment_id], now) for one in chosen],
        by=("transaction_id",),
        among=Match.objects.filter(ended_at__isnull=True),
    )
    made = [(m, one, rows[one.payment_id]) for m, one in zip(matches, chosen, strict=True)]
    write_parts(made)
    settle_payments(made)
    write_entries(
        [entry_of(m, one, row, balances.get(row.pk, {})) for m, one, row in made], now=now
    )
    plan_receipts(company, made, table, tran_ids, now)
    record_matched(made)
    tell(company, made, tran_ids, now)
    return matches


def to_match(chosen: Chosen, row: GatewayTransaction, now: datetime) -> Match:
    return make_match(
        transaction_id=row.pk,
        customer_id=chosen.customer_id,
        rule=chosen.rule[:40],
        rule_version=chosen.rule_version,
        card=chosen.card | {PAYER_KNOWN: row.customer_id is not None},
        signals=list(chosen.signals),
        sentence=chosen.sentence[:300],
        actor=chosen.actor[:150],
        currency=row.currency,
        applied=chosen.amount(chosen.applied),
        unapplied=chosen.amount(chosen.unapplied),
        made_at=now,
    )


def write_parts(made: Sequence[Made]) -> None:
    """What each match pays, and the credit memos it counts on. Nobody needs their keys."""
    insert_values(
        Application,
        ("match_id", "invoice_id", "amount", "discount", "write_off", "write_off_account",
         "short_pay_reason"),
        [
            (
                match.pk, share.document_id, chosen.amount(share.amount),
                chosen.amount(share.discount), chosen.amount(share.write_off),
                chosen.write_off_account if share.write_off else "", chosen.short_pay_reason,
            )
            for match, chosen, _ in made
            for share in chosen.shares
        ],
    )  # fmt: skip
    CreditUse.objects.bulk_create(
        CreditUse(
            match=match,
            memo_id=credit.memo_id,
            invoice_id=credit.document_id,
            amount=chosen.amount(credit.amount),
        )
        for match, chosen, _ in made
        for credit in chosen.credits
    )


def settle_payments(made: Sequence[Made]) -> None:
    """A matched payment needs no match any more, and its payer is the one it was matched for."""
    newly = {row.pk: chosen.customer_id for _, chosen, row in made if row.customer_id is None}
    offered = [row.pk for _, _, row in made if row.match_tried_at is not None]
    for _, chosen, row in made:
        row.needs_match = False
        row.revision += 1
        row.customer_id = row.customer_id or chosen.customer_id
    for keys in spans(row.pk for _, _, row in made):
        GatewayTransaction.objects.filter(pk__any_of=keys).update(
            needs_match=False, revision=F("revision") + 1
        )
    set_values(GatewayTransaction, "customer_id", newly)
    for keys in spans(offered):
        Proposal.objects.filter(transaction_id__any_of=keys).delete()


def entry_of(match: Match, chosen: Chosen, row: GatewayTransaction, held: Balances) -> Draft:
    """Unidentified (or unapplied) money becomes applied, the rest unapplied."""
    applied, found = chosen.applied, held.get(Bucket.UNIDENTIFIED)
    unidentified = to_minor(found.amount, found.currency) if found else 0
    from_unidentified = min(applied, unidentified)
    money = chosen.money
    lines = (
        *move(Bucket.UNIDENTIFIED, Bucket.APPLIED, money(from_unidentified)),
        *move(Bucket.UNAPPLIED, Bucket.APPLIED, money(applied - from_unidentified)),
        *move(Bucket.UNIDENTIFIED, Bucket.UNAPPLIED, money(unidentified - from_unidentified)),
    )
    return Draft(row, f"match:{match.pk}", "matched", row.business_date, lines)


def record_matched(made: Sequence[Made]) -> None:
    """One line of the audit trail a match, by whoever made it."""
    by_actor: dict[str, list[Match]] = {}
    for match, _, _ in made:
        by_actor.setdefault(match.actor, []).append(match)
    for actor, matches in by_actor.items():
        record_many(actor, "matched", [(match, {"rule": match.rule}) for match in matches])


def tell(company: Company, made: Sequence[Made], tran_ids: dict[int, str], now: datetime) -> None:
    """Close what is answered, and open what a person still has to do."""
    findings: list[Finding] = []
    answered: list[str] = []
    for match, chosen, row in made:
        if chosen.credits:
            findings.append(credits_to_apply(match, chosen, row, tran_ids))
        if chosen.reason is not None and chosen.reason is not Reason.CREDIT_TO_APPLY:
            findings.append(left_over(chosen, chosen.reason, row))
        elif was_told(row):
            answered.append(match_key(row.pk))
    close_items(company, answered, "Matched.", now=now)
    open_items(company, findings, now=now)


def was_told(row: GatewayTransaction) -> bool:
    """Whether there may be an open item: not for a payment that is matched the first time it is
    looked at.
    """
    return row.match_tried_at is not None or row.revision > 1


def left_over(chosen: Chosen, reason: Reason, row: GatewayTransaction) -> Finding:
    money = chosen.money(chosen.unapplied or chosen.total)
    return Finding(match_key(row.pk), reason, chosen.sentence, money, row)


def credits_to_apply(
    match: Match, chosen: Chosen, row: GatewayTransaction, tran_ids: dict[int, str]
) -> Finding:
    """paysync applies no credit memo: a person does, in Sage 500, with every reference here."""
    parts = ", ".join(
        f"{chosen.money(credit.amount)} of {tran_ids[credit.memo_id]} to "
        f"{tran_ids[credit.document_id]}"
        for credit in chosen.credits
    )
    return Finding(
        credit_key(match.pk),
        Reason.CREDIT_TO_APPLY,
        f"Apply in Sage 500: {parts}.",
        chosen.money(sum(credit.amount for credit in chosen.credits)),
        row,
    )
