"""Everything the engine needs to know about a company's waiting payments, in few queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from customers.queries.aliases import Taught, taught
from customers.services.links import find_payers
from paysync.models import Company, MerchantAccount
from paysync.services.bulk import chunks
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.rules import RuleSet
from reconciliation.models import GatewayTransaction
from reconciliation.queries.candidates import documents_for
from reconciliation.queries.payers import looks_of
from reconciliation.queries.rules import rules_in_force
from reconciliation.queries.waiting import late_links, rules_changed_at
from reconciliation.services.journal import balances_of
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.postable import WAITING, held_minor


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read before deciding. rules_at: when rules or accounts had changed
    last, where the decisions are to be written.
    """

    company: Company
    rows: dict[int, GatewayTransaction]
    payments: dict[int, OpenPayment]
    documents: dict[int, Document]
    rules: RuleSet
    table: MappingTable
    rules_at: datetime | None = None


def load(
    company: Company,
    rows: Sequence[GatewayTransaction],
    now: datetime,
    documents: dict[int, Document] | None = None,
) -> Loaded:
    """documents: where it is known already which ones matter."""
    rules_at = rules_changed_at(company, now)  # before the rules: a change in between is seen
    balances, aliases = balances_of(rows, WAITING), taught(company.pk)
    payments = {
        row.pk: to_open(row, held_minor(row.currency, balances.get(row.pk, {})), aliases)
        for row in rows
    }
    return Loaded(
        company,
        {row.pk: row for row in rows},
        payments,
        documents_for(company, list(payments.values())) if documents is None else documents,
        rules_in_force(company.pk, timezone.localdate(now)),
        MappingTable.load(company.pk),
        rules_at,
    )


def to_open(row: GatewayTransaction, held: int, aliases: Taught) -> OpenPayment:
    """What the engine is told of a payment. held: the money that waits, in minor units."""
    return OpenPayment(
        id=row.pk,
        amount=held,
        currency=row.currency,
        created_at=row.created_at,
        paid_on=row.business_date,
        reference=row.invoice_reference,
        texts=(row.description,) if row.description else (),
        customer_id=row.customer_id,
        payer_name=row.billing_name,
        payer_label=row.customer_reference,
        method=row.method,
        aliases=aliases.customers_of(looks_of(row)) if aliases.by_text else (),
    )


def link_late_payers(company: Company, *, now: datetime) -> int:
    """Name the payers of payments whose gateway customer was linked after they came. Returns how
    many payments are looked at again because of it.
    """
    rows = list(late_links(company).only("pk", "merchant_account_id", "gateway_customer_id"))
    by_account: dict[int, list[GatewayTransaction]] = {}
    for row in rows:
        by_account.setdefault(row.merchant_account_id, []).append(row)
    for account in MerchantAccount.objects.filter(pk__in=list(by_account)):
        mine = by_account[account.pk]
        payers = find_payers(account, (row.gateway_customer_id for row in mine), now=now)
        by_payer: dict[int, list[int]] = {}
        for row in mine:
            if payer := payers.get(row.gateway_customer_id):
                by_payer.setdefault(payer, []).append(row.pk)
        for payer, keys in by_payer.items():
            for part in chunks(keys):
                GatewayTransaction.objects.filter(
                    pk__in=part, needs_match=True, customer__isnull=True
                ).update(customer_id=payer, match_tried_at=None)
    return len(rows)
