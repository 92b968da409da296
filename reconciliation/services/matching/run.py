"""One run over a company's open payments: read in bulk, decide in memory, write in bulk."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db import transaction as database

from paysync.models import Company
from paysync.services.bulk import CHUNK, chunks, locked
from reconciliation.domain.matching.cards import card_of
from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.models import GatewayTransaction
from reconciliation.queries.promises import in_doubt
from reconciliation.queries.waiting import payments_to_match, rules_changed_at
from reconciliation.services.journal import Balances, balances_of
from reconciliation.services.matching.availability import Availability
from reconciliation.services.matching.chosen import chosen_by_engine
from reconciliation.services.matching.exact import exact_slices
from reconciliation.services.matching.leaving import write_left
from reconciliation.services.matching.loading import Loaded, link_late_payers, load
from reconciliation.services.matching.postable import WAITING, check_postable, held_minor
from reconciliation.services.matching.undone import hold_undone
from reconciliation.services.matching.writing import write_chosen

#: What changes where the gateway, a person or another run touches a payment.
TOUCHED = ("revision", "state", "customer_id")


@dataclass(slots=True)
class MatchRun:
    """What one run decided."""

    seen: int = 0
    matched: int = 0
    left: int = 0
    postponed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def match_company(company_id: int, *, now: datetime, limit: int = 20_000) -> MatchRun:
    """Match the company's open payments with the documents we know, and plan their receipts.

    Only payments that were never decided, or that something new may touch, are decided. Safe to
    repeat and to run twice at once: each write locks the company, and what another run or a
    person took meanwhile is left for the next one. Queries do not grow with the payments but for
    the writing in parts.
    """
    company = Company.objects.get(pk=company_id)
    link_late_payers(company, now=now)
    run = MatchRun()
    with collector_paused():
        for loaded in exact_slices(company, now):
            apply_certain(loaded, run, now)
        rows = payments_to_match(company, limit, now)
        run.seen += len(rows)
        if rows:
            decide_and_write(company, rows, run, now)
    return run


def apply_certain(loaded: Loaded, run: MatchRun, now: datetime) -> None:
    """Write what is certain of a slice; the rest is seen in the run over everything."""
    certain = [one for one in decide(loaded) if one.outcome == Outcome.AUTO]
    for part in chunks(certain, part_size()):
        write_part(loaded, part, run, now, may_apply=True)
    run.seen += len(certain)


def decide(loaded: Loaded) -> list[Decision]:
    """What the engine says, less what cannot be posted and what people undid before."""
    decisions = match(list(loaded.payments.values()), loaded.documents.values(), loaded.rules)
    decisions = hold_undone(decisions, loaded)
    return [check_postable(d, loaded.rows[d.payment_id], loaded.table) for d in decisions]


def propose(transaction_ids: Sequence[int], *, now: datetime) -> MatchRun:
    """Decide these waiting payments now, for somebody who looks at them: nothing is applied, what
    could be is offered. All of one company.
    """
    rows = list(
        GatewayTransaction.objects.filter(pk__in=transaction_ids, needs_match=True)
        .select_related("company")
        .order_by("created_at", "pk")
    )
    run = MatchRun(seen=len(rows))
    if rows:
        decide_and_write(rows[0].company, rows, run, now, may_apply=False)
    return run


def decide_and_write(
    company: Company,
    rows: Sequence[GatewayTransaction],
    run: MatchRun,
    now: datetime,
    *,
    may_apply: bool = True,
) -> None:
    loaded = load(company, rows, now)
    for part in chunks(decide(loaded), part_size()):
        write_part(loaded, part, run, now, may_apply=may_apply)


@contextmanager
def collector_paused() -> Iterator[None]:
    """A run makes millions of small objects and no cycles worth looking for: the search for them
    took a third of its time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def part_size() -> int:
    """Decisions in one transaction: on PostgreSQL a few more, for which the company is locked about
    half a second.
    """
    return 2_000 if connection.vendor == "postgresql" else CHUNK


def write_part(
    loaded: Loaded, decisions: Sequence[Decision], run: MatchRun, now: datetime, *, may_apply: bool
) -> None:
    """Write these decisions in one transaction; those that no longer hold are postponed."""
    cards = {d.payment_id: card(d, loaded) for d in decisions}
    with database.atomic():
        locked(Company.objects.all()).get(pk=loaded.company.pk)
        is_in_force = rules_changed_at(loaded.company, now) == loaded.rules_at
        rows = lock_unchanged(loaded, decisions) if is_in_force else {}
        balances = balances_of(rows.values(), WAITING)
        current = [d for d in decisions if is_as_decided(d, loaded, rows, balances)]
        if may_apply:
            doubtful = in_doubt(loaded.company, documents_of(current))
            current = [d for d in current if not documents_of([d]) & doubtful]
        chosen = [
            chosen_by_engine(
                d, rows[d.payment_id].currency, cards[d.payment_id], loaded.rules.version
            )
            for d in current
            if d.outcome == Outcome.AUTO and may_apply
        ]
        room = Availability(loaded.company, chosen)
        taken = [one for one in chosen if room.take(one)]
        left = [d for d in current if d.outcome != Outcome.AUTO or not may_apply]
        tran_ids = {pk: loaded.documents[pk].tran_id for one in taken for pk in one.taken}
        write_chosen(loaded.company, taken, rows, balances, loaded.table, tran_ids, now)
        write_left(loaded.company, left, cards, rows, loaded.rules.version, now)
    count(run, len(taken), left, len(decisions))


def documents_of(decisions: Sequence[Decision]) -> set[int]:
    """The documents that these decisions would give money to by themselves."""
    auto = [d.solutions[0] for d in decisions if d.outcome == Outcome.AUTO]
    return {share.document_id for solution in auto for share in solution.shares}


def lock_unchanged(loaded: Loaded, decisions: Sequence[Decision]) -> dict[int, GatewayTransaction]:
    """The payments of these decisions, locked; without those that anybody has touched since they
    were read.
    """
    keys = [decision.payment_id for decision in decisions]
    waiting = GatewayTransaction.objects.filter(pk__any_of=keys, needs_match=True)
    read = loaded.rows
    return {
        pk: read[pk]
        for pk, *seen in locked(waiting).order_by("pk").values_list("pk", *TOUCHED)
        if all(getattr(read[pk], name) == value for name, value in zip(TOUCHED, seen, strict=True))
    }


def card(decision: Decision, loaded: Loaded) -> dict[str, object]:
    payment = loaded.payments[decision.payment_id]
    return card_of(decision, payment, loaded.documents, loaded.rules.version)


def is_as_decided(
    decision: Decision,
    loaded: Loaded,
    rows: dict[int, GatewayTransaction],
    balances: dict[int, Balances],
) -> bool:
    """Whether the payment is as it was read: nobody touched it, no money of it went back."""
    row = rows.get(decision.payment_id)
    if row is None:
        return False
    held = held_minor(row.currency, balances.get(row.pk, {}))
    return held == loaded.payments[row.pk].amount


def count(run: MatchRun, matched: int, left: Sequence[Decision], all_of_them: int) -> None:
    run.matched += matched
    run.left += len(left)
    run.postponed += all_of_them - matched - len(left)
    for decision in left:
        if decision.reason:
            run.reasons[decision.reason] = run.reasons.get(decision.reason, 0) + 1
