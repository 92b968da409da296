"""ACH returns and notifications of change: what a code means and what may follow."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.grades import Actor, Grade
from reconciliation.domain.returns.changes import (
    CHANGE_CODES,
    BankField,
    apply_by,
    explain_change,
    parse_change_code,
)
from reconciliation.domain.returns.kinds import (
    NEXT,
    SIXTY_DAYS,
    TWO_DAYS,
    Retry,
    ReturnKind,
)
from reconciliation.domain.returns.returns import (
    RETURN_CODES,
    Again,
    explain,
    latest_return,
    may_collect_again,
    parse_code,
)

SETTLED = date(2026, 3, 2)
RETURNED = date(2026, 3, 4)


def again(
    code: str, *, days: int = 5, retries: int = 0, authorized: bool = False, mended: bool = False
) -> Again:
    return may_collect_again(
        code,
        settled_on=SETTLED,
        returned_on=RETURNED,
        today=SETTLED + timedelta(days=days),
        retries=retries,
        is_authorized_again=authorized,
        is_mended=mended,
    )


class TestTheTable:
    def test_codes_are_unique_and_in_order_and_well_formed(self) -> None:
        codes = list(RETURN_CODES)
        assert codes == sorted(codes)
        assert all(parse_code(code) == code for code in codes)
        assert (codes[0], codes[-1], len(codes)) == ("R01", "R85", 70)

    @pytest.mark.parametrize("code", RETURN_CODES)
    def test_each_entry_says_what_it_is_and_who_acts(self, code: str) -> None:
        entry = RETURN_CODES[code]
        assert entry.title and not entry.title.endswith(".")
        assert entry.meaning.endswith(".") and entry.next_step.endswith(".")
        assert entry.is_known and entry.grade == Grade.CERTAIN
        assert entry.kind != ReturnKind.UNKNOWN and entry.actor != Actor.NOBODY

    def test_every_kind_has_somebody_who_acts(self) -> None:
        assert NEXT.keys() == set(ReturnKind)

    @pytest.mark.parametrize("code", ["R05", "R07", "R10", "R11", "R37", "R38", "R51", "R53"])
    def test_a_private_customer_has_sixty_days(self, code: str) -> None:
        assert explain(code).window == SIXTY_DAYS

    @pytest.mark.parametrize("code", ["R01", "R02", "R03", "R04", "R08", "R09", "R16", "R29"])
    def test_most_come_within_two_banking_days(self, code: str) -> None:
        assert explain(code).window == TWO_DAYS
        assert str(TWO_DAYS) == "2 banking days"

    def test_unauthorized_debits_are_never_collected_again(self) -> None:
        found = [one for one in RETURN_CODES.values() if one.kind == ReturnKind.UNAUTHORIZED]
        assert {one.code for one in found} == {"R05", "R07", "R10", "R29"}
        assert all(one.retry == Retry.NEVER for one in found)

    def test_only_missing_money_is_collected_again_as_it_is(self) -> None:
        as_it_is = {one.code for one in RETURN_CODES.values() if one.retry == Retry.AS_IT_IS}
        assert as_it_is == {"R01", "R09"}

    @pytest.mark.parametrize("code", ["R66", "R99", "X1", ""])
    def test_an_unknown_code_is_answered_honestly(self, code: str) -> None:
        entry = explain(code)
        assert not entry.is_known and entry.grade == Grade.UNKNOWN
        assert entry.code == code and code in entry.meaning
        assert entry.retry == Retry.UNKNOWN and not again(code).is_allowed

    def test_case_and_blanks_do_not_matter(self) -> None:
        assert explain(" r01 ") is RETURN_CODES["R01"]


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("RETURNED R01", "R01"),
            ("Returned (r03): no account", "R03"),
            ("R29", "R29"),
            ("R01, R01", "R01"),
            ("R99 something new", "R99"),
            ("RETURNED", None),
            ("R01 after R02", None),
            ("invoice R0100 of 2026", None),
            ("order PR01", None),
            ("order R01-77", None),
            ("R00", None),
            ("R٠١", None),
            ("", None),
        ],
    )
    def test_a_code_is_found_where_it_stands_alone(self, text: str, code: str | None) -> None:
        assert parse_code(text) == code

    @given(st.text())
    def test_whatever_is_found_is_in_the_text_and_can_be_explained(self, text: str) -> None:
        code = parse_code(text)
        assert code is None or (code in text.upper() and explain(code).code == code)


class TestWindows:
    def test_two_banking_days_skip_weekend_and_holiday(self) -> None:
        assert latest_return(date(2026, 7, 2), TWO_DAYS) == date(2026, 7, 6)
        assert latest_return(date(2026, 9, 4), TWO_DAYS) == date(2026, 9, 9)

    def test_sixty_days_end_on_the_banking_day_after(self) -> None:
        assert latest_return(date(2026, 3, 2)) == date(2026, 5, 4)

    @given(st.dates(date(2022, 1, 1), date(2090, 1, 1)))
    def test_no_return_comes_before_the_shorter_window(self, day: date) -> None:
        assert day < latest_return(day, TWO_DAYS) < latest_return(day, SIXTY_DAYS)


class TestCollectingAgain:
    def test_missing_money_twice_within_180_days(self) -> None:
        assert again("R01").is_allowed and again("R09", retries=1, days=180).is_allowed
        assert not again("R01", retries=2).is_allowed
        assert not again("R01", days=181).is_allowed

    def test_a_stopped_payment_only_when_authorized_again(self) -> None:
        assert not again("R08", mended=True).is_allowed
        assert again("R08", authorized=True).is_allowed

    def test_a_wrong_account_only_when_mended(self) -> None:
        assert not again("R03", authorized=True).is_allowed
        assert again("R03", mended=True).is_allowed

    def test_what_differed_from_the_agreement_within_sixty_days_of_the_return(self) -> None:
        last = (RETURNED - SETTLED).days + 60
        assert again("R11", mended=True, days=last).is_allowed
        assert not again("R11", mended=True, days=last + 1).is_allowed

    @given(
        st.sampled_from([*RETURN_CODES, "R99"]),
        st.integers(0, 400),
        st.integers(0, 5),
        st.booleans(),
        st.booleans(),
    )
    def test_never_more_than_twice_nor_later_nor_without_consent(
        self, code: str, days: int, retries: int, authorized: bool, mended: bool
    ) -> None:
        verdict = again(code, days=days, retries=retries, authorized=authorized, mended=mended)
        assert verdict.why.endswith(".")
        if verdict.is_allowed:
            assert retries < 2 and days <= 180
            assert explain(code).retry not in {Retry.NEVER, Retry.UNKNOWN}


class TestChanges:
    def test_c01_to_c14_are_there(self) -> None:
        assert list(CHANGE_CODES) == [f"C{number:02}" for number in range(1, 15)]

    def test_the_fields_of_three_changes_at_once(self) -> None:
        assert explain_change("c07").fields == (
            BankField.ROUTING_NUMBER,
            BankField.ACCOUNT_NUMBER,
            BankField.ACCOUNT_TYPE,
        )

    @pytest.mark.parametrize("code", CHANGE_CODES)
    def test_finance_acts_on_the_customers_and_the_operator_on_ours(self, code: str) -> None:
        entry = explain_change(code)
        assert entry.is_known and entry.next_step.endswith(".")
        assert (entry.actor == Actor.FINANCE) == bool(entry.fields)

    def test_an_unknown_change_is_answered_honestly(self) -> None:
        assert not explain_change("C61").is_known
        assert explain_change("C61").fields == ()

    @pytest.mark.parametrize(
        ("text", "code"),
        [("NOC C01", "C01"), ("c02: routing", "C02"), ("C01 C02", None), ("C61", None), ("", None)],
    )
    def test_a_change_code_is_found_where_it_stands_alone(
        self, text: str, code: str | None
    ) -> None:
        assert parse_change_code(text) == code

    def test_six_banking_days_to_apply_it(self) -> None:
        assert apply_by(date(2026, 11, 20)) == date(2026, 12, 1)
