"""Several people, or a person and the engine, at one payment or one invoice at the same moment."""

from __future__ import annotations

import pytest

from paysync.domain.errors import ConflictError, OverApplicationError
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.models import CashReceipt, Match
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.releasing import unmatch
from tests.books import NOW, make_invoice, ready
from tests.choosing import choose, open_of, waiting_payment
from tests.factories import make_merchant_account
from tests.workers import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def test_of_two_people_at_one_payment_the_second_is_told(
    account: MerchantAccount, company: Company
) -> None:
    row, invoice = waiting_payment(account), make_invoice(company, "500.00")
    done = in_threads(3, lambda n: choose(row, invoice, actor=f"person {n}"))
    assert sum(isinstance(one, Match) for one in done) == 1
    told = [one for one in done if isinstance(one, ConflictError)]
    assert len(told) == 2
    winner = Match.objects.get().actor
    assert all(str(one).startswith(f"{winner} matched this payment") for one in told)
    assert CashReceipt.objects.count() == 1
    assert prove(now=NOW).violations == []


def test_two_payments_at_one_invoice_never_take_more_than_it_has(
    account: MerchantAccount, company: Company
) -> None:
    rows, invoice = [waiting_payment(account) for _ in range(3)], make_invoice(company, "250.00")
    done = in_threads(3, lambda n: choose(rows[n], invoice))
    assert sum(isinstance(one, Match) for one in done) == 2
    assert sum(isinstance(one, OverApplicationError) for one in done) == 1
    assert open_of(company, invoice) == [5_000]
    assert prove(now=NOW).violations == []


def test_a_person_and_the_engine_match_a_payment_once(
    account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    row = waiting_payment(account, invoice_reference=invoice.tran_id)

    def work(number: int) -> object:
        return match_company(company.pk, now=NOW) if number else choose(row, invoice)

    in_threads(2, work)
    assert Match.objects.filter(ended_at__isnull=True).count() == 1
    assert prove(now=NOW).violations == []


def test_a_match_is_undone_once(account: MerchantAccount, company: Company) -> None:
    row, invoice = waiting_payment(account), make_invoice(company)
    choose(row, invoice)
    done = in_threads(2, lambda n: unmatch(row.pk, actor=f"p{n}", reason="wrong", now=NOW))
    assert sum(isinstance(one, ConflictError) for one in done) == 1
    assert open_of(company, invoice) == [10_000]
    assert prove(now=NOW).violations == []
