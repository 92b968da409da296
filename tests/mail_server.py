"""A mail server on a socket: keeps what it is given, and refuses what a test asks it to."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes
from email.message import Message
from types import TracebackType


class MailServer:
    """SMTP as far as Django speaks it. refusals: address -> the code it is answered with."""

    def __init__(self, port: int = 0) -> None:
        self.mails: list[Message] = []
        self.refusals: dict[str, int] = {}
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.talk(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> MailServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def talk(self, line: socketserver.StreamRequestHandler) -> None:
        def say(text: str) -> None:
            line.wfile.write(f"{text}\r\n".encode())

        say("220 test")
        while order := line.rfile.readline().decode().strip():
            word = order[:4].upper()
            if word == "RCPT":
                address = order.partition("<")[2].partition(">")[0]
                say(f"{self.refusals.get(address, 250)} {address}")
            elif word == "DATA":
                say("354 go on")
                self.mails.append(message_from_bytes(self.body(line)))
                say("250 kept")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def body(self, line: socketserver.StreamRequestHandler) -> bytes:
        parts = []
        while (part := line.rfile.readline()) not in (b".\r\n", b""):
            parts.append(part[1:] if part.startswith(b"..") else part)
        return b"".join(parts)
