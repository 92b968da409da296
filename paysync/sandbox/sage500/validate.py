"""What a receipt must satisfy before it is written (reference 14.3 step 2 and 3).

One reason word per rule. Grades are those of the reference: the period rule, the customer and cash
account checks rest on certain columns; the meaning of the AR window, of the module lock and of
national account parents is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from paysync.sandbox.sage500.amounts import is_whole, text_of
from paysync.sandbox.sage500.orders import (
    BALANCE_CHANGED,
    INVALID,
    PERIOD_CLOSED,
    Order,
    OrderedLink,
    Refused,
)
from paysync.sandbox.sage500.rates import NoRateError, digits_of, home_currency, rate_on
from paysync.sandbox.sage500.store import Row, Store

ACTIVE = "SELECT Active FROM tsmCompanyModule WHERE CompanyID = ? AND ModuleNo = 5"
OPTIONS = "SELECT * FROM tarOptions WHERE CompanyID = ?"
CUSTOMER = """
    SELECT CustKey, CustID, CustClassKey, Status, AllowWriteOff FROM tarCustomer
     WHERE CompanyID = ? AND CustID = ?"""
CASH = """
    SELECT CashAcctKey, CurrID, Status FROM tcmCashAcct WHERE CompanyID = ? AND CashAcctID = ?"""
RECEIPT_TYPE = """
    SELECT t.TranType, t.TranTypeID
      FROM tciBatchTranType b JOIN tciTranTypeCompany t ON t.TranType = b.TranType
     WHERE b.BatchType = 503 AND t.CompanyID = ?
     ORDER BY t.TranType LIMIT 1"""
PERIOD = """
    SELECT FiscYear, FiscPer, Status, LockAR FROM tglFiscalPeriod
     WHERE CompanyID = ? AND ? BETWEEN StartDate AND EndDate"""
PERIODS_BETWEEN = """
    SELECT COUNT(*) FROM tglFiscalPeriod
     WHERE CompanyID = :company AND (FiscYear, FiscPer) > (:year, :per)
       AND (FiscYear, FiscPer) <= (:to_year, :to_per)"""
INVOICE = """
    SELECT i.InvcKey, i.TranID, i.TranDate, i.TranType, i.CustKey, i.CurrID, i.Status, i.Balance,
           i.DiscAmt - i.DiscTakenAmt
             - (SELECT COALESCE(SUM(a.DiscTakenAmtIC), 0)
                  FROM tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS DiscLeft,
           i.DiscDate,
           i.Balance - (SELECT COALESCE(SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC), 0)
                          FROM tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS Payable
      FROM tarInvoice i
     WHERE i.CompanyID = ? AND i.TranID = ?"""
IS_CHILD = "SELECT 1 FROM tarNationalAcctMember WHERE ParentCustKey = ? AND ChildCustKey = ?"
SAME_NUMBER = """
    SELECT l.TranID FROM tarCustPmtLog l
     WHERE l.CompanyID = ? AND l.TranType = ? AND l.TranNo = ? AND l.TranStatus <> 5"""
SAME_COMMENT = """
    SELECT TranID FROM tarPendCustPmt
     WHERE CustKey = :cust AND (TranCmnt = :start OR TranCmnt LIKE :start || ' %')
    UNION ALL
    SELECT TranID FROM tarCustPmt
     WHERE CompanyID = :company AND CustKey = :cust
       AND (TranCmnt = :start OR TranCmnt LIKE :start || ' %')"""

PAYABLE = (501, 503, 504)


@dataclass(frozen=True, slots=True)
class CheckedLink:
    """An application with the invoice it pays."""

    ordered: OrderedLink
    invoice: Row


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything the write needs, looked up once."""

    customer: Row
    cash: Row
    tran_type: int
    tran_id: str
    rate: float
    home_digits: int
    links: tuple[CheckedLink, ...]


def check(store: Store, order: Order) -> Checked:
    """Raises Refused with the first rule that says no."""
    if not store.value(ACTIVE, (order.company_id,)):
        raise Refused(INVALID, "ar_inactive", "accounts receivable is not active")
    options = store.row(OPTIONS, (order.company_id,))
    kind = store.row(RECEIPT_TYPE, (order.company_id,))
    if options is None or kind is None:
        raise Refused(INVALID, "not_set_up", "no AR options or no receipt type for the company")
    customer, cash = find_customer(store, order), find_cash_account(store, order)
    rate, home_digits = find_rate(store, order)
    check_period(store, order, options)
    check_duplicate(store, order, options, kind, customer)
    links = tuple(find_link(store, order, link, customer, options) for link in order.links)
    check_sums(order)
    tran_id = f"{kind['TranTypeID']}-{order.tran_no}"
    return Checked(customer, cash, kind["TranType"], tran_id, rate, home_digits, links)


def find_customer(store: Store, order: Order) -> Row:
    found = store.row(CUSTOMER, (order.company_id, order.customer_id))
    if found is None:
        raise Refused(INVALID, "unknown_customer", f"no customer {order.customer_id}")
    if found["Status"] != 1:
        raise Refused(INVALID, "inactive_customer", f"customer {order.customer_id} is not active")
    return found


def find_cash_account(store: Store, order: Order) -> Row:
    found = store.row(CASH, (order.company_id, order.cash_account_id))
    if found is None:
        raise Refused(INVALID, "unknown_cash_account", f"no cash account {order.cash_account_id}")
    if found["Status"] != 1:
        raise Refused(INVALID, "inactive_cash_account", f"{order.cash_account_id} is not active")
    if found["CurrID"] != order.currency:
        raise Refused(
            INVALID, "currency_mismatch", f"{order.cash_account_id} is kept in {found['CurrID']}"
        )
    return found


def find_rate(store: Store, order: Order) -> tuple[float, int]:
    home = home_currency(store, order.company_id)
    day = date.fromisoformat(order.tran_date)
    try:
        digits = digits_of(store, order.currency)
        rate, home_digits = rate_on(store, order.currency, home, day), digits_of(store, home)
    except NoRateError as error:
        raise Refused(INVALID, "no_exchange_rate", str(error)) from error
    except ValueError as error:
        raise Refused(INVALID, "unknown_currency", str(error)) from error
    amounts = [order.amount, *(link.reduction for link in order.links)]
    if order.amount <= 0 or not all(is_whole(amount, digits) for amount in amounts):
        raise Refused(INVALID, "bad_amount", f"{text_of(order.amount)} is not a payable amount")
    return rate, home_digits


def check_period(store: Store, order: Order, options: Row) -> None:
    """Reference 10: no period, closed, locked for AR (inferred), or outside the AR window."""
    company, day = order.company_id, order.post_date
    period = store.row(PERIOD, (company, day))
    if period is None or period["Status"] == 2 or period["LockAR"] == 1:
        raise Refused(PERIOD_CLOSED, "period_closed", f"{day} is in no open period")
    posting = (period["FiscYear"], period["FiscPer"])
    current = (options["CurntFiscYear"], options["CurntFiscPer"])
    if posting < current and not options["AllowPriorPerPost"]:
        raise Refused(PERIOD_CLOSED, "period_closed", f"{day} is before the current AR period")
    if posting > current:
        values = dict(zip(("year", "per", "to_year", "to_per"), current + posting, strict=True))
        ahead = store.value(PERIODS_BETWEEN, {**values, "company": company})
        if not options["AllowFuturePerPost"] or ahead > options["NoOfFuturePer"]:
            raise Refused(PERIOD_CLOSED, "period_closed", f"{day} is too far ahead for AR")


def check_duplicate(store: Store, order: Order, options: Row, kind: Row, customer: Row) -> None:
    """The guard inside Sage itself: same number, or a comment that carries the gateway's id."""
    number = (order.company_id, kind["TranType"], order.tran_no)
    if not options["AllowDuplicateChecks"] and store.row(SAME_NUMBER, number):
        raise Refused(INVALID, "duplicate_tran_no", f"receipt number {order.tran_no} is taken")
    words = order.comment.split()
    if len(words) > 1 and words[0] == "PT":
        start = f"PT {words[1]}"
        values = {"company": order.company_id, "cust": customer["CustKey"], "start": start}
        found = store.row(SAME_COMMENT, values)
        if found:
            raise Refused(INVALID, "duplicate_reference", f"{found['TranID']} carries {start}")


def find_link(
    store: Store, order: Order, link: OrderedLink, customer: Row, options: Row
) -> CheckedLink:
    invoice = store.row(INVOICE, (order.company_id, link.invoice_tran_id))
    name = link.invoice_tran_id
    if invoice is None:
        raise Refused(INVALID, "unknown_invoice", f"no document {name}")
    if invoice["TranType"] not in PAYABLE:
        raise Refused(INVALID, "not_payable", f"{name} is not a payable document")
    check_owner(store, invoice, customer, options)
    if invoice["CurrID"] != order.currency:
        raise Refused(INVALID, "currency_mismatch", f"{name} is in {invoice['CurrID']}")
    check_discount(order, link, invoice)
    if link.write_off and (
        link.write_off > options["MaxWriteOffLimit"] or not customer["AllowWriteOff"]
    ):
        raise Refused(INVALID, "write_off_not_allowed", f"write-off on {name} is over the limit")
    if link.reduction > invoice["Payable"] and not options["AllowInvOverpayment"]:
        left = text_of(invoice["Payable"])
        raise Refused(BALANCE_CHANGED, "balance_changed", f"{name} has {left} payable")
    return CheckedLink(link, invoice)


def check_owner(store: Store, invoice: Row, customer: Row, options: Row) -> None:
    """A parent's receipt may pay children's invoices (inferred: reference 5)."""
    family = (customer["CustKey"], invoice["CustKey"])
    if family[0] == family[1]:
        return
    if not options["UseNationalAccts"] or not store.row(IS_CHILD, family):
        raise Refused(INVALID, "wrong_customer", f"{invoice['TranID']} is another customer's")


def check_discount(order: Order, link: OrderedLink, invoice: Row) -> None:
    """Available while the receipt date is not after DiscDate (inferred: reference 5).

    What unposted receipts take of it is not there any more: the wrapper's own rule.
    """
    if not link.discount:
        return
    in_time = invoice["DiscDate"] is not None and order.tran_date <= invoice["DiscDate"]
    if not in_time or link.discount > invoice["DiscLeft"]:
        raise Refused(INVALID, "discount_not_allowed", f"no such discount on {invoice['TranID']}")


def check_sums(order: Order) -> None:
    names = [link.invoice_tran_id for link in order.links]
    if len(set(names)) != len(names):
        raise Refused(INVALID, "duplicate_application", "an invoice is named twice")
    if any(link.reduction == 0 for link in order.links):
        raise Refused(INVALID, "bad_amount", "an application of nothing")
    if sum(link.amount for link in order.links) > order.amount:
        raise Refused(INVALID, "over_applied", "the applications are more than the receipt")
