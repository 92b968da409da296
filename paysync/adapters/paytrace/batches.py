"""Settlement batches. The JSON names are unknown (§9.1, §16.18): this reader is tolerant.

It accepts the legacy names in lower case, with and without underscores, and a few likely ones. A
batch it cannot read stops the list, because a total with a batch missing would look complete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from paysync.adapters.paytrace.envelope import text_of
from paysync.adapters.paytrace.mapping import Assumed, cleaned
from paysync.adapters.paytrace.stamps import business_day
from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.payments import GatewayBatch

NUMBER = ("batchnumber", "batchnum", "number")
WHEN = ("when", "settled", "settledat", "settledon", "date", "batchdate", "created")


def to_batch(entry: object, assumed: Assumed) -> GatewayBatch:
    """One batch. Raises RecordError when its number, day or amounts cannot be found."""
    if not isinstance(entry, Mapping):
        raise RecordError("the batch is not an object")
    fields = {re.sub(r"[^a-z]", "", str(k).lower()): v for k, v in cleaned(entry)[0].items()}
    number, when = first(fields, NUMBER), first(fields, WHEN)
    if not number or not when:
        raise RecordError("a batch without number or date")
    sales = amount(fields, ("salesamount", "saleamount", "sales"), assumed)
    refunds = amount(fields, ("refundamount", "refundsamount", "refunds"), assumed)
    if refunds.amount < 0:
        refunds = -refunds
    stated = first(fields, ("netamount", "net"))
    return GatewayBatch(
        number=number,
        settled_on=business_day(when, assumed.zone),
        sales_count=count(fields, ("salescount", "salecount")),
        sales=sales,
        refunds_count=count(fields, ("refundcount", "refundscount")),
        refunds=refunds,
        net=Money.parse(stated, assumed.currency) if stated else sales - refunds,
    )


def first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := text_of(fields.get(name)))), "")


def amount(fields: Mapping[str, Any], names: tuple[str, ...], assumed: Assumed) -> Money:
    return Money.parse(first(fields, names) or None, assumed.currency)


def count(fields: Mapping[str, Any], names: tuple[str, ...]) -> int:
    text = first(fields, names)
    if not text.isdecimal():
        raise RecordError(f"a batch without {names[0]}")
    return int(text)
