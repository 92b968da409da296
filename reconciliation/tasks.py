"""What the queue runs. Each task is one call to a service that is safe to repeat.

Tables hold the work and the queue only wakes somebody up: every task finds its own rows, so a
message that is lost or comes twice costs nothing.
"""

from __future__ import annotations

import logging
import os
import socket
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from paysync.domain.errors import RecordError
from paysync.domain.payments import Window
from paysync.models import Company, InboundEvent, MerchantAccount, SyncRun
from paysync.services import health, inbox, runs
from paysync.services.alerts import close_alert, raise_alert
from reconciliation.guarding import each, gateway_for, guarded, ledger_for
from reconciliation.models import CompletenessCheck, FiscalPeriod
from reconciliation.services import (
    decisions,
    following,
    matching,
    mirrors,
    polling,
    posting,
    rechecking,
)
from reconciliation.services import proof as proofs

logger = logging.getLogger(__name__)

MATCH = "reconciliation.tasks.match"
POST = "reconciliation.tasks.post"


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


# --- PayTrace -----------------------------------------------------------------------------------


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
        with runs.running(SyncRun.Job.POLL, merchant_account=account) as run:
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


# --- Sage 500 -----------------------------------------------------------------------------------


def active_companies() -> list[Company]:
    return list(Company.objects.filter(is_active=True).select_related("erp_connection"))


def refresh_all() -> None:
    """Schedule: read from Sage 500 what changed."""
    each("refresh", (company.pk for company in active_companies()), refresh)


def refresh_all_fully() -> None:
    """Schedule, at night: read Sage 500 whole."""
    companies = [company.pk for company in active_companies()]
    each("refresh_fully", companies, lambda pk: refresh(pk, fully=True))


def refresh(company_id: int, *, fully: bool = False) -> None:
    """Read one company's mirrors; what waited for them is looked at again."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)
    last = SyncRun.objects.filter(job=SyncRun.Job.ERP, company=company, state="done").first()
    has_mirror = FiscalPeriod.objects.filter(company=company).exists()
    since = last.started_at if last and has_mirror and not fully else None
    job = "refresh_fully" if fully else "refresh"

    def call() -> None:
        with runs.running(SyncRun.Job.ERP, company=company) as run:
            read = mirrors.refresh_company(
                company, erp=ledger_for(company), now=timezone.now(), since=since
            )
            runs.progress(run, f"{read} records", read=read)

    guarded(company.erp_connection, call, job=f"{job}:{company_id}")
    async_task(MATCH, company.pk, task_name=f"match {company.company_id}")


# --- matching and posting -----------------------------------------------------------------------


def match_all() -> None:
    """Schedule: look again at everything that is not matched."""
    each("match", (company.pk for company in active_companies()), match)


def match(company_id: int) -> None:
    """Match one company's open payments, then send what is due."""
    company = Company.objects.get(pk=company_id)
    with runs.running(SyncRun.Job.MATCH, company=company) as run:
        result = matching.match_company(company_id, now=timezone.now())
        freed = decisions.review_held(company_id, now=timezone.now())
        runs.progress(
            run,
            f"{result.matched} matched, {result.left} left over",
            read=result.seen,
            written=result.matched,
        )
    if result.matched or freed:
        async_task(POST, company_id, task_name=f"post {company.company_id}")


def post_all() -> None:
    """Schedule: send whatever is due, ask about whatever is unknown."""
    each("post", (company.pk for company in active_companies()), post)


def post(company_id: int) -> None:
    """Ask about unknown outcomes first, then send what is due."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)

    def call() -> None:
        with runs.running(SyncRun.Job.POST, company=company) as run:
            erp = ledger_for(company)
            unread: RecordError | None = None
            try:
                posting.resolve_unknown(
                    company_id,
                    erp=erp,
                    now=timezone.now(),
                    delays_s=settings.UNKNOWN_LOOKUP_DELAYS_S,
                    lease_s=settings.SENDING_LEASE_S,
                )
            except RecordError as error:  # what is due does not wait for it
                unread = error
            result = posting.post_due(
                company_id,
                erp=erp,
                worker=worker_name(),
                clock=timezone.now,
                patience=posting.Patience(
                    settings.SENDING_LEASE_S / 3, settings.UNKNOWN_LOOKUP_DELAYS_S[0]
                ),
                tell=lambda text: runs.progress(run, text[:200]),
            )
            runs.progress(run, f"{result.sent} sent", written=result.sent)
            if unread:
                raise unread

    guarded(company.erp_connection, call, job=f"post:{company_id}")


def follow_all() -> None:
    """Schedule: see how far the submitted receipts are."""
    each("follow", (company.pk for company in active_companies()), follow)


def follow(company_id: int) -> None:
    """Follow one company's receipts in Sage 500."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)

    def call() -> None:
        with runs.running(SyncRun.Job.FOLLOW, company=company) as run:
            count = following.follow_receipts(
                company_id, erp=ledger_for(company), now=timezone.now()
            )
            runs.progress(run, f"{count} followed", read=count)

    guarded(company.erp_connection, call, job=f"follow:{company_id}")


def prove() -> None:
    """Schedule: check the books against themselves; the outside lists are checked by the day."""
    proof = proofs.prove(now=timezone.now())
    if proof.holds:
        close_alert("proof", actor="paysync")
        return
    first = proof.violations[0]
    raise_alert(
        "proof_broken",
        "proof",
        f"The proof does not hold: {len(proof.violations)} violations, {first.name} first.",
        advice="Open the proof in the console; the runbook says what each violation means.",
        now=timezone.now(),
    )
