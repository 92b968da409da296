"""Receipts of the staff from the lists that a site exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from paysync.domain.errors import RejectedError
from paysync.models import Connection, DeskRecord
from tests.contract.desk_exports import export
from tests.contract.desk_site import TODAY, DeskSite, make_desk
from tests.contract.erp_site import I1, intent
from tests.contract.erp_staff_contract import told

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(tmp_path: Path) -> Iterator[DeskSite]:
    site = DeskSite(make_desk(Connection.Kind.SAGE500_FLAT_FILE), tmp_path)
    yield site
    site.store.close()


def not_told(site: DeskSite) -> None:
    with pytest.raises(RejectedError) as caught:
        list(site.ledger().staff_receipts("SOA", TODAY, TODAY))
    assert caught.value.reason == "not_told"


def test_no_list_yet_is_not_an_empty_list(site: DeskSite) -> None:
    not_told(site)
    site.tell("invoices", "customers")
    not_told(site)


def test_the_other_lists_are_as_complete_as_before(site: DeskSite) -> None:
    """The receipts of the staff are no list that a receipt of ours waits for."""
    site.enter(TODAY, "1", "10.00")
    assert site.ledger().submit_receipt(intent(TODAY)).reason == ""


def test_an_older_list_changes_nothing(site: DeskSite) -> None:
    site.tell()
    before = site.clock.now - timedelta(hours=1)
    site.enter(TODAY, "1", "10.00")
    site.store.execute("DELETE FROM tarPendCustPmt")
    for kind in ("receipts", "applications"):
        export(site.store, kind, site.path / "inbox", before)
    site.clock.go_on()
    site.inbox.take_in()
    assert [one.tran_no for one in told(site.ledger(), TODAY)] == ["1"]


def test_the_same_list_again_writes_no_row_anew(site: DeskSite) -> None:
    site.enter(TODAY, "1", "100.00", (I1, "100.00"))
    rows = DeskRecord.objects.filter(kind="staff_receipt")
    before = list(rows.values())
    site.tell()
    assert list(rows.values()) == before
    site.post("SOA")
    assert rows.count() == 1 and rows.get().data["is_posted"]


def test_a_list_without_applications_tells_nothing(site: DeskSite) -> None:
    site.enter(TODAY, "1", "10.00")
    row = DeskRecord.objects.get(kind="staff_receipt")
    row.data = {**row.data, "applications": None}
    row.save()
    not_told(site)
    tomorrow = TODAY + timedelta(days=1)
    assert list(site.ledger().staff_receipts("SOA", tomorrow, date.max)) == []
