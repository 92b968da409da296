"""Jobs of shadow mode."""

from __future__ import annotations

from django.utils import timezone

from paysync.guarding import each, guarded, ledger_for
from paysync.models import Company
from reconciliation.services import shadowing
from reconciliation.tasks.names import active_companies


def compare_all() -> None:
    """Schedule: compare with the staff's receipts, for each company in shadow mode."""
    each("shadow", (company.pk for company in active_companies()), compare)


def compare(company_id: int) -> None:
    """Compare one company with what its staff entered in Sage 500."""
    company = Company.objects.select_related("erp_connection").get(pk=company_id)
    if company.mode != Company.Mode.SHADOW:
        shadowing.end(company)
        return
    guarded(
        company.erp_connection,
        lambda: shadowing.compare_company(company, erp=ledger_for(company), now=timezone.now()),
        job=f"shadow:{company_id}",
    )
