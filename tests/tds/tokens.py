"""MS-TDS 2.2.7: the tokens of a reply."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from tests.tds.types import COLLATION, type_info, value_bytes

MORE, IS_ERROR, HAS_COUNT, ATTENTION = 0x01, 0x02, 0x10, 0x20
DONE, DONE_PROC, DONE_IN_PROC = 0xFD, 0xFE, 0xFF
VERSION = bytes([15, 0, 0x07, 0xD0])  # SQL Server 2019


def short_text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def long_text(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def sized(token: int, body: bytes) -> bytes:
    return bytes([token]) + struct.pack("<H", len(body)) + body


def done(token: int = DONE, status: int = 0, count: int = 0) -> bytes:
    return struct.pack("<BHHQ", token, status, 0, count)


def changed(kind: int, new: bytes, old: bytes = b"\x00") -> bytes:
    """ENVCHANGE."""
    return sized(0xE3, bytes([kind]) + new + old)


def logged_in(database: str, packet: int) -> bytes:
    name = "Microsoft SQL Server"
    ack = bytes([1]) + struct.pack(">I", 0x74000004) + short_text(name) + VERSION
    return (
        changed(1, short_text(database), short_text("master"))
        + message(0xAB, 5701, 2, 0, f"Changed database context to '{database}'.")
        + changed(7, bytes([5]) + COLLATION)
        + changed(2, short_text("us_english"), short_text(""))
        + message(0xAB, 5703, 1, 0, "Changed language setting to us_english.")
        + sized(0xAD, ack)
        + changed(4, short_text(str(packet)), short_text(str(packet)))
        + done()
    )


def message(token: int, number: int, state: int, severity: int, text: str, proc: str = "") -> bytes:
    """ERROR (0xAA) or INFO (0xAB)."""
    body = struct.pack("<iBB", number, state, severity)
    body += long_text(text) + short_text("TESTSITE") + short_text(proc) + struct.pack("<I", 1)
    return sized(token, body)


def error(number: int, text: str, severity: int = 16, proc: str = "") -> bytes:
    return message(0xAA, number, 1, severity, text, proc)


def row_set(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> bytes:
    """COLMETADATA and the ROWs. columns: (name, SQL type)."""
    found = bytes([0x81]) + struct.pack("<H", len(columns))
    for name, kind in columns:
        found += struct.pack("<IH", 0, 1) + type_info(kind) + short_text(name)
    for row in rows:
        values = zip(columns, row, strict=True)
        found += b"\xd1" + b"".join(value_bytes(kind, value) for (_, kind), value in values)
    return found


def returned(ordinal: int, name: str, kind: str, value: Any) -> bytes:
    """RETURNVALUE: an output parameter."""
    head = b"\xac" + struct.pack("<H", ordinal) + short_text(name) + bytes([1])
    return head + struct.pack("<IH", 0, 1) + type_info(kind) + value_bytes(kind, value)


def return_status(value: int = 0) -> bytes:
    return b"\x79" + struct.pack("<i", value)
