"""Shadow mode: which receipt is for which payment, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.ledger import StaffReceipt, netted
from paysync.domain.money import Money
from reconciliation.domain.shadow import (
    DAYS_AFTER,
    DAYS_BEFORE,
    Ours,
    Paired,
    ShadowPayment,
    Verdict,
    compare,
    pair,
    pairing,
)
from reconciliation.domain.shadow.verdicts import LONGEST

DAY = date(2026, 11, 20)
I1, I2 = "IN-0000000001", "IN-0000000002"


def usd(text: str) -> Money:
    return Money(Decimal(text))


PAID = ((I1, usd("100.00")),)


def payment(key: int = 1, **changes: Any) -> ShadowPayment:
    made = ShadowPayment(key, f"90000{key}", DAY, usd("100.00"), customer_id="ACME")
    return replace(made, **changes)


def receipt(key: str = "1", **changes: Any) -> StaffReceipt:
    made = StaffReceipt(key, f"CR-{key}", key, "ACME", DAY, usd("100.00"), "", True)
    return replace(made, **changes)


def names(payments: list[ShadowPayment], receipts: list[StaffReceipt]) -> dict[int, Any]:
    """Payment -> its receipt's key, or the keys of its rivals."""
    found = pair(payments, receipts)
    return {
        one.key: paired.receipt.key if paired.receipt else [r.key for r in paired.rivals]
        for one in payments
        for paired in [found.of(one.key)]
    }


@pytest.mark.parametrize(
    ("paying", "entered"),
    [
        ({}, {}),
        ({"customer_id": ""}, {"customer_id": "", "comment": "visa 900001 by phone"}),
        ({"approval_code": "a1b2c3"}, {"customer_id": "X", "comment": "APPR A1B2C3"}),
        ({"last4": "4242"}, {"customer_id": "X", "comment": "visa 4242"}),
        ({"reference": "PO-7731"}, {"customer_id": "X", "comment": "po-7731"}),
        ({"reference": "inv 0000000001"}, {"customer_id": "X", "applications": PAID}),
        ({"reference": I1}, {"customer_id": "X", "applications": PAID}),
        ({"customer_id": ""}, {"customer_id": "X", "tran_no": "900001"}),
    ],
)  # fmt: skip
def test_one_sign_besides_the_amount_is_enough(
    paying: dict[str, Any], entered: dict[str, Any]
) -> None:
    assert names([payment(**paying)], [receipt(**entered)]) == {1: "1"}


@pytest.mark.parametrize(
    ("paying", "entered"),
    [
        ({}, {"amount": usd("100.01")}),
        ({}, {"amount": Money(Decimal("100.00"), "CAD")}),
        ({}, {"customer_id": "OTHER"}),
        ({"customer_id": ""}, {"customer_id": ""}),
        ({}, {"tran_date": DAY - timedelta(days=DAYS_BEFORE + 1)}),
        ({}, {"tran_date": DAY + timedelta(days=DAYS_AFTER + 1)}),
        ({"reference": "payment"}, {"customer_id": "X", "comment": "payment by card"}),
    ],
)
def test_what_does_not_fit_is_not_paired(paying: dict[str, Any], entered: dict[str, Any]) -> None:
    assert names([payment(**paying)], [receipt(**entered)]) == {1: []}


def test_the_stronger_sign_goes_first_and_the_other_gets_what_is_left() -> None:
    paying = [payment(1, reference=I1), payment(2, reference=I2)]
    receipts = [
        receipt("a", applications=((I2, usd("100.00")),)),
        receipt("b", applications=((I1, usd("100.00")),)),
    ]
    assert names(paying, receipts) == {1: "b", 2: "a"}
    assert names([payment(1), payment(2, reference=I1)], receipts) == {1: "a", 2: "b"}


def test_a_receipt_of_the_same_day_goes_before_one_of_another() -> None:
    later = DAY + timedelta(days=7)
    paying = [payment(1), payment(2, day=later)]
    assert names(paying, [receipt("a"), receipt("b", tran_date=later)]) == {1: "a", 2: "b"}


def test_several_that_fit_equally_are_paired_with_none() -> None:
    assert names([payment()], [receipt("a"), receipt("b")]) == {1: ["a", "b"]}
    assert names([payment(1), payment(2)], [receipt("a")]) == {1: ["a"], 2: ["a"]}


days = st.integers(-5, 16).map(lambda n: DAY + timedelta(days=n))
amounts = st.sampled_from([usd("10.00"), usd("20.00")])
customers = st.sampled_from(["", "ACME", "BOLT"])
payments_of = st.builds(
    ShadowPayment,
    key=st.integers(1, 10_000),
    gateway_id=st.sampled_from(["900001", "900002"]),
    day=days,
    amount=amounts,
    customer_id=customers,
    last4=st.sampled_from(["", "4242"]),
    reference=st.sampled_from(["", I1, "inv 2000000002"]),
)
receipts_of = st.builds(
    StaffReceipt,
    key=st.integers(1, 10_000).map(str),
    tran_id=st.just("CR-1"),
    tran_no=st.sampled_from(["1", "4242"]),
    customer_id=customers,
    tran_date=days,
    amount=amounts,
    comment=st.sampled_from(["", "900001", "visa 4242"]),
    is_posted=st.booleans(),
    applications=st.sampled_from([(), ((I1, usd("10.00")),)]),
)


def test_many_of_one_customer_and_amount_cost_no_more_than_their_number() -> None:
    """A customer for everybody without a name, and a price that everybody pays."""
    many = 2_000
    paying = [payment(n, day=DAY + timedelta(days=n % 3)) for n in range(1, many + 1)]
    entered = [receipt(str(n)) for n in range(1, many + 1)]
    entered.append(receipt("blank", tran_no="", customer_id=""))
    known = replace(payment(many + 1), approval_code="A1B2C3")
    found = pair([*paying, known], [*entered, receipt("x", comment="A1B2C3")])
    assert found.of(known.key) == Paired(receipt("x", comment="A1B2C3"))
    assert all(found.of(one.key).rivals for one in paying)
    assert max(len(found.of(one.key).rivals) for one in paying) <= pairing.MOST_ALIKE


@given(
    st.lists(payments_of, max_size=8, unique_by=lambda one: one.key),
    st.lists(receipts_of, max_size=10, unique_by=lambda one: one.key),
)
def test_looking_at_fewer_makes_no_other_pair(
    paying: list[ShadowPayment], entered: list[StaffReceipt]
) -> None:
    whole = pair(paying, entered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "MOST_ALIKE", 2)
        bounded = pair(paying, entered)
    for one in paying:
        assert bounded.of(one.key).receipt in {None, whole.of(one.key).receipt}


def test_the_receipt_of_the_day_is_found_among_many() -> None:
    quiet = DAY + timedelta(days=9)
    entered = [receipt(str(n), tran_date=DAY + timedelta(days=n % 3)) for n in range(200)]
    found = pair([payment(day=quiet)], [*entered, receipt("x", tran_date=quiet)])
    assert found.of(1) == Paired(receipt("x", tran_date=quiet))


@given(
    st.lists(payments_of, max_size=8, unique_by=lambda one: one.key),
    st.lists(receipts_of, max_size=8, unique_by=lambda one: one.key),
    st.randoms(use_true_random=False),
)
def test_in_any_order_the_pairs_are_the_same_and_one_to_one(
    paying: list[ShadowPayment], entered: list[StaffReceipt], random: Any
) -> None:
    found = pair(paying, entered)
    mixed, others = list(paying), list(entered)
    random.shuffle(mixed)
    random.shuffle(others)
    again = pair(mixed, others)
    assert all(found.of(one.key) == again.of(one.key) for one in paying)
    used = [p.receipt.key for one in paying if (p := found.of(one.key)).receipt]
    assert len(used) == len(set(used))
    for one in paying:
        paired = found.of(one.key)
        for fit in (paired.receipt, *paired.rivals):
            assert fit is None or fit.amount == one.amount
        assert not (paired.receipt and paired.rivals)


def test_a_reversed_application_nets_to_nothing() -> None:
    rows = [(I1, usd("60.00")), (I1, usd("-60.00")), (I2, usd("40.00"))]
    assert netted(rows) == ((I2, usd("40.00")),)


WHY = "the reference names the invoice"
MATCHED = Ours("ACME", True, ((I1, usd("100.00")),), WHY)


def test_the_same_documents_and_amounts_are_the_same_in_any_order() -> None:
    links = ((I1, usd("60.00")), (I2, usd("40.00")))
    ours = Ours("ACME", True, links[::-1], WHY)
    told = compare(DAY, usd("100.00"), ours, Paired(receipt(applications=links)))
    assert told.verdict is Verdict.SAME


def test_a_difference_is_explained_in_one_sentence() -> None:
    told = compare(
        DAY, usd("100.00"), MATCHED, Paired(receipt(applications=((I2, usd("100.00")),)))
    )
    assert told.verdict is Verdict.DIFFERENT
    assert told.explanation == (
        f"CR-1: the staff applied 100.00 USD to {I2}; paysync would have applied it to {I1}, "
        f"because {WHY}."
    )


def test_money_on_account_is_the_same_only_on_the_same_account() -> None:
    ours = Ours("ACME", True, (), "the text says it is on account")
    same = compare(DAY, usd("100.00"), ours, Paired(receipt()))
    other = compare(DAY, usd("100.00"), ours, Paired(receipt(customer_id="BOLT")))
    assert (same.verdict, other.verdict) == (Verdict.SAME, Verdict.DIFFERENT)
    assert "to the account of BOLT; paysync would have applied it to the account of ACME" in (
        other.explanation
    )


def test_what_only_the_staff_matched_says_why_we_did_not() -> None:
    entered = Paired(receipt(applications=((I2, usd("100.00")),)))
    left = Ours("ACME", why="two invoices fit", offered=((I2, usd("100.00")),))
    told = compare(DAY, usd("100.00"), left, entered)
    assert told.verdict is Verdict.ONLY_STAFF
    assert "suggests the same first" in told.explanation
    assert told.explanation.endswith("because two invoices fit.")
    assert "suggests" not in compare(DAY, usd("100.00"), replace(left, offered=()),
                                     entered).explanation  # fmt: skip


def test_what_only_we_matched_says_where_we_looked_for_a_receipt() -> None:
    told = compare(DAY, usd("100.00"), MATCHED, Paired())
    assert told.verdict is Verdict.ONLY_US
    assert "dated 2026-11-17 to 2026-12-04" in told.explanation
    rivals = Paired(rivals=(receipt("a"), receipt("b")))
    assert "CR-a and CR-b fit it" in compare(DAY, usd("100.00"), MATCHED, rivals).explanation
    assert compare(DAY, usd("100.00"), Ours(), Paired()).verdict is Verdict.WAITING


def test_a_sentence_is_never_longer_than_its_column() -> None:
    many = tuple((f"IN-{n:010d}", usd("1.00")) for n in range(100))
    ours = Ours("ACME", True, many, "x" * 400)
    told = compare(DAY, usd("100.00"), ours, Paired(receipt(applications=many[:50])))
    assert told.verdict is Verdict.DIFFERENT and len(told.explanation) <= LONGEST
    assert "97 more" in told.explanation
