"""Rounds of the demo: every job in order, again and again, until nothing is under way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from django.db.models import Min
from django.utils import timezone

from paysync.domain.ledger import ReceiptState
from paysync.models import Connection, MerchantAccount
from reconciliation import tasks
from reconciliation.demo import reversing
from reconciliation.demo.faults import clear_the_weather
from reconciliation.demo.money_out import MoneyOut
from reconciliation.demo.stage import Stage, clerk_works, day_ends
from reconciliation.models import CashReceipt, GatewayTransaction, ReconcilingItem, RefundRequest

Tell = Callable[[str], None]
Drive = Callable[["Stage"], None]

SETTLED_STATES = [
    ReceiptState.POSTED,
    ReceiptState.HELD,
    ReceiptState.WITHDRAWN,
    ReceiptState.DELETED_IN_ERP,
    ReceiptState.REVERSED,
]
MOST_SECONDS = 900.0
STALLED_SECONDS = 60.0
#: From this round on the faults are over.
FAULT_ROUNDS = 5


def work_once(stage: Stage) -> None:
    """Every job once, in order, as the schedules would have them run."""
    wake_connections()
    tasks.poll_all()
    tasks.process_hints()
    tasks.refresh_all()
    tasks.match_all()
    tasks.post_all()
    tasks.follow_all()
    tasks.refund_all()
    tasks.watch_disputes()


def wake_connections() -> None:
    """The pass does not wait for a circuit breaker: it lets every connection go on."""
    Connection.objects.exclude(health=Connection.Health.REFUSED).update(
        resting_until=None, failures=0
    )


def is_quiet(stage: Stage) -> bool:
    """Nothing is under way any more: each receipt has ended or waits for a person."""
    if CashReceipt.objects.exclude(state__in=SETTLED_STATES).exists():
        return False
    if CashReceipt.objects.filter(held_because__in=["not_settled", "proposal"]).exists():
        return False
    unread = [a for a in MerchantAccount.objects.all() if a.polled_until is None]
    return not unread and not undecided()


def undecided() -> bool:
    """Payments that no match and no open item explains yet."""
    explained = ReconcilingItem.objects.filter(state="open", transaction__isnull=False)
    return (
        GatewayTransaction.objects.filter(needs_match=True)
        .exclude(pk__in=explained.values("transaction_id"))
        .exists()
    )


def run_to_the_end(
    stage: Stage, tell: Tell, drive: Drive = work_once, storm: MoneyOut | None = None
) -> int:
    """Work, post and settle until all is quiet and the faults are used up. Returns the rounds."""
    patience = Stall()
    rounds = quiet = 0
    while quiet < 2:
        rounds += 1
        if storm:
            take_out(storm, rounds)
        drive(stage)
        clerk_works(stage)
        day_ends(stage)
        if rounds >= FAULT_ROUNDS:
            clear_the_weather(stage)
        is_still = is_quiet(stage) and (storm is None or storm.is_quiet) and reversing.is_quiet()
        quiet = quiet + 1 if rounds > FAULT_ROUNDS and is_still else 0
        tell(f"round {rounds}: {standing()}{f', {money_out()}' if storm else ''}")
        patience.check(standing() | money_out(), quiet > 0)
        wait_for_due()
    return rounds


def take_out(storm: MoneyOut, rounds: int) -> None:
    storm.act()
    reversing.clerk_reverses(storm)
    storm.let_time_pass()
    reversing.let_time_pass()
    if rounds > FAULT_ROUNDS:
        storm.tell_outcomes()


def money_out() -> dict[str, int]:
    """Refund requests and reversals by state."""
    found = Counter(RefundRequest.objects.order_by().values_list("state", flat=True))
    return {f"refunds {state}": count for state, count in found.items()} | reversing.reversals()


class Stall:
    """Gives up when nothing has moved for a minute, or the whole took too long."""

    def __init__(self) -> None:
        self.started = self.moved = time.monotonic()
        self.last: dict[str, int] = {}

    def check(self, now_standing: dict[str, int], is_quiet: bool) -> None:
        now = time.monotonic()
        if now_standing != self.last or is_quiet:
            self.last, self.moved = now_standing, now
        if now - self.moved > STALLED_SECONDS or now - self.started > MOST_SECONDS:
            connections = dict(Connection.objects.values_list("slug", "last_error"))
            raise TimeoutError(f"nothing moves any more: {now_standing}, {connections}")


def wait_for_due() -> None:
    """Sleep until the next receipt is due, at most two seconds."""
    waiting = CashReceipt.objects.filter(state__in=[ReceiptState.DUE, ReceiptState.UNKNOWN])
    next_due = waiting.aggregate(at=Min("due_at"))["at"]
    if next_due:
        time.sleep(min(max((next_due - timezone.now()).total_seconds(), 0), 2))


def standing() -> dict[str, int]:
    return dict(Counter(CashReceipt.objects.values_list("state", flat=True)))
