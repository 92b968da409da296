"""Who a party may be: suggestions with a score and reasons, never a decision."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.linkage import figures, misses
from customers.domain.candidates import COMPARED, CandidateIndex, Strength
from customers.domain.parties import Party, clean, comparable, id_of, name_of

ACME = Party(
    "1", "Acme Industrial Supply, Inc.", "12 Harbor Street", "Portland", "97201",
    "ap@acme.example", "+1 (503) 555-0142", "1111 0428", "ACME0012",
)  # fmt: skip
OTHERS = [
    Party("2", "Cascade Fasteners LLC", "80 Mill Road", "Salem", "97301", customer_id="CASC01"),
    Party("3", "Acorn Tools", "9 Oak Avenue", "Bend", "97701", customer_id="ACORN"),
    Party("4", "Northwest Supply", "12 Harbor Street", "Portland", "97201", customer_id="NWS"),
]
INDEX = CandidateIndex([ACME, *OTHERS])


def first(party: Party) -> str:
    found = INDEX.find(replace(party, key=""))
    return found[0].key if found else ""


@pytest.mark.parametrize(
    "asked",
    [
        Party("", "ACME INDUSTRIAL SUPPLY"),
        Party("", "Supply, Acme Industrial"),
        Party("", "Acme Indutsrial Suply", "12 Harbour St", "Portland"),
        Party("", "Ácmé Industrial Supply Corporation"),
        Party("", "J. Doe", email=" AP@acme.example "),
        Party("", "Jane Doe", phone="503.555.0142"),
        Party("", "Jane Doe", card="1111 0428"),
        Party("", "Jane Doe", customer_id="acme-12"),
    ],
)
def test_the_right_one_is_the_first_suggestion(asked: Party) -> None:
    assert first(asked) == "1"


def test_a_strong_one_says_what_speaks_for_it_and_what_against() -> None:
    asked = Party("", "Acme Industrial Supply", "12 Harbor St", "Portland", "97201")
    best, *rest = INDEX.find(asked)
    assert (best.key, best.strength) == ("1", Strength.STRONG)
    assert "name 100 %" in best.sentence and "postal code 100 %" in best.sentence
    assert f"the next best has {max(one.score for one in rest)}" in best.sentence
    assert [one.field for one in best.likeness] == ["name", "street", "city", "postal_code"]


def test_a_name_alone_is_never_strong() -> None:
    [best, *_] = INDEX.find(Party("", "Acme Industrial Supply"))
    assert (best.score, best.strength) == (100, Strength.LIKELY)


def test_another_number_or_contact_speaks_against_nobody() -> None:
    asked = Party("", "Acme Industrial Supply", "12 Harbor St", email="jo@acme.example",
                  phone="503-555-9999", card="4242 0130", customer_id="gw-77")  # fmt: skip
    [best, *_] = INDEX.find(asked)
    assert (best.key, best.strength) == ("1", Strength.STRONG)
    assert [one.field for one in best.likeness] == ["name", "street"]


def test_two_that_are_alike_are_both_only_likely() -> None:
    index = CandidateIndex([ACME, replace(ACME, key="twin"), *OTHERS])
    found = index.find(replace(ACME, key=""))
    assert {one.key for one in found[:2]} == {"1", "twin"}
    assert [one.strength for one in found[:2]] == [Strength.LIKELY, Strength.LIKELY]


def test_nobody_is_suggested_to_himself_but_his_duplicate_is() -> None:
    assert "1" not in {one.key for one in INDEX.find(ACME)}
    index = CandidateIndex([ACME, replace(ACME, key="twin"), *OTHERS])
    assert index.find(ACME)[0].key == "twin"


def test_who_shares_nothing_gets_no_suggestion() -> None:
    assert INDEX.find(Party("", "Zyx")) == []
    assert INDEX.find(Party("")) == [] and CandidateIndex([]).find(ACME) == []


def test_only_a_few_are_compared_in_a_crowd() -> None:
    crowd = [Party(str(n), f"Supply House {n}", f"{n} Main Street") for n in range(3000)]
    index = CandidateIndex(crowd)
    assert len(index.near(comparable(Party("", "Supply House 77", "77 Main Street")))) <= COMPARED
    assert index.find(Party("", "Supply House 1234", "1234 Main Street"))[0].key == "1234"


@pytest.mark.parametrize(
    ("one", "other"),
    [("ACME0012", "acme-12"), ("  A 007 ", "a7"), ("0001", "1"), ("A0B00", "a0b0")],
)
def test_customer_numbers_are_read_as_people_copy_them(one: str, other: str) -> None:
    assert id_of(one) == id_of(other)


def test_numbers_that_differ_stay_apart() -> None:
    assert len({id_of(text) for text in ("A10", "A1", "A100", "B1", "1A", "10A")}) == 6


@pytest.mark.parametrize(
    ("text", "meant"),
    [("The ACME Co., Inc.", "acme"), ("Inc.", "inc"), ("Müller & Söhne", "muller sohne"), ("", "")],
)
def test_a_legal_form_is_no_part_of_a_name(text: str, meant: str) -> None:
    assert name_of(text) == meant


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_looked_for_and_scores_stay_in_bounds(
    name: str, street: str, other: str
) -> None:
    asked = Party("", name, street, other, other, other, other, other, other)
    for one in INDEX.find(asked):
        assert 0 <= one.score <= 100 and one.bits > 0 and one.sentence
    assert comparable(comparable(asked)) == comparable(asked)
    assert clean(clean(name)) == clean(name)


def test_the_public_benchmark_is_reached() -> None:
    """Its quality; its speed is for the benchmark itself."""
    found = figures(seed=1)
    assert [name for name in misses(found) if name != "seconds"] == []
    assert found["strong_share"] > 0.9 and found["strong_precision_half"] >= 0.999
