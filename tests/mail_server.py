"""A mail server on a socket: keeps what it is given, and refuses what a test asks it to."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes
from email.message import Message
from types import TracebackType


class MailServer:
    """SMTP as far as Django speaks it. refusals: address -> the code it is answered with; contents:
    address -> the code that a mail to it is answered with once it was told. calls: connections.
    """

    def __init__(self, port: int = 0) -> None:
        self.mails: list[Message] = []
        self.refusals: dict[str, int] = {}
        self.contents: dict[str, int] = {}
        self.calls = 0
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

        self.calls += 1
        address = ""
        say("220 test")
        while order := line.rfile.readline().decode().strip():
            word = order[:4].upper()
            if word == "RCPT":
                address = order.partition("<")[2].partition(">")[0]
                say(f"{self.refusals.get(address, 250)} {address}")
            elif word == "DATA":
                say("354 go on")
                mail = message_from_bytes(self.body(line))
                code = self.contents.get(address, 250)
                if code == 250:
                    self.mails.append(mail)
                say(f"{code} of {address}")
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
