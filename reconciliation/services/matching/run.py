"""One run over a company's open payments: read in bulk, decide in memory, write in bulk."""

from __future__ import annotations

from datetime import datetime

from paysync.models import Company
from paysync.services.bulk import chunks
from reconciliation.domain.matching import OpenPayment, match
from reconciliation.queries.candidates import candidates_for, payments_to_match
from reconciliation.services.journal import balances_of
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.postable import check_postable, held_money
from reconciliation.services.matching.writing import MatchRun, write_part


def match_company(company_id: int, *, now: datetime, limit: int = 20_000) -> MatchRun:
    """Match the company's open payments with the invoices we know, and plan their receipts.

    Safe to repeat and to run twice at once: each write locks the company, and what another run
    took meanwhile is left for the next one. Queries do not grow with the payments but for the
    inserts of 500 rows each.
    """
    company = Company.objects.get(pk=company_id)
    payments = payments_to_match(company, limit)
    run = MatchRun(seen=len(payments))
    if not payments:
        return run
    balances = balances_of(payments)
    candidates, tran_ids = candidates_for(company, payments)
    opened = [
        OpenPayment(
            row.pk,
            held_money(row, balances.get(row.pk, {})),
            row.invoice_reference,
            row.customer_id,
            row.created_at,
        )
        for row in payments
    ]
    by_id = {row.pk: row for row in payments}
    table = MappingTable.load(company.pk)
    decisions = [
        check_postable(decision, by_id[decision.payment_id], table)
        for decision in match(opened, candidates)
    ]
    for part in chunks(decisions):
        write_part(company, part, table, tran_ids, run, now)
    return run
