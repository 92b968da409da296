"""A line to a server that breaks when a test wants it: before a statement arrives, or after it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from enum import Enum


class Break(Enum):
    """When the line breaks."""

    BEFORE = "the server never sees the statement"
    AFTER = "the server has done it, and its answer is lost"


class Proxy:
    """Use as a context manager. Forwards everything until a statement has the text it waits for.

    TDS carries statements as UTF-16, in the clear as long as nothing is encrypted.
    """

    def __init__(self, host: str, target: int) -> None:
        self._server = (host, target)
        self._waiting: tuple[bytes, Break] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):  # wakes the accepting thread on Linux
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            line.cut()

    def break_at(self, text: str, moment: Break) -> None:
        """The next statement with this text loses the line, once."""
        self._waiting = (text.encode("utf-16-le"), moment)

    def moment_for(self, data: bytes) -> Break | None:
        if self._waiting is None or self._waiting[0] not in data:
            return None
        moment, self._waiting = self._waiting[1], None
        return moment

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                line = Line(self, client, socket.create_connection(self._server))
                self._lines.append(line)
                line.start()


class Line:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._is_mute = False

    def start(self) -> None:
        for work in (self._ask, self._answer):
            threading.Thread(target=work, daemon=True).start()

    def cut(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                moment = self._proxy.moment_for(data)
                if moment is Break.BEFORE:
                    break
                self._is_mute = self._is_mute or moment is Break.AFTER
                self._server.sendall(data)
        if not self._is_mute:
            self.cut()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if self._is_mute:
                    break
                self._client.sendall(data)
        self.cut()
