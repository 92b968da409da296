"""Many rows in few statements, also where the database does not say which keys it gave."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db import connection as database

from customers.models import Customer, CustomerLink
from customers.services.links import find_payers
from paysync.models import AuditEntry, Company, Connection, MerchantAccount
from paysync.services.bulk import (
    WORTH_COPYING,
    insert_missing,
    insert_rows,
    insert_values,
    replace_rows,
    set_values,
)
from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    JournalEntry,
    Match,
    Proposal,
)
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import NOW, make_customer, make_invoice, ready, sale
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[True, False], ids=["keys returned", "no keys returned"])
def keys_returned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """SQL Server returns the keys of many new rows in no certain order, so it is not asked."""
    wanted = bool(request.param and database.features.can_return_rows_from_bulk_insert)
    monkeypatch.setattr(type(database.features), "can_return_rows_from_bulk_insert", wanted)
    return wanted


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


@pytest.mark.usefixtures("keys_returned")
def test_every_new_row_knows_its_own_key(company: Company, connection: Connection) -> None:
    def row(name: str, merchant: str) -> MerchantAccount:
        return MerchantAccount(
            company=company, connection=connection, name=name, merchant_id=merchant
        )

    rows = [row("a", "1"), row("b", "1"), row("c", "2")]
    made = insert_rows(rows, by=("merchant_id", "name"), among=MerchantAccount.objects.all())
    assert made == rows
    for one in made:
        assert not one._state.adding
        assert MerchantAccount.objects.get(pk=one.pk).name == one.name


@pytest.mark.usefixtures("keys_returned")
def test_the_books_hang_together(account: MerchantAccount, company: Company) -> None:
    invoices = [make_invoice(company, f"{n}00.00") for n in range(1, 5)]
    records = [
        sale(str(n), f"{invoice.payable:.2f}", invoice_reference=invoice.tran_id)
        for n, invoice in enumerate(invoices, 1)
    ]
    record_transactions(account, records, now=NOW)
    match_company(company.pk, now=NOW)
    for applied in Application.objects.select_related("match__transaction", "invoice"):
        assert applied.invoice.tran_id == applied.match.transaction.invoice_reference
    for entry in JournalEntry.objects.prefetch_related("lines"):
        assert {line.transaction_id for line in entry.lines.all()} == {entry.transaction_id}
    assert CashReceipt.objects.count() == len(invoices)
    assert AuditEntry.objects.filter(action="matched").count() == len(invoices)
    assert prove(now=NOW).violations == []


@pytest.mark.usefixtures("keys_returned")
def test_a_payment_matched_again_gets_the_key_of_its_new_match(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    record_transactions(account, [sale("1", invoice_reference=invoice.tran_id)], now=NOW)
    match_company(company.pk, now=NOW)
    unmatch(GatewayTransaction.objects.get().pk, actor="paysync", reason="late void", now=NOW)
    match_company(company.pk, now=NOW)
    old, new = Match.objects.order_by("pk")
    assert (old.ended_at is None, new.ended_at is None) == (False, True)
    assert list(new.applications.values_list("invoice_id", flat=True)) == [invoice.pk]
    assert prove(now=NOW).violations == []


@pytest.fixture(params=[True, False], ids=["conflicts ignored", "conflicts refused"])
def conflicts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL Server cannot leave out rows that are there already."""
    wanted = bool(request.param and database.features.supports_ignore_conflicts)
    monkeypatch.setattr(type(database.features), "supports_ignore_conflicts", wanted)


@pytest.mark.usefixtures("conflicts")
def test_customers_are_linked_by_key_once(account: MerchantAccount, company: Company) -> None:
    ada, bob = make_customer(company, "ADA"), make_customer(company, "BOB")
    assert find_payers(account, ["ADA"], now=NOW) == {"ADA": ada.pk}
    assert find_payers(account, ["ADA", "BOB", ""], now=NOW) == {"ADA": ada.pk, "BOB": bob.pk}
    assert CustomerLink.objects.count() == 2


@pytest.mark.usefixtures("conflicts")
def test_what_another_worker_has_inserted_stays_as_it_is(
    account: MerchantAccount, company: Company
) -> None:
    def link(gateway_customer_id: str, actor: str) -> CustomerLink:
        return CustomerLink(
            merchant_account=account,
            gateway_customer_id=gateway_customer_id,
            customer=customer,
            made_by=CustomerLink.MadeBy.KEY,
            actor=actor,
            made_at=NOW,
        )

    customer = make_customer(company)
    link("a", "first").save()
    insert_missing([link("a", "second"), link("b", "second")])
    rows = CustomerLink.objects.values_list("gateway_customer_id", "actor")
    assert set(rows) == {("a", "first"), ("b", "second")}


def entries(count: int) -> list[JournalEntry]:
    row = GatewayTransaction.objects.get()
    return [
        JournalEntry(transaction=row, event_key=f"e{n}", what="x", at=NOW, on=NOW.date())
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [3, 2 * WORTH_COPYING])
def test_few_rows_and_many_get_their_keys(account: MerchantAccount, count: int) -> None:
    record_transactions(account, [sale()], now=NOW)
    made = insert_rows(entries(count), by=("event_key",), among=JournalEntry.objects.all())
    held = dict(JournalEntry.objects.filter(what="x").values_list("event_key", "pk"))
    assert {row.event_key: row.pk for row in made} == held
    assert not any(row._state.adding for row in made)


@pytest.mark.parametrize("count", [3, 2 * WORTH_COPYING])
def test_values_take_their_defaults_and_keep_what_they_are(company: Company, count: int) -> None:
    detail = {"text": "tab\tnewline\nslash\\ 請求書 'quote' \\N", "none": None}
    rows = [(NOW, "ann", "a\\b\tc\n", "x", str(n), detail) for n in range(count)]
    insert_values(
        AuditEntry, ("at", "actor", "action", "subject_type", "subject_id", "detail"), rows
    )
    held = AuditEntry.objects.filter(subject_type="x")
    assert held.count() == count
    one = held.order_by("pk")[0]
    assert (one.at, one.action, one.detail) == (NOW, "a\\b\tc\n", detail)
    assert (one.previous_seal, one.seal) == ("", None)


@pytest.mark.parametrize("count", [3, 2 * WORTH_COPYING])
def test_a_row_that_a_constraint_refuses_is_an_integrity_error(
    account: MerchantAccount, count: int
) -> None:
    record_transactions(account, [sale()], now=NOW)
    rows = entries(count)
    rows[-1].event_key = rows[0].event_key
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(rows, by=("event_key",), among=JournalEntry.objects.all())
    assert not JournalEntry.objects.filter(what="x").exists()


@pytest.mark.parametrize("count", [2, 6])
def test_one_column_of_many_rows_is_set(company: Company, count: int) -> None:
    customers = [make_customer(company) for _ in range(count)]
    set_values(Customer, "update_counter", {row.pk: row.pk + 7 for row in customers})
    assert all(c.update_counter == c.pk + 7 for c in Customer.objects.all())
    assert Customer.objects.filter(pk__any_of=[c.pk for c in customers[:2]]).count() == 2
    assert Customer.objects.filter(customer_id__any_of=[customers[0].customer_id]).count() == 1
    assert not Customer.objects.filter(pk__any_of=[]).exists()


@pytest.mark.parametrize("can_update", [True, False])
def test_rows_of_a_unique_key_are_replaced(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch, can_update: bool
) -> None:
    """SQL Server cannot update on conflict."""
    feature = "supports_update_conflicts_with_target"
    wanted = can_update and getattr(database.features, feature)
    monkeypatch.setattr(type(database.features), feature, wanted)
    record_transactions(account, [sale(), sale()], now=NOW)
    one, two = GatewayTransaction.objects.order_by("pk")

    def proposal(row: GatewayTransaction, score: int) -> Proposal:
        return Proposal(transaction=row, card={"n": score}, score=score, made_at=NOW)

    for rows in ([proposal(one, 1)], [proposal(one, 2), proposal(two, 3)]):
        replace_rows(rows, by="transaction_id", fields=("card", "score", "made_at"))
    held = Proposal.objects.order_by("transaction_id").values_list("transaction_id", "score")
    assert list(held) == [(one.pk, 2), (two.pk, 3)]
