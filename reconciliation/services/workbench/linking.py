"""Say who paid: this payment, and, where asked, every payment of that gateway customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction as database
from django.db.models import Exists, F, OuterRef

from customers.models import Customer
from customers.services.aliases import teach, unteach
from customers.services.linking import Linked, link_by_person, take_link_back
from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.ledger import Bucket, move
from paysync.domain.money import Money
from paysync.services.bulk import locked, spans
from reconciliation.models import GatewayTransaction, WorkStep
from reconciliation.queries.payers import looks_of
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.matching import propose
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.workbench.matching import open_item_of
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    close_step,
    deed_of,
    name_of,
    payment_of,
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
    shift([row], Bucket.UNIDENTIFIED, Bucket.UNAPPLIED, "payer identified", deed)


def unidentify(rows: Sequence[GatewayTransaction], deed: Deed) -> None:
    shift(rows, Bucket.UNAPPLIED, Bucket.UNIDENTIFIED, "payer unknown again", deed)


def shift(
    rows: Sequence[GatewayTransaction], source: Bucket, target: Bucket, what: str, deed: Deed
) -> None:
    held = balances_of(rows)
    drafts = [
        Draft(
            row,
            f"identified:{row.pk}:{row.customer_id}:{row.revision}",
            what,
            row.business_date,
            move(source, target, held.get(row.pk, {}).get(source, Money.zero(row.currency))),
        )
        for row in rows
    ]
    write_entries(drafts, now=deed.now)


# --- undoing --------------------------------------------------------------------------------------


def undo_link(step: WorkStep, deed: Deed) -> None:
    detail = step.detail
    with database.atomic():
        row = lock_payment(payment_of(step))
        require_waiting(row)
        if row.customer_id != detail["after"]:
            raise ConflictError(deed_of(row))
        if detail.get("link"):
            linked = Linked(**detail["link"])
            take_link_back(linked, actor=deed.actor, now=deed.now)
            free_followers(row, linked, deed)
        set_payer(row, detail["before"])
        if detail["before"] is None:
            unidentify([row], deed)
        unteach(detail.get("taught", ()), actor=deed.actor)
        close_step(step, deed)


def free_followers(row: GatewayTransaction, linked: Linked, deed: Deed) -> None:
    """Other waiting payments of the gateway customer that have their payer by the link alone: whose
    payer no person named. They are decided anew.
    """
    named = WorkStep.objects.filter(
        transaction=OuterRef("pk"), kind=Kind.LINK, undone_at__isnull=True
    )
    waiting = GatewayTransaction.objects.filter(
        merchant_account_id=row.merchant_account_id,
        gateway_customer_id=row.gateway_customer_id,
        customer_id=linked.customer_id,
        needs_match=True,
    ).exclude(pk=row.pk)
    rows = list(locked(waiting.exclude(Exists(named))).order_by("pk"))
    for part in spans([one.pk for one in rows]):
        GatewayTransaction.objects.filter(pk__any_of=part).update(
            customer_id=linked.before, match_tried_at=None, revision=F("revision") + 1
        )
    for one in rows:
        one.customer_id, one.revision = linked.before, one.revision + 1
    if linked.before is None:
        unidentify(rows, deed)
