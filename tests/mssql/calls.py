"""The shipped procedures, called over pyodbc as an adapter calls them, outputs and all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

OUTPUTS = """@BatchKey OUTPUT, @BatchID OUTPUT, @Key OUTPUT, @TranID OUTPUT, @Reason OUTPUT,
             @RetVal OUTPUT, @Message OUTPUT"""
CALL = """
    SET NOCOUNT ON;
    DECLARE @BatchKey int, @BatchID varchar(12), @Key int, @TranID varchar(13), @Reason varchar(40),
            @RetVal int, @Message varchar(400);
    EXEC {procedure} {parameters}, {outputs};
    SELECT @RetVal, @Reason, @Message, @Key, @BatchKey, @BatchID, @TranID, @@TRANCOUNT"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a procedure answered. open: transactions it left open, always 0."""

    code: int
    reason: str
    message: str
    key: int | None
    batch_key: int | None
    batch_id: str | None
    tran_id: str | None
    open: int


@dataclass(frozen=True, slots=True)
class Link:
    """An application as a caller may send it: texts, right or wrong."""

    tran_id: str
    amount: str
    discount: str = "0.000"
    write_off: str = "0.000"


def appl(links: Iterable[Link]) -> str:
    """@Appl of ReceiptSubmit."""
    rows = (
        f"<a id={quoteattr(link.tran_id)} amt={quoteattr(link.amount)}"
        f" disc={quoteattr(link.discount)} wo={quoteattr(link.write_off)}/>"
        for link in links
    )
    return f"<appls>{''.join(rows)}</appls>"


def call(
    connection: Any, procedure: str, parameters: Sequence[Any], outputs: str = OUTPUTS
) -> Answer:
    """Run it. Raises pyodbc.Error for what the procedure did not catch."""
    marks = ", ".join("?" * len(parameters))
    text = CALL.format(procedure=procedure, parameters=marks, outputs=outputs)
    with connection.cursor() as cursor:
        cursor.execute(text, *parameters)
        while cursor.description is None:
            assert cursor.nextset(), "no answer"
        return Answer(*cursor.fetchone())


def submit(connection: Any, today: date, number: int = 1, *links: Link, **changes: Any) -> Answer:
    """A receipt of ACME0001 over 100.00, unapplied unless links are given; None is NULL."""
    day = datetime.combine(today, datetime.min.time())
    fields: dict[str, Any] = {
        "key": f"PT{number}-1-abcdef", "company_id": "SOA", "customer_id": "ACME0001",
        "cash_account_id": "MERCH-USD", "post_date": day, "tran_date": day, "tran_no": f"{number}",
        "currency": "USD", "amount": Decimal("100.000"), "comment": f"PT {number} 4242 A1B2",
        "gateway_reference": f"merchant-1:{number}", "appl": appl(links) if links else None,
        "user_id": "",
    }  # fmt: skip
    assert changes.keys() <= fields.keys()
    return call(connection, "ptx.ReceiptSubmit", list({**fields, **changes}.values()))


def withdraw(connection: Any, number: int = 1, key: str | None = None) -> Answer:
    return call(connection, "ptx.ReceiptWithdraw", [key or f"PT{number}-1-abcdef", ""])
