"""Jobs that read Sage 500: the mirrors, and what became of our receipts."""

from __future__ import annotations

from django.utils import timezone
from django_q.tasks import async_task

from paysync.guarding import each, guarded, ledger_for
from paysync.models import Company, SyncRun
from paysync.services import runs
from reconciliation.models import FiscalPeriod
from reconciliation.services import following, mirrors, reversing, withdrawing
from reconciliation.services.posting import may_send
from reconciliation.tasks.names import MATCH, active_companies


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


def follow_all() -> None:
    """Schedule: see how far the submitted receipts are."""
    each("follow", (company.pk for company in active_companies()), follow)


def follow(company_id: int) -> None:
    """Follow one company's receipts in Sage 500."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)

    def call() -> None:
        with runs.running(SyncRun.Job.FOLLOW, company=company) as run:
            erp = ledger_for(company)
            try:
                withdrawing.resume_withdrawals(company_id, ledger=erp, now=timezone.now())
                if may_send(company_id):
                    withdrawing.withdraw_gone(company_id, ledger=erp, now=timezone.now())
            finally:  # a try that cannot be cleared up must not hold up all other receipts
                count = following.follow_receipts(company_id, erp=erp, now=timezone.now())
                reversing.follow_reversals(company_id, erp=erp, now=timezone.now())
                runs.progress(run, f"{count} followed", read=count)
            if may_send(company_id):
                reversing.reverse_receipts(company_id, erp=erp, now=timezone.now())

    guarded(company.erp_connection, call, job=f"follow:{company_id}")
