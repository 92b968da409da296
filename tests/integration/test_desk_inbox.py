"""Files of a site: taken in once and whole, or rejected with reasons and without any effect."""

from __future__ import annotations

import csv
import io
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from paysync.adapters.sage500.desk import inbox as desk_inbox
from paysync.adapters.sage500.desk.inbox import Inbox
from paysync.adapters.sage500.desk.options import FileOptions
from paysync.adapters.sage500.flat_file import FileLedger
from paysync.domain.errors import RejectedError, UnavailableError
from paysync.domain.ledger import FindingLevel
from paysync.models import Alert, DeskImport, DeskRecord
from paysync.services.desk import OrmDeskFiles, OrmDeskStore, imports
from tests.contract.desk_exports import export
from tests.contract.desk_site import TODAY, DeskSite, OnTheDesk
from tests.contract.erp_site import ALL_OPEN, I1, I2, intent, names, refused, usd
from tests.workers import in_threads

INVOICES = "CompanyID,TranID,TranType,CustID,TranDate,CurrID,TranAmt,Balance\n"


def row(tran_id: str = I1, balance: str = "70.00", company: str = "SOA") -> str:
    return f"{company},{tran_id},501,ACME0001,2026-11-18,USD,100.00,{balance}\n"


def inbox_with(site: DeskSite, **options: Any) -> Inbox:
    companies = OrmDeskStore(site.connection.pk).company_ids
    options = {"settle_seconds": 0} | options
    files = OrmDeskFiles(site.connection.pk)
    return Inbox(files, site.folder, FileOptions(**options), companies, site.clock)


def drop(site: DeskSite, name: str, text: str | bytes) -> Path:
    """Put a file there, written just now by the site's clock."""
    path = site.path / "inbox" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("cp1252"))
    moment = site.clock.go_on().timestamp()
    os.utime(path, (moment, moment))
    return path


def stamped(site: DeskSite, kind: str = "invoices", company: str = "SOA") -> str:
    return f"{kind}-{company}-{site.clock.go_on():%Y%m%dT%H%M%SZ}.csv"


def outcomes() -> list[str]:
    return list(DeskImport.objects.order_by("pk").values_list("outcome", flat=True))[7:]


def files_in(site: DeskSite, part: str) -> list[str]:
    return sorted(path.name for path in (site.path / part).iterdir())


def balance(erp: FileLedger, tran_id: str = I1) -> str:
    return str(erp.get_invoice("SOA", tran_id).balance.amount)


class TestWholeOrNotAtAll(OnTheDesk):
    """One wrong cell and nothing of a file counts."""

    def test_a_good_file_changes_what_it_lists_and_closes_what_it_does_not(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        drop(site, stamped(site), INVOICES + row())
        assert site.inbox.take_in() == 1
        assert (names(erp.open_invoices("SOA")), balance(erp)) == ([I1], "70.00")
        assert not erp.get_invoice("SOA", I2).is_open
        assert erp.get_invoice("NWM", I1).is_open
        assert outcomes() == ["imported"]
        assert len(files_in(site, "done")) == 8 and not files_in(site, "inbox")

    def test_a_bad_row_leaves_everything_as_it_was_and_says_why(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        before = list(DeskRecord.objects.order_by("pk").values())
        name = stamped(site)
        drop(site, name, INVOICES + row() + row(I2, "=cmd()"))
        assert site.inbox.take_in() == 0
        assert list(DeskRecord.objects.order_by("pk").values()) == before
        kept, errors = files_in(site, "rejected")
        assert kept.endswith(name) and errors == f"{kept}.errors.csv"
        text = (site.path / "rejected" / errors).read_text("utf-8-sig")
        assert list(csv.reader(io.StringIO(text))) == [
            ["line", "column", "value", "reason"], ["3", "Balance", "'=cmd()", "not an amount"],
        ]  # fmt: skip
        alert = Alert.objects.get(code="desk_file_rejected")
        assert "line 3, Balance: not an amount" in alert.message
        drop(site, stamped(site), INVOICES + row())
        site.inbox.take_in()
        alert.refresh_from_db()
        assert alert.closed_at

    def test_a_list_that_lost_most_of_itself_is_not_believed(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        many = "".join(row(f"IN-{n:010d}") for n in range(40))
        drop(site, stamped(site), INVOICES + many)
        site.inbox.take_in()
        drop(site, stamped(site), INVOICES + row())
        site.inbox.take_in()
        assert outcomes() == ["imported", "rejected"]
        assert "39 of 40 records of SOA are no longer listed" in DeskImport.objects.first().message  # type: ignore[union-attr]
        assert len(list(erp.open_invoices("SOA"))) == 40
        drop(site, stamped(site), INVOICES + row())
        inbox_with(site, allow_shrink=True).take_in()
        assert len(list(erp.open_invoices("SOA"))) == 1

    def test_a_partial_list_ends_nothing(self, site: DeskSite, erp: FileLedger) -> None:
        drop(site, stamped(site), INVOICES + row())
        inbox_with(site, partial=("invoices",)).take_in()
        assert set(names(erp.open_invoices("SOA"))) == ALL_OPEN
        assert balance(erp) == "70.00"

    def test_a_company_without_a_row_is_left_alone(self, site: DeskSite, erp: FileLedger) -> None:
        drop(site, "invoices.csv", INVOICES + row(company="NWM"))
        site.inbox.take_in()
        assert set(names(erp.open_invoices("SOA"))) == ALL_OPEN

    def test_closed_rows_of_an_export_are_closed(self, site: DeskSite, erp: FileLedger) -> None:
        text = INVOICES.replace("Balance", "Balance,Status") + row(balance="0.00,2")
        drop(site, stamped(site), text)
        inbox_with(site, partial=("invoices",)).take_in()
        assert not erp.get_invoice("SOA", I1).is_open

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("invoices-XXX.csv", INVOICES, "XXX is no company"),
            ("bills.csv", INVOICES, "the name does not begin"),
            ("invoices.xlsx", b"PK", "the name does not begin"),
            ("invoices-20261399T000000Z.csv", INVOICES, "is no instant"),
            ("invoices-20991231T000000Z.csv", INVOICES, "is still to come"),
            ("invo\u202eices =1+1.csv", INVOICES, "the name does not begin"),
            ("invoices.csv", b"\xff\xfe", "the last line has no end"),
        ],
    )
    def test_files_nobody_can_take_in_are_rejected(
        self, site: DeskSite, name: str, content: str | bytes, reason: str
    ) -> None:
        drop(site, name, content)
        site.inbox.take_in()
        assert outcomes() == ["rejected"] and not files_in(site, "inbox")
        assert reason in DeskImport.objects.latest("pk").message

    def test_a_link_is_never_followed(self, site: DeskSite, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text(INVOICES + row())
        (site.path / "inbox" / "invoices.csv").symlink_to(secret)
        site.clock.go_on()
        site.inbox.take_in()
        assert DeskImport.objects.latest("pk").message == "the file: it is no plain file"
        assert secret.exists()

    def test_a_file_that_is_too_large_is_not_read(
        self, site: DeskSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(desk_inbox, "MOST_BYTES", 10)
        drop(site, "invoices.csv", INVOICES)
        site.inbox.take_in()
        assert "larger than 10 bytes" in DeskImport.objects.latest("pk").message


class TestOnce(OnTheDesk):
    """The same file again, an older one, one still being written, one that a dead worker left."""

    def test_the_same_file_again_has_no_second_effect(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        name = stamped(site)
        drop(site, name, INVOICES + row())
        site.inbox.take_in()
        drop(site, stamped(site), INVOICES + row(balance="60.00"))
        site.inbox.take_in()
        drop(site, name, INVOICES + row())
        assert site.inbox.take_in() == 0
        assert (balance(erp), outcomes()) == ("60.00", ["imported", "imported", "repeated"])

    def test_the_same_bytes_with_a_newer_stamp_are_another_export(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        for amount in ("70.00", "60.00", "70.00"):
            drop(site, stamped(site), INVOICES + row(balance=amount))
            site.inbox.take_in()
        assert (balance(erp), outcomes()) == ("70.00", ["imported"] * 3)

    def test_without_a_stamp_the_same_bytes_are_the_same_file(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        site.clock.go_on(3600)
        for amount in ("70.00", "60.00", "70.00"):
            drop(site, "invoices-SOA.csv", INVOICES + row(balance=amount))
            site.inbox.take_in()
        assert (balance(erp), outcomes()) == ("60.00", ["imported", "imported", "repeated"])

    def test_an_older_export_changes_nothing(self, site: DeskSite, erp: FileLedger) -> None:
        older, newer = stamped(site), stamped(site)
        drop(site, newer, INVOICES + row(balance="60.00"))
        site.inbox.take_in()
        drop(site, older, INVOICES + row())
        site.inbox.take_in()
        assert (balance(erp), outcomes()) == ("60.00", ["imported", "older"])

    def test_a_file_is_left_alone_while_it_is_written(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        inbox, name = inbox_with(site, settle_seconds=60), stamped(site)
        drop(site, name, INVOICES)
        inbox.take_in()
        site.clock.go_on(59)
        drop(site, name, INVOICES + row())
        inbox.take_in()
        site.clock.go_on(59)
        inbox.take_in()
        assert outcomes() == ["waiting"] and balance(erp) == "100.00"
        site.clock.go_on(2)
        inbox.take_in()
        assert outcomes() == ["imported"] and balance(erp) == "70.00"

    def test_a_done_file_says_that_it_is_whole(self, site: DeskSite, erp: FileLedger) -> None:
        inbox, name = inbox_with(site, done_marker=True), stamped(site)
        drop(site, name, (INVOICES + row()).rstrip("\n"))
        site.clock.go_on(9999)
        inbox.take_in()
        assert outcomes() == ["waiting"]
        (site.path / "inbox" / f"{name}.done").touch()
        inbox.take_in()
        assert balance(erp) == "70.00" and not files_in(site, "inbox")

    def test_a_file_that_changes_while_it_is_read_waits(
        self, site: DeskSite, erp: FileLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = drop(site, stamped(site), INVOICES + row())
        read = type(site.folder).read

        def append_first(folder: Any, file: Any) -> Any:
            with path.open("a") as out:
                out.write(row(I2))
            return read(folder, file)

        monkeypatch.setattr(type(site.folder), "read", append_first)
        assert site.inbox.take_in() == 0
        assert outcomes() == ["waiting"] and path.exists()

    def test_what_a_site_writes_over_a_file_we_took_in_is_taken_in_too(
        self, site: DeskSite, erp: FileLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between our reading and our moving it away the next export lands under the same name."""
        site.clock.go_on(3600)
        drop(site, "invoices-SOA.csv", INVOICES + row())
        put_away = type(site.folder).put_away

        def replace_first(folder: Any, *args: Any, **more: Any) -> None:
            monkeypatch.undo()
            drop(site, "invoices-SOA.csv", INVOICES + row(balance="60.00"))
            put_away(folder, *args, **more)

        monkeypatch.setattr(type(site.folder), "put_away", replace_first)
        site.inbox.take_in()
        assert balance(erp) == "70.00" and files_in(site, "inbox") == ["invoices-SOA.csv"]
        site.inbox.take_in()
        assert balance(erp) == "60.00" and not files_in(site, "inbox")

    @pytest.mark.parametrize("text", [INVOICES + row(), INVOICES + row(balance="x")])
    def test_a_worker_that_died_before_moving_a_file_leaves_no_second_effect(
        self, site: DeskSite, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        drop(site, stamped(site), text)
        with monkeypatch.context() as patch:
            patch.setattr(Inbox, "_put_away", lambda *_, **__: None)
            site.inbox.take_in()
        assert files_in(site, "inbox")
        changed = DeskRecord.objects.latest("changed_at").changed_at
        site.clock.go_on()
        site.inbox.take_in()
        assert not files_in(site, "inbox") and len(outcomes()) == 1
        assert DeskRecord.objects.latest("changed_at").changed_at == changed
        part = "rejected" if "x\n" in text else "done"
        assert files_in(site, part)

    def test_a_file_that_the_site_took_back_is_forgotten(self, site: DeskSite) -> None:
        path = drop(site, stamped(site), INVOICES)
        inbox = inbox_with(site, settle_seconds=60)
        inbox.take_in()
        path.unlink()
        site.clock.go_on(61)
        inbox.take_in()
        assert outcomes() == []

    def test_one_file_that_fails_unforeseen_stops_no_other(
        self, site: DeskSite, erp: FileLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export(site.store, "periods", site.path / "inbox", site.clock.go_on())
        drop(site, stamped(site), INVOICES + row())
        take = imports.take_file

        def fail(*args: Any, **more: Any) -> Any:
            if more["kind"] == "periods":
                raise ZeroDivisionError
            return take(*args, **more)

        monkeypatch.setattr(imports, "take_file", fail)
        with pytest.raises(ZeroDivisionError):
            site.inbox.take_in()
        assert balance(erp) == "70.00" and len(files_in(site, "inbox")) == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce(OnTheDesk):
    def test_two_workers_take_a_file_in_once(self, site: DeskSite, erp: FileLedger) -> None:
        for number in range(3):
            drop(site, stamped(site), INVOICES + row(balance=f"{number + 1}.00"))
        drop(site, stamped(site), INVOICES + row(balance="x"))
        results = in_threads(4, lambda _: site.inbox.take_in())
        assert not [one for one in results if isinstance(one, BaseException)], results
        assert sum(results) == 3
        site.clock.go_on(61)  # by then what a worker saw after another had moved it is forgotten
        assert site.inbox.take_in() == 0
        assert sorted(outcomes()) == ["imported"] * 3 + ["rejected"]
        assert balance(erp) == "3.00" and not files_in(site, "inbox")


class TestBeforeAnyFile(OnTheDesk):
    """A site that told nothing yet is not a site with nothing in it."""

    @pytest.fixture
    def silent(self, site: DeskSite) -> FileLedger:
        connection = site.connection
        DeskRecord.objects.all().delete()
        connection.snapshots.all().delete()
        return site.ledger()

    def test_no_list_is_not_an_empty_list(self, silent: FileLedger) -> None:
        for read in (silent.open_invoices, silent.customers, silent.gl_accounts):
            with pytest.raises(UnavailableError):
                list(read("SOA"))
        with pytest.raises(UnavailableError):
            silent.payable_now("SOA", [I1])
        with pytest.raises((UnavailableError, RejectedError)):
            silent.get_invoice("SOA", I1)

    def test_nothing_is_taken_on_lists_that_never_came(self, silent: FileLedger) -> None:
        refused(silent.submit_receipt(intent(TODAY)), "not_set_up")

    def test_the_preflight_blocks_until_every_list_is_there(self, silent: FileLedger) -> None:
        blocked = {f.code for f in silent.preflight("SOA") if f.level is FindingLevel.BLOCK}
        assert {"list_of_invoice", "list_of_customer", "cash_account"} <= blocked

    def test_the_preflight_tells_old_lists_and_a_folder_that_is_away(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        def level(code: str) -> FindingLevel:
            return next(f.level for f in erp.preflight("SOA") if f.code == code)

        assert (level("list_age"), level("folder")) == (FindingLevel.PASS, FindingLevel.PASS)
        site.clock.go_on(timedelta(hours=27).total_seconds())
        assert level("list_age") is FindingLevel.WARN
        site.clock.go_on(timedelta(hours=70).total_seconds())
        assert level("list_age") is FindingLevel.BLOCK
        site.path.parent.rename(site.path.parent.with_name("away"))
        assert level("folder") is FindingLevel.BLOCK

    def test_the_preflight_tells_of_receipts_that_nobody_answers(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        def level(code: str) -> FindingLevel:
            return next(f.level for f in erp.preflight("SOA") if f.code == code)

        erp.submit_receipt(intent(TODAY))
        assert (level("unanswered"), level("refused")) == (FindingLevel.PASS, FindingLevel.PASS)
        site.clock.go_on(73 * 3600)
        assert level("unanswered") is FindingLevel.WARN
        site.outbox.hand_over()
        drop(site, "acknowledgements.csv", "IdemKey,Status\nPT1-1-abcdef,rejected\n")
        site.inbox.take_in()
        assert (level("unanswered"), level("refused")) == (FindingLevel.PASS, FindingLevel.WARN)

    @pytest.mark.parametrize(
        ("columns", "cells", "left"),
        [
            ("", "", None),
            (",DiscDate,DiscAmt", ",2026-11-28,2.00", "2.00"),
            (",DiscDate,DiscAmt,DiscTakenAmt", ",2026-11-28,2.00,0.500", "1.50"),
            (",DiscDate,DiscAmt,DiscTakenAmt", ",2026-11-28,1.007,NULL", "1.00"),
            (",DiscDate,DiscAmt,DiscTakenAmt", ",2026-11-28,1.00,2.00", None),
            (",DiscDate,DiscAmt", ",,2.00", None),
        ],
    )
    def test_a_discount_is_read_where_the_export_has_one(
        self, site: DeskSite, erp: FileLedger, columns: str, cells: str, left: str | None
    ) -> None:
        text = f"{INVOICES.rstrip()}{columns}\n{row().rstrip()}{cells}\n"
        drop(site, stamped(site), text)
        site.inbox.take_in()
        invoice = erp.get_invoice("SOA", I1)
        assert invoice.discount == (usd(left) if left else None)
        assert invoice.discount_until == (date(2026, 11, 28) if left else None)

    def test_exact_amounts_survive(self, site: DeskSite, erp: FileLedger) -> None:
        drop(site, stamped(site), INVOICES + row(balance="99999999.990"))
        site.inbox.take_in()
        assert erp.payable_now("SOA", [I1]) == {I1: usd("99999999.99")}
