"""Jobs on our own books: match, hand over, prove."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from paysync.domain.errors import RecordError
from paysync.guarding import each, guarded, ledger_for
from paysync.models import Company, SyncRun
from paysync.queries.preflight import needs_preflight
from paysync.services import runs
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.preflight import run_preflight
from reconciliation.services import decisions, matching, posting
from reconciliation.services import proof as proofs
from reconciliation.tasks.names import POST, active_companies, worker_name


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
    """Ask about unknown outcomes first, then send what is due. The preflight is at most a day old:
    where it blocks, nothing is sent.
    """
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
            if needs_preflight(company_id, timezone.now()):
                run_preflight(company, erp=erp, now=timezone.now())
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
