"""A solution that a person chose: what is written, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from paysync.domain.errors import ConflictError, OverApplicationError, RuleError
from paysync.domain.payments import State
from paysync.models import AuditEntry, Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.models import (
    Application,
    CashReceipt,
    CreditUse,
    GatewayTransaction,
    GLMapping,
    Match,
    Proposal,
    ReconcilingItem,
)
from reconciliation.services.items import resolve_item
from reconciliation.services.matching import match_company, propose
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import NOW, make_customer, make_invoice, ready, refund, sale
from tests.choosing import buckets, choose, open_of, waiting_payment
from tests.factories import make_company, make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def test_a_payment_split_over_invoices_with_discount_and_write_off(
    account: MerchantAccount, company: Company
) -> None:
    customer = make_customer(company)
    one = make_invoice(company, "60.00", customer=customer, discount="1.20")
    two = make_invoice(company, "30.05", customer=customer)
    row = waiting_payment(account, "100.00")
    shares = [Share(one.pk, 5_880, discount=120), Share(two.pk, 3_000, write_off=5)]
    match = choose(row, one, shares, write_off_account="1010-000", short_pay_reason="damaged")
    assert (match.applied, match.unapplied) == (Decimal("88.80"), Decimal("11.20"))
    assert [
        (a.amount, a.discount, a.write_off, a.write_off_account, a.short_pay_reason)
        for a in Application.objects.order_by("pk")
    ] == [
        (Decimal("58.8"), Decimal("1.2"), 0, "", "damaged"),
        (Decimal(30), 0, Decimal("0.05"), "1010-000", "damaged"),
    ]
    assert open_of(company, one, two) == [0, 0]
    assert buckets(row) == {"captured": "100.00", "applied": "88.80", "unapplied": "11.20"}
    assert CashReceipt.objects.get().amount == 100
    assert AuditEntry.objects.get(action="matched").actor == "ada"
    row.refresh_from_db()
    assert (row.needs_match, row.revision, row.customer_id) == (False, 1, customer.pk)
    assert prove(now=NOW).violations == []


def test_on_account_is_no_share_and_all_unapplied(
    account: MerchantAccount, company: Company
) -> None:
    customer = make_customer(company)
    row = waiting_payment(account, "100.00")
    choose(row, customer_id=customer.pk)
    assert buckets(row) == {"captured": "100.00", "unapplied": "100.00"}
    assert CashReceipt.objects.get().amount == 100
    assert prove(now=NOW).violations == []


def test_a_credit_memo_is_counted_and_a_person_told_to_apply_it(
    account: MerchantAccount, company: Company
) -> None:
    customer = make_customer(company)
    invoice = make_invoice(company, "100.00", customer=customer)
    memo = make_invoice(company, "-30.00", customer=customer, tran_type=502)
    row = waiting_payment(account, "80.00")
    match = choose(
        row, invoice, [Share(invoice.pk, 8_000)], credits=[Credit(memo.pk, invoice.pk, 2_000)]
    )
    assert open_of(company, invoice, memo) == [0, 1_000]
    item = ReconcilingItem.objects.get(state="open")
    assert (item.key, item.reason) == (f"credit:{match.pk}", "credit_to_apply")
    assert memo.tran_id in item.sentence and invoice.tran_id in item.sentence
    resolve_item(item.pk, actor="bob", note="applied in Sage")
    assert open_of(company, invoice, memo) == [0, 1_000], "Sage was not read since"
    later = ReconcilingItem.objects.get().resolved_at + timedelta(minutes=1)  # type: ignore[operator]
    type(memo).objects.update(read_at=later)
    type(memo).objects.filter(pk=memo.pk).update(payable="-10.00")
    type(memo).objects.filter(pk=invoice.pk).update(payable="80.00")
    assert open_of(company, invoice, memo) == [0, 1_000]


def test_what_was_offered_goes_once_the_payment_is_matched(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    row = waiting_payment(account, invoice_reference="who knows")
    match_company(company.pk, now=NOW)
    assert Proposal.objects.get().transaction_id == row.pk
    assert ReconcilingItem.objects.filter(state="open").count() == 1
    choose(row, invoice)
    assert not Proposal.objects.exists()
    assert not ReconcilingItem.objects.filter(state="open").exists()


@dataclass
class Books:
    """What a refusal is tried on."""

    account: MerchantAccount
    company: Company

    def __post_init__(self) -> None:
        self.customer = make_customer(self.company)
        self.invoice = make_invoice(self.company, customer=self.customer)
        self.row = waiting_payment(self.account)

    def other(self, **fields: Any) -> int:
        fields.setdefault("customer", self.customer)
        return make_invoice(self.company, **fields).pk

    def shares(self, amount: int = 10_000, **more: int) -> dict[str, Any]:
        return {"shares": [Share(self.invoice.pk, amount, **more)]}

    def memo(self, amount: int, **fields: Any) -> dict[str, Any]:
        fields = {"tran_type": 502, "payable": "-10.00"} | fields
        credit = Credit(self.other(**fields), self.invoice.pk, amount)
        return {"shares": [Share(self.invoice.pk, 8_000)], "unapplied": 2_000, "credits": [credit]}


Change = Callable[[Books], dict[str, Any]]
REFUSED: dict[str, tuple[str, Change]] = {
    "too little": ("add up to 99.99", lambda b: b.shares(9_999) | {"unapplied": 0}),
    "too much": ("add up to 100.01", lambda b: b.shares() | {"unapplied": 1}),
    "negative": ("negative", lambda b: b.shares(11_000) | {"unapplied": -1_000}),
    "negative share": (
        "negative",
        lambda b: {"shares": [Share(b.invoice.pk, 10_100), Share(b.other(), -100)]},
    ),
    "nothing to one": (
        "get something",
        lambda b: {"shares": [Share(b.invoice.pk, 10_000), Share(b.other(), 0)]},
    ),
    "absurd": ("larger", lambda b: b.shares(10**15) | {"unapplied": 0}),
    "twice": (
        "named twice",
        lambda b: {"shares": [Share(b.invoice.pk, 5_000), Share(b.invoice.pk, 5_000)]},
    ),
    "another currency": (
        "is in CAD",
        lambda b: {"shares": [Share(b.other(currency="CAD"), 10_000)]},
    ),
    "another customer": (
        "not to this customer",
        lambda b: {"shares": [Share(b.other(customer=None), 10_000)]},
    ),
    "a memo paid": (
        "takes payments",
        lambda b: {"shares": [Share(b.other(tran_type=502), 10_000)]},
    ),
    "an invoice as memo": ("no credit memo", lambda b: b.memo(100, tran_type=501)),
    "a memo used up": ("takes 10.00 USD now", lambda b: b.memo(1_001)),
    "a memo beside it": (
        "does not pay",
        lambda b: {"credits": [Credit(b.other(tran_type=502), b.other(), 1)]},
    ),
    "no such document": ("not in this company", lambda b: {"shares": [Share(10**9, 10_000)]}),
    "no such customer": ("not one of", lambda b: {"customer_id": 10**9}),
    "no discount left": ("discount of 0.00", lambda b: b.shares(discount=1)),
    "no account named": ("No account", lambda b: b.shares(write_off=1)),
    "no such account": (
        "no active GL account 9",
        lambda b: b.shares(write_off=1) | {"write_off_account": "9"},
    ),
    "more than is open": (
        "takes 100.00 USD now",
        lambda b: b.shares(write_off=1) | {"write_off_account": "1010-000"},
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_may_not_be_is_refused_and_nothing_written(
    account: MerchantAccount, company: Company, name: str
) -> None:
    books = Books(account, company)
    message, change = REFUSED[name]
    with pytest.raises(RuleError, match=message):
        choose(books.row, books.invoice, **change(books))
    assert not Match.objects.exists()
    assert not CashReceipt.objects.exists()
    assert buckets(books.row) == {"captured": "100.00", "unidentified": "100.00"}


def test_an_invoice_of_another_company_is_not_there(
    account: MerchantAccount, company: Company
) -> None:
    row, foreign = waiting_payment(account), make_invoice(make_company())
    with pytest.raises(RuleError, match="not in this company"):
        choose(row, shares=[Share(foreign.pk, 10_000)], customer_id=make_customer(company).pk)
    with pytest.raises(RuleError, match="not one of"):
        choose(row, customer_id=foreign.customer_id)


def test_an_inactive_customer_takes_no_receipt(account: MerchantAccount, company: Company) -> None:
    customer = make_customer(company, is_active=False)
    with pytest.raises(RuleError, match="not active"):
        choose(waiting_payment(account), customer_id=customer.pk)


def test_without_a_mapping_nothing_is_applied(account: MerchantAccount, company: Company) -> None:
    GLMapping.objects.update(ended_on="2026-02-01")
    with pytest.raises(RuleError, match="GL mapping"):
        choose(waiting_payment(account), make_invoice(company))


def test_a_parent_pays_for_its_children(account: MerchantAccount, company: Company) -> None:
    parent = make_customer(company, "HQ")
    one = make_invoice(company, "40.00", customer=make_customer(company, national_parent_id="HQ"))
    two = make_invoice(company, "60.00", customer=make_customer(company, national_parent_id="HQ"))
    shares = [Share(one.pk, 4_000), Share(two.pk, 6_000)]
    match = choose(waiting_payment(account), shares=shares, customer_id=parent.pk)
    assert match.customer_id == parent.pk
    assert prove(now=NOW).violations == []


def test_the_second_person_is_told_who_was_quicker(
    account: MerchantAccount, company: Company
) -> None:
    row, invoice = waiting_payment(account), make_invoice(company)
    choose(row, invoice, actor="bob")
    with pytest.raises(ConflictError, match="bob matched this payment"):
        choose(row, invoice)
    unmatch(row.pk, actor="eve", reason="wrong", now=NOW)
    with pytest.raises(ConflictError, match="eve undid"):
        choose(row, invoice, expected_revision=0)
    with pytest.raises(ConflictError, match="eve undid"):
        unmatch(row.pk, actor="ada", reason="wrong", now=NOW)
    row.refresh_from_db()
    choose(row, invoice, expected_revision=row.revision)


def test_an_invoice_that_another_payment_took_meanwhile_is_refused(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    choose(waiting_payment(account), invoice)
    with pytest.raises(OverApplicationError, match=r"takes 0.00 USD now"):
        choose(waiting_payment(account), invoice)


@pytest.mark.parametrize("back", ["void", "part"])
def test_money_that_went_back_meanwhile_is_not_applied(
    account: MerchantAccount, company: Company, back: str
) -> None:
    row, invoice = waiting_payment(account), make_invoice(company)
    voided = sale(row.gateway_id, state=State.VOIDED)
    gone = voided if back == "void" else refund(row.gateway_id, "0.40")
    record_transactions(account, [gone], now=NOW)
    with pytest.raises(RuleError):
        choose(row, invoice)
    assert not Match.objects.exists()


def test_what_a_person_undid_is_offered_and_never_applied_again_by_itself(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    row = waiting_payment(account, invoice_reference=invoice.tran_id)
    match_company(company.pk, now=NOW)
    assert Match.objects.get().actor == "paysync"
    unmatch(row.pk, actor="ada", reason="not theirs", now=NOW)
    assert match_company(company.pk, now=NOW).matched == 0
    item = ReconcilingItem.objects.get(state="open")
    assert item.reason == "needs_confirmation"
    assert item.sentence.startswith("ada undid this match before.")
    assert Proposal.objects.get().card["solutions"][0]["shares"][0]["document"] == invoice.pk
    assert buckets(row) == {"captured": "100.00", "unidentified": "100.00"}


def test_a_proposal_on_request_applies_nothing(account: MerchantAccount, company: Company) -> None:
    invoice = make_invoice(company)
    row = waiting_payment(account, invoice_reference=invoice.tran_id)
    assert propose([row.pk], now=NOW).matched == 0
    assert Proposal.objects.get().solutions >= 1
    assert GatewayTransaction.objects.get().needs_match


def test_a_credit_memo_that_the_engine_nets_opens_one_item(
    account: MerchantAccount, company: Company
) -> None:
    customer = make_customer(company, "ACME")
    invoice = make_invoice(company, "117.31", customer=customer)
    memo = make_invoice(
        company, "-30.07", customer=customer, tran_type=502, tran_id="CM-0000700001",
        tran_no="0000700001",
    )  # fmt: skip
    reference = f"{invoice.tran_id} {memo.tran_id}"
    row = waiting_payment(account, "87.24", invoice_reference=reference, gateway_customer_id="ACME")
    assert match_company(company.pk, now=NOW).matched == 1
    assert CreditUse.objects.get().amount == Decimal("30.07")
    assert Application.objects.get().amount == Decimal("87.24")
    [item] = ReconcilingItem.objects.filter(state="open")
    assert item.key == f"credit:{Match.objects.get().pk}"
    assert open_of(company, invoice, memo) == [0, 0]
    assert buckets(row) == {"captured": "87.24", "applied": "87.24"}
    assert prove(now=NOW).violations == []
