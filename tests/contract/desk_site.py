"""A site that exchanges files with us: the twin's database plays Sage 500, and people do the rest.

They take the receipts in (from the files of the outbox, or from the work list), post them, and
export what Sage shows into the inbox. The files are real and so is the parsing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paysync.adapters.sage500.desk.folder import DeskFolder
from paysync.adapters.sage500.desk.inbox import Inbox
from paysync.adapters.sage500.desk.options import DeskRules, FileOptions
from paysync.adapters.sage500.desk.receipt_file import read_receipt_file
from paysync.adapters.sage500.flat_file import FileLedger, FlatFileLedger, Outbox
from paysync.adapters.sage500.manual import ManualLedger
from paysync.domain.desk import DeskKind, DeskState, intent_of
from paysync.domain.ledger import ReceiptIntent
from paysync.models import Connection, DeskImport, DeskReceipt, DeskRecord
from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.sage500.amounts import mills_of, text_of
from paysync.sandbox.sage500.clerk import Clerk
from paysync.sandbox.sage500.control import LEDGER
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.orders import ALREADY_THERE, CREATED, Order, OrderedLink
from paysync.sandbox.sage500.site import pay_invoice, set_period
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.sage500.submit import submit
from paysync.services.desk import OrmDeskFiles, OrmDeskStore
from tests.contract.desk_exports import EXPORTS, export
from tests.contract.erp_site import I2, site_data
from tests.contract.sage500_site import entered
from tests.factories import make_company, make_connection

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = DeskRules(max_write_off=Decimal("5.00"), close_after_minutes=0)


class Clock:
    """The one clock of both sides. It goes on by whole seconds, as stamps in file names do."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float = 2) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class DeskSite:
    """People at a site that we only hand things to. `take_over` is how receipts get into Sage."""

    def __init__(self, connection: Connection, root: Path) -> None:
        self.connection = connection
        self.clock = Clock()
        self.store = Store(":memory:")
        self.clerk = Clerk(self.store, FaultDeck())
        self.folder = DeskFolder(str(root), connection.slug)
        self.folder.make()
        self.path = root / connection.slug
        files = OrmDeskFiles(connection.pk)
        companies = OrmDeskStore(connection.pk).company_ids
        self.outbox = Outbox(files, self.folder, RULES, self.clock)
        self.inbox = Inbox(files, self.folder, FileOptions(settle_seconds=0), companies, self.clock)
        load(self.store, site_data(TODAY), self.clock())

    def ledger(self) -> FileLedger:
        kind = FlatFileLedger
        return kind(OrmDeskStore(self.connection.pk), RULES, self.clock, self.folder)

    # --- receipts into Sage ---------------------------------------------------------------------

    def take_over(self) -> None:
        """Take the files of the outbox into Sage 500, each once, and put them aside."""
        self.outbox.hand_over()
        for path in sorted((self.path / "outbox").glob("*.txt")):
            for receipt in read_receipt_file(path.read_bytes()).receipts:
                self.key_in(receipt)
            path.unlink()

    def key_in(self, receipt: ReceiptIntent) -> None:
        """What the site's import tool, or a person, does with one receipt."""
        answer = submit(self.store, order_of(receipt), self.clock())
        assert answer.code in {CREATED, ALREADY_THERE}, answer

    # --- Sage's word out ------------------------------------------------------------------------

    def tell(self, *kinds: str) -> None:
        """Export what Sage shows, everything unless told otherwise, and have it taken in."""
        receipts_at = self.clock.go_on()
        for kind in kinds or EXPORTS:
            pair = kind in {"receipts", "applications"}
            export(self.store, kind, self.path / "inbox", receipts_at if pair else self.clock())
            if kind == "receipts":
                self.clock.go_on()
        self.clock.go_on()
        self.inbox.take_in()
        wrong = DeskImport.objects.filter(outcome=DeskImport.Outcome.REJECTED)
        assert not wrong.exists(), [(one.file_name, one.errors) for one in wrong]
        assert not list((self.path / "inbox").iterdir())
        self.clock.go_on()

    def act(self, action: str, company_id: str, done: str) -> None:
        self.take_over()
        results = self.clerk.act({"action": action, "company_id": company_id}, self.clock())
        assert results and all(r["done"] == done for r in results), results
        self.tell()

    # --- ErpSite --------------------------------------------------------------------------------

    def post(self, company_id: str) -> None:
        self.act("post", company_id, "posted")

    def interrupt(self, company_id: str) -> None:
        self.act("interrupt", company_id, "interrupted")

    def resume(self, company_id: str) -> None:
        self.act("resume", company_id, "posted")

    def open_batches(self, company_id: str) -> None:
        self.act("open", company_id, "open")

    def unapply(self, key: str) -> None:
        self.clerk.act({"action": "unapply", "idempotency_key": key}, self.clock())
        self.tell()

    def delete_batches(self, company_id: str) -> None:
        self.act("delete", company_id, "deleted")

    def edit(self, key: str, *, amount: str, applications: Sequence[tuple[str, str]]) -> None:
        self.take_over()
        links = [{"invoice_tran_id": name, "amount": paid} for name, paid in applications]
        order = {"action": "edit", "idempotency_key": key, "amount": amount, "applications": links}
        self.clerk.act(order, self.clock())
        self.tell()

    def pay_invoice(self, company_id: str, tran_id: str, amount: str) -> None:
        pay_invoice(self.store, company_id, tran_id, self.clock(), amount)
        self.tell()

    def enter(
        self,
        today: date,
        number: str,
        amount: str,
        *links: tuple[str, str],
        comment: str = "",
        customer_id: str = "ACME0001",
    ) -> None:
        order = entered(today, number, amount, links, comment, customer_id)
        self.clerk.act({"action": "enter", **order}, self.clock())
        self.tell()

    def set_period(self, company_id: str, day: date, action: str) -> None:
        order = {"company_id": company_id, "date": day.isoformat(), "action": action}
        set_period(self.store, order)
        self.tell("periods")

    def spoil(self, what: str) -> None:
        if what == "receipts":
            receipt = DeskReceipt.objects.order_by("pk").last()
            assert receipt
            receipt.intent = {**receipt.intent, "amount": "12,x"}
            receipt.save()
            return
        if what == "staff-receipts":
            kept = DeskRecord.objects.filter(kind="staff_receipt").order_by("pk").last()
            assert kept
            kept.data = {**kept.data, "currency": ["?"]}
            kept.save()
            return
        kind = DeskKind.CUSTOMER if what == "customers" else DeskKind.INVOICE
        rows = DeskRecord.objects.filter(company_id="SOA", kind=kind, is_current=True)
        row = rows.get(key=I2) if what == "payable" else rows.order_by("pk").last()
        assert row
        row.data = {**row.data, "name" if what == "customers" else "balance": ["?"]}
        row.save()

    def ledger_sums(self) -> dict[tuple[str, str], Decimal]:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in self.store.rows(LEDGER):
            sums[row["CompanyID"], row["GLAcctNo"]] += Decimal(text_of(row["Amount"]))
        return dict(sums)


class HandSite(DeskSite):
    """A site where people enter what the work list shows."""

    def ledger(self) -> FileLedger:
        return ManualLedger(OrmDeskStore(self.connection.pk), RULES, self.clock, self.folder)

    def take_over(self) -> None:
        rows = DeskReceipt.objects.filter(connection=self.connection, state=DeskState.WAITING)
        for row in rows.order_by("pk"):
            self.key_in(intent_of(row.intent))


def order_of(receipt: ReceiptIntent) -> Order:
    """A receipt as the site enters it. Of the gateway it knows what the comment says."""
    links = tuple(
        OrderedLink(
            link.invoice_tran_id,
            *(mills_of(a.amount) for a in (link.amount, link.discount, link.write_off)),
        )
        for link in receipt.applications
    )
    values: dict[str, Any] = {
        "idempotency_key": receipt.idempotency_key, "company_id": receipt.company_id,
        "customer_id": receipt.customer_id, "cash_account_id": receipt.cash_account_id,
        "post_date": receipt.post_date.isoformat(), "tran_date": receipt.tran_date.isoformat(),
        "tran_no": receipt.tran_no, "currency": receipt.amount.currency,
        "amount": mills_of(receipt.amount.amount), "comment": receipt.comment,
        "gateway_reference": receipt.idempotency_key, "user_id": "carla",
    }  # fmt: skip
    return Order(links=links, **values)


def make_desk(kind: str) -> Connection:
    """A connection of a desk with the two companies of the contract's site."""
    connection = make_connection(slug="sage-files", name="Sage by files", kind=kind, base_url="")
    for company_id in ("SOA", "NWM"):
        make_company(company_id=company_id, name=company_id, erp_connection=connection)
    return connection


class OnTheDesk:
    """Fixtures of `erp_contract` on a desk. Every test finds a fresh site that told everything."""

    #: Batches are ours until Sage tells its own: they carry our name.
    batch_prefix = "PS-"
    #: Sage's number of a receipt is Sage's to give: nobody knows it before its list or a person
    #: told it.
    knows_number_at_once = False
    kind = Connection.Kind.SAGE500_FLAT_FILE
    site_class: type[DeskSite] = DeskSite

    @pytest.fixture
    def today(self) -> date:
        return TODAY

    @pytest.fixture
    def site(self, db: None, tmp_path: Path) -> Iterator[DeskSite]:
        site = self.site_class(make_desk(self.kind), tmp_path)
        site.tell()
        yield site
        site.store.close()

    @pytest.fixture
    def erp(self, site: DeskSite) -> FileLedger:
        return site.ledger()
