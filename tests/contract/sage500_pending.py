"""A site on a T-SQL server with pending receipts, made by the twin, and rows of both to compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500.preflight.expected import expected_tables
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.orders import order_of
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.sage500.submit import submit
from tests.contract.erp_site import CA1, I1, I2, I3, K1, site_data
from tests.contract.sage500_engine import OnTheEngine
from tests.contract.sage500_site import NOON
from tests.mssql.clerk import EngineClerk
from tests.mssql.site import LOADED_AT, SageSite

#: What differs because each side stamps by its own clock.
STAMPS = frozenset({"CreateDate", "UpdateDate"})


def receipt(store: Store, number: int, amount: str, *links: tuple[str, ...], **more: str) -> None:
    """A pending receipt by the twin's own wrapper. links: invoice, amount, discount, write-off."""
    names = ("invoice_tran_id", "amount", "discount", "write_off")
    body = {
        "customer_id": "ACME0001", "cash_account_id": "MERCH-USD", "post_date": "2026-11-23",
        "tran_date": "2026-11-23", "tran_no": str(number), "currency": "USD", "amount": amount,
        "comment": f"PT {number}", "gateway_reference": f"m:{number}", **more,
        "applications": [dict(zip(names, link, strict=False)) for link in links],
    }  # fmt: skip
    answer = submit(store, order_of(f"PT{number}", "SOA", body), NOON)
    assert answer.code == 1, answer


class WithReceipts(OnTheEngine):
    """A site with pending receipts in two batches: USD (1) and CAD (2), beside loaded rows."""

    @pytest.fixture
    def store(self, today: date) -> Iterator[Store]:
        with closing(Store(":memory:")) as store:
            load(store, site_data(today), LOADED_AT)
            receipt(store, 1, "160.00", (I1, "60.00", "0", "5.00"), (I2, "80.00"))
            receipt(store, 2, "1015.00", (I1, "35.00"), (I3, "980.00", "20.00"))
            receipt(store, 3, "75.00", (K1, "70.05"))
            receipt(store, 4, "12.34")
            receipt(
                store, 5, "333.33", (CA1, "111.11"), customer_id="NORTH0003",
                cash_account_id="MERCH-CAD", currency="CAD",
            )  # fmt: skip
            yield store

    @pytest.fixture
    def clerk(self, engine: SageSite, store: Store) -> EngineClerk:
        engine.copy(store)
        return EngineClerk(engine)

    @pytest.fixture
    def batches(self, store: Store) -> list[int]:
        sql = "SELECT BatchKey FROM tciBatchLog WHERE BatchType = 503 ORDER BY BatchKey"
        return [row[0] for row in store.rows(sql)]


def rows_of(
    clerk: EngineClerk, table: str, without: frozenset[str] = frozenset()
) -> list[tuple[Any, ...]]:
    names = ", ".join(name for name in expected_tables()[table] if name not in without)
    sql = f"SELECT {names} FROM dbo.{table}"  # noqa: S608 - names from tables.sql
    return sorted((tuple(map(rounded, row)) for row in clerk.ask(sql)), key=repr)


def twin_rows(
    store: Store, table: str, without: frozenset[str] = frozenset()
) -> list[tuple[Any, ...]]:
    """The twin's rows with the values a T-SQL server gives."""
    columns = {n: c.type for n, c in expected_tables()[table].items() if n not in without}
    rows = store.rows(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - see above
    read = [tuple(map(as_given, columns.values(), row)) for row in rows]
    return sorted(read, key=repr)


def as_given(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind.startswith("decimal"):
        return Decimal(value).scaleb(-int(kind.rstrip(")").split(",")[1]))
    if kind == "datetime":
        return datetime.fromisoformat(value)
    return rounded(value)


def rounded(value: Any) -> Any:
    """A rate that was divided out may differ in its last bit."""
    return round(value, 12) if isinstance(value, float) else value
