"""Many payments: the exact ones go first, in slices, and come to the same as all at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Decision
from reconciliation.models import (
    Application,
    GatewayTransaction,
    Match,
    MatchRuleSet,
    ReconcilingItem,
)
from reconciliation.services.matching import exact, match_company, run
from reconciliation.services.matching.loading import Loaded
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from tests.books import NOW, TODAY, make_customer, make_invoice, ready, sale
from tests.choosing import paid
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def books(account: MerchantAccount) -> None:
    """Some of everything; two payments that name one invoice among them."""
    company = account.company
    customer, other = make_customer(company), make_customer(company)
    invoices = [make_invoice(company, f"{n + 1}7.13", customer=customer) for n in range(12)]
    foreign = make_invoice(company, "55.55", customer=other)
    disputed = make_invoice(company, "66.66", customer=customer, in_dispute=True)
    records = [paid(f"{n + 1}7.13", invoice, f"e{n}") for n, invoice in enumerate(invoices[:8])]
    records += [
        paid("87.13", invoices[7], "twice"),
        paid("44.00", invoices[8], "part"),
        paid("107.13", invoices[9], "lower", description=f"not {invoices[10].tran_id}?"),
        sale("foreign", "55.55", invoice_reference=foreign.tran_id,
             gateway_customer_id=customer.customer_id),
        paid("66.66", disputed, "disputed"),
        sale("amount", "127.13", gateway_customer_id=customer.customer_id),
    ]  # fmt: skip
    record_transactions(account, records, now=NOW)


def outcome() -> tuple[set[tuple[str, str, str]], set[tuple[str, str]]]:
    applied = Application.objects.values_list(
        "match__transaction__gateway_id", "invoice__total", "amount"
    )
    items = ReconcilingItem.objects.filter(state="open")
    return (
        {(name, f"{total:.2f}", f"{amount:.2f}") for name, total, amount in applied},
        set(items.values_list("transaction__gateway_id", "reason")),
    )


@pytest.mark.parametrize("slice_size", [1, 3, 100])
def test_in_slices_it_comes_to_the_same(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch, slice_size: int
) -> None:
    books(account)
    first = match_company(account.company_id, now=NOW)
    expected = outcome()
    assert first.matched >= 8
    ReconcilingItem.objects.all().delete()
    other = make_merchant_account(connection=account.connection)
    ready(other)
    Application.objects.all().delete()
    monkeypatch.setattr(exact, "WORTH_SLICING", 1)
    monkeypatch.setattr(exact, "SLICE", slice_size)
    books(other)
    before = Match.objects.count()
    second = match_company(other.company_id, now=NOW)
    assert (second.seen, second.matched, second.left) == (first.seen, first.matched, first.left)
    assert outcome() == expected
    assert Match.objects.count() - before == first.matched


def test_few_payments_are_not_sliced(account: MerchantAccount) -> None:
    books(account)
    assert list(exact.exact_slices(account.company, NOW)) == []


def test_the_proof_holds_after_slices(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "WORTH_SLICING", 1)
    monkeypatch.setattr(exact, "SLICE", 2)
    books(account)
    [first, *_] = exact.exact_slices(account.company, NOW)
    assert len(first.documents) == len(first.payments) == 2
    match_company(account.company_id, now=NOW)
    assert prove(now=NOW).violations == []


def test_what_an_older_payment_names_is_left_to_the_run_over_everything(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried before, waiting still, and with a tab that no database trims."""
    invoice = make_invoice(account.company, "70.00", customer=make_customer(account.company))
    record_transactions(account, [paid("30.00", invoice, "older")], now=NOW)
    GatewayTransaction.objects.update(
        match_tried_at=NOW, invoice_reference=f"{invoice.tran_id}\t", customer=None
    )
    record_transactions(account, [paid("70.00", invoice, "newer")], now=NOW)
    monkeypatch.setattr(exact, "WORTH_SLICING", 0)
    assert list(exact.exact_slices(account.company, NOW)) == []


def test_rules_put_in_force_in_between_decide_the_rest(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = make_invoice(account.company, "70.00", customer=make_customer(account.company))
    record_transactions(account, [paid("70.00", invoice, "one")], now=NOW)
    real = run.decide

    def decide_slowly(loaded: Loaded) -> list[Decision]:
        decisions = real(loaded)
        MatchRuleSet.objects.create(
            company=account.company, version=1, state="active", valid_from=TODAY, drafted_by="ada",
            drafted_at=NOW, activated_by="bob", activated_at=NOW + timedelta(seconds=1),
        )  # fmt: skip
        return decisions

    monkeypatch.setattr(run, "decide", decide_slowly)
    assert (match_company(account.company_id, now=NOW).postponed, Match.objects.count()) == (1, 0)
