"""The PayTrace twin's own database: payments, batches, stored customers, Protect.js pairs."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    check_id TEXT NOT NULL DEFAULT '',
    method TEXT NOT NULL DEFAULT 'card',
    kind TEXT NOT NULL DEFAULT 'SALE',
    status TEXT NOT NULL,
    cents INTEGER NOT NULL,
    authorized_cents INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    settled INTEGER,
    batch INTEGER,
    batch_number TEXT NOT NULL DEFAULT '',
    invoice TEXT NOT NULL DEFAULT '',
    customer_ref TEXT NOT NULL DEFAULT '',
    customer_id TEXT NOT NULL DEFAULT '',
    billing_name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    brand TEXT NOT NULL DEFAULT '',
    last4 TEXT NOT NULL DEFAULT '',
    approval_code TEXT NOT NULL DEFAULT '',
    approval_message TEXT NOT NULL DEFAULT '',
    original_id TEXT NOT NULL DEFAULT '',
    idempotency_key TEXT NOT NULL DEFAULT '',
    return_code TEXT NOT NULL DEFAULT '',
    hidden INTEGER NOT NULL DEFAULT 0,
    created_by TEXT NOT NULL DEFAULT 'apiuser'
);
CREATE INDEX IF NOT EXISTS payments_created ON payments (created);
CREATE INDEX IF NOT EXISTS payments_batch ON payments (batch);
CREATE INDEX IF NOT EXISTS payments_key ON payments (idempotency_key);
CREATE INDEX IF NOT EXISTS payments_check ON payments (check_id);
CREATE INDEX IF NOT EXISTS payments_original ON payments (original_id);
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY, number TEXT NOT NULL, settled INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, method TEXT NOT NULL, brand TEXT NOT NULL, last4 TEXT NOT NULL,
    billing_name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pairs (
    hpf_token TEXT PRIMARY KEY, enc_key TEXT NOT NULL, brand TEXT NOT NULL, last4 TEXT NOT NULL,
    billing_name TEXT NOT NULL
);
"""

COLUMNS = (
    "seq", "id", "check_id", "method", "kind", "status", "cents", "authorized_cents", "created",
    "settled", "batch", "batch_number", "invoice", "customer_ref", "customer_id", "billing_name",
    "description", "brand", "last4", "approval_code", "approval_message", "original_id",
    "idempotency_key", "return_code", "hidden", "created_by",
)  # fmt: skip
INSERT = f"INSERT INTO payments ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
EMPTY: dict[str, Any] = {
    **dict.fromkeys(COLUMNS, ""),
    "method": "card", "kind": "SALE", "authorized_cents": 0, "settled": None, "batch": None,
    "hidden": 0, "created_by": "apiuser",
}  # fmt: skip
FIRST_CARD_ID = 700_100_200
FIRST_CHECK_ID = 9_910_000

Payment = dict[str, Any]


class Store:
    """One SQLite database, one lock: what a request does inside `with store.lock` is one step."""

    def __init__(self, database: str = ":memory:") -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # a twin may lose its memory, not its speed
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self.lock:
            self._db.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Payment]:
        with self.lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def one(self, sql: str, values: Sequence[object] = ()) -> Payment | None:
        return next(iter(self.rows(sql, values)), None)

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        with self.lock:
            self._db.execute(sql, values)

    def add(self, payments: Iterable[Mapping[str, Any]]) -> list[Payment]:
        """Insert payments in one transaction; ids are given in order."""
        with self.lock:
            found = self.one("SELECT COALESCE(MAX(seq), 0) AS last FROM payments") or {"last": 0}
            made = [complete(p, found["last"] + n) for n, p in enumerate(payments, start=1)]
            self._db.execute("BEGIN")
            self._db.executemany(INSERT, [[p[name] for name in COLUMNS] for p in made])
            self._db.execute("COMMIT")
        return made

    def get(self, payment_id: object, method: str | None = None) -> Payment | None:
        """By transaction id, or by V1's check id."""
        text = str(payment_id)
        found = self.one("SELECT * FROM payments WHERE id = ?", (text,))
        if not found and text:
            found = self.one("SELECT * FROM payments WHERE check_id = ?", (text,))
        return found if found and method in (None, found["method"]) else None

    def change(self, payment: Payment, **fields: Any) -> Payment:
        """Set some columns of one payment."""
        names = ", ".join(f"{name} = ?" for name in fields)
        sql = f"UPDATE payments SET {names} WHERE seq = ?"  # noqa: S608 - our own names
        self.execute(sql, (*fields.values(), payment["seq"]))
        return {**payment, **fields}

    def created_between(self, start: int, end: int, method: str) -> list[Payment]:
        """Created in [start, end), epoch seconds, oldest first."""
        sql = (
            "SELECT * FROM payments WHERE method = ? AND created >= ? AND created < ?"
            " ORDER BY created, seq"
        )
        return self.rows(sql, (method, start, end))

    def refunded_cents(self, payment: Payment) -> int:
        sql = (
            "SELECT COALESCE(SUM(cents), 0) AS total FROM payments"
            " WHERE kind = 'REFUND' AND original_id = ? AND status NOT IN ('voided', 'VOIDED')"
        )
        return int((self.one(sql, (payment["id"],)) or {"total": 0})["total"])

    def batches(self, start: int, end: int) -> list[Payment]:
        sql = "SELECT * FROM batches WHERE settled >= ? AND settled < ? ORDER BY seq"
        return self.rows(sql, (start, end))

    def latest_batch(self, number: str = "") -> Payment | None:
        sql = "SELECT * FROM batches WHERE ? IN ('', number) ORDER BY seq DESC LIMIT 1"
        return self.one(sql, (number,))

    def in_batch(self, seq: int) -> list[Payment]:
        return self.rows("SELECT * FROM payments WHERE batch = ? ORDER BY created, seq", (seq,))

    def customer(self, customer_id: str) -> Payment | None:
        return self.one("SELECT * FROM customers WHERE id = ?", (customer_id,))

    def use_pair(self, hpf_token: str, enc_key: str) -> Payment | None:
        """Take a one-time pair: it is gone afterwards."""
        with self.lock:
            sql = "SELECT * FROM pairs WHERE hpf_token = ? AND enc_key = ?"
            found = self.one(sql, (hpf_token, enc_key))
            self.execute("DELETE FROM pairs WHERE hpf_token = ?", (hpf_token,))
        return found


def complete(payment: Mapping[str, Any], seq: int) -> Payment:
    """Fill in what a new payment lacks: ids and defaults."""
    made = {**EMPTY, **payment, "seq": seq}
    if made["method"] == "ach":
        made["check_id"] = str(FIRST_CHECK_ID + seq)
        made["id"] = made["id"] or str(uuid.uuid5(uuid.NAMESPACE_OID, f"ach-{seq}"))
    made["id"] = made["id"] or str(FIRST_CARD_ID + seq)
    return made
