"""Load a data set: companies with customers and invoices, all at once or invoices later.

{"companies": [{"company_id", "name", "currency", "gl_segments", "gl_accounts",
                "cash_accounts", "customer_classes", "payment_terms", "fiscal_periods",
                "options", "customers": […], "invoices": […]}],
 "currencies": […], "exchange_rates": […], "replace": true to empty the database first}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.amounts import home_of, mills_of
from paysync.sandbox.sage500.load_setup import (
    INVOICE_BATCH,
    TRAN_TYPES,
    USER,
    Record,
    load_company,
    load_shared,
)
from paysync.sandbox.sage500.rates import digits_of, home_currency, rate_on
from paysync.sandbox.sage500.store import Row, Store

ADDRESS = """
    INSERT INTO tciAddress (AddrKey, AddrName, AddrLine1, AddrLine2, City, StateID, PostalCode,
                            CountryID, Phone)
        VALUES (:addr, :name, :line1, :line2, :city, :state, :postal_code, :country, :phone)"""
CUSTOMER = """
    INSERT INTO tarCustomer (CustKey, CompanyID, CustID, CustName, CustClassKey, Status, Hold,
                             AllowWriteOff, PrimaryAddrKey, DfltBillToAddrKey, DfltShipToAddrKey,
                             PrimaryCntctKey, PmtByNationalAcctParent, CreateDate, CreateUserID,
                             UpdateDate)
        VALUES (:key, :company_id, :customer_id, :name, :class_key, :status, :hold,
                :allow_write_off, :addr, :addr, :addr, :contact_key, :paid_by_parent, :now, 'seed',
                :now)"""
CUSTOMER_ADDRESS = """
    INSERT INTO tarCustAddr (AddrKey, CurrID, CustAddrID, CustKey, DfltCntctKey, LanguageID,
                             PmtTermsKey, UpdateDate)
        VALUES (:addr, :currency, 'MAIN', :key, :contact_key, 1033, :terms_key, :now)"""
CONTACT = """
    INSERT INTO tciContact (CntctKey, CntctOwnerKey, EntityType, Name, Phone, EMailAddr, UpdateDate)
        VALUES (:contact_key, :key, 501, :contact_name, :phone, :email, :now)"""
MEMBER = """
    INSERT INTO tarNationalAcctMember (ParentCustKey, ChildCustKey)
    SELECT p.CustKey, c.CustKey FROM tarCustomer p JOIN tarCustomer c ON c.CompanyID = p.CompanyID
     WHERE p.CompanyID = ? AND p.CustID = ? AND c.CustID = ?"""
CLASS_KEYS = "SELECT CustClassID, CustClassKey FROM tarCustClass WHERE CompanyID = ?"
TERMS_KEYS = "SELECT PmtTermsID, PmtTermsKey FROM tciPaymentTerms WHERE CompanyID = ?"

CUSTOMERS = """
    SELECT c.CustID, c.CustKey, c.CustClassKey, c.DfltBillToAddrKey, a.CurrID, a.PmtTermsKey
      FROM tarCustomer c JOIN tarCustAddr a ON a.AddrKey = c.DfltBillToAddrKey
     WHERE c.CompanyID = ?"""
SEED_BATCH = "SELECT MIN(BatchKey) FROM tciBatchLog WHERE SourceCompanyID = ? AND BatchType = 501"
SEED_LOG = """
    INSERT INTO tciBatchLog (BatchKey, BatchID, BatchNo, BatchType, OrigUserID, PostCompanyID,
                             SourceCompanyID, PostDate, PostStatus, Status)
        VALUES (:key, 'ARIN-0000001', 1, 501, 'seed', :company_id, :company_id, :day, 500, 6)"""
SEED_HEAD = "INSERT INTO tarBatch (BatchKey, OrigUserID, PostDate) VALUES (:key, 'seed', :day)"
INVOICE_LOG = """
    INSERT INTO tarInvoiceLog (InvcKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo, TranStatus,
                               TranType)
        VALUES (:key, :company_id, :total_hc, :tran_date, :tran_id, :tran_no, 3, :tran_type)"""
INVOICE = """
    INSERT INTO tarInvoice (InvcKey, Balance, BalanceHC, BatchKey, BillToAddrKey, BillToCustAddrKey,
                            CompanyID, CreateDate, CreateUserID, CurrExchRate, CurrID, CustClassKey,
                            CustKey, CustPONo, DiscAmt, DiscDate, DueDate, InDispute, PmtTermsKey,
                            PostDate, SalesAmt, ShipAmt, STaxAmt, ShipToAddrKey, Status, TranAmt,
                            TranAmtHC, TranDate, TranID, TranNo, TranType, UpdateDate)
        VALUES (:key, :balance, :balance_hc, :batch, :addr, :addr, :company_id, :now, 'seed', :rate,
                :currency, :class_key, :cust_key, :customer_po, :discount, :discount_date,
                :due_date, :in_dispute, :terms_key, :tran_date, :sales, :freight, :tax, :addr,
                :status, :total, :total_hc, :tran_date, :tran_id, :tran_no, :tran_type, :now)"""

CUSTOMER_DEFAULTS: dict[str, Any] = {
    "status": 1, "hold": 0, "allow_write_off": 1, "line1": "", "line2": "", "city": "", "state": "",
    "postal_code": "", "country": "USA", "phone": "", "email": "", "contact_name": "",
}  # fmt: skip
PREFIX = dict(TRAN_TYPES)


def load(store: Store, data: Record, now: datetime) -> dict[str, int]:
    """Load a data set in one transaction. Returns what was counted. Raises KeyError, ValueError."""
    if data.get("replace"):
        store.wipe()
    counts = {"companies": 0, "customers": 0, "invoices": 0}
    with store.write():
        load_shared(store, data)
        store.take_keys("tarCustPmtLog", 0)  # a real site has the counter before its first receipt
        for company in data.get("companies", ()):
            load_company(store, company)
            counts["companies"] += 1
            counts["customers"] += add_customers(store, company, now)
            invoices = company.get("invoices", ())
            counts["invoices"] += add_invoices(store, company["company_id"], invoices, now)
    return counts


def add_customers(store: Store, company: Record, now: datetime) -> int:
    company_id, customers = company["company_id"], company.get("customers", ())
    classes = dict(map(tuple, store.rows(CLASS_KEYS, (company_id,))))
    terms = dict(map(tuple, store.rows(TERMS_KEYS, (company_id,))))
    count = max(len(customers), 1)
    key, addr = store.take_keys("tarCustomer", count), store.take_keys("tciAddress", count)
    contact = store.take_keys("tciContact", count)
    rows = [
        {**CUSTOMER_DEFAULTS, "currency": company["currency"], **customer,
         "customer_id": customer["customer_id"].rstrip(), "key": key + i, "addr": addr + i,
         "contact_key": contact + i, "company_id": company_id, "now": stamp_of(now),
         "class_key": classes[customer["class_id"]],
         "terms_key": terms.get(customer.get("terms_id")),
         "paid_by_parent": int(bool(customer.get("national_parent_id")))}
        for i, customer in enumerate(customers)
    ]  # fmt: skip
    for statement in (ADDRESS, CUSTOMER, CUSTOMER_ADDRESS, CONTACT):
        store.many(statement, rows)
    family = [c for c in customers if c.get("national_parent_id")]
    store.many(MEMBER, [(company_id, c["national_parent_id"], c["customer_id"]) for c in family])
    return len(rows)


def add_invoices(store: Store, company_id: str, invoices: Iterable[Record], now: datetime) -> int:
    """Posted AR documents, as a posted 501 batch would leave them."""
    customers = {row["CustID"].lower(): row for row in store.rows(CUSTOMERS, (company_id,))}
    found = list(invoices)
    first = store.take_keys("tarInvoiceLog", max(len(found), 1))
    shared: dict[str, Any] = {"company_id": company_id, "now": stamp_of(now)}
    shared["batch"] = seed_batch(store, company_id, now)
    rates: dict[str, tuple[float, int]] = {}
    rows = []
    for place, invoice in enumerate(found):
        customer = customers[invoice["customer_id"].rstrip().lower()]
        currency = invoice.get("currency", customer["CurrID"])
        if currency not in rates:
            home = home_currency(store, company_id)
            rates[currency] = (rate_on(store, currency, home, now.date()), digits_of(store, home))
        row = invoice_row(invoice, customer, *rates[currency])
        rows.append({**row, **shared, "currency": currency, "key": first + place})
    store.many(INVOICE_LOG, rows)
    store.many(INVOICE, rows)
    return len(rows)


def invoice_row(invoice: Record, customer: Row, rate: float, digits: int) -> dict[str, Any]:
    """One tarInvoice row; the parts not given (sales, freight, tax) add up to the total."""
    kind, number = int(invoice.get("tran_type", 501)), invoice["tran_no"]
    total = mills_of(invoice["total"])
    balance = mills_of(invoice.get("balance", invoice["total"]))
    freight, tax = mills_of(invoice.get("freight", "0")), mills_of(invoice.get("tax", "0"))
    return {
        "tran_type": kind, "tran_no": number, "tran_id": f"{PREFIX[kind]}-{number}",
        "tran_date": invoice["tran_date"], "due_date": invoice.get("due_date"),
        "discount": mills_of(invoice.get("discount", "0")),
        "discount_date": invoice.get("discount_date"), "customer_po": invoice.get("customer_po"),
        "in_dispute": int(invoice.get("in_dispute", 0)), "freight": freight, "tax": tax,
        "sales": total - freight - tax, "total": total, "balance": balance, "rate": rate,
        "total_hc": home_of(total, rate, digits), "balance_hc": home_of(balance, rate, digits),
        "status": 1 if balance else 2, "class_key": customer["CustClassKey"],
        "cust_key": customer["CustKey"], "addr": customer["DfltBillToAddrKey"],
        "terms_key": customer["PmtTermsKey"],
    }  # fmt: skip


def seed_batch(store: Store, company_id: str, now: datetime) -> int:
    """The posted batch that all loaded invoices came in with."""
    found = store.value(SEED_BATCH, (company_id,))
    if found is None:
        found = store.take_keys("tciBatchLog")
        values: Mapping[str, Any] = {
            "key": found, "company_id": company_id, "day": now.date().isoformat(),
        }  # fmt: skip
        store.execute(SEED_LOG, values)
        store.execute(SEED_HEAD, values)
    return int(found)


def stamp_of(now: datetime) -> str:
    """A moment as the twin stores it: UTC, ISO, so that text compares as time does."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%f")


__all__ = ["INVOICE_BATCH", "USER", "add_invoices", "load", "stamp_of"]
