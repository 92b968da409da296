"""Say who paid: this payment, and, where asked, every payment of that gateway customer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction as database

from customers.models import Customer
from customers.services.aliases import teach
from customers.services.linking import Linked, link_by_person
from paysync.domain.errors import RuleError
from paysync.domain.ledger import Bucket, move
from paysync.domain.money import Money
from reconciliation.models import GatewayTransaction, WorkStep
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.matching import propose
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.workbench.matching import looks_of, open_item_of
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    name_of,
    require_seen,
    require_waiting,
    write_step,
)


def link(
    payment_id: int,
    deed: Deed,
    *,
    customer_id: int,
    remember: bool = False,
    revision: int | None = None,
) -> WorkStep:
    """This customer paid. Its money is unapplied from now on, and is decided anew at once.

    remember: the gateway customer is this customer for every payment from now on.
    """
    with database.atomic():
        row = lock_payment(payment_id)
        require_seen(row, revision)
        require_waiting(row)
        customer = Customer.objects.filter(pk=customer_id, company_id=row.company_id).first()
        if customer is None:
            raise RuleError("Choose one of the customers.")
        title, before = name_of(row), row.customer_id
        linked = remember_link(row, customer, deed) if remember else None
        set_payer(row, customer.pk)
        identify(row, deed)
        known = before is not None
        taught = [] if known else teach(customer, looks_of(row), actor=deed.actor, now=deed.now)
        detail: dict[str, Any] = {"before": before, "after": customer.pk, "taught": taught}
        detail["link"] = asdict(linked) if linked else None
        title = f"{title} was paid by {customer}{', as always' if linked else ''}"
        step = write_step(deed, Kind.LINK, row, title, detail, open_item_of(row))
    propose([payment_id], now=deed.now)
    return step


def remember_link(row: GatewayTransaction, customer: Customer, deed: Deed) -> Linked:
    if not row.gateway_customer_id:
        raise RuleError("The gateway names no customer with this payment: nothing to remember.")
    return link_by_person(
        row.merchant_account,
        row.gateway_customer_id,
        customer,
        actor=deed.actor,
        now=deed.now,
    )


def set_payer(row: GatewayTransaction, customer_id: int | None) -> None:
    """Who paid, and that the payment is to be decided anew."""
    row.customer_id = customer_id
    row.match_tried_at = None
    row.revision += 1
    row.save(update_fields=["customer", "match_tried_at", "revision"])


def identify(row: GatewayTransaction, deed: Deed) -> None:
    """Money of a known payer is unapplied, not unidentified."""
    shift(row, Bucket.UNIDENTIFIED, Bucket.UNAPPLIED, "payer identified", deed)


def unidentify(row: GatewayTransaction, deed: Deed) -> None:
    shift(row, Bucket.UNAPPLIED, Bucket.UNIDENTIFIED, "payer unknown again", deed)


def shift(row: GatewayTransaction, source: Bucket, target: Bucket, what: str, deed: Deed) -> None:
    held = balances_of([row]).get(row.pk, {}).get(source, Money.zero(row.currency))
    key = f"identified:{row.pk}:{row.customer_id}:{row.revision}"
    draft = Draft(row, key, what, row.business_date, move(source, target, held))
    write_entries([draft], now=deed.now)
