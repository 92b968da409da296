"""What is decided again when late data arrives, and that nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from customers.models import CustomerLink, PayerAlias
from customers.queries.aliases import Looks, alias_text
from customers.services.aliases import teach
from paysync.domain.payments import State
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Share
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    GLMapping,
    Match,
    MatchRuleSet,
    Proposal,
)
from reconciliation.queries.waiting import to_decide
from reconciliation.services.matching import match_company, propose
from reconciliation.services.recording import record_transactions
from tests.books import NOW, TODAY, make_customer, make_invoice, make_mapping, ready
from tests.choosing import choose, paid, waiting_payment
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db

#: Long after the books of these tests were set up, and after each other.
TRIED = NOW + timedelta(hours=5)
LATER = TRIED + timedelta(minutes=30)
MUCH_LATER = TRIED + timedelta(hours=2)


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def again(company: Company, now: object = LATER) -> set[int]:
    return set(to_decide(company, now).values_list("pk", flat=True))  # type: ignore[arg-type]


def tried(account: MerchantAccount, **fields: object) -> GatewayTransaction:
    """A payment that was decided in vain."""
    row = waiting_payment(account, **fields)  # type: ignore[arg-type]
    assert match_company(account.company_id, now=TRIED).left >= 1
    row.refresh_from_db()
    assert row.match_tried_at == TRIED
    assert Proposal.objects.filter(transaction=row).exists()
    return row


def test_what_nothing_touched_is_not_decided_again(
    account: MerchantAccount, company: Company
) -> None:
    tried(account, amount="5.00")
    make_invoice(company, changed_at=TRIED - timedelta(hours=1))
    assert again(company, MUCH_LATER) == set()
    assert match_company(company.pk, now=MUCH_LATER).seen == 0


def test_a_payment_that_was_never_tried_is_decided(
    account: MerchantAccount, company: Company
) -> None:
    tried(account, amount="5.00")
    new = waiting_payment(account, "6.00")
    assert again(company) == {new.pk}


def test_a_document_of_the_payer_brings_its_payments_back(
    account: MerchantAccount, company: Company
) -> None:
    payer, other = make_customer(company, "ACME"), make_customer(company, "OTHER")
    mine = tried(account, gateway_customer_id="ACME")
    tried(account, gateway_customer_id="OTHER")
    make_invoice(company, customer=payer, changed_at=LATER)
    assert again(company) == {mine.pk}
    make_invoice(company, customer=other, changed_at=TRIED - timedelta(hours=1))
    assert again(company) == {mine.pk}


def test_a_document_of_a_child_brings_the_parents_payments_back(
    account: MerchantAccount, company: Company
) -> None:
    make_customer(company, "HQ")
    child = make_customer(company, "BRANCH", national_parent_id="HQ")
    parents = tried(account, gateway_customer_id="HQ")
    make_invoice(company, customer=child, changed_at=LATER)
    assert again(company) == {parents.pk}


@pytest.mark.parametrize("reference", [" in-0000099999 ", "0000099999"])
def test_a_document_that_is_named_brings_the_payment_back_at_once(
    account: MerchantAccount, company: Company, reference: str
) -> None:
    named = tried(account, invoice_reference=reference)
    make_invoice(company, tran_id="IN-0000099999", tran_no="0000099999", changed_at=LATER)
    assert again(company) == {named.pk}


def test_any_new_document_brings_unknown_payers_back_but_not_each_minute(
    account: MerchantAccount, company: Company
) -> None:
    unknown = tried(account)
    make_invoice(company, changed_at=LATER)
    assert again(company, LATER) == set()
    assert again(company, MUCH_LATER) == {unknown.pk}
    match_company(company.pk, now=MUCH_LATER)
    assert again(company, MUCH_LATER + timedelta(hours=3)) == set()


def test_a_late_link_names_the_payer_and_the_payment_is_matched(
    account: MerchantAccount, company: Company
) -> None:
    row = tried(account, gateway_customer_id="web-77")
    invoice = make_invoice(company, "100.00")
    CustomerLink.objects.create(
        merchant_account=account,
        gateway_customer_id="web-77",
        customer=invoice.customer,
        made_by="person",
        actor="ada",
        made_at=LATER,
    )
    match_company(company.pk, now=LATER)
    row.refresh_from_db()
    assert row.customer_id == invoice.customer_id
    assert not row.needs_match


def test_a_customer_who_arrives_late_is_linked_by_key(
    account: MerchantAccount, company: Company
) -> None:
    row = tried(account, gateway_customer_id="late")
    customer = make_customer(company, "LATE")
    match_company(company.pk, now=LATER)
    row.refresh_from_db()
    assert row.customer_id == customer.pk
    assert CustomerLink.objects.get().made_by == "key"


def test_what_was_taught_since_brings_who_looks_like_it_back(
    account: MerchantAccount, company: Company
) -> None:
    like = tried(account, billing_name="Acme, Inc.")
    tried(account, billing_name="Bolt Ltd")
    customer = make_customer(company)
    PayerAlias.objects.create(
        company=company,
        kind="name",
        text=alias_text(PayerAlias.Kind.NAME, "ACME INC"),
        customer=customer,
        taught_by="ada",
        taught_at=LATER,
        used_at=LATER,
    )
    assert again(company) == {like.pk}


def test_a_payment_looked_at_since_hides_none_that_looks_like_it(
    account: MerchantAccount, company: Company
) -> None:
    """Each row's own try counts: the newest of all was made after the teaching."""
    like = tried(account, description="Invoice 4711 of Acme Tools")
    later = tried(account, billing_name="Bolt Ltd")
    GatewayTransaction.objects.filter(pk=later.pk).update(
        match_tried_at=LATER + timedelta(minutes=30)
    )
    teach(make_customer(company), Looks(remittance="ACME TOOLS, INV 4712"), actor="ada", now=LATER)
    assert again(company) == {like.pk}


def new_mapping(company: Company) -> None:
    make_mapping(company, activated_at=LATER, version=7)


def new_rules(company: Company) -> None:
    MatchRuleSet.objects.create(
        company=company, version=1, state="active", valid_from=TODAY, drafted_by="ada",
        drafted_at=NOW, activated_by="bob", activated_at=LATER,
    )  # fmt: skip


@pytest.mark.parametrize("change", [new_mapping, new_rules])
def test_new_rules_and_accounts_bring_everything_back(
    account: MerchantAccount, company: Company, change: Callable[[Company], None]
) -> None:
    row = tried(account)
    change(company)
    assert again(company) == {row.pk}


def test_a_cause_that_settings_take_away_is_looked_at_each_hour(
    account: MerchantAccount, company: Company
) -> None:
    GLMapping.objects.update(ended_on="2026-02-01")
    invoice = make_invoice(company)
    row = tried(account, invoice_reference=invoice.tran_id)
    assert again(company, LATER) == set()
    assert again(company, MUCH_LATER) == {row.pk}


def test_looking_for_them_is_a_handful_of_queries(
    account: MerchantAccount, company: Company
) -> None:
    for number in range(12):
        waiting_payment(account, f"{number + 1}.00")
    match_company(company.pk, now=TRIED)
    make_invoice(company, changed_at=LATER)
    with CaptureQueriesContext(database) as context:
        list(to_decide(company, LATER))
    assert len(context) <= 9


def test_a_document_that_a_voided_payment_frees_brings_the_waiting_one_back(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    first, second = (paid("100.00", invoice, f"70000000{n}") for n in (1, 2))
    record_transactions(account, [first], now=NOW)
    match_company(company.pk, now=NOW)
    record_transactions(account, [second], now=NOW)
    match_company(company.pk, now=NOW + timedelta(minutes=5))
    voided = replace(first, state=State.VOIDED)
    record_transactions(account, [voided], now=NOW + timedelta(minutes=10))
    run = match_company(company.pk, now=NOW + timedelta(hours=2))
    assert run.matched == 1
    assert Match.objects.get(ended_at=None).transaction.gateway_id == second.gateway_id


def test_a_document_in_doubt_is_left_for_a_later_run(
    account: MerchantAccount, company: Company
) -> None:
    """The receipt of a part may be in Sage already: what is open is not known to the cent."""
    customer = make_customer(company)
    invoice = make_invoice(company, customer=customer, read_at=NOW + timedelta(hours=1))
    part = waiting_payment(account, "30.00")
    choose(part, invoice, [Share(invoice.pk, 3_000)])
    CashReceipt.objects.update(state="unknown", claimed_at=NOW)
    type(invoice).objects.filter(pk=invoice.pk).update(payable="70.00")
    row = waiting_payment(account, "70.00", invoice_reference=invoice.tran_id,
                          gateway_customer_id=customer.customer_id)  # fmt: skip
    assert match_company(company.pk, now=NOW).matched == 0
    CashReceipt.objects.update(state="submitted", submitted_at=NOW)
    assert match_company(company.pk, now=NOW).matched == 1
    match = Match.objects.get(transaction=row)
    assert (match.rule, match.unapplied) == ("invoice_reference", Decimal(0))


def test_what_was_only_looked_at_is_applied_by_the_next_run(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    row = waiting_payment(account, invoice_reference=invoice.tran_id)
    propose([row.pk], now=NOW)
    item = company.items.get(state="open")
    assert item.reason == "needs_confirmation"
    assert match_company(company.pk, now=NOW + timedelta(minutes=5)).matched == 1
    assert not Proposal.objects.exists()
