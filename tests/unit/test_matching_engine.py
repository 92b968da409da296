"""The matching engine, situation by situation: what is applied, what waits, and what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Outcome
from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    Allowed,
    Conditions,
    Limits,
    RuleSet,
    Strategy,
)
from reconciliation.domain.reasons import Reason
from tests.engine import (
    ACME,
    GLOBEX,
    HOLDING,
    TODAY,
    applied,
    decide,
    document,
    memo,
    numbers,
    paid,
    payment,
    waiting,
)


def rules_with(strategy: Strategy, **limits: object) -> RuleSet:
    """The shipped rules with other limits for one strategy, which applies by itself."""
    return RuleSet(
        tuple(
            replace(rule, allowed=Allowed.AUTO, limits=replace(rule.limits, **limits))  # type: ignore[arg-type]
            if rule.strategy is strategy
            else rule
            for rule in DEFAULT_RULES.rules
        ),
        version=3,
    )


# --- what a reference names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    [
        "IN-0000012345",
        " in-0000012345 ",
        "12345",
        "0012345",
        "inv 12345",
        "#12345",
        "Invoice No. 12345",
        "IN12345",
        "payment for 12345",
        "Robert'); DROP TABLE invoices;-- inv 12345",
        "<b>inv</b> 12345",
        "\U0001f600 inv 12345 \u202e",
        "\uff11\uff12\uff13\uff14\uff15",
    ],
)
def test_a_reference_names_its_invoice_in_many_spellings(reference: str) -> None:
    found = applied(payment(10_000, reference, ACME), document(12345, 10_000), document(123, 777))
    assert paid(found) == {12345: 10_000}


def test_an_exact_reference_and_amount_need_no_known_payer() -> None:
    decision = decide(payment(10_000, "IN-0000012345"), document(12345, 10_000))
    assert decision.outcome is Outcome.AUTO
    assert decision.customer_id == ACME
    assert decision.sentence == "Pays IN-0000012345 of C001, named by the reference."
    assert decision.rule and decision.rule.strategy is Strategy.INVOICE_REFERENCE


def test_a_part_is_applied_and_what_stays_open_is_said() -> None:
    decision = decide(payment(3_000, "inv 12345", ACME), document(12345, 10_000))
    assert decision.outcome is Outcome.AUTO
    assert paid(decision.solutions[0]) == {12345: 3_000}
    assert "70.00 USD stays open" in decision.sentence


def test_too_much_fills_the_invoice_and_the_rest_is_an_overpayment() -> None:
    decision = decide(payment(10_001, "12345", ACME), document(12345, 10_000))
    assert decision.outcome is Outcome.AUTO
    assert (decision.solutions[0].unapplied, decision.reason) == (1, Reason.OVERPAYMENT)
    assert "0.01 USD more than was open (100.00 USD)" in decision.sentence


@pytest.mark.parametrize(
    "reference",
    [
        "RE: 12345/12346, 12347",
        "12345 12346 12347",
        "inv 12345 & 12346 and 12347",
        "Inv 12345|Inv 12346|Inv 12347",
        "12345-12347",
        "from 12345 to 12347",
        "12345/46/47",
        "000001234500000123460000012347",
    ],
)
def test_several_references_with_the_exact_total(reference: str) -> None:
    bills = [document(12345, 10_010), document(12346, 2_020), document(12347, 303)]
    found = applied(payment(12_333, reference, ACME), *bills, document(99, 4_444))
    assert paid(found) == {12345: 10_010, 12346: 2_020, 12347: 303}


def test_several_references_that_are_short_wait_filled_as_named_and_oldest_first() -> None:
    old = document(2, 5_000, due_date=TODAY - timedelta(days=50))
    decision = waiting(payment(6_000, "inv 11111, inv 2", ACME), document(11111, 5_000), old)
    assert decision.reason is Reason.SHORT_PAY
    assert paid(decision.solutions[0]) == {11111: 5_000, 2: 1_000}
    assert {11111: 1_000, 2: 5_000} in [paid(one) for one in decision.solutions]


def test_a_named_credit_memo_is_netted_and_a_person_is_told_to_apply_it() -> None:
    decision = decide(
        payment(9_000, "12345 less CM-0000000777", ACME), document(12345, 10_000), memo(777, 1_000)
    )
    assert decision.outcome is Outcome.AUTO
    assert decision.reason is Reason.CREDIT_TO_APPLY
    (credit,) = decision.solutions[0].credits
    assert (credit.memo_id, credit.amount) == (memo(777, 1).id, 1_000)


def test_the_only_memo_that_makes_the_amount_exact_is_netted_though_not_named() -> None:
    found = applied(payment(9_000, "12345", ACME), document(12345, 10_000), memo(777, 1_000))
    assert found.credits


def test_two_memos_that_would_do_wait() -> None:
    decision = waiting(
        payment(9_000, "12345", ACME), document(12345, 10_000), memo(7, 1_000), memo(8, 1_000)
    )
    assert decision.reason is Reason.AMBIGUOUS


# --- discount and tolerance ---------------------------------------------------------------------


def with_discount(days: int, discount: int = 200) -> Document:
    return document(12345, 10_000, discount=discount, discount_until=TODAY + timedelta(days=days))


def test_a_discount_in_time_is_taken() -> None:
    (share,) = applied(payment(9_800, "12345", ACME), with_discount(0)).shares
    assert (share.amount, share.discount, share.taken) == (9_800, 200, 10_000)


def test_grace_days_of_the_rule_count() -> None:
    rules = rules_with(Strategy.REFERENCE_DISCOUNT, grace_days=3)
    (share,) = applied(payment(9_800, "12345", ACME), with_discount(-3), rules=rules).shares
    assert share.discount == 200


def test_a_late_discount_is_not_taken_but_a_person_is_told() -> None:
    decision = decide(payment(9_800, "12345", ACME), with_discount(-1))
    assert decision.reason is Reason.LATE_DISCOUNT
    assert [share.discount for share in decision.solutions[0].shares] == [0]
    assert [share.discount for share in decision.solutions[1].shares] == [200]


def test_without_an_account_nothing_is_written_off() -> None:
    rules = rules_with(
        Strategy.REFERENCE_TOLERANCE, tolerance_under=Decimal(1), tolerance_percent=Decimal(1)
    )
    (share,) = applied(payment(9_998, "12345", ACME), document(12345, 10_000), rules=rules).shares
    assert (share.amount, share.write_off) == (9_998, 0)


@pytest.mark.parametrize(
    ("amount", "percent", "written"),
    [(9_998, "1", 2), (9_900, "1", 100), (9_899, "1", 0), (9_998, "0.01", 0)],
)
def test_a_residue_is_written_off_within_both_bounds(
    amount: int, percent: str, written: int
) -> None:
    rules = rules_with(
        Strategy.REFERENCE_TOLERANCE,
        tolerance_under=Decimal(1),
        tolerance_percent=Decimal(percent),
        write_off_account="5000-000",
    )
    (share,) = applied(payment(amount, "12345", ACME), document(12345, 10_000), rules=rules).shares
    assert (share.amount, share.write_off) == (amount, written)


# --- slips of the pen ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference", ["inv 12354", "inv 1234", "inv 123455", "inv 12335", "INV l2345", "INV 1Z34S"]
)
def test_a_damaged_reference_counts_with_an_exact_amount_and_a_known_payer(reference: str) -> None:
    bills = [document(12345, 10_013), document(55555, 99_977)]
    assert paid(applied(payment(10_013, reference, ACME), *bills)) == {12345: 10_013}


def test_a_damaged_reference_never_counts_without_an_exact_amount() -> None:
    bills = [document(12345, 10_013), document(55555, 99_977)]
    assert waiting(payment(9_000, "inv 12354", ACME), *bills).reason is Reason.UNKNOWN_INVOICE


def test_a_slip_that_names_another_invoice_is_not_followed() -> None:
    decision = waiting(
        payment(2_017, "IN-0000012346", ACME), document(12345, 2_017), document(12346, 50_000)
    )
    assert decision.reason is Reason.AMBIGUOUS
    assert [12345] in numbers(decision.solutions[:2])
    assert [12346] in numbers(decision.solutions[:2])


def test_a_number_beyond_the_newest_invoice_is_late_not_damaged() -> None:
    decision = waiting(payment(10_013, "IN-0000012346", ACME), document(12345, 10_013))
    assert decision.reason is Reason.NEEDS_CONFIRMATION
    assert "beyond the newest invoice" in decision.stopped[0]


def test_a_bare_number_in_free_text_is_not_taken_at_its_word() -> None:
    bills = [document(12345, 10_000), document(55555, 99_977)]
    call = payment(5_000, "", None, texts=("call 12345",))
    assert not waiting(call, *bills).solutions


def test_more_than_is_due_with_a_second_number_waits() -> None:
    bills = [document(12345, 10_000), document(55555, 99_977)]
    assert waiting(payment(19_000, "12345 and 77777", ACME), *bills)


def test_a_list_that_names_less_than_it_pays_waits() -> None:
    bills = [document(1, 10_000), document(2, 5_011), document(3, 7_777)]
    decision = waiting(payment(15_011, "IN-0000000001", ACME), *bills)
    assert [1, 2] in numbers(decision.solutions)


def test_a_purchase_order_names_its_invoices() -> None:
    bills = [document(1, 1_001, customer_po="B-4711"), document(2, 2_002, customer_po="B-4711")]
    found = applied(payment(3_003, "PO B-4711", ACME), *bills, document(3, 3_333))
    assert paid(found) == {1: 1_001, 2: 2_002}


# --- who pays -----------------------------------------------------------------------------------


def test_a_parent_pays_for_its_child() -> None:
    bill = document(12345, 10_000, parent_customer_id=HOLDING)
    assert paid(applied(payment(10_000, "12345", HOLDING), bill)) == {12345: 10_000}


def test_a_parent_pays_for_several_children_on_one_receipt_of_its_own() -> None:
    bills = [
        document(1, 1_000, ACME, parent_customer_id=HOLDING),
        document(2, 2_000, GLOBEX, parent_customer_id=HOLDING),
    ]
    assert applied(payment(3_000, "inv 1, inv 2", HOLDING), *bills).customer_id == HOLDING


def test_documents_of_strangers_are_not_paid_together() -> None:
    bills = [document(1, 1_000, ACME), document(2, 2_000, GLOBEX)]
    assert waiting(payment(3_000, "inv 1, inv 2", None), *bills).solutions


def test_a_label_in_the_payment_is_as_good_as_a_link_for_a_part() -> None:
    found = applied(payment(3_000, "12345", payer_label=" c001"), document(12345, 10_000))
    assert [signal.code for signal in found.signals][1] == "payer_label"


def test_a_label_or_name_of_somebody_else_stops_it() -> None:
    bills = [document(12345, 10_000), document(55555, 99_977, GLOBEX)]
    strangers = [
        payment(10_000, "12345", payer_label="C002"),
        payment(10_000, "12345", payer_name="GLOBEX TRADING"),
    ]
    for stranger in strangers:
        decision = waiting(stranger, *bills)
        assert decision.reason is Reason.CUSTOMER_MISMATCH


# --- payer and amount ---------------------------------------------------------------------------


def test_the_only_document_of_the_amount_is_paid() -> None:
    bills = [document(1, 99_913), document(2, 10_007), document(3, 20_011)]
    decision = decide(payment(10_007, "", ACME), *bills)
    assert decision.outcome is Outcome.AUTO
    assert decision.sentence == (
        "Pays IN-0000000002: the only open invoice of C001 of exactly 100.07 USD."
    )


def test_a_pair_of_the_same_amount_is_a_rival() -> None:
    bills = [document(1, 10_007), document(2, 4_003), document(3, 6_004)]
    decision = waiting(payment(10_007, "", ACME), *bills)
    assert (decision.reason, decision.rivals) == (Reason.AMBIGUOUS, 1)
    assert numbers(decision.solutions[:2]) == [[1], [2, 3]]


def test_a_round_amount_is_weak_unless_it_is_everything() -> None:
    bills = [document(1, 10_000), document(2, 30_000), document(3, 99_900)]
    assert waiting(payment(10_000, "", ACME), *bills).reason is Reason.NEEDS_CONFIRMATION
    assert paid(applied(payment(10_000, "", ACME), bills[0])) == {1: 10_000}


def test_the_whole_balance_is_paid_less_credits() -> None:
    bills = [document(1, 10_007), document(2, 4_003), memo(3, 1_001)]
    found = applied(payment(13_009, "", ACME), *bills)
    assert sum(credit.amount for credit in found.credits) == 1_001
    assert sum(paid(found).values()) == 13_009


def test_a_document_made_after_the_payment_waits() -> None:
    bill = document(1, 10_007, tran_date=TODAY + timedelta(days=4))
    assert "after the payment" in " ".join(waiting(payment(10_007, "", ACME), bill).stopped)


def test_money_on_account_is_left_alone() -> None:
    one = payment(10_007, "", ACME, texts=("deposit",))
    decision = waiting(one, document(1, 10_007))
    assert not all(solution.shares for solution in decision.solutions)


def test_a_thousand_documents_of_one_amount_are_many_and_quick() -> None:
    bills = [document(number, 10_007) for number in range(1, 1_001)]
    decision = waiting(payment(20_014, "", ACME), *bills)
    assert not decision.counted_all or decision.rivals >= 100


def test_instalments_of_one_document_are_suggested() -> None:
    both = [payment(4_003, "", ACME, id=1), payment(6_004, "", ACME, id=2, minute=1)]
    bills = [document(1, 10_007), document(2, 99_001)]
    for decision, amount in zip(match(both, bills), (4_003, 6_004), strict=True):
        assert decision.outcome is Outcome.SUGGEST
        assert paid(decision.solutions[0]) == {1: amount}


def test_an_alias_only_suggests() -> None:
    decision = waiting(payment(10_007, "", None, aliases=(ACME,)), document(1, 10_007))
    assert decision.reason is Reason.UNIDENTIFIED
    assert decision.solutions[0].strategy in {Strategy.PAYER_ALIAS, Strategy.EXACT_AMOUNT}


# --- several payments ---------------------------------------------------------------------------


def test_a_payment_without_reference_never_takes_what_another_names() -> None:
    early = payment(10_007, "", ACME, id=1)
    late = payment(10_007, "12345", ACME, id=2, minute=9)
    first, second = match([early, late], [document(12345, 10_007)])
    assert (first.outcome, second.outcome) == (Outcome.SUGGEST, Outcome.AUTO)


def test_the_second_payment_of_one_payer_finds_the_invoice_paid() -> None:
    both = [payment(10_000, "12345", ACME, id=n, minute=n) for n in (1, 2)]
    first, second = match(both, [document(12345, 10_000)])
    assert first.outcome is Outcome.AUTO
    assert second.reason is Reason.ALREADY_PAID


def test_two_payers_who_name_one_invoice_alike_both_wait() -> None:
    both = [
        payment(10_000, "12345", id=1, payer_name="Ann Lee"),
        payment(10_000, "12345", id=2, payer_name="Bob Ray"),
    ]
    assert [d.outcome for d in match(both, [document(12345, 10_000)])] == [Outcome.SUGGEST] * 2


def test_two_payments_that_fit_one_document_alike_both_wait() -> None:
    both = [payment(10_007, "", ACME, id=n, minute=n) for n in (1, 2)]
    assert {d.reason for d in match(both, [document(1, 10_007)])} == {Reason.AMBIGUOUS}


def test_part_payments_fill_an_invoice_to_the_cent_and_no_further() -> None:
    three = [payment(4_000, "12345", ACME, id=n, minute=n) for n in (1, 2, 3)]
    found = [d.solutions[0] for d in match(three, [document(12345, 10_000)])]
    assert [paid(one).get(12345) for one in found] == [4_000, 4_000, 2_000]
    assert found[2].unapplied == 2_000


def test_an_amount_fits_what_an_earlier_payment_left_open() -> None:
    part = payment(6_000, "12345", ACME, id=1)
    rest = payment(4_000, "", ACME, id=2, minute=1)
    found = match([part, rest], [document(12345, 10_000)])
    assert [d.outcome for d in found] == [Outcome.AUTO] * 2


# --- what is left over --------------------------------------------------------------------------

BILL = document(12345, 10_000)
LEFT_OVER = [
    (Reason.BAD_AMOUNT, payment(0, "12345", ACME), [BILL], "0.00 USD"),
    (Reason.BAD_AMOUNT, payment(-500, "", ACME), [BILL], "-5.00 USD"),
    (Reason.BAD_TEXT, payment(10_000, "\u8acb\u6c42 77", ACME), [BILL], "cannot hold"),
    (Reason.UNIDENTIFIED, payment(10_000), [BILL], "payer is not known"),
    (Reason.UNKNOWN_INVOICE, payment(10_000, "777"), [BILL], '"777" names no invoice'),
    (Reason.UNKNOWN_INVOICE, payment(10_000, "thanks!"), [BILL], '"thanks!" names no'),
    (Reason.NO_EXACT_AMOUNT, payment(9_999, "", ACME), [BILL], "exactly 99.99 USD"),
    (Reason.NO_EXACT_AMOUNT, payment(10_000, "", GLOBEX), [BILL], "exactly 100.00 USD"),
    (
        Reason.AMBIGUOUS,
        payment(10_000, "", ACME),
        [document(2, 10_000), document(1, 10_000)],
        "2 invoices fit: IN-0000000001, IN-0000000002.",
    ),
    (
        Reason.AMBIGUOUS,
        payment(10_000, "12345"),
        [BILL, document(12345, 10_000, tran_type=InvoiceType.DEBIT_MEMO)],
        '"12345" can mean 2: DM-0000012345, IN-0000012345.',
    ),
    (Reason.NOT_PAYABLE, payment(1_000, "CM-0000000007", ACME), [memo(7, 1_000)], "CM-0000000007"),
    (
        Reason.CURRENCY_MISMATCH,
        payment(10_000, "12345", ACME, currency="CAD"),
        [BILL],
        "is in USD, the payment in CAD",
    ),
    (Reason.CUSTOMER_MISMATCH, payment(10_000, "12345", GLOBEX), [BILL], "belongs to C001"),
    (
        Reason.INACTIVE_CUSTOMER,
        payment(10_000, "12345", ACME),
        [replace(BILL, customer_is_active=False)],
        "C001 of IN-0000012345 is not active",
    ),
    (
        Reason.INACTIVE_CUSTOMER,
        payment(10_000, "", ACME),
        [replace(BILL, customer_is_active=False)],
        "C001 is not active",
    ),
    (
        Reason.INVOICE_IN_DISPUTE,
        payment(10_000, "12345", ACME),
        [replace(BILL, in_dispute=True)],
        "in dispute",
    ),
    (Reason.ALREADY_PAID, payment(10_000, "12345"), [replace(BILL, open=0)], "already paid"),
    (Reason.ALREADY_PAID, payment(10_000, "12345"), [replace(BILL, open=-3)], "already paid"),
]


@pytest.mark.parametrize(
    ("reason", "one", "documents", "said"),
    LEFT_OVER,
    ids=[f"{reason}-{number}" for number, (reason, *_) in enumerate(LEFT_OVER)],
)
def test_a_payment_that_waits_has_a_reason_and_a_sentence(
    reason: Reason, one: OpenPayment, documents: list[Document], said: str
) -> None:
    decision = waiting(one, *documents)
    assert (decision.payment_id, decision.reason) == (one.id, reason)
    assert decision.customer_id == one.customer_id
    assert said in decision.sentence
    assert decision.sentence.endswith(".")


def test_a_wrong_reference_is_not_overruled_by_a_fitting_amount_but_it_is_said() -> None:
    decision = waiting(payment(10_000, "IN-0000099999", ACME), BILL)
    assert decision.reason is Reason.UNKNOWN_INVOICE
    assert decision.sentence == (
        '"IN-0000099999" names no invoice in Sage 500; would have matched IN-0000012345 '
        "by amount without a reference."
    )


def test_a_near_miss_says_what_was_missing() -> None:
    decision = waiting(payment(9_998, "", ACME), document(12345, 10_000), document(7, 77_700))
    assert decision.near_misses[0] == (
        "Would have matched IN-0000012345 if the amount were 0.02 higher."
    )


# --- rules --------------------------------------------------------------------------------------


def changed(strategy: Strategy, **fields: object) -> RuleSet:
    return RuleSet(
        tuple(
            replace(rule, **fields) if rule.strategy is strategy else rule  # type: ignore[arg-type]
            for rule in DEFAULT_RULES.rules
        )
    )


def test_a_rule_that_only_suggests_does_not_apply() -> None:
    rules = changed(Strategy.INVOICE_REFERENCE, allowed=Allowed.SUGGEST)
    decision = waiting(payment(10_000, "12345", ACME), BILL, rules=rules)
    assert "only suggests" in " ".join(decision.stopped)
    assert paid(decision.solutions[0]) == {12345: 10_000}


def test_what_a_rule_forbids_is_not_even_suggested() -> None:
    rules = changed(Strategy.INVOICE_REFERENCE, allowed=Allowed.NEVER)
    decision = waiting(payment(10_000, "12345"), BILL, rules=rules)
    assert not decision.solutions


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(max_amount=Decimal("99.99")), "up to 99.99 USD"),
        (Limits(window_days=10), "looks back"),
        (Limits(second_signals=2), "Independent signals asked for: 3; found: 2."),
    ],
)
def test_limits_stop_a_rule(limits: Limits, said: str) -> None:
    rules = changed(Strategy.INVOICE_REFERENCE, limits=limits)
    decision = waiting(payment(10_000, "12345"), BILL, rules=rules)
    assert said in " ".join(decision.stopped)


def test_a_rule_for_one_customer_holds_for_no_other() -> None:
    rules = changed(
        Strategy.INVOICE_REFERENCE, conditions=Conditions(customer_ids=frozenset({"C002"}))
    )
    assert waiting(payment(10_000, "12345"), BILL, rules=rules)
    bill = replace(BILL, customer_id=GLOBEX, customer_label="C002")
    assert applied(payment(10_000, "12345"), bill, rules=rules)


def test_a_rule_for_one_method_holds_for_no_other() -> None:
    rules = changed(Strategy.INVOICE_REFERENCE, conditions=Conditions(methods=frozenset({"ach"})))
    assert waiting(payment(10_000, "12345"), BILL, rules=rules)
    assert applied(payment(10_000, "12345", method="ach"), BILL, rules=rules)


class TestACustomerWithVeryManyDocuments:
    """More than are looked at together: what lies beyond is still found, and it is said."""

    def test_an_exact_one_beyond_the_pool_is_a_rival(self) -> None:
        many = [document(1_000 + n, 100_000 + 7 * n, ACME) for n in range(450)]
        many[449] = document(1_449, 100_007, ACME)
        decision = waiting(payment(100_007, customer=ACME), *many)
        assert decision.rivals == 1
        assert {1_001, 1_449} == {n for pair in numbers(decision.solutions[:2]) for n in pair}

    def test_it_is_offered_and_said_to_be_half_the_truth(self) -> None:
        many = [document(1_000 + n, 100_000 + 7 * n, ACME) for n in range(450)]
        decision = waiting(payment(100_000 + 7 * 449, customer=ACME), *many)
        assert decision.gave_up
        assert numbers(decision.solutions[:1]) == [[1_449]]
        assert "Only the 400 oldest of 450 documents were added up." in decision.stopped

    def test_the_whole_balance_is_all_of_them(self) -> None:
        many = [document(1_000 + n, 100_000 + 7 * n, ACME) for n in range(450)]
        decision = waiting(payment(sum(d.open for d in many), customer=ACME), *many)
        assert len(decision.solutions[0].shares) == 450
