"""Cash receipts that people entered in the ERP themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from paysync.domain.money import Money

#: One application: the invoice's TranID, and how much of the receipt pays it.
StaffApplication = tuple[str, Money]


@dataclass(frozen=True, slots=True)
class StaffReceipt:
    """A receipt that is none of ours, as the ERP has it now.

    tran_no: the check or reference number that somebody typed. customer_id: empty where the
    receipt names none. applications: netted, so that a reversed one is not there.
    """

    key: str
    tran_id: str
    tran_no: str
    customer_id: str
    tran_date: date
    amount: Money
    comment: str
    is_posted: bool
    applications: tuple[StaffApplication, ...] = ()


def netted(rows: Iterable[StaffApplication]) -> tuple[StaffApplication, ...]:
    """One entry an invoice, in the order of their ids. A reversed application is two rows that
    cancel each other (certain: reference §5); what nets to nothing is left out.
    """
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for tran_id, money in rows:
        sums[tran_id, money.currency] += money.amount
    return tuple(
        (tran_id, Money(amount, currency))
        for (tran_id, currency), amount in sorted(sums.items())
        if amount
    )
