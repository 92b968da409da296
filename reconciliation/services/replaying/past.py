"""Payments as the engine would have met them, and what people did with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from customers.queries.aliases import Taught, taught
from paysync.models import Company
from paysync.services.bulk import chunks
from reconciliation.domain.matching.facts import OpenPayment
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.domain.replaying import Deed, Pays
from reconciliation.models import Application, CreditUse, GatewayTransaction, Match
from reconciliation.queries.amounts import to_minor
from reconciliation.services.journal import balances_of
from reconciliation.services.matching.chosen import ENGINE
from reconciliation.services.matching.loading import to_open
from reconciliation.services.matching.postable import held_minor
from reconciliation.services.matching.undone import Pays as UndonePays
from reconciliation.services.matching.undone import undone_by_people
from reconciliation.services.releasing import PAYER_KNOWN


@dataclass(slots=True)
class Past:
    """A part of the past. by_people: what active matches that people made pay."""

    company: Company
    rows: dict[int, GatewayTransaction] = field(default_factory=dict)
    payments: dict[int, OpenPayment] = field(default_factory=dict)
    by_people: dict[int, Deed] = field(default_factory=dict)
    undone: dict[int, dict[UndonePays, str]] = field(default_factory=dict)


def load_part(company: Company, ids: Sequence[int]) -> Past:
    """These payments before their match. One that holds nothing any more is left out."""
    past, aliases = Past(company), taught(company.pk)
    for part in chunks(ids):
        add_part(past, part, aliases)
    past.undone = undone_by_people(list(past.payments))
    return past


def add_part(past: Past, ids: Sequence[int], aliases: Taught) -> None:
    rows = GatewayTransaction.objects.filter(pk__in=ids).order_by("created_at", "pk")
    found = {row.pk: row for row in rows}
    matches = {
        match.transaction_id: match
        for match in Match.objects.filter(transaction_id__in=ids, ended_at__isnull=True)
    }
    balances = balances_of(found.values())
    shares, credits = parts_of(list(matches.values()))
    for pk, row in found.items():
        row.company = past.company
        match = matches.get(pk)
        held = held_then(match, held_minor(row.currency, balances.get(pk, {})))
        if held <= 0:
            continue
        if match is not None and match.actor != ENGINE:
            past.by_people[pk] = deed_of(match, shares[match.pk], credits[match.pk])
        if match is not None and not match.card.get(PAYER_KNOWN, True):
            row.customer_id = None
        past.rows[pk] = row
        past.payments[pk] = to_open(row, held, aliases)


def held_then(match: Match | None, now: int) -> int:
    """What the match explained, or else what waits still; in minor units."""
    if match is None:
        return now
    return to_minor(match.applied, match.currency) + to_minor(match.unapplied, match.currency)


def deed_of(match: Match, shares: Sequence[Share], credits: Sequence[Credit]) -> Deed:
    rest = to_minor(match.unapplied, match.currency)
    return Deed(match.actor, Pays.of(shares, credits, rest, match.customer_id))


def parts_of(
    matches: Sequence[Match],
) -> tuple[dict[int, list[Share]], dict[int, list[Credit]]]:
    """What these matches pay, by match, in minor units."""
    currency = {match.pk: match.currency for match in matches}
    shares: dict[int, list[Share]] = defaultdict(list)
    credits: dict[int, list[Credit]] = defaultdict(list)
    for part in chunks(list(currency)):
        names = ("match_id", "invoice_id", "amount", "discount", "write_off")
        for pk, invoice, *rest in Application.objects.filter(match_id__in=part).values_list(*names):
            shares[pk].append(Share(invoice, *(to_minor(one, currency[pk]) for one in rest)))
        uses = CreditUse.objects.filter(match_id__in=part)
        for pk, memo, invoice, amount in uses.values_list(
            "match_id", "memo_id", "invoice_id", "amount"
        ):
            credits[pk].append(Credit(memo, invoice, to_minor(amount, currency[pk])))
    return shares, credits
