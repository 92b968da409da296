"""Jobs that give money back: approved refunds, and what nobody knows of earlier ones."""

from __future__ import annotations

from django.utils import timezone

from paysync.guarding import each, gateway_for, guarded
from paysync.models import Company, MerchantAccount, SyncRun
from paysync.services import runs
from reconciliation.queries.refundable import has_work
from reconciliation.services import capturing, disputing, refunding
from reconciliation.tasks.names import active_companies, worker_name


def refund_all() -> None:
    """Schedule: end what has expired, then see to every merchant account with work."""
    refunding.expire_requests(now=timezone.now())
    accounts = MerchantAccount.objects.filter(is_active=True).values_list("pk", flat=True)
    each("refund", [pk for pk in accounts if has_work(pk, timezone.now())], refund)


def refund(account_id: int) -> None:
    """Ask about unknown outcomes, book what was done, then send what is approved."""
    account = MerchantAccount.objects.select_related("connection", "company").get(pk=account_id)

    def call() -> None:
        with runs.running(SyncRun.Job.REFUND, merchant_account=account) as run:
            gateway = gateway_for(account)
            refunding.book_done(account, gateway, timezone.now())
            try:
                refunding.look_up(account, gateway, timezone.now)
            finally:  # one that cannot be told must not hold up the others
                sent = refunding.send_refunds(
                    account_id, gateway=gateway, worker=worker_name(), clock=timezone.now
                )
                captured = capturing.send_captures(account_id, gateway=gateway, clock=timezone.now)
                written = sum(sent.outcomes.values()) + captured
                runs.progress(run, f"{sent}; {captured} captured", written=written)

    guarded(account.connection, call, job=f"refund:{account_id}")


def watch_disputes() -> None:
    """Schedule: give cases their payments and their money, then say what is due."""
    each("disputes", [company.pk for company in active_companies()], watch)
    disputing.remind(now=timezone.now())


def watch(company_id: int) -> None:
    disputing.find_payments(company_id, now=timezone.now())
    disputing.take_missing(company_id, now=timezone.now())
    company = Company.objects.get(pk=company_id)
    capturing.watch_authorizations(company, now=timezone.now())
