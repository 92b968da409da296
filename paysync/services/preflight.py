"""Ask the ERP whether a company is ready, keep the answer, and tell a person when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from paysync.domain.ledger import Finding, FindingLevel
from paysync.models import Company, PreflightRun
from paysync.ports import ErpLedger
from paysync.queries.preflight import latest_preflight
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.audit import record

WORST_FIRST = (FindingLevel.BLOCK, FindingLevel.WARN, FindingLevel.PASS)
ADVICE = (
    "Open the preflight in the console: each finding says what to do. Receipts wait until then."
)


def run_preflight(
    company: Company, *, erp: ErpLedger, now: datetime, actor: str = "paysync"
) -> PreflightRun:
    """Ask every question of the company's ERP and keep the findings.

    A block keeps the company from being written to until a later preflight passes. Raises the
    ExternalError or RecordError of the reading; what was known before stands then.
    """
    findings = list(erp.preflight(company.company_id))
    before = latest_preflight(company.pk)
    run = PreflightRun(
        company=company, at=now, level=worst(findings), asked_by=actor,
        findings=[to_json(finding) for finding in findings],
    )  # fmt: skip
    if before and verdicts(before) == verdicts(run) and actor == before.asked_by == "paysync":
        # asked again, and judged alike: the row follows what was found, numbers and clocks too
        before.at, before.findings = now, run.findings
        before.save(update_fields=["at", "findings"])
        tell(company, before, now)
        return before
    with transaction.atomic():
        run.save()
        record(actor, "preflight", run, {"level": run.level, "company": company.company_id})
        tell(company, run, now)
    return run


def verdicts(run: PreflightRun) -> list[tuple[str, str]]:
    return [(found["code"], found["level"]) for found in run.findings]


def worst(findings: Sequence[Finding]) -> str:
    """The worst level there is. No finding at all proves nothing, so it blocks."""
    levels = {finding.level for finding in findings}
    return next((level.value for level in WORST_FIRST if level in levels), "block")


def to_json(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code, "level": finding.level.value, "message": finding.message[:400],
        "advice": finding.advice[:400],
    }  # fmt: skip


def tell(company: Company, run: PreflightRun, now: datetime) -> None:
    """One alert for a blocked company, closed by the preflight that passes."""
    key = f"preflight:{company.pk}"
    if run.level != PreflightRun.Level.BLOCK:
        close_alert(key, actor="paysync")
        return
    blocking = [found["message"] for found in run.findings if found["level"] == "block"]
    first = blocking[0] if blocking else "it answered nothing"
    raise_alert(
        "preflight_blocked",
        key,
        f"Nothing is written to {company.company_id}: {first}",
        advice=ADVICE,
        company=company,
        now=now,
    )
