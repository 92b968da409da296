"""The wrappers in T-SQL and the twin in Python: same orders, same answers, same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.orders import order_of
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.sage500.submit import submit as twin_submit
from paysync.sandbox.sage500.withdraw import withdraw as twin_withdraw
from tests.contract.erp_site import C1, CA1, D1, I1, I2, I3, K1, O1, site_data
from tests.contract.sage500_engine import OnTheEngine
from tests.contract.sage500_pending import rows_of, twin_rows
from tests.contract.sage500_site import NOON
from tests.mssql.calls import Link, submit, withdraw
from tests.mssql.clerk import EngineClerk
from tests.mssql.site import LOADED_AT, SageSite

#: Keys differ, because a key is taken before the checks; stamps, because each side has its clock.
#: A batch that we make is put on hold first, so its head was changed once more.
NOT_COMPARED = frozenset(
    {"CustPmtKey", "ApplyFromPmtKey", "CreateDate", "UpdateDate", "UpdateCounter"}
)
OUR_RECEIPTS = """
    SELECT IdemKey, CompanyID, GatewayRef, State, BatchKey, BatchID, CustKey, TranID, CurrID
      FROM {}Receipt ORDER BY IdemKey"""
OUR_LINKS = """
    SELECT IdemKey, SeqNo, InvcKey, TranID FROM {}ReceiptAppl ORDER BY IdemKey, SeqNo"""


@dataclass(frozen=True, slots=True)
class Case:
    """One receipt to submit, or with `change` something that happens at both sites first."""

    number: int
    links: tuple[Link, ...] = ()
    change: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def case(number: int, *links: Link, change: str = "", **fields: Any) -> Case:
    return Case(number, links, change, fields)


OPTIONS = "UPDATE tarOptions SET {} WHERE CompanyID = 'SOA'"
CASES = [
    case(1, Link(I1, "40.00"), Link(I2, "60.00")),
    case(1, Link(I2, "60"), Link(I1, "40.000")),
    case(1, Link(I1, "40.00")),
    case(1, Link(I1, "40.00"), Link(I2, "60.00"), comment="another"),
    case(2, Link(I1, "1"), gateway_reference="merchant-1:1", comment=""),
    case(2, Link(I1, "1"), comment="PT 1 other words"),
    case(2, Link(I1, "1"), comment="  PT  1"),
    case(2, Link(I1, "1"), comment="pt 1 small letters"),
    case(3, Link(I1, "1"), comment="PT 11 is no PT 1"),
    case(4, tran_no="1"),
    case(4, customer_id="NOBODY"),
    case(4, customer_id="GONE0004"),
    case(4, cash_account_id="NOWHERE"),
    case(4, cash_account_id="OLD"),
    case(4, cash_account_id="MERCH-CAD"),
    case(4, currency="CAD"),
    case(4, company_id="NWM"),
    case(5, Link("IN-9999999999", "1")),
    case(5, Link(I1, "1"), Link("IN-9999999999", "1")),
    case(5, Link(C1, "1")),
    case(5, Link(O1, "1")),
    case(5, Link(CA1, "1")),
    case(5, Link(I2, "1"), Link(I2, "2")),
    case(5, Link(I2, "100.01")),
    case(5, Link(I2, "0")),
    case(5, Link(I2, "0", "0", "1")),
    case(6, Link(I1, "60.01")),
    case(6, Link(D1, "60.00"), Link(K1, "40.00")),
    case(7, Link(I2, "1.001")),
    case(7, amount="0"),
    case(7, amount="100.005"),
    case(7, Link(I1, "1", "0.50")),
    case(7, Link(I3, "1", "20.01")),
    case(7, Link(I3, "80", "20.00")),
    case(8, Link(I3, "1", "0.01")),
    case(20, Link(I3, "1", "0", "5.01")),
    case(21, Link(I3, "1", "0", "5.00")),
    case(9, post_date="2026-10-31"),
    case(9, post_date="2019-01-01"),
    case(9, post_date="2027-01-15"),
    case(9, post_date="2027-02-15"),
    case(9, post_date="2026-12-01"),
    case(10, customer_id="acme0001", cash_account_id="merch-usd"),
    case(11, Link(CA1, "111.11"), customer_id="NORTH0003", cash_account_id="MERCH-CAD",
         currency="CAD", amount="333.33"),
    case(12, customer_id="NORTH0003", cash_account_id="MERCH-CAD", currency="CAD",
         tran_date="2019-12-31"),
    case(13, Link(I3, "5", "0", "0.01"),
         change="UPDATE tarCustomer SET AllowWriteOff = 0 WHERE CustID = 'ACME0001'"),
    case(13, Link(K1, "1"), change=OPTIONS.format("UseNationalAccts = 0")),
    case(13, Link(I1, "900"), amount="900", change=OPTIONS.format("AllowInvOverpayment = 1")),
    case(14, Link(I3, "1", "0.01"), tran_date="2026-12-24"),
    case(15, tran_no="1", change=OPTIONS.format("AllowDuplicateChecks = 1")),
    case(16, post_date="2026-11-01",
         change=OPTIONS.format("CurntFiscPer = 12, AllowPriorPerPost = 0")),
    case(16, post_date="2026-12-02",
         change=OPTIONS.format("CurntFiscPer = 11, AllowFuturePerPost = 0")),
    case(16, change="UPDATE tglFiscalPeriod SET LockAR = 1 WHERE FiscPer = 11"),
    case(16, change="UPDATE tglFiscalPeriod SET LockAR = 0 WHERE FiscPer = 11"),
    case(17, cash_account_id="MERCH-CAD", currency="CAD",
         change="UPDATE tmcCurrency SET IsUsed = 0 WHERE CurrID = 'CAD'"),
    case(18, change="UPDATE tsmCompanyModule SET Active = 0 WHERE CompanyID = 'SOA'"),
    case(18, company_id="NWM", change="DELETE FROM tciBatchTranType WHERE BatchType = 503"),
]  # fmt: skip

#: Every word the rules have; the rest is shape, locks and errors.
REASONS = {
    "", "key_reused", "duplicate_reference", "ar_inactive", "not_set_up", "unknown_customer",
    "inactive_customer", "unknown_cash_account", "inactive_cash_account", "currency_mismatch",
    "no_exchange_rate", "unknown_currency", "bad_amount", "period_closed", "duplicate_tran_no",
    "unknown_invoice", "not_payable", "wrong_customer", "discount_not_allowed",
    "write_off_not_allowed", "balance_changed", "duplicate_application", "over_applied",
}  # fmt: skip


class TestSameAnswers(OnTheEngine):
    """One site, twice."""

    @pytest.fixture
    def store(self, today: date) -> Iterator[Store]:
        with closing(Store(":memory:")) as store:
            load(store, site_data(today), LOADED_AT)
            yield store

    @pytest.fixture
    def clerk(self, engine: SageSite, store: Store) -> EngineClerk:
        engine.copy(store)
        return EngineClerk(engine)

    def test_every_order_is_answered_and_kept_alike(
        self, clerk: EngineClerk, engine: SageSite, store: Store, today: date
    ) -> None:
        said = set()
        with closing(engine.connect()) as line:
            for number, found in enumerate(CASES):
                if found.change:
                    store.execute(found.change)
                    line.execute(found.change)
                ours, twins = ask_ours(line, today, found), ask_twin(store, today, found)
                assert ours == twins, (number, found)
                said.add(ours[1])
            for number in (3, 3, 1, 99, 12):
                answer = withdraw(line, number)
                twin = twin_withdraw(store, f"PT{number}-1-abcdef", NOON)
                assert (answer.code, answer.reason, answer.message) == (
                    twin.code, twin.reason, twin.message,
                )  # fmt: skip
            again = replace(CASES[0], change="")
            line.execute("UPDATE tsmCompanyModule SET Active = 1")
            assert ask_ours(line, today, again) == ask_twin(store, today, again)
        same_rows(clerk, store)
        assert said == REASONS


def ask_ours(line: Any, today: date, found: Case) -> tuple[Any, ...]:
    fields = dict(found.fields)
    for name in ("post_date", "tran_date"):
        if name in fields:
            fields[name] = datetime.fromisoformat(fields[name])
    if "amount" in fields:
        fields["amount"] = Decimal(fields["amount"])
    answer = submit(line, today, found.number, *found.links, **fields)
    assert answer.open == 0
    return (answer.code, answer.reason, answer.message, answer.tran_id or "", answer.batch_id or "")


def ask_twin(store: Store, today: date, found: Case) -> tuple[Any, ...]:
    number, company = found.number, found.fields.get("company_id", "SOA")
    body = {
        "customer_id": "ACME0001", "cash_account_id": "MERCH-USD", "post_date": today.isoformat(),
        "tran_date": today.isoformat(), "tran_no": f"{number}", "currency": "USD",
        "amount": "100.00", "comment": f"PT {number} 4242 A1B2",
        "gateway_reference": f"merchant-1:{number}", **found.fields,
        "applications": [
            {"invoice_tran_id": link.tran_id, "amount": link.amount, "discount": link.discount,
             "write_off": link.write_off} for link in found.links
        ],
    }  # fmt: skip
    body.pop("company_id", None)
    answer = twin_submit(store, order_of(f"PT{number}-1-abcdef", company, body), NOON)
    return (answer.code, answer.reason, answer.message, answer.tran_id, answer.batch_id)


def same_rows(clerk: EngineClerk, store: Store) -> None:
    for table in ("tarCustPmtLog", "tarPendCustPmt", "tarPendCustPmtAppl", "tciBatchLog",
                  "tarBatch", "tarInvoice", "tarCustomer"):  # fmt: skip
        ours, twins = rows_of(clerk, table, NOT_COMPARED), twin_rows(store, table, NOT_COMPARED)
        assert ours == twins, table
    for sql in (OUR_RECEIPTS, OUR_LINKS):
        assert clerk.ask(sql.format("ptx.")) == [tuple(r) for r in store.rows(sql.format("ptx_"))]
