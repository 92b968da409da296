"""Reading Sage 500 into the mirrors: one bad row costs itself and nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer
from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.models import Alert, Company
from reconciliation.models import Invoice
from reconciliation.services.mirrors import close_unlisted, refresh_company
from tests.books import make_customer, make_invoice
from tests.contract.erp_site import ALL_OPEN, CA1, I1, I2, I3, intent, link
from tests.contract.sage500_site import NOON, OnTheTwin, TwinSite

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(minutes=10)
LATER = NOON + timedelta(hours=2)


def refresh(
    company: Company, erp: HttpErpLedger, at: datetime, since: datetime | None = None
) -> int:
    return refresh_company(company, erp=erp, now=at, since=since)


def mirrored() -> set[str]:
    return set(Invoice.objects.filter(is_open=True).values_list("tran_id", flat=True))


def open_alert() -> Alert:
    return Alert.objects.get(code="erp_rows_set_aside", closed_at__isnull=True)


class TestBadRows(OnTheTwin):
    """What Sage 500 lists and nobody can read."""

    def test_a_bad_row_costs_itself_and_is_told_once(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.spoil("invoices")
        refresh(company, erp, NOON)
        assert mirrored() == ALL_OPEN - {I3}
        assert I3 in open_alert().message
        site.spoil("invoices")
        refresh(company, erp, LATER)
        assert open_alert().times == 2

    def test_a_bad_customer_costs_only_its_own_invoices(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.spoil("customers")
        refresh(company, erp, NOON)
        lost = set(erp_customers(erp)) - set(Customer.objects.values_list("customer_id", flat=True))
        assert lost == {"NORTH0003"}
        assert mirrored() == ALL_OPEN - {CA1}
        said = open_alert().message
        assert "2 rows" in said and "customer NORTH0003" in said and CA1 in said

    def test_a_clean_whole_reading_brings_the_rest_and_closes_the_alert(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.spoil("customers")
        refresh(company, erp, NOON)
        refresh(company, erp, SOON)
        assert mirrored() == ALL_OPEN
        assert not Alert.objects.filter(closed_at__isnull=True).exists()

    def test_a_reading_of_changes_cannot_know_that_a_row_was_mended(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.spoil("invoices")
        refresh(company, erp, NOON)
        refresh(company, erp, SOON, since=NOON + timedelta(minutes=11))
        assert open_alert()
        assert mirrored() == ALL_OPEN - {I3}

    def test_while_rows_are_missing_all_is_read_again_every_hour(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.spoil("invoices")
        refresh(company, erp, NOON)
        refresh(company, erp, LATER, since=LATER)
        assert mirrored() == ALL_OPEN
        assert not Alert.objects.filter(closed_at__isnull=True).exists()

    def test_a_bad_row_of_an_invoice_we_hold_does_not_close_it(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        refresh(company, erp, NOON)
        site.spoil("invoices")
        refresh(company, erp, SOON)
        assert I3 in mirrored()
        site.spoil("invoices")
        site.spoil("payable")
        refresh(company, erp, LATER)
        assert I3 in mirrored()
        assert "2 rows" in open_alert().message


class TestUnlisted(OnTheTwin):
    """Invoices open here that a whole reading does not list any more."""

    def test_what_was_paid_meanwhile_is_closed(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        refresh(company, erp, NOON)
        site.pay_invoice("SOA", I1, "100.00")
        refresh(company, erp, SOON)
        closed, held = Invoice.objects.get(tran_id=I1), Invoice.objects.get(tran_id=I2)
        assert (closed.is_open, closed.payable, closed.read_at) == (False, Decimal(0), SOON)
        assert (held.is_open, held.read_at) == (True, SOON)

    def test_only_what_is_new_of_an_invoice_is_a_change(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        refresh(company, erp, NOON)
        first = changes()
        assert all(NOON <= at < NOON + timedelta(minutes=1) for at in first.values())
        refresh(company, erp, SOON)
        assert changes() == first, "read again, and nothing was new"
        site.pay_invoice("SOA", I1, "100.00")
        site.pay_invoice("SOA", I2, "1.00")
        refresh(company, erp, LATER)
        moved = {tran_id for tran_id, at in changes().items() if at >= LATER}
        assert moved == {I1, I2}

    def test_a_discount_is_mirrored_and_what_takes_of_it_is_a_change(
        self, company: Company, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        def discounts() -> dict[str, tuple[Decimal, date | None]]:
            rows = Invoice.objects.values_list("tran_id", "discount", "discount_until")
            return {tran_id: (amount, until) for tran_id, amount, until in rows}

        refresh(company, erp, NOON)
        first, until = discounts(), NOON.date() + timedelta(days=5)
        assert first.pop(I3) == (Decimal("20.00"), until)
        assert set(first.values()) == {(Decimal(0), None)}
        erp.submit_receipt(intent(NOON.date(), 1, link(I3, "80.00", "15.00")))
        refresh(company, erp, SOON, since=NOON)
        assert discounts()[I3] == (Decimal("5.00"), until)
        assert {tran_id for tran_id, at in changes().items() if at >= SOON} == {I3}
        erp.submit_receipt(intent(NOON.date(), 2, link(I3, "80.00", "5.00")))
        refresh(company, erp, LATER, since=SOON)
        assert discounts()[I3] == (Decimal(0), None)

    @pytest.mark.parametrize("count", [2, 30])
    def test_many_take_no_more_statements_than_few(
        self,
        company: Company,
        erp: HttpErpLedger,
        site: TwinSite,
        count: int,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        payer = make_customer(company)
        for number in range(count):
            make_invoice(company, customer=payer, read_at=NOON, tran_id=f"IN-9{number:09}")
        with django_assert_num_queries(2):
            close_unlisted(company, erp, SOON, [])
        assert not Invoice.objects.filter(is_open=True).exists()


def changes() -> dict[str, datetime]:
    rows = Invoice.objects.values_list("tran_id", "changed_at")
    return {tran_id: at for tran_id, at in rows if at is not None}


def erp_customers(erp: HttpErpLedger) -> list[str]:
    return [row.customer_id for row in erp.customers("SOA")]
