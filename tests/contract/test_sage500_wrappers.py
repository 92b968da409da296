"""The shipped wrappers on a T-SQL server: what receipts and batches become."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.contract.erp_site import CA1, I1, I2, I3
from tests.contract.sage500_wrapped import (
    ALREADY_THERE,
    BATCHES,
    COMPANIES,
    CREATED,
    ERROR,
    MORE_IN_BATCH,
    NOT_OPEN,
    NOTHING,
    OPEN_BATCH,
    REFUSED,
    OnTheWrappers,
    trigger,
)
from tests.mssql.calls import Link, submit, withdraw
from tests.mssql.clerk import EngineClerk
from tests.mssql.site import SageSite


class TestReceipts(OnTheWrappers):
    """What a receipt leaves behind."""

    def test_text_is_stored_as_it_is_and_runs_nowhere(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        said = "Café € '); DROP TABLE dbo.tarInvoice --"
        answer = submit(line, today, 1, Link(I1, "10"), comment=said, user_id="someone")
        assert (answer.code, answer.reason, answer.message, answer.open) == (CREATED, "", "", 0)
        assert site.ask("SELECT TranCmnt, CreateUserID FROM dbo.tarPendCustPmt") == [
            (said, "someone")
        ]

    def test_ids_are_taken_with_trailing_blanks_and_in_any_case(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        changes = {
            "customer_id": "acme0001  ",
            "cash_account_id": "merch-usd ",
            "key": "PT1-1-abcdef ",
        }
        first = submit(line, today, 1, Link(f"{I1.lower()} ", "10"), **changes)
        again = submit(line, today, 1, Link(I1, "10.000"), customer_id="acme0001",
                       cash_account_id="merch-usd")  # fmt: skip
        assert (first.code, again.code) == (CREATED, ALREADY_THERE)
        links = site.ask("SELECT ApplyToTranID FROM dbo.tarPendCustPmtAppl")
        assert links == [(I1,)]

    def test_a_second_company_with_the_same_ids_is_another_one(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        one = submit(line, today, 1, Link(I1, "100"))
        other = submit(line, today, 2, Link(I1, "33"), company_id="NWM", tran_no="1",
                       comment="PT 1 4242", gateway_reference="merchant-1:1")  # fmt: skip
        assert (one.code, other.code) == (CREATED, CREATED) and one.batch_key != other.batch_key
        assert site.ask(COMPANIES) == [("NWM",) * 4, ("SOA",) * 4]

    def test_a_foreign_receipt_is_kept_in_both_currencies(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        answer = submit(
            line, today, 1, Link(CA1, "111.11"), customer_id="NORTH0003", currency="CAD",
            cash_account_id="MERCH-CAD", amount=Decimal("333.33"),
        )  # fmt: skip
        assert answer.code == CREATED
        sql = "SELECT CurrExchRate, TranAmtHC, UnappliedAmt, UnappliedAmtHC FROM dbo.tarPendCustPmt"
        rate, home, unapplied, unapplied_home = site.ask(sql)[0]
        assert (round(rate, 10), home) == (0.7275, Decimal("242.50"))
        assert (unapplied, unapplied_home) == (Decimal("222.22"), Decimal("161.67"))

    def test_what_is_missing_or_no_amount_is_refused_first(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        for name in ("key", "company_id", "customer_id", "cash_account_id", "tran_no", "currency",
                     "gateway_reference", "post_date", "tran_date", "amount"):  # fmt: skip
            for nothing in (
                (None, " ") if name not in ("post_date", "tran_date", "amount") else (None,)
            ):
                assert submit(line, today, 1, **{name: nothing}).reason == "bad_field"
        for name in ("customer_id", "tran_no", "comment", "user_id"):
            answer = submit(line, today, 1, **{name: "a\nb"})
            assert (answer.code, answer.reason) == (REFUSED, "bad_text") and name in answer.message
        for wrong in ("-1", "x", "", "1.0001", "9999999999999"):
            for place in ("amount", "discount", "write_off"):
                link = replace(Link(I1, "1"), **{place: wrong})
                assert submit(line, today, 1, link).reason == "bad_amount", (wrong, place)
        assert submit(line, today, amount=Decimal("-5")).reason == "bad_amount"
        assert submit(line, today, appl='<appls><a amt="1"/></appls>').reason == "bad_field"
        assert self.left(site) == NOTHING

    def test_inside_a_transaction_nothing_is_done(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        line.execute("BEGIN TRANSACTION")
        assert submit(line, today).reason == "open_transaction"
        assert withdraw(line).reason == "open_transaction"
        line.execute("ROLLBACK TRANSACTION")
        assert self.left(site) == NOTHING and submit(line, today).code == CREATED

    def test_many_applications_have_one_digest(self, line: Any) -> None:
        def digest(text: str) -> str:
            return str(
                line.execute("SELECT ptx.Digest(CAST(? AS varchar(max)))", text).fetchone()[0]
            )

        long = "IN-0000000001=1.000/0.000/0.000;" * 1000
        assert digest(long) == digest(long) and len(digest(long)) <= 100
        assert (
            len({digest(long), digest(long + "x"), digest("x" + long), digest(""), digest("a")})
            == 5
        )

    def test_a_receipt_is_shown_with_its_applications(self, line: Any, today: date) -> None:
        submit(line, today, 1, Link(I2, "60"), Link(I3, "10", "20"))
        withdraw(line)
        submit(line, today, 2, Link(I1, "5"))
        for sql, states in (
            ("EXEC ptx.ReceiptFind 'PT2-1-abcdef'", ["pending"]),
            ("EXEC ptx.ReceiptFind 'none'", []),
            ("EXEC ptx.ReceiptStatus 'SOA', '20261101', '20261130'", ["withdrawn", "pending"]),
            ("EXEC ptx.ReceiptStatus 'NWM', '20261101', '20261130'", []),
        ):
            with line.cursor() as cursor:
                receipts = cursor.execute(sql).fetchall()
                assert cursor.nextset()
                links = cursor.fetchall()
            assert [row.State for row in receipts] == states
            sources = {(row.IdemKey, row.Source) for row in links}
            assert ("PT2-1-abcdef", "pending") in sources or not links


class TestBatches(OnTheWrappers):
    """Which batch a receipt goes to, and what people do to batches."""

    def test_a_batch_is_balanced_after_every_receipt(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        for number in (1, 2, 3):
            submit(line, today, number, Link(I1, "10"), Link(I2, "10"))
        withdraw(line, 2)
        ((name, *rest),) = site.ask(BATCHES)
        total = Decimal("200.000")
        assert name.startswith("ARCR-") and rest == [4, total, 10, total, 0, None]

    def test_a_hold_of_a_person_is_left_alone(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        site.tell("UPDATE dbo.tarBatch SET Hold = 1, HoldReason = 'ask Mary' WHERE BatchKey = ?",
                  first.batch_key)  # fmt: skip
        site.tell("UPDATE dbo.tciBatchLog SET Status = 2 WHERE BatchKey = ?", first.batch_key)
        second = submit(line, today, 2)
        assert second.code == CREATED and second.batch_key != first.batch_key
        assert withdraw(line, 1).code == CREATED
        held = site.ask(BATCHES)[0]
        assert (held[1], held[5], held[6]) == (2, 1, "ask Mary")

    def test_a_batch_that_broke_off_or_was_deleted_takes_no_more(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        site.interrupt("SOA")
        second = submit(line, today, 2)
        site.delete_batches("SOA")
        third = submit(line, today, 3)
        assert len({first.batch_key, second.batch_key, third.batch_key}) == 3
        assert (withdraw(line, 1).code, withdraw(line, 1).reason) == (NOT_OPEN, "interrupted")
        assert (withdraw(line, 2).code, withdraw(line, 2).reason) == (NOT_OPEN, "deleted")
        again = submit(line, today, 2)
        assert (again.code, again.reason, again.message) == (
            REFUSED, "receipt_deleted", "this receipt was deleted",
        )  # fmt: skip
        anew = submit(line, today, 4, gateway_reference="merchant-1:2", comment="")
        assert anew.code == CREATED

    def test_batches_that_are_opened_as_soon_as_they_are_made_end_in_a_clear_no(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        with trigger(engine, OPEN_BATCH, "ptx.Batch"):
            answer = submit(line, today)
        assert (answer.code, answer.reason, answer.open) == (NOT_OPEN, "batch_not_open", 0)
        assert self.left(site) == NOTHING

    def test_a_batch_that_sage_does_not_make_is_told(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        site.tell("DELETE FROM dbo.tciBatchTypCompany WHERE BatchType = 503")
        answer = submit(line, today)
        assert (
            answer.code == ERROR and "spGetNextBatch made no batch: it returned 3" in answer.message
        )
        assert self.left(site) == NOTHING and answer.open == 0

    def test_a_batch_that_does_not_balance_is_rolled_back(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        submit(line, today)
        before = self.left(site)
        with trigger(engine, MORE_IN_BATCH, "dbo.tarBatch", "UPDATE"):
            answer = submit(line, today, 2)
        assert answer.code == ERROR and "does not balance: status 3" in answer.message
        assert self.left(site) == before and answer.open == 0
