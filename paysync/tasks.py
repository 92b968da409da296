"""What the queue runs for the ground floor. Each task is one call that is safe to repeat."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone
from django_q.models import Success
from django_q.tasks import async_task

from paysync.domain.errors import ExternalError, RecordError
from paysync.guarding import (
    IncompleteError,
    complete,
    each,
    gateway_for,
    guarded,
    ledger_for,
)
from paysync.models import Company, Connection, MerchantAccount, OutgoingCall
from paysync.services import audit, health, notices, runs
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.preflight import run_preflight
from paysync.wiring import DESK_KINDS, drop_done_files, inbox_of, outbox_of

logger = logging.getLogger(__name__)
KEEP_DAYS = 30


def seal_audit() -> None:
    """Schedule: put the newest audit entries on the chain."""
    audit.seal_entries()


def check_connections() -> None:
    """Schedule: ask every active connection for something harmless."""
    active = Connection.objects.filter(is_active=True).values_list("pk", flat=True)
    each("check connection", active, check_connection)


def check_connection(connection_id: int) -> None:
    """Prove that address and credentials of one connection work, and note how it went."""
    connection = Connection.objects.get(pk=connection_id)
    guarded(connection, lambda: probe(connection), job="check")


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

    def ask() -> None:
        run_preflight(company, erp=ledger_for(company), now=timezone.now(), actor=actor)

    guarded(company.erp_connection, ask, job=f"preflight:{company_id}")


def exchange_all() -> None:
    """Schedule: read and write the files of every connection that exchanges some."""
    desks = Connection.objects.filter(is_active=True, kind__in=sorted(DESK_KINDS))
    each("exchange files", desks.values_list("pk", flat=True), exchange)


def exchange(connection_id: int) -> None:
    """Take in what lies in one inbox, and let leave what waits for the outbox.

    Whether the connection rests is not asked: what lies in the inbox may be what it rests for.
    """
    connection = Connection.objects.get(pk=connection_id)
    alert = f"files:{connection_id}"
    try:
        taken = exchange_files(connection)
    except IncompleteError:
        return
    except ExternalError as error:
        health.note_failure(connection, error, timezone.now(), what="files")
        return
    except RecordError as error:
        raise_alert(
            "files_stopped",
            alert,
            f"Files of {connection.name} stopped: {error}"[:400],
            advice="Show it to an engineer. Nothing is lost: it is tried again every minute.",
            connection=connection,
            now=timezone.now(),
        )
        return
    health.note_success(connection, timezone.now())
    close_alert(alert, actor="paysync")
    if taken:
        wake_readers(connection)


def exchange_files(connection: Connection) -> int:
    """Files in, then receipts out, whatever happened to the files. Returns how many counted."""
    key = f"incomplete:{connection.pk}:files"
    inbox = complete(connection, key, lambda: inbox_of(connection))
    try:
        return inbox.take_in()
    finally:
        if connection.kind == Connection.Kind.SAGE500_FLAT_FILE:
            complete(connection, key, lambda: outbox_of(connection)).hand_over()


def wake_readers(connection: Connection) -> None:
    """The mirrors and the receipts follow what came in now, not with their next schedule."""
    for company in Company.objects.filter(erp_connection=connection, is_active=True):
        for name in ("refresh", "follow"):
            async_task(
                f"reconciliation.tasks.{name}", company.pk, task_name=f"{name} {company.company_id}"
            )


def send_notices() -> None:
    """Schedule: e-mail what people have to hear of. Without a mail server the notices wait."""
    if not settings.SENDS_MAIL:
        return
    backend = get_connection(timeout=settings.EMAIL_TIMEOUT)
    post = notices.Post(backend, settings.DEFAULT_FROM_EMAIL, settings.SITE_URL)
    notices.send_due(post, timezone.now)


def tidy() -> None:
    """Schedule: drop old records of runs, calls, jobs and files taken in. No fact is among them.

    A run whose worker died is marked as failed on the way.
    """
    runs.fail_lost_runs(timedelta(days=1))
    runs.trim_runs(KEEP_DAYS)
    old = timezone.now() - timedelta(days=KEEP_DAYS)
    OutgoingCall.objects.filter(at__lt=old).delete()
    Success.objects.filter(stopped__lt=old).delete()
    desks = Connection.objects.filter(kind__in=sorted(DESK_KINDS))
    each("tidy files", desks.values_list("pk", flat=True), tidy_files)


def tidy_files(connection_id: int) -> None:
    """Drop the files of one connection that were taken in long ago."""
    connection = Connection.objects.get(pk=connection_id)
    before = timezone.now() - timedelta(days=settings.ERP_FILES_KEEP_DAYS)
    try:
        drop_done_files(connection, before)
    except (ExternalError, RecordError) as error:  # the exchange, every minute, alerts of it
        logger.warning(
            "files not tidied", extra={"connection": connection.slug, "error": str(error)}
        )
