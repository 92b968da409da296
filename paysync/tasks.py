"""What the queue runs for the ground floor. Each task is one call that is safe to repeat."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django_q.models import Success

from paysync.domain.errors import ExternalError
from paysync.models import Company, Connection, MerchantAccount, OutgoingCall
from paysync.services import audit, health, runs
from paysync.services.preflight import run_preflight
from paysync.wiring import gateway_for, ledger_for

KEEP_DAYS = 30


def seal_audit() -> None:
    """Schedule: put the newest audit entries on the chain."""
    audit.seal_entries()


def check_connections() -> None:
    """Schedule: ask every active connection for something harmless."""
    for pk in Connection.objects.filter(is_active=True).values_list("pk", flat=True):
        check_connection(pk)


def check_connection(connection_id: int) -> None:
    """Prove that address and credentials of one connection work, and note how it went."""
    connection = Connection.objects.get(pk=connection_id)
    now = timezone.now()
    if health.is_resting(connection, now):
        return
    try:
        probe(connection)
    except ExternalError as error:
        health.note_failure(connection, error, now, what="connection check")
    else:
        health.note_success(connection, now)


def probe(connection: Connection) -> None:
    """One harmless read; nothing where no company or merchant account uses the connection yet."""
    if connection.is_gateway:
        account = (
            MerchantAccount.objects.filter(connection=connection, is_active=True)
            .select_related("connection", "company")
            .first()
        )
        if account:
            gateway_for(account).ping()
        return
    for company in Company.objects.filter(erp_connection=connection, is_active=True):
        run_preflight(company, erp=ledger_for(company), now=timezone.now())


def preflight_company(company_id: int, actor: str) -> None:
    """Ask one company's ERP every question of the preflight, for the person who pressed."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)
    now = timezone.now()
    try:
        run_preflight(company, erp=ledger_for(company), now=now, actor=actor)
    except ExternalError as error:
        health.note_failure(company.erp_connection, error, now, what="preflight")


def tidy() -> None:
    """Schedule: drop old run records, call records and results of jobs. No fact is among them.

    A run whose worker died is marked as failed on the way.
    """
    runs.fail_lost_runs(timedelta(days=1))
    runs.trim_runs(KEEP_DAYS)
    old = timezone.now() - timedelta(days=KEEP_DAYS)
    OutgoingCall.objects.filter(at__lt=old).delete()
    Success.objects.filter(stopped__lt=old).delete()
