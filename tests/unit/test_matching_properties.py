"""What holds for any book and any payments."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import KEPT, Decision, Outcome, Solution
from reconciliation.domain.matching.rules import Strategy
from tests.engine import ACME, GLOBEX, HOLDING, TODAY, document, payment

#: Few values, so that numbers, payers and amounts collide often.
AMOUNTS = st.sampled_from([-1, 0, 1, 2, 3, 5, 8, 101, 103, 10**17])
CUSTOMERS = st.sampled_from([ACME, GLOBEX, HOLDING])
CURRENCIES = st.sampled_from(["USD", "USD", "USD", "JPY"])
REFERENCES = st.one_of(
    st.sampled_from(
        ["", "", "IN-0000000001", "inv 1", "2", "#003", "1/2", "1-4", "CM-0000000002", "12", "P-7",
         "inv 1, inv 2", "IN-000000000l", "\u4e2d", "deposit", "9"]
    ),
    st.text(max_size=6),
)  # fmt: skip
DAYS = st.sampled_from([-40, -3, 0, 9])


def dated(number: int, open: int, customer: int, days: int, **fields: object) -> Document:
    fields["discount_until"] = TODAY + timedelta(days=days)
    return document(number, open, customer, tran_date=TODAY + timedelta(days=days), **fields)


DOCUMENTS = st.lists(
    st.builds(
        dated,
        st.integers(1, 6),
        AMOUNTS,
        CUSTOMERS,
        DAYS,
        tran_type=st.sampled_from(
            [InvoiceType.INVOICE, InvoiceType.INVOICE, InvoiceType.CREDIT_MEMO]
        ),
        parent_customer_id=st.sampled_from([None, None, HOLDING]),
        customer_is_active=st.sampled_from([True, True, True, False]),
        in_dispute=st.sampled_from([False, False, False, True]),
        discount=st.sampled_from([0, 0, 1, 2]),
        currency=CURRENCIES,
        customer_po=st.sampled_from(["", "", "P-7"]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)
PAYMENTS = st.lists(
    st.builds(
        payment,
        AMOUNTS,
        REFERENCES,
        st.none() | CUSTOMERS,
        id=st.integers(1, 50),
        minute=st.integers(0, 3),
        currency=CURRENCIES,
        texts=st.sampled_from([(), (), ("inv 3",), ("call 2",)]),
        payer_label=st.sampled_from(["", "", "C001", "c002"]),
        payer_name=st.sampled_from(["", "Acme Anvils", "Ann Lee"]),
        aliases=st.sampled_from([(), (GLOBEX,)]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


def applied(decisions: list[Decision]) -> list[Solution]:
    return [d.solutions[0] for d in decisions if d.outcome is Outcome.AUTO]


@given(payments=PAYMENTS, documents=DOCUMENTS)
def test_every_payment_is_decided_once_and_says_why(
    payments: list[OpenPayment], documents: list[Document]
) -> None:
    decisions = match(payments, documents)
    assert Counter(d.payment_id for d in decisions) == Counter(one.id for one in payments)
    for decision in decisions:
        assert decision.sentence.endswith(".") and len(decision.sentence) <= 300
        assert len(decision.solutions) <= KEPT
        assert (decision.outcome is Outcome.AUTO) or decision.reason
        assert (decision.outcome is Outcome.NONE) == (not decision.solutions)
        assert all(len(text) <= 300 for text in (*decision.stopped, *decision.near_misses))


@given(payments=PAYMENTS, documents=DOCUMENTS)
def test_no_document_is_given_more_than_it_has_nor_anything_it_may_not_take(
    payments: list[OpenPayment], documents: list[Document]
) -> None:
    by_id = {one.id: one for one in documents}
    taken: Counter[int] = Counter()
    for solution in applied(match(payments, documents)):
        for share in solution.shares:
            one = by_id[share.document_id]
            assert share.amount > 0 and share.discount >= 0 and share.write_off >= 0
            assert one.is_payable and one.customer_is_active and not one.in_dispute
            taken[one.id] += share.taken
        for credit in solution.credits:
            assert credit.amount > 0 and by_id[credit.memo_id].is_credit
            taken[credit.memo_id] += credit.amount
            taken[credit.document_id] += credit.amount
    assert all(amount <= by_id[key].open for key, amount in taken.items())


@given(payments=PAYMENTS, documents=DOCUMENTS)
def test_shares_and_rest_are_the_whole_payment_in_every_suggestion(
    payments: list[OpenPayment], documents: list[Document]
) -> None:
    by_id = {one.id: one for one in payments}
    currency = {one.id: one.currency for one in documents}
    for decision in match(payments, documents):
        one = by_id[decision.payment_id]
        for solution in decision.solutions:
            assert solution.unapplied >= 0
            assert sum(s.amount for s in solution.shares) + solution.unapplied == one.amount
            assert all(currency[s.document_id] == one.currency for s in solution.shares)
            documents_once = [s.document_id for s in solution.shares]
            assert len(documents_once) == len(set(documents_once))


@given(payments=PAYMENTS, documents=DOCUMENTS, data=st.data())
def test_the_order_of_payments_and_documents_does_not_matter(
    payments: list[OpenPayment], documents: list[Document], data: st.DataObject
) -> None:
    other = match(data.draw(st.permutations(payments)), data.draw(st.permutations(documents)))
    assert other == match(payments, documents)


@given(payments=PAYMENTS, documents=DOCUMENTS)
def test_a_known_payer_pays_only_itself_or_its_children(
    payments: list[OpenPayment], documents: list[Document]
) -> None:
    payers = {one.id: one.customer_id for one in payments}
    by_id = {one.id: one for one in documents}
    for decision in match(payments, documents):
        if decision.outcome is Outcome.AUTO:
            for share in decision.solutions[0].shares:
                owner = by_id[share.document_id]
                assert payers[decision.payment_id] in {
                    None,
                    owner.customer_id,
                    owner.parent_customer_id,
                }


@given(
    payments=PAYMENTS,
    documents=DOCUMENTS,
    number=st.integers(700_000, 700_009),
    amount=st.integers(10_001, 10_009),
)
def test_an_unrelated_document_never_changes_what_is_applied_into_something_else(
    payments: list[OpenPayment], documents: list[Document], number: int, amount: int
) -> None:
    before = {d.payment_id: d for d in match(payments, documents)}
    stranger = document(number, amount, 77, customer_name="Zorro Quux", customer_label="Z77")
    for after in match(payments, [*documents, stranger]):
        was = before[after.payment_id]
        if was.outcome is Outcome.AUTO and after.outcome is Outcome.AUTO:
            assert after.solutions[0].shares == was.solutions[0].shares
        if after.outcome is Outcome.AUTO:
            assert stranger.id not in {s.document_id for s in after.solutions[0].shares}


#: Amounts that collide in pairs and triples now and then.
LEFT = st.lists(st.integers(1_003, 1_060), min_size=1, max_size=7)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(left=LEFT, data=st.data())
def test_by_payer_and_amount_the_engine_agrees_with_looking_at_every_set(
    left: list[int], data: st.DataObject
) -> None:
    """What is applied is what one set alone explains; the rivals that are shown were counted."""
    chosen = data.draw(st.sets(st.integers(0, len(left) - 1), min_size=1, max_size=4))
    amount = sum(left[i] for i in chosen)
    documents = [document(100 + 7 * i, open) for i, open in enumerate(left)]
    sets = [
        some
        for size in range(1, 7)
        for some in combinations(range(len(left)), size)
        if sum(left[i] for i in some) == amount
    ]
    (decision,) = match([payment(amount, "", ACME)], documents)
    best = decision.solutions[0]
    if decision.outcome is Outcome.AUTO:
        found = tuple(sorted((s.document_id // 10 - 100) // 7 for s in best.shares))
        assert found in sets
        assert len(sets) == 1 or len(found) == len(left)
    elif best.strategy is Strategy.SUBSET:
        assert decision.rivals == len(sets) - 1
    if len(sets) > 1 and not all(len(one) == len(left) for one in sets):
        assert decision.outcome is Outcome.SUGGEST or amount == sum(left)


@given(text=st.text(max_size=200))
def test_no_text_makes_a_payment_pay_what_its_amount_does_not_fit(text: str) -> None:
    documents = [document(12345, 10_007), document(12346, 20_013)]
    (decision,) = match([payment(7, text, None, texts=(text,))], documents)
    assert decision.outcome is not Outcome.AUTO or "1234" in text


@pytest.mark.timeout(60)
def test_hostile_books_come_to_an_end() -> None:
    same = [document(number, 10_007) for number in range(1, 1_001)]
    many = [document(number, number**2 + 7_001) for number in range(2_001, 3_001)]
    asked = [
        payment(amount, reference, ACME, id=place)
        for place, (amount, reference) in enumerate(
            [(20_014, ""), (10_007, "inv 99999"), (10**9 + 1, ""), (123_456_789, "12 " * 3_000)]
        )
    ]
    for documents in (same, many):
        assert len(match(asked, documents)) == len(asked)
