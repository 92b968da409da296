"""MS-TDS 2.2.5.4: the types that columns are sent in, and the types that parameters arrive in."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

#: SQL_Latin1_General_CP1_CI_AS
COLLATION = bytes([0x09, 0x04, 0xD0, 0x00, 0x34])
EPOCH = datetime(1900, 1, 1)
DAY_ONE = date(1, 1, 1)
NULL_16 = 0xFFFF


class Reader:
    """Takes little-endian values off the front of a message."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise ValueError("the message ends too early")
        self.at += count
        return part

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def short_text(self) -> str:
        return self.take(2 * self.number(1)).decode("utf-16-le")

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.data)


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter as the driver sent it: the SQL type's name says how it was bound."""

    name: str
    type: str
    value: Any
    is_output: bool = False


def read_param(data: Reader) -> Param:
    name, status = data.short_text(), data.number(1)
    kind, value = read_typed(data)
    return Param(name, kind, value, bool(status & 1))


def read_typed(data: Reader) -> tuple[str, Any]:
    code = data.number(1)
    if code in FIXED:
        kind, size = FIXED[code]
        return kind, number_of(data.take(size), kind)
    if code in {0x26, 0x68, 0x6D, 0x6F, 0x6E}:
        size = data.number(1)
        raw = data.take(data.number(1))
        kind = NUMBERED[code, size]
        return kind, number_of(raw, kind) if raw else None
    if code in {0x6A, 0x6C}:
        data.take(1)
        precision, scale = data.number(1), data.number(1)
        raw = data.take(data.number(1))
        return f"decimal({precision},{scale})", decimal_of(raw, scale) if raw else None
    if code in TEXTS:
        return read_text(data, code)
    if code in LONG_TEXTS:
        return read_long_text(data, code)
    if code in {0x28, 0x29, 0x2A, 0x2B}:
        return read_moment(data, code)
    if code == 0x24:
        data.take(1)
        return "uniqueidentifier", data.take(data.number(1)) or None
    if code == 0xF1:
        data.take(1)
        return "xml", read_chunks(data)
    raise ValueError(f"type 0x{code:02X} is not known here")


FIXED = {0x30: ("tinyint", 1), 0x32: ("bit", 1), 0x34: ("smallint", 2), 0x38: ("int", 4),
         0x7F: ("bigint", 8), 0x3E: ("float", 8), 0x3D: ("datetime", 8)}  # fmt: skip
NUMBERED = {
    (0x26, 1): "tinyint", (0x26, 2): "smallint", (0x26, 4): "int", (0x26, 8): "bigint",
    (0x68, 1): "bit", (0x6D, 4): "real", (0x6D, 8): "float", (0x6F, 8): "datetime",
    (0x6F, 4): "smalldatetime", (0x6E, 8): "money", (0x6E, 4): "smallmoney",
}  # fmt: skip
TEXTS = {0xA7: "varchar", 0xAF: "char", 0xE7: "nvarchar", 0xEF: "nchar", 0xA5: "varbinary",
         0xAD: "binary"}  # fmt: skip
LONG_TEXTS = {0x23: "text", 0x63: "ntext"}
WIDE = {0xE7, 0xEF, 0x63}


def number_of(raw: bytes, kind: str) -> Any:
    if kind == "bit":
        return bool(raw[0])
    if kind in {"float", "real"}:
        return struct.unpack("<d" if len(raw) == 8 else "<f", raw)[0]
    if kind == "datetime":
        days, ticks = struct.unpack("<iI", raw)
        return EPOCH + timedelta(days=days, milliseconds=round(ticks * 10 / 3))
    return int.from_bytes(raw, "little", signed=kind != "tinyint")


def decimal_of(raw: bytes, scale: int) -> Decimal:
    whole = Decimal(int.from_bytes(raw[1:], "little")).scaleb(-scale)
    return whole if raw[0] else -whole


def read_text(data: Reader, code: int) -> tuple[str, Any]:
    size = data.number(2)
    if code not in {0xA5, 0xAD}:
        data.take(5)  # the collation
    if size == NULL_16:
        raw, kind = read_chunks(data), f"{TEXTS[code]}(max)"
    else:
        length = data.number(2)
        raw = None if length == NULL_16 else data.take(length)
        kind = f"{TEXTS[code]}({size // 2 if code in WIDE else size})"
    if raw is None or code in {0xA5, 0xAD}:
        return kind, raw
    return kind, raw.decode("utf-16-le" if code in WIDE else "cp1252")


def read_long_text(data: Reader, code: int) -> tuple[str, Any]:
    data.take(9)  # the greatest size, the collation
    length = data.number(4, signed=True)
    if length < 0:
        return LONG_TEXTS[code], None
    return LONG_TEXTS[code], data.take(length).decode("utf-16-le" if code in WIDE else "cp1252")


def read_chunks(data: Reader) -> bytes | None:
    """A value of unlimited length: chunks until an empty one."""
    if data.number(8) == 0xFFFF_FFFF_FFFF_FFFF:
        return None
    found = b""
    while size := data.number(4):
        found += data.take(size)
    return found


def read_moment(data: Reader, code: int) -> tuple[str, Any]:
    scale = 0 if code == 0x28 else data.number(1)
    raw = data.take(data.number(1))
    kind = {0x28: "date", 0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}[code]
    if not raw:
        return kind, None
    if code == 0x28:
        return kind, DAY_ONE + timedelta(days=int.from_bytes(raw, "little"))
    split = {0x29: len(raw), 0x2A: len(raw) - 3, 0x2B: len(raw) - 5}[code]
    micros = int.from_bytes(raw[:split], "little") * 10**6 // 10**scale
    clock = (datetime.min + timedelta(microseconds=micros)).time()
    if code == 0x29:
        return kind, clock
    days = int.from_bytes(raw[split : split + 3], "little")
    return kind, datetime.combine(DAY_ONE + timedelta(days=days), clock)


# --- columns ------------------------------------------------------------------------------------


def type_info(kind: str) -> bytes:
    """The TYPE_INFO of `int`, `decimal(15,3)`, `varchar(12)`, `datetime` and their like."""
    name, _, rest = kind.rstrip(")").partition("(")
    if name in {"smallint", "int", "bigint"}:
        return bytes([0x26, {"smallint": 2, "int": 4, "bigint": 8}[name]])
    if name == "bit":
        return bytes([0x68, 1])
    if name == "float":
        return bytes([0x6D, 8])
    if name == "datetime":
        return bytes([0x6F, 8])
    if name == "decimal":
        precision, scale = (int(part) for part in rest.split(","))
        return bytes([0x6A, 17, precision, scale])
    if name == "varchar":
        return bytes([0xA7]) + struct.pack("<H", int(rest)) + COLLATION
    if name == "nvarchar":
        return bytes([0xE7]) + struct.pack("<H", 2 * int(rest)) + COLLATION
    raise ValueError(f"no column of type {kind} here")


def value_bytes(kind: str, value: Any) -> bytes:
    name, _, rest = kind.rstrip(")").partition("(")
    if name in {"varchar", "nvarchar"}:
        if value is None:
            return struct.pack("<H", NULL_16)
        raw = str(value).encode("utf-16-le" if name == "nvarchar" else "cp1252")
        return struct.pack("<H", len(raw)) + raw
    if value is None:
        return b"\x00"
    raw = raw_of(name, rest, value)
    return bytes([len(raw)]) + raw


def raw_of(name: str, rest: str, value: Any) -> bytes:
    if name == "bit":
        return bytes([bool(value)])
    if name == "float":
        return struct.pack("<d", value)
    if name == "datetime":
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        since = moment - EPOCH
        ticks = round((since - timedelta(days=since.days)).total_seconds() * 300)
        return struct.pack("<iI", since.days, ticks)
    if name == "decimal":
        scale = int(rest.split(",")[1])
        whole = int(Decimal(value).scaleb(scale).to_integral_exact())
        return bytes([whole >= 0]) + abs(whole).to_bytes(16, "little")
    size = {"smallint": 2, "int": 4, "bigint": 8}[name]
    return int(value).to_bytes(size, "little", signed=True)
