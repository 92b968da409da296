"""Match a waiting payment as a person chose, learn from it, and note how to undo it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction as database

from customers.models import Customer
from customers.services.aliases import teach
from reconciliation.models import GatewayTransaction, Match, Proposal, ReconcilingItem, WorkStep
from reconciliation.queries.payers import looks_of
from reconciliation.services.leftovers import match_key
from reconciliation.services.matching import apply_solution
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.workbench.choosing import (
    Choice,
    Split,
    by_hand,
    oldest_first,
    on_account,
    suggested,
)
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    name_of,
    require_seen,
    require_waiting,
    write_step,
)

#: What of the suggestions is kept with the match that was chosen from them.
OFFERED = ("card", "strategy", "score", "solutions", "rule_version")


def accept(
    payment_id: int, deed: Deed, *, rank: int = 1, digest: str = "", revision: int | None = None
) -> WorkStep:
    """Match as the n-th suggestion says."""
    return match_as(payment_id, deed, lambda row: suggested(row, rank, digest), revision)


def match_by_hand(
    payment_id: int, deed: Deed, *, split: Split, revision: int | None = None
) -> WorkStep:
    return match_as(payment_id, deed, lambda row: by_hand(row, split), revision)


def apply_to_oldest(payment_id: int, deed: Deed, *, revision: int | None = None) -> WorkStep:
    return match_as(payment_id, deed, oldest_first, revision)


def leave_on_account(
    payment_id: int, deed: Deed, *, customer_id: int | None = None, revision: int | None = None
) -> WorkStep:
    return match_as(payment_id, deed, lambda row: on_account(row, customer_id), revision)


def match_as(
    payment_id: int,
    deed: Deed,
    choose: Callable[[GatewayTransaction], Choice],
    revision: int | None,
) -> WorkStep:
    """Match the payment as `choose` says, all or nothing.

    Raises ConflictError, which says who did what, where the payment is not as the person saw it;
    RuleError where the choice cannot be written. Then nothing has changed.
    """
    with database.atomic():
        row = lock_payment(payment_id)
        require_seen(row, revision)
        require_waiting(row)
        choice = choose(row)
        title, item_id, was_unknown = name_of(row), open_item_of(row), row.customer_id is None
        proposal = Proposal.objects.filter(transaction=row).first()
        match = write_match(row, choice, proposal, deed)
        taught = learn_payer(row, match, deed) if was_unknown else []
        detail = {"match": match.pk, "taught": taught, "offered": offered(proposal)}
        return write_step(
            deed, Kind.MATCH, row, f"Matched {title}. {match.sentence}", detail, item_id
        )


def write_match(
    row: GatewayTransaction, choice: Choice, proposal: Proposal | None, deed: Deed
) -> Match:
    return apply_solution(
        row.pk,
        customer_id=choice.customer_id,
        shares=choice.shares,
        credits=choice.credits,
        unapplied=choice.unapplied,
        rule=choice.rule,
        rule_version=proposal.rule_version if proposal else 0,
        sentence=choice.sentence,
        card=card_with(proposal, choice),
        actor=deed.actor,
        now=deed.now,
        write_off_account=choice.write_off_account,
        short_pay_reason=choice.short_pay_reason,
    )


def card_with(proposal: Proposal | None, choice: Choice) -> dict[str, Any]:
    """What was offered when the person chose, and which of it they took (0: none of it)."""
    card = dict(proposal.card) if proposal else {"schema": 1, "solutions": []}
    return card | {"sentence": choice.sentence, "chosen": choice.rank}


def offered(proposal: Proposal | None) -> dict[str, Any] | None:
    """What the list of suggestions was, for undo: the match deletes it."""
    if proposal is None:
        return None
    return {name: getattr(proposal, name) for name in OFFERED}


def open_item_of(row: GatewayTransaction) -> int | None:
    """The open item that says why the payment waits."""
    rows = ReconcilingItem.objects.filter(
        company_id=row.company_id, key=match_key(row.pk), state=ReconcilingItem.State.OPEN
    )
    return rows.values_list("pk", flat=True).first()


def learn_payer(row: GatewayTransaction, match: Match, deed: Deed) -> list[int]:
    customer = Customer.objects.get(pk=match.customer_id)
    return teach(customer, looks_of(row), actor=deed.actor, now=deed.now)
