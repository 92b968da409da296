"""The neutral receipt file: what is written is read back, and nothing else is believed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500.desk.receipt_file import (
    Head,
    read_receipt_file,
    write_receipt_file,
)
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Application, ReceiptIntent
from paysync.domain.money import Money

HEAD = Head("PS-0000001", "SOA", date(2026, 11, 23), "MERCH-USD", "USD")

cents = st.integers(0, 10**13).map(lambda n: Money(Decimal(n) / 100))
#: Every character of Windows-1252 that prints, blanks and quotes and commas among them.
letters = "".join(
    char
    for n in range(256)
    if (char := bytes([n]).decode("cp1252", "ignore")) and char.isprintable()
)
texts = st.text(letters + "\xa0", max_size=50)
ids = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=12)
links = st.lists(st.builds(Application, ids, cents, cents, cents), max_size=4).map(tuple)


@st.composite
def receipts(draw: st.DrawFn) -> list[ReceiptIntent]:
    count = draw(st.integers(0, 5))
    return [
        ReceiptIntent(
            idempotency_key=f"PT{number}-1-abc",
            company_id="SOA",
            customer_id=draw(ids),
            cash_account_id="MERCH-USD",
            post_date=HEAD.post_date,
            tran_date=draw(st.dates()),
            tran_no=draw(ids)[:10],
            amount=draw(cents),
            comment=draw(texts),
            gateway_reference="",
            applications=draw(links),
        )
        for number in range(count)
    ]


def one(**changes: object) -> ReceiptIntent:
    made = ReceiptIntent(
        "PT1-1-abc", "SOA", "ACME0001", "MERCH-USD", HEAD.post_date, HEAD.post_date, "C1",
        Money(Decimal("1250.5")), 'PT 1 "Café", €', "",
        (Application("IN-0000000001", *(Money(Decimal(n)) for n in (1200, 20, 0))),),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@given(receipts())
def test_what_is_written_is_read_back(sent: list[ReceiptIntent]) -> None:
    content = write_receipt_file(HEAD, sent)
    found = read_receipt_file(content)
    assert (found.head, list(found.receipts)) == (HEAD, sent)
    assert write_receipt_file(HEAD, found.receipts) == content


@given(receipts(), st.data())
def test_no_changed_byte_is_believed(sent: list[ReceiptIntent], data: st.DataObject) -> None:
    content = bytearray(write_receipt_file(HEAD, sent))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecordError):
        read_receipt_file(bytes(content))


@given(receipts(), st.data())
def test_no_truncated_file_is_believed(sent: list[ReceiptIntent], data: st.DataObject) -> None:
    content = write_receipt_file(HEAD, sent)
    with pytest.raises(RecordError):
        read_receipt_file(content[: data.draw(st.integers(0, len(content) - 1))])


def test_the_form_is_the_documented_one() -> None:
    lines = write_receipt_file(HEAD, [one()]).split(b"\r\n")
    assert lines[:3] == [
        b"H,PS-0000001,SOA,2026-11-23,MERCH-USD,USD,1,1250.50",
        b'P,PT1-1-abc,ACME0001,C1,2026-11-23,1250.50,"PT 1 ""Caf\xe9"", \x80"',
        b"A,PT1-1-abc,IN-0000000001,1200.00,20.00,0.00",
    ]
    digest = hashlib.sha256(b"\r\n".join(lines[:3]) + b"\r\n").hexdigest()
    assert lines[3:] == [f"T,1,1250.50,{digest}".encode(), b""]


@pytest.mark.parametrize("comment", ["✓", "a\nb", "a\x00b", "tab\tbed", "\x81"])
def test_characters_that_sage_cannot_store_are_not_written(comment: str) -> None:
    with pytest.raises(RecordError):
        write_receipt_file(HEAD, [one(comment=comment)])


def test_a_receipt_of_another_batch_is_not_written() -> None:
    for changes in ({"company_id": "NWM"}, {"post_date": date(2026, 11, 24)},
                    {"amount": Money(Decimal(1), "CAD")}):  # fmt: skip
        with pytest.raises(RecordError):
            write_receipt_file(HEAD, [one(**changes)])


def signed(*lines: bytes) -> bytes:
    body = b"".join(line + b"\r\n" for line in lines[:-1])
    return body + lines[-1].replace(b"SHA", hashlib.sha256(body).hexdigest().encode()) + b"\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        (b"H,PS-1,SOA,2026-11-23,M,USD,1,5.00", b"T,1,5.00,SHA"),
        (b"H,PS-1,SOA,2026-11-23,M,USD,0,0.00", b"A,K,IN-1,1.00,0.00,0.00", b"T,0,0.00,SHA"),
        (b"H,PS-1,SOA,2026-11-23,M,USD,1,5.00", b"P,K,C,1,2026-11-23,5.00", b"T,1,5.00,SHA"),
        (b"H,PS-1,SOA,2026-11-31,M,USD,0,0.00", b"T,0,0.00,SHA"),
        (b"H,PS-1,SOA,2026-11-23,M,USD,0,0.00", b"X,1", b"T,0,0.00,SHA"),
    ],
)
def test_a_signed_file_with_wrong_content_is_not_believed(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(RecordError):
        read_receipt_file(signed(*lines))
