"""Record transactions: what is held, what each record does to it, what follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction as database

from customers.services.links import find_payers
from paysync.domain.payments import GatewayRecord
from paysync.models import InboundEvent, MerchantAccount
from paysync.services.bulk import CHUNK, chunks, insert_rows
from reconciliation.models import StateObservation
from reconciliation.services.leftovers import open_items
from reconciliation.services.recording.effects import write_effects
from reconciliation.services.recording.placing import Recorded, place, save_changed
from reconciliation.services.recording.rows import Key, first_rows, lock_account, lock_held


def record_transactions(
    merchant_account: MerchantAccount,
    records: Sequence[GatewayRecord],
    *,
    now: datetime,
    events: dict[Key, InboundEvent] | None = None,
) -> Recorded:
    """Record each transaction, its state and what it does to the cent ledger.

    records: any order, repeats allowed. Polling and hints both end here; doing it again changes
    nothing, and an older state never undoes a newer one. Constant number of queries per 500.
    """
    result = Recorded()
    for part in chunks(records):
        with database.atomic():
            record_part(merchant_account, part, events or {}, result, now)
    return result


def record_part(
    merchant_account: MerchantAccount,
    records: list[GatewayRecord],
    events: dict[Key, InboundEvent],
    result: Recorded,
    now: datetime,
) -> None:
    work = Recorded()
    lock_account(merchant_account)
    held = lock_held(merchant_account, records)
    payers = find_payers(
        merchant_account, (record.gateway_customer_id for record in records), now=now
    )
    new = first_rows(merchant_account, records, held, payers, now)
    insert_rows(
        list(new.values()),
        by=("gateway_id", "method"),
        among=merchant_account.transactions.all(),
    )
    seen: set[Key] = set()
    for record in records:
        key = (record.method.value, record.gateway_id)
        row = held.get(key) or new[key]
        place(row, record, key in new and key not in seen, events.get(key), work, now)
        seen.add(key)
    StateObservation.objects.bulk_create(work.observations, batch_size=CHUNK)
    save_changed(work)
    write_effects(merchant_account, work, held | new, now)
    open_items(merchant_account.company, work.findings, now=now)
    for name in ("new", "moved", "same", "older", "conflicts"):
        setattr(result, name, getattr(result, name) + getattr(work, name))
