"""A twin's HTTP server, and the faults that happen on the wire."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import struct
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from paysync.sandbox.faults import WIRE, Card
from paysync.sandbox.messages import INVENTED, Halt, Handler, Request, Response

if TYPE_CHECKING:
    from paysync.sandbox.twin import Twin

logger = logging.getLogger(__name__)

MAX_BODY = 50_000_000
#: Linger on, zero seconds: closing sends RST instead of FIN.
RESET = struct.pack("ii", 1, 0)
ERROR_PAGE = "<html><head><title>{0} Error</title></head><body><h1>{0} Error</h1></body></html>"


class ConnectionCut(Exception):
    """The fault wants this connection dead: no answer, no keep-alive."""


class Server(ThreadingHTTPServer):
    """Threads, keep-alive, loopback only; it can cut what is open, as a dying process would."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, twin: Twin, port: int) -> None:
        self.twin = twin
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), TwinHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._open_lock:
            for connection in self._open:
                cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not news."""


def cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        connection.shutdown(socket.SHUT_RDWR)


class TwinHandler(BaseHTTPRequestHandler):
    """One connection: reads requests, deals the faults, sends answers."""

    protocol_version = "HTTP/1.1"
    server_version = "twin"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: Server
    connection: socket.socket

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Requests are counted (`/_twin/calls`), not printed."""

    def _serve(self) -> None:
        try:
            self._answer(self._read())
        except (ConnectionCut, ConnectionError, TimeoutError):
            self.close_connection = True

    def _read(self) -> Request:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            raise ConnectionCut
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, query, headers, body)

    def _answer(self, request: Request) -> None:
        twin = self.server.twin
        found, params = twin.find_route(request.method, request.path)
        quiet = found.quiet if found else False
        card = None
        if not request.path.startswith("/_twin/"):
            twin.count(f"{request.method} {found.pattern if found else request.path}")
            card = twin.faults.take_any(WIRE, request.path, quiet=quiet)
        early = self._before(card, request)
        if early is not None:
            return self._send(early)
        if found is None:
            response = twin.not_found(request)
        else:
            full = Request(
                request.method, request.path, request.query, request.headers, request.body, params
            )
            response = call(twin, found.handler, full)
        self._send_with(card, response)

    def _before(self, card: Card | None, request: Request) -> Response | None:
        """Deal a card that acts before the work: an answer instead of it, or None to go on."""
        if card is None:
            return None
        if card.name == "timeout_before":
            self._hold(card)
        if card.name == "slow":
            self.server.twin.stopping.wait(float(card.options.get("delay_s", 20)))
        if card.name == "token_expired":
            return self.server.twin.token_expired(request)
        if card.name in ("rate_limited", "rate_limited_no_hint"):
            return too_many(card)
        if card.name == "server_error" and not card.options.get("after"):
            return error_page(card)
        return None

    def _send_with(self, card: Card | None, response: Response) -> None:
        """Send the answer of work done, spoilt by a card that acts after it."""
        name = card.name if card else ""
        if card and name == "timeout_after":
            self._hold(card)
        if card and name == "server_error":
            return self._send(error_page(card))
        if name == "truncated_json":
            kind, payload = response.payload()
            return self._write(response, kind, payload[: len(payload) // 2])
        if name == "reset_mid_answer":
            kind, payload = response.payload()
            self._write(response, kind, payload[: len(payload) // 2], claimed=len(payload))
            self._reset()
        self._send(response)

    def _hold(self, card: Card) -> None:
        """Keep the client waiting until it leaves, the twin stops, or hold_s is over."""
        until = time.monotonic() + float(card.options.get("hold_s", 30))
        while time.monotonic() < until and not self.server.twin.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        raise ConnectionCut

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise ConnectionCut

    def _send(self, response: Response) -> None:
        self._write(response, *response.payload())

    def _write(
        self, response: Response, kind: str, payload: bytes, *, claimed: int | None = None
    ) -> None:
        headers = {"Content-Type": kind, **response.headers}
        if response.invented:
            headers[INVENTED] = "1"
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload) if claimed is None else claimed))
        self.end_headers()
        self.wfile.write(payload)


def call(twin: Twin, handler: Handler, request: Request) -> Response:
    """Run a handler; its own bugs answer 500 and are logged."""
    try:
        twin.before(request)
        return handler(request)
    except Halt as halt:
        return halt.response
    except Exception:
        logger.exception("a twin's handler failed: %s %s", request.method, request.path)
        return Response({"message": "the twin itself failed"}, 500, {}, True)


def too_many(card: Card) -> Response:
    headers = {}
    if card.name == "rate_limited":
        wait_s = card.options.get("retry_after_s", 1)
        as_date = card.options.get("as_date")
        moment = formatdate(time.time() + float(wait_s), usegmt=True)
        headers["Retry-After"] = moment if as_date else str(wait_s)
    status = int(card.options.get("status", 429))
    return Response({"message": "too many requests"}, status, headers, True)


def error_page(card: Card) -> Response:
    status = int(card.options.get("status", 500))
    return Response(ERROR_PAGE.format(status), status, {}, True)
