"""Declines in plain words."""

from __future__ import annotations

import re

import pytest

from reconciliation.domain.declines.declines import explain_decline, notes_of
from reconciliation.domain.declines.tables import (
    AVS_TEXTS,
    BY_ACH_STATUS,
    BY_ERROR_KEY,
    BY_PROCESSOR_TEXT,
    BY_RESPONSE_CODE,
    CSC_TEXTS,
    NOT_SAID,
    Decline,
    DeclineKind,
)
from reconciliation.domain.grades import Actor, Grade

TABLES = (BY_RESPONSE_CODE, BY_ERROR_KEY, BY_ACH_STATUS, BY_PROCESSOR_TEXT)
DECLINES: list[Decline] = [NOT_SAID, *(one for table in TABLES for one in table.values())]


class TestDeclines:
    @pytest.mark.parametrize("decline", DECLINES, ids=lambda one: one.reason)
    def test_each_has_sentences_and_the_customer_learns_no_more_than_needed(
        self, decline: Decline
    ) -> None:
        assert decline.for_staff.endswith(".") and decline.for_customer.endswith(".")
        assert not re.search(r"stolen|lost|fraud|PayTrace", decline.for_customer, re.I)
        assert re.fullmatch(r"[a-z_]+", decline.reason)

    @pytest.mark.parametrize("decline", DECLINES, ids=lambda one: one.reason)
    def test_the_kind_and_the_advice_agree(self, decline: Decline) -> None:
        if decline.kind == DeclineKind.SOFT:
            assert decline.same_again is True
        if decline.kind == DeclineKind.HARD:
            assert decline.same_again is False
        if decline.kind == DeclineKind.UNKNOWN:
            assert decline.same_again is None

    def test_a_plain_no_is_of_unknown_kind(self) -> None:
        found = explain_decline(102, processor_text="DECLINE - do not honor").decline
        assert (found.reason, found.kind) == ("declined", DeclineKind.UNKNOWN)

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("    DECLINE - Insufficient funds", DeclineKind.SOFT),
            ("EXPIRED CARD", DeclineKind.HARD),
        ],
    )
    def test_the_recorded_texts_sharpen_a_no(self, text: str, kind: DeclineKind) -> None:
        found = explain_decline(102, processor_text=text).decline
        assert (found.kind, found.grade) == (kind, Grade.INFERRED)

    @pytest.mark.parametrize("code", [103, 125, 118, 999, None])
    def test_no_text_sharpens_anything_else(self, code: int | None) -> None:
        plain = explain_decline(code)
        assert explain_decline(code, processor_text="EXPIRED CARD") == plain

    def test_approved_and_voided_at_once_can_be_tried_again(self) -> None:
        found = explain_decline(103, avs="No Match", csc="No Match")
        assert found.decline.kind == DeclineKind.SOFT
        assert len(found.notes) == 2

    def test_error_keys_are_finer_than_code_1(self) -> None:
        assert explain_decline(1, ["35"]).decline.reason == "card_number"
        assert explain_decline(1).decline.reason == "not_said"

    def test_what_is_ours_to_mend_goes_first(self) -> None:
        found = explain_decline(1, ["35", "998"]).decline
        assert (found.kind, found.actor) == (DeclineKind.OURS, Actor.OPERATOR)

    def test_an_unknown_key_or_code_is_said_to_be_unknown(self) -> None:
        for found in (explain_decline(1, ["4711"]), explain_decline(4711)):
            assert found.decline.grade == Grade.UNKNOWN
            assert found.decline.same_again is None

    def test_a_bank_debit_is_told_by_its_status(self) -> None:
        assert explain_decline(None, ach_status="NSF_DECLINED").decline.kind == DeclineKind.SOFT
        assert explain_decline(None, ach_status="SETTLED").decline is NOT_SAID

    @pytest.mark.parametrize(
        ("avs", "csc", "count"),
        [("Full Exact Match", "Match", 0), ("0", "", 0), ("Zip Match Only", "Not Present", 2)],
    )
    def test_only_known_texts_of_the_checks_are_told(self, avs: str, csc: str, count: int) -> None:
        assert len(notes_of(avs, csc)) == count

    def test_every_text_of_the_reference_is_known(self) -> None:
        assert (len(AVS_TEXTS), len(CSC_TEXTS)) == (9, 5)
