"""The small site that every ErpLedger is tested against, and what people at it can do.

Documents of company SOA: I1 100.00, I2 250.50, I3 1000.00 with 20.00 discount until today + 5 days,
all of ACME0001; C1 a credit memo of 40.00 of ACME0001; O1 80.00 of OTHER0002; D1 60.00 (debit memo,
in dispute) of ACME0001; CA1 500.00 CAD of NORTH0003. GONE0004 is inactive. KID0005, with K1 75.00,
is a child of ACME0001. Company NWM has I1 too, 33.00 of ACME0001.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from paysync.domain.ledger import (
    Application,
    ErpReceipt,
    ReceiptIntent,
    ReversalIntent,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money
from paysync.ports import ErpLedger
from paysync.sandbox.company import ACCOUNTS, CLASS_ACCOUNTS, CLASSES, SEGMENTS, periods_around

I1, I2, I3 = "IN-0000000001", "IN-0000000002", "IN-0000000003"
O1, CA1, K1 = "IN-0000000004", "IN-0000000005", "IN-0000000006"
C1, D1 = "CM-0000000001", "DM-0000000001"
ALL_OPEN = {I1, I2, I3, O1, CA1, K1, C1, D1}


class ErpSite(Protocol):
    """People at the site, and what the ledger looks like from inside."""

    def post(self, company_id: str) -> None: ...

    def interrupt(self, company_id: str) -> None: ...

    def resume(self, company_id: str) -> None: ...

    def open_batches(self, company_id: str) -> None: ...

    def edit(self, key: str, *, amount: str, applications: Sequence[tuple[str, str]]) -> None: ...

    def delete_batches(self, company_id: str) -> None: ...

    def unapply(self, key: str) -> None:
        """A person takes back what a posted receipt of ours pays."""
        ...

    def pay_invoice(self, company_id: str, tran_id: str, amount: str) -> None: ...

    def enter(
        self,
        today: date,
        number: str,
        amount: str,
        *links: tuple[str, str],
        comment: str = "",
        customer_id: str = "ACME0001",
    ) -> None:
        """A person enters a receipt of SOA by hand; `number` is what they type as its number."""
        ...

    def set_period(self, company_id: str, day: date, action: str) -> None: ...

    def spoil(self, what: str) -> None:
        """The next reading finds a field nobody can read in its last row.

        what: "invoices", "customers", "payable" (`payable_now`), "receipts" (`find_receipts`) or
        "staff-receipts".
        """
        ...

    def ledger_sums(self) -> dict[tuple[str, str], Decimal]:
        """(company, GL account) -> sum of its posted lines, debits positive."""
        ...


def usd(text: str) -> Money:
    return Money(Decimal(text))


def link(tran_id: str, amount: str, discount: str = "0", write_off: str = "0") -> Application:
    return Application(tran_id, usd(amount), usd(discount), usd(write_off))


def intent(today: date, number: int = 1, *links: Application, **changes: Any) -> ReceiptIntent:
    """A receipt of ACME0001 over 100.00 that pays I1, unless told otherwise."""
    made = ReceiptIntent(
        idempotency_key=f"PT{number}-1-abcdef",
        company_id="SOA",
        customer_id="ACME0001",
        cash_account_id="MERCH-USD",
        post_date=today,
        tran_date=today,
        tran_no=f"{number}",
        amount=usd("100.00"),
        comment=f"PT {number} 4242 A1B2",
        gateway_reference=f"merchant-1:{number}",
        applications=links or (link(I1, "100.00"),),
    )
    return replace(made, **changes)


def reversal(today: date, number: int = 1, **changes: Any) -> ReversalIntent:
    """What takes receipt `number` of `intent` back."""
    made = ReversalIntent(
        idempotency_key=f"R1-PT{number}-abcdef",
        company_id="SOA",
        of_key=f"PT{number}-1-abcdef",
        post_date=today,
        tran_date=today,
        tran_no=f"R{number}",
        comment=f"PTR {number}",
        gateway_reference=f"merchant-1:{number}:R1",
    )
    return replace(made, **changes)


def found(erp: ErpLedger, number: int = 1) -> ErpReceipt:
    return erp.find_receipts([f"PT{number}-1-abcdef"])[f"PT{number}-1-abcdef"]


def names(rows: Iterable[Any]) -> list[str]:
    return [row.tran_id for row in rows]


def refused(result: SubmitResult, reason: str) -> None:
    assert (result.code, result.reason) == (SubmitCode.VALIDATION_ERROR, reason)


def customer(customer_id: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "customer_id": customer_id, "name": name, "class_id": "TRADE", "city": "Tacoma",
        "state": "WA", "line1": "1 Dock St", "email": f"ap@{name.split()[0].lower()}.example",
        **more,
    }  # fmt: skip


def document(number: int, owner: str, total: str, today: date, **more: Any) -> dict[str, Any]:
    made = today - timedelta(days=5)
    return {
        "tran_no": f"{number:010d}", "customer_id": owner, "total": total,
        "tran_date": made.isoformat(), "due_date": (made + timedelta(days=30)).isoformat(), **more,
    }  # fmt: skip


def cash(name: str, gl_account: str, currency: str = "USD", status: int = 1) -> dict[str, Any]:
    return {"cash_account_id": name, "gl_account": gl_account, "currency": currency,
            "status": status}  # fmt: skip


CASH_ACCOUNTS = [
    cash("MERCH-USD", "101510000"),
    cash("OPERATING", "101010000"),
    cash("MERCH-CAD", "101710000", "CAD"),
    cash("OLD", "101010000", status=2),
]


def company(
    company_id: str, name: str, today: date, customers: list[Any], invoices: list[Any]
) -> dict[str, Any]:
    return {
        "company_id": company_id, "name": name, "currency": "USD", "gl_segments": SEGMENTS,
        "gl_accounts": [{"number": n, "description": d} for n, d in ACCOUNTS.items()],
        "cash_accounts": CASH_ACCOUNTS,
        "customer_classes": [{**found, **CLASS_ACCOUNTS} for found in CLASSES],
        "fiscal_periods": periods_around(today, closed=3, ahead=2),
        "options": {"current_year": str(today.year), "current_period": today.month,
                    "max_write_off": "5.00"},
        "customers": customers, "invoices": invoices,
    }  # fmt: skip


def site_data(today: date) -> dict[str, Any]:
    """The site as a data set of the Sage 500 twin."""
    discount = {"discount": "20.00", "discount_date": (today + timedelta(days=5)).isoformat()}
    customers = [
        customer("ACME0001", "Acme Pumps"),
        customer("OTHER0002", "Other Works"),
        customer("NORTH0003", "North Marine", currency="CAD"),
        customer("GONE0004", "Gone Trading", status=2),
        customer("KID0005", "Kid Pumps", national_parent_id="ACME0001"),
    ]
    invoices = [
        document(1, "ACME0001", "100.00", today),
        document(2, "ACME0001", "250.50", today),
        document(3, "ACME0001", "1000.00", today, **discount),
        document(4, "OTHER0002", "80.00", today),
        document(5, "NORTH0003", "500.00", today),
        document(6, "KID0005", "75.00", today),
        document(1, "ACME0001", "40.00", today, tran_type=502),
        document(1, "ACME0001", "60.00", today, tran_type=503, in_dispute=1),
    ]
    other = [document(1, "ACME0001", "33.00", today)]
    return {
        "companies": [
            company("SOA", "Cascade Industrial Supply", today, customers, invoices),
            company("NWM", "Northwest Marine Parts", today, customers[:1], other),
        ],
        "currencies": [{"currency": "USD", "digits": 2}, {"currency": "CAD", "digits": 2}],
        "exchange_rates": [
            {"effective": "2020-01-01", "source": "CAD", "target": "USD", "rate": 0.7275}
        ],
        "replace": True,
    }
