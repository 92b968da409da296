"""Who a gateway customer is in the ERP: by a stored link, made by a key or a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from customers.models import Customer, CustomerLink
from customers.services.mirror import normalize_id
from paysync.models import MerchantAccount
from paysync.services.audit import record_many
from paysync.services.bulk import chunks, insert_missing


def find_payers(
    merchant_account: MerchantAccount, gateway_customer_ids: Iterable[str], *, now: datetime
) -> dict[str, int]:
    """The Customer primary key for each gateway customer id that is known.

    A gateway customer whose id equals a CustID of the company is linked on the way: that is a
    key, not a guess. Nothing else makes a link here.
    """
    wanted = {text for text in gateway_customer_ids if text}
    found: dict[str, int] = {}
    for part in chunks(sorted(wanted)):
        found |= dict(
            CustomerLink.objects.filter(
                merchant_account=merchant_account, gateway_customer_id__in=part
            ).values_list("gateway_customer_id", "customer_id")
        )
    unknown = sorted(wanted - found.keys())
    for part in chunks(unknown):
        found |= link_by_key(merchant_account, part, now=now)
    return found


def link_by_key(
    merchant_account: MerchantAccount, gateway_customer_ids: list[str], *, now: datetime
) -> dict[str, int]:
    """Link the gateway customers whose id is a CustID. Safe to repeat and to run twice at once."""
    by_id = dict(
        Customer.objects.filter(
            company_id=merchant_account.company_id,
            customer_id__in=[normalize_id(text) for text in gateway_customer_ids],
        ).values_list("customer_id", "pk")
    )
    links = [
        CustomerLink(
            merchant_account=merchant_account,
            gateway_customer_id=text,
            customer_id=by_id[normalize_id(text)],
            made_by=CustomerLink.MadeBy.KEY,
            actor="paysync",
            made_at=now,
        )
        for text in gateway_customer_ids
        if normalize_id(text) in by_id
    ]
    if links:
        insert_missing(links)
        stored = CustomerLink.objects.filter(
            merchant_account=merchant_account,
            gateway_customer_id__in=[link.gateway_customer_id for link in links],
        )
        record_many("paysync", "customer linked by key", [(link, {}) for link in stored])
    return {link.gateway_customer_id: link.customer_id for link in links}
