"""Which accounts the GL mapping names for money that leaves, as a sentence for people."""

from __future__ import annotations

from django.utils import timezone

from reconciliation.models import GatewayTransaction, GLMapping
from reconciliation.services.mappings import find_mapping
from reconciliation.services.planning import brand_of


def accounts_for(row: GatewayTransaction, kind: GLMapping.Kind) -> str:
    """The mapping that holds today; that of payments where none is for this kind."""
    day, brand = timezone.localdate(), brand_of(row)
    own = find_mapping(row.company_id, row.merchant_account_id, kind, brand, day)
    used = own or find_mapping(
        row.company_id, row.merchant_account_id, GLMapping.Kind.SALE, brand, day
    )
    if used is None:
        return f"No GL mapping of the kind {kind.label} is in force."
    where = f"Cash account {used.cash_account.cash_account_id}, GL {used.gl_account.formatted}"
    return f"{where}, by the mapping {'for' if own else 'of payments: none is for'} {kind.label}."
