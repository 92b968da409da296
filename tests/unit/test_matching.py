"""The first matching rules: what pays what, what is left over, and what is said about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.ledger import InvoiceType
from paysync.domain.money import Money
from reconciliation.domain.matching import (
    BY_AMOUNT,
    BY_REFERENCE,
    Candidate,
    Decision,
    LeftOver,
    Matched,
    OpenPayment,
    is_representable,
    match,
    number_of,
)
from reconciliation.domain.reasons import ADVICE, TITLES, Reason

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
ACME, GLOBEX, PARENT = 1, 2, 9
LABELS = {ACME: "Acme", GLOBEX: "Globex", PARENT: "Acme Holding"}


def usd(text: str) -> Money:
    return Money.parse(text)


def payment(
    amount: Money | str = "100.00",
    reference: str = "",
    customer: int | None = None,
    *,
    id: int = 1,
    minute: int = 0,
) -> OpenPayment:
    money = usd(amount) if isinstance(amount, str) else amount
    return OpenPayment(id, money, reference, customer, NOON + timedelta(minutes=minute))


def invoice(
    number: int = 12345,
    available: Money | str = "100.00",
    customer: int = ACME,
    *,
    type: InvoiceType = InvoiceType.INVOICE,
    parent: int | None = None,
    is_active: bool = True,
    in_dispute: bool = False,
) -> Candidate:
    prefix = {InvoiceType.CREDIT_MEMO: "CM", InvoiceType.DEBIT_MEMO: "DM"}.get(type, "IN")
    return Candidate(
        id=number * 10 + type % 10,
        tran_id=f"{prefix}-{number:010d}",
        tran_no=f"{number:010d}",
        tran_type=type,
        customer_id=customer,
        customer_label=LABELS[customer],
        customer_is_active=is_active,
        parent_customer_id=parent,
        available=usd(available) if isinstance(available, str) else available,
        in_dispute=in_dispute,
    )


def matched(one: OpenPayment, *candidates: Candidate) -> Matched:
    (decision,) = match([one], candidates)
    assert isinstance(decision, Matched), decision
    return decision


def left(one: OpenPayment, *candidates: Candidate) -> LeftOver:
    (decision,) = match([one], candidates)
    assert isinstance(decision, LeftOver), decision
    return decision


# --- rule 1: the reference names the invoice ----------------------------------------------------


def test_a_payment_pays_the_invoice_its_reference_names() -> None:
    found = matched(payment("100.00", "IN-0000012345", ACME), invoice(12345, "100.00"))
    assert found.rule == BY_REFERENCE
    assert found.customer_id == ACME
    assert found.applications == ((invoice(12345).id, usd("100.00")),)
    assert (found.unapplied, found.reason) == (usd("0.00"), None)
    assert found.sentence == "Pays IN-0000012345 of Acme, named by the reference."
    assert found.signals == (
        "the reference names the invoice",
        "the payer is the invoice's customer",
        "the amount is exactly what is open",
    )


def test_a_reference_is_enough_when_the_payer_is_unknown_and_says_no_more_than_that() -> None:
    found = matched(payment("40.00", "12345", None), invoice(12345, "100.00"))
    assert found.customer_id == ACME
    assert found.signals == ("the reference names the invoice",)


@pytest.mark.parametrize(
    "reference", ["IN-0000012345", " in-0000012345 ", "12345", "0012345", "inv 12345", "#12345"]
)
def test_a_reference_names_its_invoice_in_many_spellings(reference: str) -> None:
    assert matched(payment("100.00", reference), invoice(12345), invoice(123)).applications


def test_a_smaller_payment_pays_in_part_and_says_what_stays_open() -> None:
    found = matched(payment("30.00", "12345", ACME), invoice(12345, "100.00"))
    assert found.applications == ((invoice(12345).id, usd("30.00")),)
    assert "70.00 USD stays open" in found.sentence
    assert found.reason is None


def test_a_larger_payment_fills_the_invoice_and_the_rest_is_an_overpayment() -> None:
    found = matched(payment("100.01", "12345", ACME), invoice(12345, "100.00"))
    assert found.applications == ((invoice(12345).id, usd("100.00")),)
    assert found.unapplied == usd("0.01")
    assert found.reason == Reason.OVERPAYMENT
    assert "0.01 USD more than was open (100.00 USD)" in found.sentence


def test_a_single_cent_is_paid_and_taken() -> None:
    found = matched(payment("0.01", "12345", ACME), invoice(12345, "0.01"))
    assert found.applications == ((invoice(12345).id, usd("0.01")),)
    assert not found.unapplied


def test_a_parent_pays_for_its_child() -> None:
    found = matched(
        payment("100.00", "12345", PARENT), invoice(12345, customer=ACME, parent=PARENT)
    )
    assert found.customer_id == ACME
    assert "the payer is the invoice's customer" not in found.signals


def test_a_child_does_not_pay_for_its_parent() -> None:
    found = left(payment("100.00", "12345", ACME), invoice(12345, customer=PARENT))
    assert found.reason == Reason.CUSTOMER_MISMATCH


def test_a_debit_memo_takes_a_payment_too() -> None:
    memo = invoice(12345, type=InvoiceType.DEBIT_MEMO)
    assert matched(payment("100.00", memo.tran_id, ACME), memo).applications[0][0] == memo.id


def test_a_full_id_names_one_document_though_its_number_is_used_twice() -> None:
    bill, memo = invoice(12345), invoice(12345, type=InvoiceType.CREDIT_MEMO)
    found = matched(payment("100.00", bill.tran_id, ACME), memo, bill)
    assert found.applications[0][0] == bill.id


# --- rule 2: a known payer and an exact amount --------------------------------------------------


def test_without_a_reference_the_payers_only_invoice_of_that_amount_is_paid() -> None:
    found = matched(
        payment("100.00", "", ACME),
        invoice(1, "99.99"),
        invoice(2, "100.00"),
        invoice(3, "100.00", GLOBEX),
    )
    assert found.rule == BY_AMOUNT
    assert found.applications == ((invoice(2).id, usd("100.00")),)
    assert not found.unapplied
    assert found.sentence == (
        "Pays IN-0000000002: the only open invoice of Acme of exactly 100.00 USD."
    )


@pytest.mark.parametrize(
    "other",
    [
        invoice(2, "100.00", in_dispute=True),
        invoice(2, "100.00", type=InvoiceType.CREDIT_MEMO),
        invoice(2, Money(Decimal(100), "CAD")),
    ],
    ids=["in dispute", "credit memo", "other currency"],
)
def test_a_document_that_cannot_be_paid_does_not_make_an_amount_ambiguous(other: Candidate) -> None:
    found = matched(payment("100.00", "", ACME), invoice(1, "100.00"), other)
    assert found.applications == ((invoice(1).id, usd("100.00")),)


@pytest.mark.parametrize("reference", [" ", "\t \n", "\xa0"])
def test_a_reference_of_blanks_is_none(reference: str) -> None:
    found = matched(payment("100.00", reference, ACME), invoice(1, "100.00"))
    assert found.rule == BY_AMOUNT


def test_a_parents_payment_without_a_reference_is_not_spent_on_its_child() -> None:
    found = left(payment("100.00", "", PARENT), invoice(1, "100.00", ACME, parent=PARENT))
    assert found.reason == Reason.NO_EXACT_AMOUNT


# --- what is left over --------------------------------------------------------------------------

BILL = invoice(12345, "100.00")
MEMO = invoice(12345, "100.00", type=InvoiceType.CREDIT_MEMO)
LEFT_OVER = [
    (Reason.BAD_AMOUNT, payment("0.00", "12345", ACME), [BILL], "0.00 USD"),
    (Reason.BAD_AMOUNT, payment("-5.00", "", ACME), [BILL], "-5.00 USD"),
    (Reason.BAD_TEXT, payment("100.00", "请求 12345", ACME), [BILL], "cannot hold"),
    (Reason.BAD_TEXT, payment("100.00", "12345\x07", ACME), [BILL], "cannot hold"),
    (Reason.UNIDENTIFIED, payment("100.00", "", None), [BILL], "payer is not known"),
    (Reason.UNKNOWN_INVOICE, payment("100.00", "777"), [BILL], '"777" names no invoice'),
    (Reason.UNKNOWN_INVOICE, payment("100.00", "thanks!"), [BILL], '"thanks!" names no'),
    (Reason.NO_EXACT_AMOUNT, payment("99.99", "", ACME), [BILL], "exactly 99.99 USD"),
    (Reason.NO_EXACT_AMOUNT, payment("100.00", "", GLOBEX), [BILL], "exactly 100.00 USD"),
    (
        Reason.AMBIGUOUS,
        payment("100.00", "12345", ACME),
        [BILL, MEMO],
        '"12345" can mean 2: CM-0000012345, IN-0000012345.',
    ),
    (
        Reason.AMBIGUOUS,
        payment("100.00", "", ACME),
        [invoice(2), invoice(1)],
        "2 invoices fit: IN-0000000001, IN-0000000002.",
    ),
    (Reason.NOT_PAYABLE, payment("100.00", "CM-0000012345", ACME), [MEMO], "CM-0000012345"),
    (
        Reason.CURRENCY_MISMATCH,
        payment(Money(Decimal(100), "CAD"), "12345", ACME),
        [BILL],
        "is in USD, the payment in CAD",
    ),
    (Reason.CUSTOMER_MISMATCH, payment("100.00", "12345", GLOBEX), [BILL], "belongs to Acme"),
    (
        Reason.INACTIVE_CUSTOMER,
        payment("100.00", "12345", ACME),
        [invoice(12345, is_active=False)],
        "Acme of IN-0000012345 is not active",
    ),
    (
        Reason.INACTIVE_CUSTOMER,
        payment("100.00", "", ACME),
        [invoice(12345, is_active=False)],
        "Acme is not active",
    ),
    (
        Reason.INVOICE_IN_DISPUTE,
        payment("100.00", "12345", ACME),
        [invoice(12345, in_dispute=True)],
        "in dispute",
    ),
    (Reason.ALREADY_PAID, payment("100.00", "12345"), [invoice(12345, "0.00")], "already paid"),
    (Reason.ALREADY_PAID, payment("100.00", "12345"), [invoice(12345, "-3.00")], "already paid"),
]


@pytest.mark.parametrize(
    ("reason", "one", "candidates", "said"),
    LEFT_OVER,
    ids=[f"{reason}-{number}" for number, (reason, *_) in enumerate(LEFT_OVER)],
)
def test_a_payment_that_no_rule_explains_is_left_over_with_its_reason(
    reason: Reason, one: OpenPayment, candidates: list[Candidate], said: str
) -> None:
    found = left(one, *candidates)
    assert (found.payment_id, found.reason) == (one.id, reason)
    assert found.customer_id == one.customer_id
    assert said in found.sentence
    assert found.sentence.endswith(".")


def test_a_wrong_reference_is_not_overruled_by_a_fitting_amount_but_it_is_said() -> None:
    found = left(payment("100.00", "IN-0000099999", ACME), invoice(12345, "100.00"))
    assert found.reason == Reason.UNKNOWN_INVOICE
    assert found.sentence == (
        '"IN-0000099999" names no invoice in Sage 500; would have matched IN-0000012345 '
        "by amount without a reference."
    )


@pytest.mark.parametrize("payer", [None, GLOBEX])
def test_nothing_is_said_of_an_amount_that_fits_somebody_else(payer: int | None) -> None:
    found = left(payment("100.00", "99999", payer), invoice(12345, "100.00"))
    assert "would have matched" not in found.sentence


def test_nothing_is_said_of_an_amount_that_fits_twice() -> None:
    found = left(payment("100.00", "99999", ACME), invoice(1), invoice(2))
    assert "would have matched" not in found.sentence


def test_a_long_reference_is_cut_in_the_sentence() -> None:
    found = left(payment("100.00", "x" * 500, None), invoice(1))
    assert f'"{"x" * 40}" names no invoice' in found.sentence


def test_an_ambiguity_names_at_most_five_documents_and_how_many_there_are() -> None:
    found = left(payment("100.00", "", ACME), *[invoice(number) for number in range(1, 8)])
    assert "7 invoices fit" in found.sentence
    assert found.sentence.count("IN-") == 5


def test_a_number_that_means_many_documents_names_at_most_five_of_them() -> None:
    many = [replace(invoice(12345), id=n, tran_id=f"I{n}-0000012345") for n in range(1, 8)]
    found = left(payment("100.00", "12345", ACME), *many)
    assert '"12345" can mean 7: ' in found.sentence
    assert found.sentence.count("-0000012345") == 5


# --- several payments ---------------------------------------------------------------------------


def test_the_older_payment_goes_first_and_the_second_finds_the_invoice_paid() -> None:
    late = payment("100.00", "12345", ACME, id=1, minute=5)
    early = payment("100.00", "12345", ACME, id=2, minute=0)
    first, second = match([late, early], [invoice(12345, "100.00")])
    assert isinstance(first, Matched) and first.payment_id == early.id
    assert isinstance(second, LeftOver) and second.payment_id == late.id
    assert second.reason == Reason.ALREADY_PAID


def test_of_two_payments_of_one_instant_the_lower_id_goes_first() -> None:
    both = [payment("100.00", "", ACME, id=8), payment("100.00", "", ACME, id=7)]
    assert [decision.payment_id for decision in match(both, [invoice(1)])] == [7, 8]


def test_part_payments_fill_an_invoice_to_the_cent_and_no_further() -> None:
    three = [payment("40.00", "12345", ACME, id=n, minute=n) for n in (1, 2, 3)]
    found = match(three, [invoice(12345, "100.00")])
    assert [d.applications[0][1] for d in found if isinstance(d, Matched)] == [
        usd("40.00"),
        usd("40.00"),
        usd("20.00"),
    ]
    assert isinstance(found[2], Matched) and found[2].unapplied == usd("20.00")


def test_an_amount_fits_what_an_earlier_payment_left_open() -> None:
    part = payment("60.00", "12345", ACME, id=1, minute=0)
    rest = payment("40.00", "", ACME, id=2, minute=1)
    found = match([part, rest], [invoice(12345, "100.00")])
    assert [d.rule for d in found if isinstance(d, Matched)] == [BY_REFERENCE, BY_AMOUNT]


def test_one_invoice_is_not_found_twice_by_its_amount() -> None:
    both = [payment("100.00", "", ACME, id=n, minute=n) for n in (1, 2)]
    first, second = match(both, [invoice(12345, "100.00")])
    assert isinstance(first, Matched)
    assert isinstance(second, LeftOver) and second.reason == Reason.NO_EXACT_AMOUNT


def test_no_payments_give_no_decisions() -> None:
    assert match([], [invoice(1)]) == []


# --- for any book at all ------------------------------------------------------------------------

#: Few values, so that numbers, payers and amounts collide often.
AMOUNTS = st.builds(
    Money,
    st.sampled_from([Decimal(n) for n in (-1, 0, 1, 2, 3, 5, 8)]),
    st.sampled_from(["USD", "USD", "USD", "CAD"]),
)
CUSTOMERS = st.sampled_from([ACME, GLOBEX, PARENT])
REFERENCES = st.one_of(
    st.sampled_from(["", "", "IN-0000000001", "1", "2", "#003", "CM-0000000002", "9", "é\u4e2d"]),
    st.text(max_size=6),
)
CANDIDATES = st.lists(
    st.builds(
        invoice,
        st.integers(1, 4),
        AMOUNTS,
        CUSTOMERS,
        type=st.sampled_from([InvoiceType.INVOICE, InvoiceType.CREDIT_MEMO]),
        parent=st.none() | CUSTOMERS,
        is_active=st.sampled_from([True, True, True, False]),
        in_dispute=st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
    unique_by=lambda candidate: candidate.id,
)
PAYMENTS = st.lists(
    st.builds(
        payment,
        AMOUNTS,
        REFERENCES,
        st.none() | CUSTOMERS,
        id=st.integers(1, 50),
        minute=st.integers(0, 3),
    ),
    max_size=10,
    unique_by=lambda one: one.id,
)


def matches_of(decisions: list[Decision]) -> list[Matched]:
    return [decision for decision in decisions if isinstance(decision, Matched)]


@given(payments=PAYMENTS, candidates=CANDIDATES)
def test_every_payment_is_decided_exactly_once_and_says_why(
    payments: list[OpenPayment], candidates: list[Candidate]
) -> None:
    decisions = match(payments, candidates)
    assert Counter(d.payment_id for d in decisions) == Counter(one.id for one in payments)
    assert all(decision.sentence.endswith(".") for decision in decisions)


@given(payments=PAYMENTS, candidates=CANDIDATES)
def test_no_document_is_given_more_than_it_has_nor_anything_it_may_not_take(
    payments: list[OpenPayment], candidates: list[Candidate]
) -> None:
    by_id = {candidate.id: candidate for candidate in candidates}
    given_to: dict[int, Money] = {}
    for found in matches_of(match(payments, candidates)):
        for key, amount in found.applications:
            assert amount.amount > 0
            given_to[key] = given_to.get(key, Money.zero(amount.currency)) + amount
    for key, amount in given_to.items():
        assert amount <= by_id[key].available
        assert by_id[key].tran_type == InvoiceType.INVOICE
        assert by_id[key].customer_is_active
        assert not by_id[key].in_dispute


@given(payments=PAYMENTS, candidates=CANDIDATES)
def test_applied_and_unapplied_are_the_whole_payment(
    payments: list[OpenPayment], candidates: list[Candidate]
) -> None:
    amounts = {one.id: one.amount for one in payments}
    for found in matches_of(match(payments, candidates)):
        paid = amounts[found.payment_id]
        applied = Money.total((amount for _, amount in found.applications), paid.currency)
        assert applied + found.unapplied == paid
        assert found.unapplied.amount >= 0
        assert (found.reason == Reason.OVERPAYMENT) == bool(found.unapplied)


@given(payments=PAYMENTS, candidates=CANDIDATES, data=st.data())
def test_the_order_of_payments_and_invoices_does_not_matter(
    payments: list[OpenPayment], candidates: list[Candidate], data: st.DataObject
) -> None:
    other = match(
        data.draw(st.permutations(payments)),
        data.draw(st.permutations(candidates)),
    )
    assert other == match(payments, candidates)


@given(payments=PAYMENTS, candidates=CANDIDATES)
def test_a_known_payer_pays_only_itself_or_a_child(
    payments: list[OpenPayment], candidates: list[Candidate]
) -> None:
    payers = {one.id: one.customer_id for one in payments}
    by_id = {candidate.id: candidate for candidate in candidates}
    for found in matches_of(match(payments, candidates)):
        paid = by_id[found.applications[0][0]]
        assert found.customer_id == paid.customer_id
        assert payers[found.payment_id] in {None, paid.customer_id, paid.parent_customer_id}


# --- reading a reference ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("IN-0000012345", "12345"),
        ("inv 12345", "12345"),
        ("Inv. #12345", "12345"),
        ("invoice: 12345", "12345"),
        ("#12345", "12345"),
        ("0012345", "12345"),
        ("  12345\t", "12345"),
        ("10", "10"),
        ("1234567890", "1234567890"),
        ("0001234567890", "1234567890"),
        ("", ""),
        ("thanks", ""),
        ("12345 and 12346", ""),
        ("12345/1", ""),
        ("12345-IN", ""),
        ("invoiceno 12345", ""),
        ("12345678901", ""),
        ("-12345", ""),
        ("123.45", ""),
    ],
)
def test_the_number_in_a_reference(reference: str, number: str) -> None:
    assert number_of(reference) == number


@given(number=st.integers(1, 9_999_999_999), prefix=st.sampled_from(["", "IN-", "inv ", "#", "00"]))
def test_a_number_is_found_behind_any_usual_prefix(number: int, prefix: str) -> None:
    assert number_of(f"{prefix}{number}") == str(number)


@pytest.mark.parametrize("text", ["", "IN-1", "Müller & Söhne", "€ 5 – “paid”", "Œuvre"])
def test_text_of_windows_1252_is_representable(text: str) -> None:
    assert is_representable(text)


@pytest.mark.parametrize("text", ["中", "Łódź", "🙂", "a\nb", "\x00", "a\tb", "\x81", "‏"])
def test_other_letters_and_control_characters_are_not_representable(text: str) -> None:
    assert not is_representable(text)


# --- the reasons --------------------------------------------------------------------------------


def test_every_reason_has_a_heading_of_its_own_and_an_advice() -> None:
    assert set(TITLES) == set(ADVICE) == set(Reason)
    assert len({reason.heading for reason in Reason}) == len(Reason)
    assert all(reason.advice.endswith(".") for reason in Reason)


def test_the_choices_of_a_reason_are_its_value_and_heading() -> None:
    assert dict(Reason.choices())["ambiguous"] == "Several invoices fit"
