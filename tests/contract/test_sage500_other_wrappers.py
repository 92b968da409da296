"""Reversals, general journals, customers: refused until the site has done its part, then made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from paysync.adapters.sage500.script import parts
from tests.contract.erp_site import I1, site_data
from tests.contract.sage500_engine import OnTheEngine
from tests.mssql import site as sites
from tests.mssql.calls import Answer, Link, call, submit, withdraw
from tests.mssql.clerk import EngineClerk
from tests.mssql.engine import Engine
from tests.mssql.site import SageSite

#: A site that has done its part: reversals rehearsed, procedures of its own.
SETTINGS = {
    "ReversalRehearsed": "1",
    "GLEntryProc": "dbo.zSiteGLEntry",
    "CustomerSessionProc": "dbo.zSiteCustomerSession",
}
OWN = Path(sites.__file__).parent / "site_procedures.sql"

GL_OUTPUTS = """@BatchKey OUTPUT, @BatchID OUTPUT, @Reason OUTPUT, @RetVal OUTPUT,
             @Message OUTPUT"""
CUSTOMER_OUTPUTS = "@Key OUTPUT, @Reason OUTPUT, @RetVal OUTPUT, @Message OUTPUT"
REVERSED_SHAPE = """
    SELECT l.TranStatus, l.TranAmtHC, p.TranAmt, p.UnappliedAmt, p.RevrsCustPmtKey, p.TranCmnt
      FROM dbo.tarPendCustPmt p JOIN dbo.tarCustPmtLog l ON l.CustPmtKey = p.CustPmtKey"""
#: What a person does with Activities > Reverse Applications, as far as it matters here.
REVERSE_APPLICATIONS = (
    "UPDATE dbo.tarCustPmt SET UnappliedAmt = TranAmt, UnappliedAmtHC = TranAmtHC"
)
OPEN_SUMS = """
    SELECT SUM(l.BatchTotal), SUM(b.TranCtrl)
      FROM dbo.tciBatchLog l JOIN dbo.tarBatch b ON b.BatchKey = l.BatchKey
     WHERE l.PostStatus = 0"""
JOB = """
    INSERT INTO dbo.tdiDataTrnsfrJobDefStep (DataTrnsfrJobDefStepKey, DataTrnsfrJobDefKey,
                                             InternalTableName)
      VALUES (1, 7, 'StgCustomer')"""
COLUMN = """
    INSERT INTO dbo.tdiDataTrnsfrColumnMap (DataTrnsfrJobDefStepKey, InternalColumnName,
                                            AllowUpdate)
      VALUES (1, ?, ?)"""
CUSTOMER = """
    SELECT c.CustName, a.AddrLine1, a.City, k.EMailAddr, k.Name, c.UpdateCounter
      FROM dbo.tarCustomer c JOIN dbo.tciAddress a ON a.AddrKey = c.PrimaryAddrKey
      JOIN dbo.tciContact k ON k.CntctKey = c.PrimaryCntctKey
     WHERE c.CompanyID = 'SOA' AND c.CustID = 'ACME0001'"""
CUSTOMER_FIELDS = (
    "name", "line1", "line2", "line3", "city", "state", "postal_code", "country", "contact",
    "phone", "phone_ext", "email",
)  # fmt: skip
GL_ROWS = "SELECT COUNT(*) FROM dbo.tciBatchLog WHERE BatchType = 301"


@cache
def own_site() -> SageSite | None:
    """A second site of this process, where the site's own procedures are mapped."""
    engine = Engine.from_environment()
    if engine is None:
        return None
    names = ("40_reversal_submit.sql", "51_gl_entry_submit.sql", "60_customer_update.sql")
    mapped = [part.text for part in parts(SETTINGS) if part.name in names]
    site = SageSite(engine, sites.database_of(engine, "own"), (OWN.read_text(), *mapped))
    site.build()
    return site


class WithLine(OnTheEngine):
    @pytest.fixture
    def line(self, site: EngineClerk, engine: SageSite) -> Iterator[Any]:
        with closing(engine.connect(timeout_s=30)) as connection:
            yield connection


class OnItsOwn(WithLine):
    """A fresh site of the second kind."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> SageSite:
        found = own_site()
        if found is None:
            pytest.skip("no T-SQL server is named")
        return found

    @pytest.fixture
    def site(self, engine: SageSite, today: date) -> EngineClerk:
        engine.load(site_data(today))
        return EngineClerk(engine)


def reverse(line: Any, today: date, number: int = 9, of: int = 1, **changes: Any) -> Answer:
    day = datetime.combine(today, datetime.min.time())
    fields: dict[str, Any] = {
        "key": f"PT{number}-R-abcdef", "of": f"PT{of}-1-abcdef", "post_date": day,
        "tran_date": day, "tran_no": f"R{number}", "comment": f"PTR {number}",
        "gateway_reference": f"merchant-1:refund-{number}", "user_id": "", **changes,
    }  # fmt: skip
    return call(line, "ptx.ReversalSubmit", list(fields.values()))


def enter(line: Any, today: date, *rows: tuple[str, str], **changes: Any) -> Answer:
    """A general journal entry; rows: account, amount."""
    day = datetime.combine(today, datetime.min.time())
    lines = "".join(
        f"<l acct={quoteattr(a)} amt={quoteattr(b)} cmnt={quoteattr('fees &')}/>" for a, b in rows
    )
    fields: dict[str, Any] = {
        "key": "GL1", "company_id": "SOA", "post_date": day, "tran_date": day, "tran_no": "G1",
        "currency": "USD", "comment": "fees", "lines": f"<lines>{lines}</lines>", "user_id": "",
        **changes,
    }  # fmt: skip
    return call(line, "ptx.GLEntrySubmit", list(fields.values()), GL_OUTPUTS)


def change(
    line: Any, customer_id: str = "ACME0001", counter: int | None = None, **new: str
) -> Answer:
    values = ["SOA", customer_id, counter, *(new.get(name) for name in CUSTOMER_FIELDS), ""]
    assert set(new) <= set(CUSTOMER_FIELDS)
    return call(line, "ptx.CustomerUpdate", values, CUSTOMER_OUTPUTS)


class TestNotMapped(WithLine):
    """As installed without anything of the site's own."""

    def test_everything_is_refused_until_the_site_has_done_its_part(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        submit(line, today)
        site.post("SOA")
        before = site.ask("SELECT COUNT(*), MAX(UpdateCounter) FROM dbo.tarCustomer")
        account = accounts(site)
        answers = (
            reverse(line, today),
            enter(line, today, (account[0], "1"), (account[1], "-1")),
            change(line, name="Acme Pumps Inc"),
        )
        assert [(a.code, a.reason, a.open) for a in answers] == [
            (10, "not_rehearsed", 0), (10, "not_mapped", 0), (10, "not_mapped", 0),
        ]  # fmt: skip
        assert site.ask("SELECT COUNT(*) FROM dbo.tarPendCustPmt") == [(0,)]
        assert site.ask("SELECT COUNT(*) FROM ptx.GLEntry") == [(0,)]
        assert site.ask("SELECT COUNT(*), MAX(UpdateCounter) FROM dbo.tarCustomer") == before


def accounts(site: EngineClerk) -> list[str]:
    rows = site.ask("SELECT GLAcctNo FROM dbo.tglAccount WHERE CompanyID = 'SOA' ORDER BY GLAcctNo")
    return [name for (name,) in rows]


class TestReversals(OnItsOwn):
    """A posted receipt is reversed once, as a whole."""

    def test_a_posted_receipt_that_pays_nothing_any_more_is_reversed_once(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        original = submit(line, today, 1, Link(I1, "60"))
        assert reverse(line, today).reason == "not_posted"
        site.post("SOA")
        assert reverse(line, today).reason == "still_applied"
        site.tell(REVERSE_APPLICATIONS)
        made = reverse(line, today)
        assert (made.code, made.open) == (1, 0) and made.batch_key != original.batch_key
        less = Decimal("-100")
        assert site.ask(REVERSED_SHAPE) == [(2, less, less, less, original.key, "PTR 9")]
        assert reverse(line, today).code == 2
        assert reverse(line, today, comment="other").code == 11
        assert reverse(line, today, 8).reason == "already_reversed"
        assert reverse(line, today, 8, of=77).reason == "not_found"
        assert (
            reverse(line, today, 8, gateway_reference="merchant-1:1").reason
            == "duplicate_reference"
        )
        ((status, total, control),) = site.ask(
            "SELECT l.Status, l.BatchTotal, b.TranCtrl FROM dbo.tciBatchLog l"
            " JOIN dbo.tarBatch b ON b.BatchKey = l.BatchKey WHERE l.BatchKey = ?", made.batch_key
        )  # fmt: skip
        assert (status, total, control) == (4, less, less)

    def test_a_reversal_can_be_taken_back_and_made_again(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        submit(line, today)
        site.post("SOA")
        assert reverse(line, today).code == 1
        assert withdraw(line, key="PT9-R-abcdef").code == 1
        assert reverse(line, today).reason == "receipt_withdrawn"
        assert reverse(line, today, 8).code == 1
        assert site.ask(OPEN_SUMS) == [(Decimal("-100"), Decimal("-100"))]

    def test_periods_and_numbers_are_checked_as_for_a_receipt(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        submit(line, today)
        site.post("SOA")
        assert reverse(line, today, post_date=datetime(2026, 10, 1)).code == 12
        assert reverse(line, today, tran_no="1").reason == "duplicate_tran_no"
        assert reverse(line, today, comment="PT 1 chargeback").reason == "duplicate_reference"
        assert reverse(line, today, tran_no=" ").reason == "bad_field"
        assert reverse(line, today, comment="a\x07").reason == "bad_text"


class TestJournals(OnItsOwn):
    """General journals go to the site's own procedure, once."""

    def test_an_entry_is_made_once(self, site: EngineClerk, line: Any, today: date) -> None:
        one, other = accounts(site)[:2]
        rows = ((one, "12.34"), (other, "-12.34"))
        made = enter(line, today, *rows)
        again = enter(line, today, *reversed(rows))
        assert (made.code, again.code, made.batch_key) == (1, 2, again.batch_key)
        assert made.batch_id == again.batch_id and made.batch_id
        assert enter(line, today, (one, "12.35"), (other, "-12.35")).code == 11
        assert site.ask(GL_ROWS) == [(1,)] and site.ask("SELECT COUNT(*) FROM dbo.tglPosting") == [
            (0,)
        ]

    def test_what_the_ledger_cannot_take_is_refused_with_its_reason(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        one, other, third, fourth = accounts(site)[:4]
        site.tell("UPDATE dbo.tglAccount SET Status = 2 WHERE GLAcctNo = ?", third)
        site.tell("UPDATE dbo.tglAccount SET PostingType = 2 WHERE GLAcctNo = ?", fourth)
        fine = ((one, "1"), (other, "-1"))
        for reason, rows, changes in (
            ("unbalanced", ((one, "1"), (other, "-0.99")), {}),
            ("unbalanced", (), {}),
            ("bad_amount", ((one, "0"), (other, "0")), {}),
            ("bad_amount", ((one, "1.005"), (other, "-1.005")), {}),
            ("bad_amount", ((one, "x"), (other, "-1")), {}),
            ("unknown_account", (("nowhere", "1"), (other, "-1")), {}),
            ("inactive_account", ((one, "1"), (third, "-1")), {}),
            ("account_not_allowed", ((one, "1"), (fourth, "-1")), {}),
            ("unknown_company", fine, {"company_id": "XXX"}),
            ("unknown_currency", fine, {"currency": "XXX"}),
            ("bad_field", fine, {"tran_no": None}),
            ("bad_text", fine, {"comment": "a\x07"}),
            ("refused_by_site", fine, {"comment": "no"}),
        ):
            answer = enter(line, today, *rows, **changes)
            assert (answer.code, answer.reason, answer.open) == (10, reason, 0), answer
        closed = enter(line, today, *fine, post_date=datetime(2026, 10, 1))
        assert (closed.code, closed.reason) == (12, "period_closed")
        posts = enter(line, today, *fine, comment="posts")
        assert (posts.code, posts.open) == (99, 0) and "no unposted journal batch" in posts.message
        assert site.ask(GL_ROWS) == [(0,)] and site.ask("SELECT COUNT(*) FROM ptx.GLEntry") == [
            (0,)
        ]


class TestCustomers(OnItsOwn):
    """Customers change through Sage's import, and only what the site's job allows."""

    @pytest.fixture
    def site(self, engine: SageSite, today: date) -> EngineClerk:
        engine.load(site_data(today))
        clerk = EngineClerk(engine)
        clerk.tell(JOB)
        for name in ("CustName", "AddrLine1", "AddrLine2", "City", "EMailAddr", "Name"):
            clerk.tell(COLUMN, name, 1)
        clerk.tell(COLUMN, "Phone", 0)
        return clerk

    def test_only_what_is_told_changes(self, site: EngineClerk, line: Any) -> None:
        before = site.ask(CUSTOMER)[0]
        answer = change(line, counter=before[5], name="Acme Pumps Inc", email="new@acme.example")
        assert (answer.code, answer.open) == (1, 0) and answer.key
        assert site.ask(CUSTOMER) == [
            ("Acme Pumps Inc", before[1], before[2], "new@acme.example", before[4], before[5] + 1)
        ]
        assert change(line, city="").code == 1
        assert site.ask(CUSTOMER)[0][:3] == ("Acme Pumps Inc", before[1], "")

    def test_what_cannot_be_changed_is_refused_with_its_reason(
        self, site: EngineClerk, line: Any
    ) -> None:
        before = site.ask(CUSTOMER)
        for reason, answer in (
            ("unknown_customer", change(line, "NOBODY", name="x")),
            ("changed_meanwhile", change(line, counter=99, name="x")),
            ("bad_field", change(line, name="")),
            ("bad_text", change(line, city="a\x07")),
            ("column_not_mapped", change(line, phone="5550100")),
            ("refused_by_sage", change(line, name="REFUSED")),
        ):
            assert (answer.code, answer.reason, answer.open) == (10, reason, 0), answer
        assert change(line, name="REFUSED").message == "CustName: The name is not valid."
        site.tell(COLUMN, "PmtTermsID", 1)
        wide = change(line, name="x")
        assert wide.reason == "job_too_wide" and "PmtTermsID" in wide.message
        assert site.ask(CUSTOMER) == before
