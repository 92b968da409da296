"""Jobs that read PayTrace: by window, by id, by hint, by day."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from paysync.domain.errors import RecordError
from paysync.domain.payments import Window
from paysync.guarding import each, gateway_for, guarded
from paysync.models import InboundEvent, MerchantAccount, SyncRun
from paysync.services import health, inbox, runs
from paysync.services.alerts import close_alert, raise_alert
from reconciliation.models import CompletenessCheck
from reconciliation.services import polling, rechecking
from reconciliation.tasks.names import MATCH

logger = logging.getLogger(__name__)


def poll_all() -> None:
    """Schedule: read every active merchant account."""
    accounts = MerchantAccount.objects.filter(is_active=True).values_list("pk", flat=True)
    each("poll", accounts, poll)


def poll(account_id: int) -> None:
    """Read one merchant account, then match what is new."""
    account = MerchantAccount.objects.select_related("connection", "company").get(pk=account_id)

    def call() -> polling.Poll:
        with runs.running(SyncRun.Job.POLL, merchant_account=account) as run:
            poll = polling.poll_merchant_account(
                account_id,
                gateway=gateway_for(account),
                now=timezone.now(),
                lookback=timedelta(days=settings.POLL_LOOKBACK_DAYS),
                tell=lambda text: runs.progress(run, text),
            )
            runs.progress(
                run, f"{poll.new} new, {poll.moved} moved on", read=poll.read, written=poll.new
            )
        return poll

    poll_result = guarded(account.connection, call, job=f"poll:{account_id}")
    if poll_result and (poll_result.new or poll_result.moved):
        async_task(MATCH, account.company_id, task_name=f"match {account.company.company_id}")


def recheck_all() -> None:
    """Schedule: ask by id for the open payments that polling no longer lists."""
    accounts = list(MerchantAccount.objects.filter(is_active=True).values_list("pk", flat=True))
    share_s = rechecking.PATIENCE_S / max(len(accounts), 1)
    each("recheck", accounts, lambda pk: recheck(pk, share_s))


def recheck(account_id: int, patience_s: float = rechecking.PATIENCE_S) -> None:
    """Ask again for one merchant account's open payments, then match what moved."""
    account = MerchantAccount.objects.select_related("connection", "company").get(pk=account_id)

    def call() -> rechecking.Recheck:
        with runs.running(SyncRun.Job.RECHECK, merchant_account=account) as run:
            result = rechecking.recheck_open(
                account_id,
                gateway=gateway_for(account),
                clock=timezone.now,
                lookback=timedelta(days=settings.POLL_LOOKBACK_DAYS),
                patience_s=patience_s,
            )
            runs.progress(run, str(result), read=result.asked)
        return result

    result = guarded(account.connection, call, job=f"recheck:{account_id}")
    if result and result.moved:
        async_task(MATCH, account.company_id, task_name=f"match {account.company.company_id}")


def process_hints() -> None:
    """Wake-up and sweep: work the hints, and the polled events to be replayed, that are due."""
    now = timezone.now()
    events = {
        event.pk: event for source in InboundEvent.Source.values for event in due(source, now)
    }
    companies: set[int] = set()
    each("hint", events, lambda pk: companies.update(process_event(events[pk])))
    for company_id in companies:
        async_task(MATCH, company_id, task_name=f"match company {company_id}")


def due(source: str, now: datetime) -> list[InboundEvent]:
    """Due events of a source. A poll records its own at once: only what it left behind is due."""
    events = inbox.due_events(source, now, 200)
    if source == InboundEvent.Source.HINT:
        return list(events)
    return [event for event in events if event.received_at < now - timedelta(seconds=60)]


def process_event(event: InboundEvent) -> set[int]:
    """Work one event; returns the companies that it may have brought a payment to."""
    accounts = MerchantAccount.objects.filter(connection_id=event.connection_id, is_active=True)
    accounts = accounts.select_related("connection", "company")
    if event.merchant_account_id:
        accounts = accounts.filter(pk=event.merchant_account_id)
    if any(health.is_resting(account.connection, timezone.now()) for account in accounts):
        return set()
    try:
        gateways = {account.pk: gateway_for(account) for account in accounts}
    except RecordError as error:  # a credential is missing: nobody was asked, so nothing is used up
        logger.warning("no gateway", extra={"event_id": event.pk, "error": str(error)})
        return set()
    done = polling.process_event(
        event.pk, gateways=gateways, now=timezone.now(), lease_s=settings.SENDING_LEASE_S
    )
    return {account.company_id for account in accounts} if done else set()


def check_yesterday() -> None:
    """Schedule: list the gateway's last three days again and compare."""
    accounts = MerchantAccount.objects.filter(is_active=True).values_list("pk", flat=True)
    each("check", accounts, check)


def check(account_id: int) -> None:
    """Check the last three days of one merchant account."""
    account = MerchantAccount.objects.select_related("connection", "company").get(pk=account_id)
    guarded(account.connection, lambda: check_days(account), job=f"check:{account_id}")


def check_days(account: MerchantAccount) -> None:
    now = timezone.now()
    with runs.running(SyncRun.Job.COMPLETENESS, merchant_account=account) as run:
        for back in (1, 2, 3):
            day = timezone.localdate(now) - timedelta(days=back)
            check = polling.check_day(
                account.pk,
                day,
                gateway=gateway_for(account),
                zone_day=day_window(day, now),
                now=now,
            )
            runs.progress(run, str(check), read=check.listed)
            tell_of_day(account, check)


def tell_of_day(account: MerchantAccount, check: CompletenessCheck) -> None:
    """Raise an alert for a day that is not complete; close it once it is."""
    key = f"gateway_day:{account.pk}:{check.day}"
    if not check.missing and not check.vanished:
        close_alert(key, actor="paysync")
        return
    raise_alert(
        "gateway_day",
        key,
        f"{account}: {check}, {len(check.vanished)} no longer listed",
        advice="Compare the day with PayTrace's own report.",
        company=account.company,
        now=timezone.now(),
    )


def day_window(day: object, now: datetime) -> Window:
    """The instants around one gateway day, a day wider on both sides: its zone is inferred."""
    start = timezone.make_aware(datetime.fromisoformat(f"{day}T00:00:00")) - timedelta(days=1)
    return Window(start, start + timedelta(days=3))
