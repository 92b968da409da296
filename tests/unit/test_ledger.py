"""The cent ledger loses nothing; receipts follow their edges; keys tell receipts apart."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paysync.domain.errors import RecordError, StateError
from paysync.domain.ledger import (
    LIVE_RECEIPT_STATES,
    PAYABLE_TYPES,
    RECEIPT_EDGES,
    TAKE_ORDER,
    Application,
    Bucket,
    InvoiceType,
    Line,
    ReceiptState,
    SubmitCode,
    capture,
    fingerprint,
    move,
    require_balanced,
    require_edge,
    take,
)
from paysync.domain.money import Money

LEAVING = (Bucket.REFUNDED, Bucket.CHARGED_BACK, Bucket.VOIDED)


def cents(units: int) -> Money:
    return Money(Decimal(units).scaleb(-2))


CENTS = st.integers(0, 10**9).map(cents)
BUCKETS = st.sampled_from(Bucket)
BALANCES = st.dictionaries(st.sampled_from(TAKE_ORDER), CENTS)


def after(balances: dict[Bucket, Money], lines: tuple[Line, ...]) -> dict[Bucket, Money]:
    result = dict(balances)
    for line in lines:
        result[line.bucket] = result.get(line.bucket, Money.zero()) + line.amount
    return result


# --- moving money -------------------------------------------------------------------------------


@given(source=BUCKETS, target=BUCKETS, money=CENTS)
def test_what_leaves_one_bucket_arrives_in_the_other(
    source: Bucket, target: Bucket, money: Money
) -> None:
    assume(source != target)
    lines = move(source, target, money)
    require_balanced(lines)
    moved = after({}, lines)
    assert moved.get(target, Money.zero()) == money
    assert moved.get(source, Money.zero()) == -money


def test_moving_nothing_writes_no_lines() -> None:
    assert move(Bucket.UNAPPLIED, Bucket.APPLIED, Money.zero()) == ()


def test_a_negative_amount_is_not_moved() -> None:
    with pytest.raises(RecordError):
        move(Bucket.UNAPPLIED, Bucket.APPLIED, cents(-1))


def test_captured_money_is_at_first_nobodys() -> None:
    assert after({}, capture(cents(500))) == {
        Bucket.CAPTURED: cents(-500),
        Bucket.UNIDENTIFIED: cents(500),
    }


# --- taking money out ---------------------------------------------------------------------------


@given(balances=BALANCES, wanted=CENTS, target=st.sampled_from(LEAVING))
def test_taking_moves_exactly_what_is_wanted_or_nothing_at_all(
    balances: dict[Bucket, Money], wanted: Money, target: Bucket
) -> None:
    if wanted > Money.total(balances.values()):
        with pytest.raises(RecordError):
            take(balances, target, wanted)
        return
    lines = take(balances, target, wanted)
    require_balanced(lines)
    result = after(balances, lines)
    assert result.get(target, Money.zero()) == wanted
    assert Money.total(result.values()) == Money.total(balances.values())
    assert all(money.amount >= 0 for money in result.values())


@given(balances=BALANCES, share=st.integers(0, 100))
def test_a_bucket_is_touched_only_when_those_before_it_are_empty(
    balances: dict[Bucket, Money], share: int
) -> None:
    held = int(Money.total(balances.values()).amount * 100)
    lines = take(balances, Bucket.REFUNDED, cents(held * share // 100))
    result = after(balances, lines)
    touched = [i for i, b in enumerate(TAKE_ORDER) if any(line.bucket == b for line in lines)]
    for bucket in TAKE_ORDER[: max(touched, default=0)]:
        assert not result.get(bucket, Money.zero())


def test_a_refund_comes_from_what_is_not_yet_posted_before_what_is() -> None:
    balances = {Bucket.POSTED: cents(700), Bucket.UNAPPLIED: cents(300)}
    result = after(balances, take(balances, Bucket.REFUNDED, cents(400)))
    assert result == {
        Bucket.UNAPPLIED: cents(0),
        Bucket.POSTED: cents(600),
        Bucket.REFUNDED: cents(400),
    }


def test_money_leaves_first_from_where_nothing_has_to_be_undone() -> None:
    order = (
        Bucket.UNIDENTIFIED,
        Bucket.UNAPPLIED,
        Bucket.POSTED_UNAPPLIED,
        Bucket.APPLIED,
        Bucket.POSTED,
    )
    lines = take(dict.fromkeys(order, cents(100)), Bucket.REFUNDED, cents(500))
    assert tuple(line.bucket for line in lines if line.amount.amount < 0) == order


def test_money_that_has_left_is_not_taken_again() -> None:
    with pytest.raises(RecordError, match=r"1\.00 USD of it is not held"):
        take({Bucket.REFUNDED: cents(500)}, Bucket.CHARGED_BACK, cents(100))


def test_one_cent_more_than_is_held_is_refused() -> None:
    with pytest.raises(RecordError, match=r"0\.01 USD of it is not held"):
        take({Bucket.APPLIED: cents(100)}, Bucket.REFUNDED, cents(101))


def test_a_bucket_below_zero_gives_nothing() -> None:
    balances = {Bucket.UNIDENTIFIED: cents(-50), Bucket.APPLIED: cents(100)}
    result = after(balances, take(balances, Bucket.REFUNDED, cents(100)))
    assert result[Bucket.UNIDENTIFIED] == cents(-50)
    assert result[Bucket.APPLIED] == cents(0)


def test_a_negative_amount_is_not_taken() -> None:
    with pytest.raises(RecordError):
        take({Bucket.APPLIED: cents(100)}, Bucket.REFUNDED, cents(-1))


def test_money_is_not_taken_from_another_currency() -> None:
    with pytest.raises(RecordError):
        take({Bucket.APPLIED: Money(Decimal(100), "CAD")}, Bucket.REFUNDED, cents(100))


# --- balance ------------------------------------------------------------------------------------


@given(moves=st.lists(st.tuples(BUCKETS, BUCKETS, CENTS), max_size=8), data=st.data())
def test_moves_balance_together_and_one_cent_off_does_not(
    moves: list[tuple[Bucket, Bucket, Money]], data: st.DataObject
) -> None:
    lines = tuple(line for source, target, money in moves for line in move(source, target, money))
    require_balanced(lines)
    stray = Line(data.draw(BUCKETS), cents(data.draw(st.sampled_from([1, -1]))))
    with pytest.raises(RecordError, match="do not sum to zero"):
        require_balanced((*lines, stray))


def test_each_currency_balances_for_itself() -> None:
    dollar, loonie = Money(Decimal(1), "USD"), Money(Decimal(1), "CAD")
    both = move(Bucket.UNAPPLIED, Bucket.APPLIED, dollar) + capture(loonie)
    require_balanced(both)
    with pytest.raises(RecordError):
        require_balanced((Line(Bucket.CAPTURED, -dollar), Line(Bucket.UNIDENTIFIED, loonie)))


# --- receipts -----------------------------------------------------------------------------------


def test_every_receipt_state_has_its_edges_listed() -> None:
    assert set(RECEIPT_EDGES) == set(ReceiptState)


@pytest.mark.parametrize("old", ReceiptState)
def test_a_receipt_follows_listed_edges_and_no_others(old: ReceiptState) -> None:
    for new in ReceiptState:
        if new in RECEIPT_EDGES[old]:
            require_edge(old, new)
        else:
            with pytest.raises(StateError, match=f"{old} cannot become {new}"):
                require_edge(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ReceiptState.UNKNOWN, ReceiptState.SENDING),
        (ReceiptState.UNKNOWN, ReceiptState.WITHDRAWN),
        (ReceiptState.SENDING, ReceiptState.WITHDRAWN),
        (ReceiptState.SUBMITTED, ReceiptState.DUE),
        (ReceiptState.POSTED, ReceiptState.DUE),
        (ReceiptState.POSTED, ReceiptState.WITHDRAWN),
    ],
)
def test_what_may_be_in_the_erp_is_neither_sent_again_nor_forgotten(
    old: ReceiptState, new: ReceiptState
) -> None:
    with pytest.raises(StateError):
        require_edge(old, new)


def test_a_receipt_that_is_over_is_over_for_good_and_all_others_count_as_live() -> None:
    over = {state for state, edges in RECEIPT_EDGES.items() if not edges}
    assert over == {
        ReceiptState.WITHDRAWN,
        ReceiptState.DELETED_IN_ERP,
        ReceiptState.REVERSED,
    }
    assert frozenset(ReceiptState) - over == LIVE_RECEIPT_STATES


def test_only_sending_leads_to_an_unknown_outcome() -> None:
    before = [old for old, edges in RECEIPT_EDGES.items() if ReceiptState.UNKNOWN in edges]
    assert before == [ReceiptState.SENDING]


# --- numbers of the other side ------------------------------------------------------------------


def test_document_types_have_the_numbers_of_sage_500() -> None:
    assert {kind.name: int(kind) for kind in InvoiceType} == {
        "INVOICE": 501,
        "CREDIT_MEMO": 502,
        "DEBIT_MEMO": 503,
        "FINANCE_CHARGE": 504,
    }
    assert set(InvoiceType) - PAYABLE_TYPES == {InvoiceType.CREDIT_MEMO}


def test_return_codes_are_those_that_every_site_answers_with() -> None:
    assert {code.name: int(code) for code in SubmitCode} == {
        "CREATED": 1,
        "ALREADY_THERE": 2,
        "VALIDATION_ERROR": 10,
        "KEY_REUSED": 11,
        "PERIOD_CLOSED": 12,
        "BALANCE_CHANGED": 13,
        "BATCH_NOT_OPEN": 14,
        "RETRYABLE": 20,
        "ERROR": 99,
    }


# --- fingerprint --------------------------------------------------------------------------------

WORDS = st.text("ABCXYZ019-", min_size=1, max_size=12)
APPLICATIONS = st.builds(
    Application, invoice_tran_id=WORDS, amount=CENTS, discount=CENTS, write_off=CENTS
)
RECEIPTS = st.fixed_dictionaries(
    {
        "gateway_id": st.text("0123456789", min_size=1, max_size=40),
        "company_id": WORDS,
        "merchant_account": WORDS,
        "sequence": st.integers(1, 99_999_999),
        "customer_id": WORDS,
        "amount": CENTS,
        "applications": st.lists(APPLICATIONS, max_size=5).map(tuple),
    }
)
ONE = Application("IN-1", cents(100), cents(2), cents(0))
RECEIPT: dict[str, Any] = {
    "gateway_id": "700100205",
    "company_id": "SOA",
    "merchant_account": "MA1",
    "sequence": 1,
    "customer_id": "ACME",
    "amount": cents(150),
    "applications": (ONE, Application("IN-2", cents(50), cents(0), cents(0))),
}


@given(receipt=RECEIPTS, data=st.data())
def test_the_key_is_short_and_the_same_in_any_order_of_applications(
    receipt: dict[str, Any], data: st.DataObject
) -> None:
    key = fingerprint(**receipt)
    shuffled = tuple(data.draw(st.permutations(receipt["applications"])))
    assert fingerprint(**{**receipt, "applications": shuffled}) == key
    assert len(key) <= 64
    assert key.startswith(f"PT{receipt['gateway_id']}-{receipt['sequence']}-")


@given(one=RECEIPTS, other=RECEIPTS)
def test_two_receipts_that_differ_have_two_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = all(one[name] == other[name] for name in one if name != "applications") and sorted(
        map(str, one["applications"])
    ) == sorted(map(str, other["applications"]))
    assert (fingerprint(**one) == fingerprint(**other)) == same


@pytest.mark.parametrize(
    "change",
    [
        {"gateway_id": "700100206"},
        {"company_id": "SOB"},
        {"merchant_account": "MA2"},
        {"sequence": 2},
        {"customer_id": "ACMF"},
        {"amount": cents(151)},
        {"amount": Money(Decimal("1.50"), "CAD")},
        {"company_id": "SO", "merchant_account": "AMA1"},
        {"applications": ()},
        {"applications": (ONE,)},
        {"applications": (ONE, ONE)},
        {"applications": (ONE, Application("IN-3", cents(50), cents(0), cents(0)))},
        {"applications": (ONE, Application("IN-2", cents(51), cents(0), cents(0)))},
        {"applications": (ONE, Application("IN-2", cents(50), cents(1), cents(0)))},
        {"applications": (ONE, Application("IN-2", cents(50), cents(0), cents(1)))},
    ],
    ids=str,
)
def test_any_single_difference_gives_another_key(change: dict[str, Any]) -> None:
    assert fingerprint(**{**RECEIPT, **change}) != fingerprint(**RECEIPT)


def test_a_discount_and_a_write_off_are_not_taken_for_each_other() -> None:
    swapped = replace(ONE, discount=ONE.write_off, write_off=ONE.discount)
    assert fingerprint(**{**RECEIPT, "applications": (ONE,)}) != fingerprint(
        **{**RECEIPT, "applications": (swapped,)}
    )


def test_the_key_of_a_receipt_is_the_same_in_every_release() -> None:
    """A change here makes Sage 500 take every receipt under way for a new one."""
    assert fingerprint(**RECEIPT) == "PT700100205-1-ff41c63e17eb"


def test_the_longest_gateway_id_still_fits_the_key() -> None:
    assert len(fingerprint(**{**RECEIPT, "gateway_id": "9" * 40, "sequence": 99_999_999})) == 64


def test_a_gateway_id_too_long_for_the_key_is_refused() -> None:
    with pytest.raises(RecordError):
        fingerprint(**{**RECEIPT, "gateway_id": "9" * 41})
