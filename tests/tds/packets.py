"""MS-TDS 2.2.3: messages in packets with an eight-byte header."""

from __future__ import annotations

import socket
import struct
from enum import IntEnum

HEADER = 8
PACKET = 4096
LAST = 1


class Kind(IntEnum):
    BATCH = 0x01
    RPC = 0x03
    REPLY = 0x04
    ATTENTION = 0x06
    TRANSACTION = 0x0E
    LOGIN = 0x10
    PRELOGIN = 0x12


def read_message(line: socket.socket) -> tuple[int, bytes] | None:
    """The next whole message; None when the client has hung up."""
    body = b""
    while True:
        head = read_exactly(line, HEADER)
        if head is None:
            return None
        kind, status, length = struct.unpack(">BBH", head[:4])
        part = read_exactly(line, length - HEADER)
        if part is None:
            return None
        body += part
        if status & LAST:
            return kind, body


def read_exactly(line: socket.socket, count: int) -> bytes | None:
    found = b""
    while len(found) < count:
        part = line.recv(count - len(found))
        if not part:
            return None
        found += part
    return found


def send_message(line: socket.socket, body: bytes, kind: Kind = Kind.REPLY) -> None:
    room = PACKET - HEADER
    parts = [body[start : start + room] for start in range(0, len(body), room)] or [b""]
    for number, part in enumerate(parts, 1):
        status = LAST if number == len(parts) else 0
        head = struct.pack(">BBHHBB", kind, status, len(part) + HEADER, 0, number % 256, 0)
        line.sendall(head + part)
