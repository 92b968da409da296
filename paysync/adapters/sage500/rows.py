"""Rows of Sage's tables -> our domain. Columns: queries.py.

A row that cannot be read raises RecordError naming the row and the column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from paysync.adapters.sage500.cells import Cells
from paysync.adapters.sage500.server_time import ServerTime
from paysync.domain.ledger import (
    ErpCashAccount,
    ErpCurrency,
    ErpCustomer,
    ErpExchangeRate,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpPaymentTerms,
    Invoice,
    discount_of,
)
from paysync.domain.money import Money

#: tarInvoice.Status and tglAccount.Status (certain).
OPEN = 1
ACTIVE = 1
ADDRESS = {
    "line1": "AddrLine1", "line2": "AddrLine2", "line3": "AddrLine3", "line4": "AddrLine4",
    "line5": "AddrLine5", "city": "City", "state": "StateID", "postal_code": "PostalCode",
    "country": "CountryID",
}  # fmt: skip


def to_invoice(cells: Cells, clock: ServerTime) -> Invoice:
    currency = cells.id("CurrID")
    balance = cells.money("Balance", currency)
    left = cells.cut_money_or_none("DiscLeft", currency)
    discount, discount_until = discount_of(left, cells.day_or_none("DiscDate"))
    return Invoice(
        key=cells.key("InvcKey"),
        company_id=cells.id("CompanyID"),
        tran_id=cells.id("TranID"),
        tran_no=cells.text("TranNo"),
        tran_type=cells.number("TranType"),
        customer_id=cells.id("CustID"),
        tran_date=cells.day("TranDate"),
        due_date=cells.day_or_none("DueDate"),
        total=cells.money("TranAmt", currency),
        balance=balance,
        payable=payable_of(cells, balance),
        is_open=cells.number("Status") == OPEN and bool(balance),
        in_dispute=cells.flag("InDispute"),
        customer_po=cells.text_or_empty("CustPONo"),
        discount=discount,
        discount_until=discount_until,
        updated_at=clock.moment(cells.moment_or_none("UpdateDate")),
        update_counter=cells.number("UpdateCounter"),
    )


def payable_of(cells: Cells, balance: Money) -> Money:
    """Balance less pending applications (inferred), NULL where there are none.

    Nothing on a document that takes no money.
    """
    if not cells.flag("CanBePaid"):
        return Money.zero(balance.currency)
    pending = cells.money_or_none("Pending", balance.currency)
    return balance if pending is None else balance - pending


def to_payable(cells: Cells) -> tuple[str, Money]:
    balance = cells.money("Balance", cells.id("CurrID"))
    return cells.id("TranID"), payable_of(cells, balance)


def to_customer(cells: Cells, clock: ServerTime) -> ErpCustomer:
    address = {name: cells.text_or_empty(column) for name, column in ADDRESS.items()}
    return ErpCustomer(
        key=cells.key("CustKey"),
        company_id=cells.id("CompanyID"),
        customer_id=cells.id("CustID"),
        name=cells.text("CustName"),
        is_active=cells.flag("IsActive"),
        email=cells.text_or_empty("EMailAddr"),
        phone=cells.text_or_empty("Phone"),
        address={name: part for name, part in address.items() if part},
        national_parent_id=cells.text_or_empty("ParentID").upper(),
        updated_at=clock.moment(cells.moment_or_none("UpdateDate")),
        update_counter=cells.number("UpdateCounter"),
    )


def to_cash_account(cells: Cells) -> ErpCashAccount:
    return ErpCashAccount(
        key=cells.key("CashAcctKey"),
        company_id=cells.id("CompanyID"),
        cash_account_id=cells.id("CashAcctID"),
        description=cells.text_or_empty("Description"),
        currency=cells.id("CurrID"),
        gl_account_key=cells.key("GLAcctKey"),
        is_active=cells.flag("IsActive"),
    )


def to_gl_account(cells: Cells, formatted: Mapping[int, str]) -> ErpGLAccount:
    """formatted: account key -> number as the company shows it, where it shows one."""
    number = cells.text("GLAcctNo")
    return ErpGLAccount(
        key=cells.key("GLAcctKey"),
        company_id=cells.id("CompanyID"),
        number=number,
        formatted=formatted.get(cells.number("GLAcctKey"), "") or number,
        description=cells.text_or_empty("Description"),
        is_active=cells.number("Status") == ACTIVE,
    )


def to_formatted(rows: Iterable[Sequence[object]]) -> dict[int, str]:
    """Account key -> its number as the view shows it, or its segments with dashes between."""
    parts: dict[int, list[str]] = {}
    for key, part in rows:
        if isinstance(key, int) and isinstance(part, str) and part.strip():
            parts.setdefault(key, []).append(part.strip())
    return {key: "-".join(found) for key, found in parts.items()}


@dataclass(frozen=True, slots=True)
class ArWindow:
    """How far from its current period AR may post (names certain, effect inferred)."""

    current: tuple[str, int]
    allows_prior: bool
    periods_ahead: int

    def closed_at(self, places: Sequence[tuple[str, int]]) -> set[tuple[str, int]]:
        """Those of `places` (year, period) that are outside."""
        later = sorted(place for place in places if place > self.current)
        earlier = () if self.allows_prior else (p for p in places if p < self.current)
        return {*later[self.periods_ahead :], *earlier}


def to_window(cells: Cells) -> ArWindow:
    return ArWindow(
        current=(cells.text("CurntFiscYear"), cells.number("CurntFiscPer")),
        allows_prior=cells.flag("AllowPriorPerPost"),
        periods_ahead=cells.number("NoOfFuturePer") if cells.flag("AllowFuturePerPost") else 0,
    )


def to_periods(rows: Iterable[Cells], window: ArWindow | None) -> list[ErpFiscalPeriod]:
    """Open: status, AR lock and AR window say so. Without AR options nothing can be posted."""
    listed = list(rows)
    places = [(cells.text("FiscYear"), cells.number("FiscPer")) for cells in listed]
    closed = set(places) if window is None else window.closed_at(places)
    return [
        ErpFiscalPeriod(
            company_id=cells.id("CompanyID"),
            year=place[0],
            period=place[1],
            start=cells.day("StartDate"),
            end=cells.day("EndDate"),
            is_open=cells.flag("IsOpen") and place not in closed,
        )
        for cells, place in zip(listed, places, strict=True)
    ]


def to_currency(cells: Cells) -> ErpCurrency:
    return ErpCurrency(
        currency=cells.id("CurrID"),
        digits=cells.number("DigitsAfterDecimal"),
        is_used=cells.flag("IsUsed"),
        is_home=cells.flag("IsHome"),
        description=cells.text_or_empty("Description"),
    )


def to_rate(cells: Cells) -> ErpExchangeRate:
    return ErpExchangeRate(
        schedule=cells.id("CurrExchSchdID"),
        source=cells.id("SourceCurrID"),
        target=cells.id("TargetCurrID"),
        rate=cells.decimal("CurrExchRate"),
        effective=cells.day("EffectiveDate"),
        expires=cells.day_or_none("ExpirationDate"),
    )


def to_terms(cells: Cells) -> ErpPaymentTerms:
    has_discount = cells.given("DiscPct") is not None
    return ErpPaymentTerms(
        key=cells.key("PmtTermsKey"),
        company_id=cells.id("CompanyID"),
        terms_id=cells.id("PmtTermsID"),
        description=cells.text_or_empty("Description"),
        due_option=cells.number("DueDateOption"),
        due_day_or_month=cells.number_or_none("DueDayOrMonth"),
        discount_option=cells.number("DiscDateOption"),
        discount_day_or_month=cells.number_or_none("DiscDayOrMonth"),
        discount=cells.decimal("DiscPct") if has_discount else None,
    )
