"""The listening server, one thread a connection, and what a test tells it to answer."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.tds import tokens
from tests.tds.packets import PACKET, Kind, read_message, send_message
from tests.tds.types import Param, Reader, read_param

#: Procedures that RPC names by number (MS-TDS 2.2.6.6).
NUMBERED = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec",
            15: "sp_unprepare"}  # fmt: skip
NO_ENCRYPTION = 2
#: What drivers say on their own account; nobody has to answer it for them.
HOUSEKEEPING = re.compile(
    r"^\s*(SET |IF @@TRANCOUNT|USE |COMMIT|ROLLBACK|BEGIN TRAN|select @@spid|exec sp_unprepare)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """A result set. columns: (name, SQL type)."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]] = ()


@dataclass(frozen=True, slots=True)
class Error:
    """An error message with its number. severity 20 and more also ends the connection."""

    number: int
    text: str = "made by the test server"
    severity: int = 16


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer until the client gives up (attention) or hangs up, `seconds` at most."""

    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The line goes dead: after reading the statement, or in the middle of the answer."""

    after: Rows | None = None


Answer = Rows | Error | Silence | Cut


@dataclass(frozen=True, slots=True)
class Call:
    """A statement that arrived: its text and parameters, whichever way the driver sent them."""

    sql: str
    params: tuple[Param, ...] = ()
    connection: int = 0


@dataclass(slots=True)
class Rule:
    pattern: re.Pattern[str]
    answers: tuple[Answer, ...]
    times: int | None

    def takes(self, sql: str) -> bool:
        return self.times != 0 and bool(self.pattern.search(sql))


def greetings() -> list[Rule]:
    """What Django's backend asks of every new connection."""
    asked = {
        "@@TRANCOUNT": Rows([("", "int")], [(1,)]),
        "SERVERPROPERTY": Rows([("", "varchar(30)"), ("", "int")], [("15.0.2000.5", 3)]),
        r"SELECT SYSDATETIME\(\)": Rows([("", "datetime")], [(datetime(2026, 11, 23),)]),
    }
    return [Rule(re.compile(text, re.IGNORECASE), (rows,), None) for text, rows in asked.items()]


@dataclass(slots=True)
class TdsServer:
    """Use as a context manager. Newest rules win; a statement without one gets error 50000."""

    user: str = "ptx_app"
    password: str = "secret"
    database: str = "mas500_app"
    calls: list[Call] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=greetings)
    login_error: Error | None = None
    port: int = 0
    _listener: socket.socket | None = None
    _lines: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> TdsServer:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop_listening()
        self.cut_all()

    def stop_listening(self) -> None:
        if self._listener:
            with contextlib.suppress(OSError):  # wakes the accepting thread on Linux
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def cut_all(self) -> None:
        """Every open connection goes dead, as after a restart of the server."""
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            cut(line)

    def on(self, pattern: str, *answers: Answer, times: int | None = None) -> None:
        """Answer statements that match `pattern` (a regular expression), `times` times."""
        self.rules.insert(0, Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), answers, times))

    def accept_all(self) -> None:
        """Statements without a rule succeed from now on, and return nothing."""
        self.rules.append(Rule(re.compile(""), (), None))

    def said(self, pattern: str) -> list[Call]:
        """The statements that arrived and match."""
        wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return [call for call in self.calls if wanted.search(call.sql)]

    def _accept(self) -> None:
        listener = self._listener
        while listener:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._lines.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            Session(self, line).run()

    def find(self, sql: str) -> Sequence[Answer]:
        with self._lock:
            rule = next((rule for rule in self.rules if rule.takes(sql)), None)
            if rule is None:
                return [] if HOUSEKEEPING.match(sql) else [Error(50000, f"no rule for: {sql}")]
            if rule.times:
                rule.times -= 1
            return rule.answers


def cut(line: socket.socket) -> None:
    """Reset, not close: the client sees a dead line."""
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)
    line.close()


class Session:
    """One connection."""

    def __init__(self, server: TdsServer, line: socket.socket) -> None:
        self.server, self.line = server, line
        self.prepared: dict[int, str] = {}
        self.transaction = 0

    def run(self) -> None:
        handlers = {
            Kind.PRELOGIN: self.prelogin,
            Kind.LOGIN: self.login,
            Kind.BATCH: self.batch,
            Kind.RPC: self.rpc,
            Kind.TRANSACTION: self.transact,
            Kind.ATTENTION: self.attention,
        }
        while (found := read_message(self.line)) is not None:
            kind, body = found
            handlers[Kind(kind)](body)

    def send(self, body: bytes) -> None:
        send_message(self.line, body)

    def prelogin(self, body: bytes) -> None:
        """Our version, and that we cannot encrypt."""
        options = {0: tokens.VERSION + b"\x00\x00", 1: bytes([NO_ENCRYPTION]), 2: b"\x00",
                   3: b"", 4: b"\x00"}  # fmt: skip
        at = 5 * len(options) + 1
        head, values = b"", b""
        for token, value in options.items():
            head += struct.pack(">BHH", token, at + len(values), len(value))
            values += value
        self.send(head + b"\xff" + values)

    def login(self, body: bytes) -> None:
        user, password = login_field(body, 1), hidden(login_field(body, 2, decode=False))
        self.server.logins.append((user, login_field(body, 0)))
        refused = self.server.login_error
        if refused is None and (user, password) != (self.server.user, self.server.password):
            refused = Error(18456, f"Login failed for user '{user}'.", 14)
        if refused:
            self.send(error_of(refused) + tokens.done(status=tokens.IS_ERROR))
            self.line.shutdown(socket.SHUT_WR)  # a reset could overtake the message
            return
        database = login_field(body, 8) or self.server.database
        self.send(tokens.logged_in(database, PACKET))

    def attention(self, body: bytes) -> None:
        self.send(tokens.done(status=tokens.ATTENTION))

    def transact(self, body: bytes) -> None:
        """Begin (5), commit (7), roll back (8): MS-TDS 2.2.6.9."""
        data = after_headers(body)
        request = data.number(2)
        names = {5: "BEGIN TRANSACTION", 7: "COMMIT", 8: "ROLLBACK"}
        self.server.calls.append(Call(names[request], connection=id(self)))
        self.transaction += 1
        mark = b"\x08" + self.transaction.to_bytes(8, "little")
        reply = {
            5: tokens.changed(8, mark),
            7: tokens.changed(9, b"\x00", mark),
            8: tokens.changed(10, b"\x00", mark),
        }[request]
        self.send(reply + tokens.done())

    def batch(self, body: bytes) -> None:
        data = after_headers(body)
        sql = data.data[data.at :].decode("utf-16-le")
        self.answer(Call(sql, connection=id(self)), tokens.DONE, tokens.done())

    def rpc(self, body: bytes) -> None:
        data = after_headers(body)
        length = data.number(2)
        if length == 0xFFFF:
            name = NUMBERED[data.number(2)]
        else:
            name = data.take(2 * length).decode("utf-16-le")
        data.number(2)  # option flags
        params = []
        while not data.is_done:
            params.append(read_param(data))
        call, outputs = self.meaning(name.lower(), params)
        end = tokens.return_status() + outputs + tokens.done(tokens.DONE_PROC)
        if call is None:
            self.send(end)
        else:
            self.answer(call, tokens.DONE_IN_PROC, end)

    def meaning(self, name: str, params: list[Param]) -> tuple[Call | None, bytes]:
        """The statement behind an RPC, and the output parameters it returns."""
        values = tuple(params)
        if name == "sp_executesql":
            return self.call(params[0].value, values[2:]), b""
        if name == "sp_prepexec":
            handle = self.keep(params[2].value)
            return self.call(params[2].value, values[3:]), tokens.returned(0, "", "int", handle)
        if name == "sp_prepare":
            return None, tokens.returned(0, "", "int", self.keep(params[2].value))
        if name == "sp_execute":
            return self.call(self.prepared[params[0].value], values[1:]), b""
        if name == "sp_unprepare":
            return None, b""
        return self.call(f"EXEC {name}", values), b""

    def keep(self, sql: str) -> int:
        handle = len(self.prepared) + 1
        self.prepared[handle] = sql
        return handle

    def call(self, sql: str, params: tuple[Param, ...]) -> Call:
        return Call(sql, params, id(self))

    def answer(self, call: Call, token: int, end: bytes) -> None:
        self.server.calls.append(call)
        reply = b""
        for answer in self.server.find(call.sql):
            if isinstance(answer, Cut):
                self.cut_short(answer)
                return
            if isinstance(answer, Silence):
                self.keep_silent(answer)
                return
            reply += self.part(answer, token)
            if isinstance(answer, Error) and answer.severity >= 20:
                self.send(reply + end)
                cut(self.line)
                return
        self.send(reply + end)

    def part(self, answer: Rows | Error, token: int) -> bytes:
        if isinstance(answer, Error):
            return error_of(answer) + tokens.done(token, tokens.IS_ERROR | tokens.MORE)
        count = len(answer.rows)
        found = tokens.row_set(answer.columns, answer.rows) if answer.columns else b""
        return found + tokens.done(token, tokens.MORE | tokens.HAS_COUNT, count)

    def cut_short(self, answer: Cut) -> None:
        if answer.after:
            whole = self.part(answer.after, tokens.DONE)
            send_message(self.line, whole[: len(whole) // 2])
        cut(self.line)

    def keep_silent(self, answer: Silence) -> None:
        """Wait for an attention as the real server does while it works."""
        ready, _, _ = select.select([self.line], [], [], answer.seconds)
        found = read_message(self.line) if ready else None
        if found and found[0] == Kind.ATTENTION:
            self.attention(found[1])
        else:
            cut(self.line)


def error_of(answer: Error) -> bytes:
    return tokens.error(answer.number, answer.text, answer.severity)


def after_headers(body: bytes) -> Reader:
    """Skip ALL_HEADERS (MS-TDS 2.2.5.3)."""
    data = Reader(body)
    data.take(struct.unpack("<I", body[:4])[0])
    return data


def login_field(body: bytes, number: int, *, decode: bool = True) -> Any:
    """A text of LOGIN7 by its place in the offset table: 0 host, 1 user, 2 password, 8 database."""
    offset, length = struct.unpack_from("<HH", body, 36 + 4 * number)
    raw = body[offset : offset + 2 * length]
    return raw.decode("utf-16-le") if decode else raw


def hidden(raw: bytes) -> str:
    """The password as LOGIN7 hides it: nibbles swapped, then exclusive or with 0xA5."""
    plain = bytes(((byte ^ 0xA5) << 4 & 0xF0) | ((byte ^ 0xA5) >> 4) for byte in raw)
    return plain.decode("utf-16-le")
