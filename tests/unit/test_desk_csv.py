"""Exports of a site, cell by cell: dates and amounts as sites write them, and every complaint."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500.desk import csv as desk_csv
from paysync.adapters.sage500.desk.cells import Cells, amount_of, day_of
from paysync.adapters.sage500.desk.columns import FileKind
from paysync.adapters.sage500.desk.csv import BadFileError, read_sheet
from paysync.adapters.sage500.desk.importing import Import
from paysync.adapters.sage500.desk.lists import lists_of
from paysync.adapters.sage500.desk.options import FileOptions
from paysync.domain.desk import Listed, Problem, error_file

PERIODS = "CompanyID,FiscYear,FiscPer,StartDate,EndDate,Status,LockAR\n"
INVOICES = "CompanyID,TranID,TranType,CustID,TranDate,CurrID,TranAmt,Balance,CustPONo\n"


def lists(
    text: str | bytes,
    kind: FileKind = FileKind.INVOICES,
    options: FileOptions | None = None,
    named: str = "",
    companies: tuple[str, ...] = ("SOA", "NWM"),
) -> list[Listed]:
    options = options or FileOptions()
    content = text if isinstance(text, bytes) else text.encode("cp1252")
    return lists_of(Import(kind, read_sheet(content, options), options, companies, named))


def problems(text: str | bytes, **more: object) -> list[tuple[int, str, str, str]]:
    with pytest.raises(BadFileError) as caught:
        lists(text, **more)  # type: ignore[arg-type]
    return [(p.line, p.column, p.value, p.reason) for p in caught.value.problems]


def invoice(**changes: str) -> str:
    values = {
        "CompanyID": "SOA", "TranID": "IN-1", "TranType": "501", "CustID": "ACME",
        "TranDate": "2026-11-01", "CurrID": "USD", "TranAmt": "10.00", "Balance": "10.00",
        "CustPONo": "",
    }  # fmt: skip
    return ",".join({**values, **changes}.values()) + "\n"


def test_a_good_file_becomes_records() -> None:
    found = lists(INVOICES + invoice() + invoice(CompanyID="NWM", Balance="2.500"))
    assert [(one.company_id, one.rows[0][0]) for one in found] == [("NWM", "IN-1"), ("SOA", "IN-1")]
    assert found[0].rows[0][1]["balance"] == "2.50"


def test_every_wrong_cell_is_named_with_line_column_value_and_reason() -> None:
    text = INVOICES + invoice() + invoice(TranID="IN-2", Balance="1,0".replace(",", ";")) + invoice(
        TranID="IN-3", TranDate="11/23/2026", CustID=" ", TranAmt="ten"
    )  # fmt: skip
    assert problems(text) == [
        (3, "Balance", "1;0", "not an amount"),
        (4, "CustID", " ", "missing"),
        (4, "TranDate", "11/23/2026", "not a date such as 2026-11-23"),
        (4, "TranAmt", "ten", "not an amount"),
    ]


def test_no_more_problems_are_listed_than_anybody_reads() -> None:
    rows = "".join(invoice(TranID=f"IN-{n}", Balance="x") for n in range(500))
    assert len(problems(INVOICES + rows)) == desk_csv.MOST_PROBLEMS


def test_a_long_value_is_shortened() -> None:
    (_, _, value, _) = problems(INVOICES + invoice(Balance="9" * 300))[0]
    assert len(value) == 61 and value.endswith("…")


def test_a_fraction_of_a_cent_is_wrong_for_its_currency() -> None:
    assert problems(INVOICES + invoice(Balance="1.005"))[0][1] == "Balance"
    assert lists(INVOICES + invoice(Balance="1.005", TranAmt="1.005", CurrID="KWD"))


def test_a_key_twice_is_told_with_both_lines() -> None:
    text = INVOICES + invoice() + invoice(CompanyID="NWM") + invoice(TranID="in-1 ")
    assert problems(text) == [(4, "TranID", "IN-1", "line 2 has it already")]


def test_what_looks_like_a_formula_is_text() -> None:
    (listed,) = lists(INVOICES + invoice(CustPONo="=1+1"))
    assert listed.rows[0][1]["customer_po"] == "=1+1"


def test_missing_columns_are_all_named() -> None:
    found = problems("CompanyID,TranID\nSOA,IN-1\n")
    assert {column for _, column, _, reason in found if reason == "the column is missing"} == {
        "TranType", "CustID", "TranDate", "CurrID", "TranAmt", "Balance",
    }  # fmt: skip


def test_columns_may_have_other_names_and_any_order() -> None:
    options = FileOptions(columns={"invoices": {"balance": "Open amount"}}, delimiter=";")
    text = INVOICES.replace("Balance", "open AMOUNT").replace(",", ";")
    (listed,) = lists(text + invoice().replace(",", ";"), options=options)
    assert listed.rows[0][1]["balance"] == "10.00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        (INVOICES + invoice()[:-1], "the last line has no end"),
        ("A,a\n", "the column is there twice"),
        (INVOICES + "SOA,IN-1\n", "the line has 2 cells, the first line has 9"),
        (INVOICES + '"SOA', "the last line has no end"),
        (INVOICES + 'SOA,"x"y,1,1,1,1,1,1,1\n', "not CSV"),
        (INVOICES + invoice(CustPONo="a\x00b"), "a control character in the text"),
        (INVOICES + invoice(CustPONo='"a\nb"'), "a control character in the text"),
        (INVOICES + invoice(CustPONo="x" * 17_000), "the line is longer than"),
        (INVOICES + invoice(CompanyID="XXX"), "no row is of SOA, NWM"),
        (INVOICES.encode() + b"SOA,\x81\n", "a byte that is not cp1252"),
    ],
)
def test_a_broken_file_is_refused_whole(text: str | bytes, reason: str) -> None:
    assert reason in problems(text)[0][3]


def test_files_and_rows_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    text = INVOICES + invoice() + invoice(TranID="IN-2")
    monkeypatch.setattr(desk_csv, "MOST_ROWS", 0)
    assert "more than 0 rows" in problems(text + invoice(TranID="IN-3"))[0][3]
    monkeypatch.setattr(desk_csv, "MOST_BYTES", len(text) - 1)
    assert "larger than" in problems(text)[0][3]


def test_a_trailer_proves_the_number_of_rows() -> None:
    options = FileOptions(trailer=True)
    text = INVOICES + invoice() + invoice(TranID="IN-2")
    assert len(lists(text + "T,2\n", options=options)[0].rows) == 2
    assert "so many rows, there are 2" in problems(text + "T,3\n", options=options)[0][3]
    assert "does not say T and a count" in problems(text, options=options)[0][3]


def test_utf_8_with_a_mark_is_read() -> None:
    text = INVOICES + invoice(CustID="ÄCME")
    (listed,) = lists(b"\xef\xbb\xbf" + text.encode(), options=FileOptions(encoding="utf-8"))
    assert listed.rows[0][1]["customer_id"] == "ÄCME"


def test_a_file_without_companies_belongs_to_the_one_in_its_name_or_the_only_one() -> None:
    text = INVOICES.replace("CompanyID,", "") + invoice().replace("SOA,", "")
    assert lists(text, named="NWM")[0].company_id == "NWM"
    assert lists(text, companies=("SOA",))[0].company_id == "SOA"
    assert problems(text)[0][1:] == ("CompanyID", "", "the column is missing")


def test_a_row_that_contradicts_the_name_is_wrong() -> None:
    assert problems(INVOICES + invoice(), named="NWM")[0][3] == "the file's name says NWM"


def test_an_empty_list_needs_the_company_in_its_name() -> None:
    assert lists(INVOICES, named="SOA") == [Listed("SOA", lists(INVOICES + invoice())[0].kind, [])]
    assert problems(INVOICES)[0][3].startswith("no row")


def test_periods_are_open_unless_closed_or_locked() -> None:
    rows = ["SOA,2026,10,2026-10-01,2026-10-31,2,0", "SOA,2026,11,2026-11-01,2026-11-30,1,0",
            "SOA,2026,12,2026-12-01,2026-12-31,1,1"]  # fmt: skip
    (listed,) = lists(PERIODS + "\n".join(rows) + "\n", FileKind.PERIODS)
    assert [row["is_open"] for _, row in listed.rows] == [False, True, False]
    backwards = PERIODS + "SOA,2026,10,2026-10-31,2026-10-01,1,0\n"
    assert problems(backwards, kind=FileKind.PERIODS)[0][3] == "it is before the start"


# --- cells --------------------------------------------------------------------------------------

PLAIN = Cells("", ".", "")
GERMAN = Cells("%d.%m.%Y", ",", ".")


@given(st.integers(-(10**13), 10**13), st.sampled_from([("", "."), (",", "."), (".", ",")]))
def test_amounts_are_read_as_they_are_written(cents: int, marks: tuple[str, str]) -> None:
    thousands, point = marks
    text = f"{Decimal(cents) / 100:,.2f}".replace(",", "T").replace(".", point)
    assert Decimal(amount_of(text.replace("T", thousands), Cells("", point, thousands))) == (
        Decimal(cents) / 100
    )


@pytest.mark.parametrize(
    "text", ["", "1e5", "NaN", "--1", "+1", "1,000.00", "1 000", "0x1", "١", "1.0001", "9" * 13]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        amount_of(text, PLAIN)


def test_a_wrong_group_or_a_foreign_point_is_no_amount() -> None:
    for text in ("1.00", "12.34,00", "1.000.0"):
        with pytest.raises(ValueError):
            amount_of(text, GERMAN)
    assert amount_of("-1.234,50", GERMAN) == "-1234.50"


@given(st.dates(date(1000, 1, 1)))
def test_dates_are_read_as_they_are_written(day: date) -> None:
    assert day_of(day.isoformat(), PLAIN) == day.isoformat()
    assert day_of(f"{day.isoformat()} 00:00:00.000", PLAIN) == day.isoformat()
    assert day_of(f"{day:%d.%m.}{day.year:04d}", GERMAN) == day.isoformat()


@pytest.mark.parametrize("text", ["", "2026-02-30", "20261123", "2026-W47-1", "2026-11-23x"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        day_of(text, PLAIN)


# --- the error file -----------------------------------------------------------------------------


@given(st.text(max_size=80), st.text(max_size=30))
def test_no_cell_of_an_error_file_is_a_formula(value: str, column: str) -> None:
    text = error_file([Problem.at(3, column, value, "wrong")])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["line", "column", "value", "reason"]
    assert not rows[1][2].startswith(("=", "+", "@", "\t", "\r"))
    assert not rows[1][1].startswith(("=", "+", "@", "\t", "\r"))


def test_a_negative_number_stays_one() -> None:
    assert ",-5.00," in error_file([Problem.at(3, "Balance", "-5.00", "wrong")])
    assert ",'-5+1," in error_file([Problem.at(3, "Balance", "-5+1", "wrong")])
