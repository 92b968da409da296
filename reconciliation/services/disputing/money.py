"""What a dispute does to the money: taken out of what the payment paid, and put back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database
from django.db.models import Sum

from paysync.domain.errors import RuleError
from paysync.domain.ledger import Bucket, Line, ReceiptState, move
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Dispute,
    DisputeEvent,
    GatewayTransaction,
    JournalEntry,
    JournalLine,
)
from reconciliation.queries.refundable import refundable_of, under_way
from reconciliation.services.disputing.events import note
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import Finding, close_items, left_key, match_key, open_items
from reconciliation.services.matching.again import match_again
from reconciliation.services.matching.chosen import ENGINE
from reconciliation.services.releasing import (
    GONE,
    RECALLABLE,
    active_match,
    end_match,
    live_receipt,
    money_left,
)

Kind = DisputeEvent.Kind
#: Buckets of money that pays documents; the others wait or are on account.
PAYS = frozenset({Bucket.APPLIED, Bucket.POSTED})


def back_key(dispute_id: int) -> str:
    """The key of "money came back and nobody has said what it pays"."""
    return f"back:{dispute_id}"


def money_of(dispute: Dispute) -> Money:
    return Money.parse(dispute.amount, dispute.currency)


def take_money(dispute: Dispute, row: GatewayTransaction, now: datetime) -> Money:
    """Book as charged back what is claimed, as far as it is still here. Returns what was taken now.

    What has gone back already, or goes back this moment, is not taken twice. Every application is
    rewound that money is taken from. Call with the dispute and the payment locked; repeat it and
    only what has become free meanwhile is taken.
    """
    missing = money_of(dispute) - Money.parse(dispute.taken, dispute.currency)
    parts = refundable_of(row)
    gone = parts.refunded + parts.voided + parts.charged_back + under_way(row)
    money = min(missing, max(parts.captured - gone, Money.zero(row.currency)))
    if money.amount <= 0:
        return Money.zero(row.currency)
    if not dispute.taken:
        dispute.match = active_match(row)
    key = f"dispute:{dispute.pk}:{dispute.events.count()}"
    money_left(row, Bucket.CHARGED_BACK, money, key, now=now)
    dispute.taken += money.amount
    dispute.save(update_fields=["taken", "match"])
    entry = JournalEntry.objects.get(event_key=key)
    text = f"{money} taken out of payment {row.gateway_id}."
    note(dispute, Kind.TOOK, text, ENGINE, now, amount=money.amount, entry=entry)
    return money


def give_back(dispute: Dispute, row: GatewayTransaction, now: datetime) -> None:
    """Put back what the dispute took, where it came from; replay what it paid.

    While Sage 500 still has the receipt, nothing had changed there. Where it has none, the
    applications are made again as they were, if the documents still take them. Where it has another
    receipt of the payment by now, a person is asked.
    """
    money = Money.parse(dispute.taken, dispute.currency)
    if not money:
        return
    if State(row.state) not in MONEY_STATES:
        stay_gone(dispute, row, money, now)
        return
    receipt, match = live_receipt(row), active_match(row)
    if match is not None and match.pk == dispute.match_id:
        posted = receipt is not None and receipt.state == ReceiptState.POSTED
        return_to(dispute, row, where_from(dispute, is_posted=posted), money, now)
        if receipt is not None:
            close_if_nothing_is_gone(row, receipt.pk, now)
        return
    if receipt is not None and receipt.state not in RECALLABLE:
        return_to(dispute, row, {Bucket.UNAPPLIED: money}, money, now)
        ask_what_it_pays(dispute, row, money, now)
        return
    if match is not None:  # of what was left: all of it is decided together again
        end_match(row, receipt, ENGINE, f"{dispute} gave money back", now=now)
    known = row.customer_id is not None or dispute.match_id is not None
    bucket = Bucket.UNAPPLIED if known else Bucket.UNIDENTIFIED
    return_to(dispute, row, {bucket: money}, money, now)
    wait_for_match(dispute, row, money, now)
    replay(dispute, row, now)


def stay_gone(dispute: Dispute, row: GatewayTransaction, money: Money, now: datetime) -> None:
    """The whole payment went back since, to the bank or by a void: there is nothing to put back."""
    text = f"Payment {row.gateway_id} is {row.state}: {money} of it does not come back."
    note(dispute, Kind.GAVE_BACK, text, ENGINE, now)
    dispute.taken = 0
    dispute.save(update_fields=["taken"])


def wait_for_match(dispute: Dispute, row: GatewayTransaction, money: Money, now: datetime) -> None:
    row.needs_match = State(row.state) in MONEY_STATES
    row.match_tried_at = None
    row.revision += 1
    row.save(update_fields=["needs_match", "match_tried_at", "revision"])
    if row.needs_match:
        sentence = f"{dispute} gave {money} of this payment back: it waits for its match."
        finding = Finding(match_key(row.pk), Reason.NEEDS_CONFIRMATION, sentence, money, row)
        open_items(row.company, [finding], now=now)


def return_to(
    dispute: Dispute,
    row: GatewayTransaction,
    targets: dict[Bucket, Money],
    money: Money,
    now: datetime,
) -> None:
    lines: tuple[Line, ...] = ()
    for bucket, part in targets.items():
        lines += move(Bucket.CHARGED_BACK, bucket, part)
    key = f"dispute:{dispute.pk}:{dispute.events.count()}"
    write_entries([Draft(row, key, "dispute won", now.date(), lines)], now=now)
    entry = JournalEntry.objects.get(event_key=key)
    text = f"{money} put back into payment {row.gateway_id}."
    note(dispute, Kind.GAVE_BACK, text, ENGINE, now, amount=money.amount, entry=entry)
    dispute.taken = 0
    dispute.save(update_fields=["taken"])


def where_from(dispute: Dispute, *, is_posted: bool) -> dict[Bucket, Money]:
    """Where the money that is taken now lay; the receipt may have been posted since."""
    last = dispute.events.filter(kind=Kind.GAVE_BACK).order_by("-pk").first()
    taken = dispute.events.filter(kind=Kind.TOOK, pk__gt=last.pk if last else 0)
    lines = (
        JournalLine.objects.filter(entry__in=taken.values("entry"), amount__lt=0)
        .order_by()
        .values_list("bucket")
        .annotate(total=Sum("amount"))
    )
    found: dict[Bucket, Money] = {}
    for name, total in lines:
        pays = Bucket(name) in PAYS
        if is_posted:
            bucket = Bucket.POSTED if pays else Bucket.POSTED_UNAPPLIED
        else:
            bucket = Bucket.APPLIED if pays else Bucket.UNAPPLIED
        money = -Money.cut(total, dispute.currency)
        found[bucket] = found.get(bucket, Money.zero(dispute.currency)) + money
    return found


def close_if_nothing_is_gone(row: GatewayTransaction, receipt_id: int, now: datetime) -> None:
    """Sage's receipt and the payment agree again, unless other money of it has left."""
    held = balances_of([row]).get(row.pk, {})
    if not any(held.get(bucket) for bucket in GONE):
        keys = [left_key(receipt_id)]
        close_items(row.company, keys, "The money came back: the receipt is right.", now=now)


def ask_what_it_pays(
    dispute: Dispute, row: GatewayTransaction, money: Money, now: datetime
) -> None:
    sentence = (
        f"{dispute} gave {money} of payment {row.gateway_id} back, but Sage 500 has another "
        "receipt of the payment by now: enter this part there."
    )
    finding = Finding(back_key(dispute.pk), Reason.MONEY_CAME_BACK, sentence, money, row)
    open_items(row.company, [finding], now=now)


def replay(dispute: Dispute, row: GatewayTransaction, now: datetime) -> None:
    """The match that the dispute ended, made again; the payment waits where that cannot be."""
    old = dispute.match
    if old is None or old.ended_by != ENGINE or not row.needs_match:
        return
    try:
        with database.atomic():
            made = match_again(old, actor=ENGINE, now=now)
    except RuleError as error:
        sentence = f"{dispute} gave the money back; it cannot pay what it paid before: {error}"
        finding = Finding(match_key(row.pk), Reason.NEEDS_CONFIRMATION, sentence, None, row)
        open_items(row.company, [finding], now=now)
        return
    dispute.match = made
    dispute.save(update_fields=["match"])
    row.refresh_from_db()
