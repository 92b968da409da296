"""Which receipt of Sage's list is which of ours: signs that count, and what is asked instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.desk import (
    DESK_EDGES,
    LIVE_STATES,
    OUT_STATES,
    DeskEntry,
    DeskState,
    Matched,
    SageReceipt,
    mark_of,
    match_rows,
    may_become,
)
from paysync.domain.money import Money

DAY = date(2026, 11, 23)


def ours(pk: int = 1, **changes: Any) -> DeskEntry:
    intent = {
        "tran_no": f"C{pk}", "customer_id": "ACME", "amount": "100.00", "currency": "USD",
        "tran_date": "2026-11-23", "comment": f"PT 70{pk} 4242",
    } | changes.pop("intent", {})  # fmt: skip
    made = DeskEntry(
        pk, f"PT{pk}", "SOA", DeskState.HANDED_OVER, "", intent, None, 1, "PS-1", f"m:{pk}", "", "",
        False, None, "", None,
    )  # fmt: skip
    return replace(made, **changes)


def theirs(line: int = 2, **changes: Any) -> SageReceipt:
    made = SageReceipt(
        line, "SOA", "C1", "CR-C1", DAY, "ACME", Money(Decimal(100)), None, "PT 701 4242", "ARCR-1",
        DeskState.ENTERED, None,
    )  # fmt: skip
    return replace(made, **changes)


def pairs(found: Matched) -> list[tuple[int, int]]:
    return [(entry.pk, row.line) for entry, row in found.pairs]


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        ({}, {}),
        ({}, {"comment": ""}),
        ({}, {"comment": "", "customer_id": "", "state": DeskState.DELETED}),
        ({}, {"tran_no": "77", "tran_id": "CR-77"}),
        ({}, {"tran_no": "77", "amount": Money(Decimal(90)), "comment": "pt 701 late"}),
        ({"sage_tran_id": "CR-9", "number_told": True},
         {"tran_id": "CR-9", "tran_no": "9", "comment": "", "amount": Money(Decimal(1))}),
        ({"sage_tran_id": "cr-9"}, {"tran_id": "CR-9", "tran_no": "9", "comment": ""}),
        ({"intent": {"customer_id": "acme  "}}, {"comment": ""}),
    ],
)  # fmt: skip
def test_signs_that_are_enough(entry: dict[str, Any], row: dict[str, Any]) -> None:
    found = match_rows([ours(**entry)], [theirs(**row)])
    assert (pairs(found), found.questions) == ([(1, 2)], [])


@pytest.mark.parametrize(
    "row",
    [
        {"tran_no": "77", "comment": ""},
        {"tran_no": "77", "comment": "PT 999"},
        {"company_id": "NWM"},
        {"tran_no": "77", "comment": "see PT 701"},
    ],
)
def test_others_are_left_alone(row: dict[str, Any]) -> None:
    found = match_rows([ours()], [theirs(**row)])
    assert (found.pairs, found.questions) == ([], [])


@pytest.mark.parametrize(
    ("entry", "rows", "text"),
    [
        ({}, [{"comment": "", "amount": Money(Decimal(90))}], "not the same receipt"),
        ({}, [{"comment": "", "customer_id": "OTHER"}], "not the same receipt"),
        ({}, [{"comment": "", "tran_date": date(2026, 11, 1)}], "not the same receipt"),
        ({}, [{"comment": ""}, {"comment": "", "tran_id": "MC-C1"}], "CR-C1, MC-C1"),
        ({}, [{}, {"tran_no": "78", "tran_id": "CR-78"}], "all carry PT 701"),
        ({"sage_tran_id": "CR-9"},
         [{"tran_id": "CR-9", "tran_no": "9", "comment": "", "amount": Money(Decimal(7))}],
         "the number that was typed in, is a receipt of 7.00 USD"),
        ({"sage_tran_id": "CR-C1", "number_told": True}, [{}, {}], "lists CR-C1 2 times"),
        ({"intent": {"amount": None}}, [{}], "an amount must be text"),
        ({"intent": {"comment": 5}}, [{}], "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_asked(
    entry: dict[str, Any], rows: list[dict[str, Any]], text: str
) -> None:
    found = match_rows([ours(**entry)], [theirs(n, **row) for n, row in enumerate(rows, 2)])
    assert not found.pairs
    assert len(found.questions) == 1 and text in found.questions[0].text


def test_one_row_for_two_of_ours_is_a_question_for_both() -> None:
    found = match_rows([ours(), ours(2, intent={"comment": "PT 701"})], [theirs(tran_no="5")])
    assert not found.pairs and [one.entry_pk for one in found.questions] == [1, 2]


def test_a_number_that_sage_told_goes_before_one_that_was_typed() -> None:
    told = ours(1, sage_tran_id="CR-C1", number_told=True)
    found = match_rows([ours(2, intent={"comment": "PT 701"}), told], [theirs()])
    assert pairs(found) == [(1, 2)]


@given(st.lists(st.integers(1, 30), unique=True), st.randoms())
def test_the_order_of_rows_and_receipts_changes_nothing(numbers: list[int], random: Any) -> None:
    entries = [ours(n) for n in numbers]
    rows = [theirs(n + 1, tran_no=f"C{n}", tran_id=f"CR-{n}", comment="") for n in numbers]
    random.shuffle(entries)
    random.shuffle(rows)
    assert sorted(pairs(match_rows(entries, rows))) == sorted((n, n + 1) for n in numbers)


@pytest.mark.parametrize(
    ("comment", "mark"),
    [("PT 701 4242 A1", "PT 701"), ("pt x", "PT X"), ("PT", ""), ("", ""), ("PTX 1", "")],
)
def test_a_mark_is_the_gateway_id_of_a_comment(comment: str, mark: str) -> None:
    assert mark_of(comment) == mark


def test_ends_are_ends_and_only_the_waiting_can_be_taken_back_or_handed_over() -> None:
    assert set(DESK_EDGES) == set(DeskState)
    for end in (DeskState.POSTED, DeskState.DELETED, DeskState.WITHDRAWN):
        assert not DESK_EDGES[end]
    before = {old for old, after in DESK_EDGES.items() if DeskState.WITHDRAWN in after}
    assert before == {DeskState.WAITING, DeskState.REJECTED}
    assert {o for o, after in DESK_EDGES.items() if DeskState.HANDED_OVER in after} == {
        DeskState.WAITING
    }
    assert OUT_STATES < LIVE_STATES
    assert may_become(DeskState.POSTED, DeskState.POSTED)
