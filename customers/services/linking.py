"""A person says which ERP customer a gateway customer is, or takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer, CustomerLink
from paysync.domain.errors import ConflictError
from paysync.models import MerchantAccount
from paysync.services.audit import record


@dataclass(frozen=True, slots=True)
class Linked:
    """A link as it is now, and whom it meant before (None: there was none)."""

    link_id: int
    customer_id: int
    before: int | None
    made_by_before: str = ""


def link_by_person(
    account: MerchantAccount,
    gateway_customer_id: str,
    customer: Customer,
    *,
    actor: str,
    now: datetime,
) -> Linked:
    """From now on every payment of this gateway customer is this customer's. Call it in a
    transaction.
    """
    link = (
        CustomerLink.objects.select_for_update()
        .filter(merchant_account=account, gateway_customer_id=gateway_customer_id)
        .first()
    )
    if link is None:
        link = CustomerLink(merchant_account=account, gateway_customer_id=gateway_customer_id)
        before, made_by = None, ""
    else:
        before, made_by = link.customer_id, link.made_by
    link.customer = customer
    link.made_by = CustomerLink.MadeBy.PERSON
    link.actor, link.made_at = actor[:150], now
    link.save()
    record(actor, "customer linked", link, {"customer": str(customer), "before": before})
    return Linked(link.pk, customer.pk, before, made_by)


def take_link_back(linked: Linked, *, actor: str, now: datetime) -> None:
    """The gateway customer is whoever it was before. Raises ConflictError where somebody linked it
    anew. Call it in a transaction.
    """
    link = CustomerLink.objects.select_for_update().filter(pk=linked.link_id).first()
    if link is None:
        return
    if link.customer_id != linked.customer_id:
        raise ConflictError(f"{link.actor} has linked {link.gateway_customer_id} anew since.")
    record(actor, "customer link taken back", link, {"was": str(link), "before": linked.before})
    if linked.before is None:
        link.delete()
        return
    link.customer_id = linked.before
    link.made_by = linked.made_by_before or CustomerLink.MadeBy.PERSON
    link.actor, link.made_at = actor[:150], now
    link.save(update_fields=["customer", "made_by", "actor", "made_at"])
