"""Learn of gateway payments: by polling, which is complete on its own, and by hints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction as database

from paysync.domain.errors import ExternalError, RecordError, RejectedError
from paysync.domain.payments import GatewayRecord, Method, Page, UnreadableRecord, Window
from paysync.models import InboundEvent, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services import inbox
from paysync.services.inbox import Arrival
from reconciliation.domain.reasons import Reason
from reconciliation.models import CompletenessCheck, GatewayTransaction
from reconciliation.services.leftovers import Finding, close_items, open_items
from reconciliation.services.recording import Recorded, lock_account, record_transactions

#: The gateway's clock may be ahead of ours; its newest records must not wait for ours.
CLOCK_AHEAD = timedelta(hours=26)


@dataclass(slots=True)
class Poll:
    """What one poll read and found."""

    read: int = 0
    new: int = 0
    moved: int = 0
    unreadable: int = 0

    def add(self, page: Page, recorded: Recorded) -> None:
        self.read += len(page.records) + len(page.unreadable)
        self.new += recorded.new
        self.moved += recorded.moved
        self.unreadable += len(page.unreadable)


def external_id(record: GatewayRecord) -> str:
    return f"{record.method}:{record.gateway_id}"


def poll_window(account: MerchantAccount, now: datetime, lookback: timedelta) -> Window:
    """From the look-back before what has been read, until now (and a little ahead)."""
    start = min(account.polled_until or now, now) - lookback
    if account.polls_from:
        first = datetime.combine(account.polls_from, time.min, UTC)
        start = max(start, first) if account.polled_until else first
    return Window(start, now + CLOCK_AHEAD)


def poll_merchant_account(
    account_id: int,
    *,
    gateway: PaymentGateway,
    now: datetime,
    lookback: timedelta,
    tell: Callable[[str], None] = lambda text: None,
) -> Poll:
    """Read all pages of the window and record them. The cursor moves only after the last page.

    An error leaves the cursor where it was: what was read is recorded, the rest is read again.
    """
    account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
    poll = Poll()
    for page in pages(gateway, poll_window(account, now, lookback)):
        poll.add(page, record_page(account, page, now=now))
        tell(f"{poll.read} read, {poll.new} new, {poll.moved} moved on")
    MerchantAccount.objects.filter(pk=account_id).update(polled_until=now)
    return poll


def pages(gateway: PaymentGateway, window: Window) -> Iterator[Page]:
    """Each page of the window in turn, lazily."""
    cursor: str | None = None
    while True:
        page = gateway.list_transactions(window, cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def record_page(account: MerchantAccount, page: Page, *, now: datetime) -> Recorded:
    """Store the page's records raw, then record those whose content is new to us."""
    events = inbox.receive(
        [Arrival(external_id(r), r.raw, r.redactions) for r in page.records],
        source=InboundEvent.Source.POLL,
        connection=account.connection,
        merchant_account=account,
        now=now,
    )
    fresh = [
        (record, event)
        for record, event in zip(page.records, events, strict=True)
        if event.state != InboundEvent.State.DONE
    ]
    with database.atomic():
        recorded = record_transactions(
            account,
            [record for record, _ in fresh],
            now=now,
            events={(r.method.value, r.gateway_id): event for r, event in fresh},
        )
        inbox.mark_done([event for _, event in fresh], now)
        close_items(
            account.company,
            [unreadable_key(account, r.gateway_id) for r, _ in fresh],
            "Read at last.",
            now=now,
        )
    keep_unreadable(account, page.unreadable, now=now)
    return recorded


def keep_unreadable(
    account: MerchantAccount, entries: Sequence[UnreadableRecord], *, now: datetime
) -> None:
    """An entry we cannot read is stored whole and shown to a person; it stops nothing else."""
    if not entries:
        return
    events = inbox.receive(
        [Arrival(f"{e.method}:{e.gateway_id}", e.raw, e.redactions) for e in entries],
        source=InboundEvent.Source.POLL,
        connection=account.connection,
        merchant_account=account,
        now=now,
    )
    with database.atomic():
        lock_account(account)  # a poll and the check of a day may read the same entry at once
        InboundEvent.objects.filter(
            pk__in=[event.pk for event in events], state=InboundEvent.State.RECEIVED
        ).update(state=InboundEvent.State.PARKED, error="not readable")
        findings = [to_finding(account, e, event) for e, event in zip(entries, events, strict=True)]
        open_items(account.company, findings, now=now)


def to_finding(account: MerchantAccount, entry: UnreadableRecord, event: InboundEvent) -> Finding:
    sentence = f"Record {entry.gateway_id or 'without an id'} is not readable: {entry.reason}"
    key = unreadable_key(account, entry.gateway_id)
    return Finding(key, Reason.UNREADABLE, sentence[:300], event=event)


def unreadable_key(account: MerchantAccount, gateway_id: str) -> str:
    """The key of "this record of the account is not readable"."""
    return f"unreadable:{account.pk}:{gateway_id}"


def process_event(
    event_id: int, *, gateways: Mapping[int, PaymentGateway], now: datetime, lease_s: float
) -> bool:
    """Work one event: fetch its transaction from the gateway now and record it.

    gateways: one per merchant account that the event may belong to. A hint proves nothing: only
    what the gateway answers is recorded. A failure is noted on the event and tried again later.
    Returns whether the event is done.
    """
    event = inbox.claim_event(event_id, now, lease_s)
    if event is None:
        return False
    method, gateway_id = reference_of(event)
    last_error = "no active merchant account"
    for account_id, gateway in gateways.items():
        account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
        try:
            record = gateway.get_transaction(gateway_id, method)
        except RejectedError as error:
            last_error = str(error)
            continue
        except (ExternalError, RecordError) as error:
            inbox.mark_failed(event, str(error), now)
            return False
        with database.atomic():
            record_transactions(
                account, [record], now=now, events={(record.method.value, gateway_id): event}
            )
            inbox.mark_done([event], now)
            close_items(
                account.company,
                [unreadable_key(account, gateway_id)],
                "Read at last.",
                now=now,
            )
        return True
    inbox.mark_failed(event, last_error, now)
    return False


def reference_of(event: InboundEvent) -> tuple[Method, str]:
    """The method and gateway id an event speaks of: a hint in its data, a poll in its id."""
    if event.source == InboundEvent.Source.HINT:
        data = event.payload.get("data", {})
        return Method(data.get("method", "card")), str(data.get("transaction_id", ""))
    method, _, gateway_id = event.external_id.partition(":")
    return Method(method), gateway_id


def check_day(
    account_id: int, day: date, *, gateway: PaymentGateway, zone_day: Window, now: datetime
) -> CompletenessCheck:
    """List a gateway day again and compare: N held, 0 missing, k late.

    What was listed but not held is recorded on the way and counted as late. What we hold of the
    day but the gateway no longer lists is named.
    """
    account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
    held = GatewayTransaction.objects.filter(merchant_account=account, business_date=day)
    before = set(held.values_list("method", "gateway_id"))
    listed: set[tuple[str, str]] = set()
    unreadable = 0
    for page in pages(gateway, zone_day):
        unreadable += len(page.unreadable)
        record_page(account, page, now=now)
        listed |= {(r.method.value, r.gateway_id) for r in page.records if r.business_date == day}
    after = set(held.values_list("method", "gateway_id"))
    check, _ = CompletenessCheck.objects.update_or_create(
        merchant_account=account,
        day=day,
        defaults={
            "at": now,
            "listed": len(listed) + unreadable,
            "held": len(listed & after),
            "missing": len(listed - after) + unreadable,
            "late": len(listed - before),
            "vanished": sorted(gateway_id for _, gateway_id in before - listed),
        },
    )
    return check
