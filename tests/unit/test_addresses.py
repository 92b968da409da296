"""Addresses as mail is addressed in the US and as Sage 500 can hold them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.domain.addresses import SAGE_LIMITS, Address, fit, standardize
from customers.domain.addresses.standardizing import delivery_line

PORTLAND = Address(line1="12 Harbor Street", city="Portland", state="Oregon",
                   postal_code="97201-1234", country="United States")  # fmt: skip


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("12 Harbor Street", "12 HARBOR ST"),
        ("80 N. Mill Road, Suite 200", "80 N MILL RD STE 200"),
        ("80 north mill road suite 200", "80 N MILL RD STE 200"),
        ("P.O. Box 1234", "PO BOX 1234"),
        ("Post Office Box 99", "PO BOX 99"),
        ("po box 7", "PO BOX 7"),
        ("RR 2 Box 44", "RR 2 BOX 44"),
        ("HC 68 Box 23A", "HC 68 BOX 23A"),
        ("123 Main St., Apartment 4B", "123 MAIN ST APT 4B"),
        ("1600 Pennsylvania Avenue NW", "1600 PENNSYLVANIA AVE NW"),
        ("c/o Jane Doe", "C/O JANE DOE"),
        ("ATTN: Accounts Payable", "ATTN ACCOUNTS PAYABLE"),
        ("100 Saint James Court # 5", "100 SAINT JAMES CT # 5"),
        ("12-34 56th Avenue", "12-34 56TH AVE"),
        ("77 Industrial Parkway East", "77 INDUSTRIAL PKWY E"),
        ("", ""),
    ],
)
def test_a_line_is_written_as_publication_28_wants_it(written: str, standard: str) -> None:
    assert delivery_line(written) == standard
    assert delivery_line(standard) == standard


def test_the_whole_address_with_what_was_changed_and_the_raw_one_beside_it() -> None:
    done = standardize(PORTLAND)
    assert done.is_us and done.raw == PORTLAND and not done.losses
    assert done.address == Address(line1="12 HARBOR ST", city="PORTLAND", state="OR",
                                   postal_code="972011234", country="USA")  # fmt: skip
    told = {change.field: (change.before, change.after, change.why) for change in done.changes}
    assert told["line1"] == ("12 Harbor Street", "12 HARBOR ST", "USPS Publication 28")
    assert told["state"] == ("Oregon", "OR", "two-letter code")
    assert told["postal_code"] == ("97201-1234", "972011234", "as Sage 500 keeps it")
    assert done.address.postal_shown == "97201-1234"


@pytest.mark.parametrize(
    "address",
    [
        Address(line1="Hauptstraße 5", city="München", postal_code="80331", country="DE"),
        Address(line1="12 Harbour Street", city="London", postal_code="SW1A 1AA", country="GBR"),
        Address(line1="1 Rue de la Paix", city="Montréal", state="QC", postal_code="H2X 1Y4"),
        Address(line1="12 Harbor Street", city="Portland", state="OR"),
        Address(line1="12 Harbor Street", postal_code="97201"),
    ],
)
def test_what_is_not_in_the_us_or_not_known_to_be_keeps_its_own_form(address: Address) -> None:
    done = standardize(replace(address, line2="  Haus   B "))
    assert not done.is_us and done.address == replace(address, line2="Haus B")
    assert [change.field for change in done.changes] == ["line2"]


def test_without_a_country_state_and_zip_say_that_it_is_the_us() -> None:
    assert standardize(replace(PORTLAND, country="")).is_us
    assert standardize(replace(PORTLAND, country="", state="AP", postal_code="96350")).is_us
    assert standardize(Address()).address == Address()


@pytest.mark.parametrize("code", ["9720", "97201-12", "ABCDE", "972011234 5"])
def test_what_is_no_zip_stays_as_it_is(code: str) -> None:
    assert standardize(replace(PORTLAND, postal_code=code)).address.postal_code == code


def test_a_long_line_goes_on_in_the_next() -> None:
    line = "Harborview Machine Works and Marine Supply Annex Building 12"
    fitted, changes = fit(Address(line1=line, line2="Dock 4"))
    assert fitted.lines == (
        "Harborview Machine Works and Marine", "Supply Annex Building 12", "Dock 4", "", "",
    )  # fmt: skip
    assert {change.field for change in changes} == {"line1", "line2", "line3"}
    assert not any(change.is_loss for change in changes)


def test_what_does_not_fit_is_told() -> None:
    fitted, changes = fit(Address(line1="word " * 60, city="Llanfairpwllgwyngyllgogerychwyrn",
                                  state="Oregon", postal_code="9720112345"))  # fmt: skip
    lost = {change.field: change.why for change in changes if change.is_loss}
    assert set(lost) == {"line5", "city", "state", "postal_code"}
    assert lost["city"] == "cut to 20 characters" and len(fitted.city) == 20
    [line] = [change for change in changes if change.field == "line5" and change.is_loss]
    assert line.before.count("word") > line.after.count("word")


def test_a_character_that_sage_cannot_hold_is_told() -> None:
    fitted, [change] = fit(Address(line1="Müller’s 東京 Dock"))
    assert fitted.line1 == "Müller’s ?? Dock"
    assert change.is_loss and "東" in change.why and change.before == "Müller’s 東京 Dock"


TEXT = st.text(max_size=130)
ADDRESSES = st.builds(Address, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT)


@given(ADDRESSES)
def test_what_fits_is_within_every_limit_and_no_word_goes_unsaid(address: Address) -> None:
    fitted, changes = fit(address)
    for name, most in SAGE_LIMITS.items():
        value = getattr(fitted, name)
        assert len(value) <= most
        value.encode("cp1252")
    if not any(change.is_loss for change in changes):
        assert squeezed(fitted) == squeezed(address)
    again, more = fit(fitted)
    assert again == fitted and not more


def squeezed(address: Address) -> str:
    """All that is written in the lines, without blanks."""
    return "".join("".join(address.lines).split())


@given(st.lists(st.from_regex(r"[0-9]{1,5}[A-Z]?|[A-Za-z]{2,12}|#|-", fullmatch=True), max_size=9))
def test_no_number_of_a_line_is_ever_lost(parts: list[str]) -> None:
    line = " ".join(parts)
    digits = [char for char in line if char.isdecimal()]
    assert [char for char in delivery_line(line) if char.isdecimal()] == digits


@given(ADDRESSES)
def test_any_address_can_be_read(address: Address) -> None:
    done = standardize(replace(address, country="US"))
    assert done.raw.line1 == address.line1
    assert all(change.before != change.after for change in done.changes)
