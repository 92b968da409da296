"""The job that exchanges files, and the whole way of a payment to a site by files or by hand."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from paysync.domain.ledger import ReceiptState
from paysync.models import Alert, Company, Connection, DeskImport, MerchantAccount
from paysync.tasks import exchange, exchange_all, tidy
from paysync.wiring import ledger_for
from reconciliation.models import CashAccount, CashReceipt, GLMapping, Invoice
from reconciliation.services.following import follow_receipts
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting import post_due
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from tests.books import sale, usd
from tests.contract.desk_site import TODAY, DeskSite, HandSite, OnTheDesk, make_desk
from tests.contract.erp_site import I1, I2, intent
from tests.factories import make_connection, make_merchant_account

PERIODS = (
    "CompanyID,FiscYear,FiscPer,StartDate,EndDate,Status\nSOA,2026,11,2026-11-01,2026-11-30,1\n"
)


@pytest.fixture
def connection(db: None, tmp_path: Path, settings: Any) -> Connection:
    settings.ERP_FILES_DIR = str(tmp_path)
    connection = make_desk(Connection.Kind.SAGE500_FLAT_FILE)
    connection.options = {"files": {"settle_seconds": 0}, "desk": {"close_after_minutes": 0}}
    connection.save()
    return connection


def drop(tmp_path: Path, text: str = PERIODS) -> None:
    inbox = tmp_path / "sage-files" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "periods.csv").write_text(text)


def open_alerts() -> set[str]:
    return set(Alert.objects.filter(closed_at=None).values_list("code", flat=True))


class TestJob:
    def test_it_makes_the_folders_and_takes_files_in(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        drop(tmp_path)
        exchange_all()
        assert sorted(os.listdir(tmp_path / "sage-files")) == [
            "done", "inbox", "outbox", "rejected",
        ]  # fmt: skip
        assert DeskImport.objects.get().outcome == "imported"
        assert ledger_for(Company.objects.get(company_id="SOA")).fiscal_periods("SOA")
        connection.refresh_from_db()
        assert connection.health == "ok"

    def test_mirrors_and_receipts_follow_at_once_when_something_came(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        exchange(connection.pk)
        assert not OrmQ.objects.exists()
        drop(tmp_path)
        exchange(connection.pk)
        names = sorted(task.task["name"] for task in OrmQ.objects.all())
        assert names == ["follow NWM", "follow SOA", "refresh NWM", "refresh SOA"]

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"files": {"delimeter": ";"}}, "files.delimeter"),
            ({"files": {"columns": {"invoices": {"saldo": "x"}}}}, "saldo"),
            ({"desk": {"max_write_off": 5}}, "desk.max_write_off"),
        ],
    )
    def test_a_wrong_option_is_told_until_it_is_right(
        self, connection: Connection, options: dict[str, Any], text: str
    ) -> None:
        connection.options = options
        connection.save()
        exchange(connection.pk)
        assert open_alerts() == {"connection_incomplete"}
        assert text in Alert.objects.get().message
        connection.options = {}
        connection.save()
        exchange(connection.pk)
        assert not open_alerts()

    def test_a_site_without_a_folder_is_told(self, connection: Connection, settings: Any) -> None:
        settings.ERP_FILES_DIR = ""
        exchange(connection.pk)
        assert "ERP_FILES_DIR" in Alert.objects.get(code="connection_incomplete").message

    def test_a_folder_that_is_not_mounted_is_an_outage_of_this_connection(
        self, connection: Connection, settings: Any, tmp_path: Path
    ) -> None:
        settings.ERP_FILES_DIR = str(tmp_path / "away")
        exchange(connection.pk)
        connection.refresh_from_db()
        assert (connection.health, connection.failures) == ("failing", 1)
        assert not (tmp_path / "away").exists()
        settings.ERP_FILES_DIR = str(tmp_path)
        exchange(connection.pk)
        connection.refresh_from_db()
        assert connection.health == "ok"

    def test_one_connection_that_fails_stops_no_other(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        other = make_connection(
            slug="aa-broken", kind=Connection.Kind.SAGE500_MANUAL, options={"files": "x"}
        )
        assert other.name < connection.name
        drop(tmp_path)
        exchange_all()
        assert DeskImport.objects.get().outcome == "imported"

    def test_connections_of_other_kinds_have_no_files(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        Connection.objects.update(kind=Connection.Kind.SAGE500_HTTP)
        drop(tmp_path)
        exchange_all()
        assert not DeskImport.objects.exists()


class TestTidying:
    """What is done with goes after a while; nothing else does."""

    def files(self, tmp_path: Path, part: str) -> list[str]:
        return sorted(os.listdir(tmp_path / "sage-files" / part))

    def age(self, days: int) -> None:
        DeskImport.objects.update(put_away_at=timezone.now() - timedelta(days=days))

    def test_done_files_and_their_records_go_after_the_chosen_time(
        self, connection: Connection, tmp_path: Path, settings: Any
    ) -> None:
        settings.ERP_FILES_KEEP_DAYS = 90
        drop(tmp_path)
        exchange(connection.pk)
        (tmp_path / "sage-files" / "done" / "the-sites-own.csv").write_text("x")
        self.age(89)
        tidy()
        assert len(self.files(tmp_path, "done")) == 2 and DeskImport.objects.count() == 1
        self.age(91)
        tidy()
        assert self.files(tmp_path, "done") == ["the-sites-own.csv"]
        assert not DeskImport.objects.exists()
        assert ledger_for(Company.objects.get(company_id="SOA")).fiscal_periods("SOA")

    def test_what_is_not_done_stays_however_old(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        drop(tmp_path, "wrong\n")
        exchange(connection.pk)
        drop(tmp_path)
        connection.options = {"files": {"done_marker": True}}
        connection.save()
        exchange(connection.pk)
        DeskImport.objects.update(seen_at=timezone.now() - timedelta(days=400))
        DeskImport.objects.filter(outcome="rejected").update(
            put_away_at=timezone.now() - timedelta(days=400)
        )
        tidy()
        assert len(self.files(tmp_path, "rejected")) == 2, "the file and what was wrong with it"
        assert self.files(tmp_path, "inbox") == ["periods.csv"]
        assert set(DeskImport.objects.values_list("outcome", flat=True)) == {"rejected", "waiting"}

    def test_a_folder_that_is_away_keeps_its_records_and_stops_no_other_tidying(
        self, connection: Connection, tmp_path: Path, settings: Any
    ) -> None:
        drop(tmp_path)
        exchange(connection.pk)
        self.age(400)
        settings.ERP_FILES_DIR = str(tmp_path / "away")
        tidy()
        assert DeskImport.objects.count() == 1 and not open_alerts()
        settings.ERP_FILES_DIR = str(tmp_path)
        tidy()
        assert not DeskImport.objects.exists() and not self.files(tmp_path, "done")


class TestOutboxTrouble(OnTheDesk):
    def test_a_file_that_cannot_leave_is_told_until_it_can(
        self, site: DeskSite, settings: Any, tmp_path: Path
    ) -> None:
        settings.ERP_FILES_DIR = str(tmp_path)
        site.connection.options = {"desk": {"close_after_minutes": 0}}
        site.connection.save()
        site.clock.now = timezone.now()
        assert site.ledger().submit_receipt(intent(TODAY, applications=())).batch_id
        blocked = site.path / "outbox" / "receipts-SOA-PS-0000001.txt"
        for batch in site.connection.desk_batches.all():
            blocked = blocked.with_name(f"receipts-SOA-{batch.reference}.txt")
        blocked.write_text("in the way")
        exchange(site.connection.pk)
        assert open_alerts() == {"files_stopped"}
        blocked.unlink()
        exchange(site.connection.pk)
        assert not open_alerts() and blocked.exists()


class TestTheWholeWay(OnTheDesk):
    """From the mirrors to the posted receipt and a proof that holds."""

    def account(self, site: DeskSite) -> MerchantAccount:
        company = Company.objects.get(company_id="SOA")
        company.mode = Company.Mode.AUTO
        company.save()
        refresh_company(company, erp=site.ledger(), now=site.clock())
        cash = CashAccount.objects.get(company=company, cash_account_id="MERCH-USD")
        assert cash.gl_account
        GLMapping.objects.create(
            company=company, cash_account=cash, gl_account=cash.gl_account,
            valid_from="2026-01-01", drafted_by="ada", drafted_at=site.clock(),
            activated_by="bob", activated_at=site.clock(),
        )  # fmt: skip
        return make_merchant_account(company=company)

    @pytest.mark.parametrize(
        ("kind", "site_class"),
        [(Connection.Kind.SAGE500_FLAT_FILE, DeskSite), (Connection.Kind.SAGE500_MANUAL, HandSite)],
    )
    def test_a_payment_ends_posted_and_every_cent_is_explained(
        self, db: None, tmp_path: Path, kind: str, site_class: type[DeskSite]
    ) -> None:
        site = site_class(make_desk(kind), tmp_path)
        site.tell()
        erp, account = site.ledger(), self.account(site)
        records = [
            sale("701", "100.00", invoice_reference=I1, business_date=TODAY),
            sale("702", "50.50", invoice_reference=I2, business_date=TODAY),
        ]
        record_transactions(account, records, now=site.clock())
        assert match_company(account.company_id, now=site.clock()).matched == 2
        post_due(account.company_id, erp=erp, worker="w1", clock=site.clock)
        assert set(CashReceipt.objects.values_list("state", flat=True)) == {ReceiptState.SUBMITTED}
        site.post("SOA")
        follow_receipts(account.company_id, erp=erp, now=site.clock())
        receipts = CashReceipt.objects.order_by("pk")
        assert [(r.state, r.erp_tran_id, r.posted_on) for r in receipts] == [
            ("posted", "CR-C701", TODAY), ("posted", "CR-C702", TODAY),
        ]  # fmt: skip
        refresh_company(account.company, erp=erp, now=site.clock())
        assert not Invoice.objects.get(company=account.company, tran_id=I1).is_open
        assert Invoice.objects.get(tran_id=I2).payable == usd("200.00").amount
        proof = prove(now=site.clock())
        assert proof.holds, proof.violations
