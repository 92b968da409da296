"""The frame of our twins: an HTTP process on loopback with routes, faults and a control page.

A twin subclasses `Twin`, marks its handlers and names the fault cards it handles itself:

    class EchoTwin(Twin):
        cards = {"double": "Answer everything twice"}

        @route("POST", "/v1/echo/{word}")
        def echo(self, request: Request) -> Response:
            if self.faults.take("double", request.path):
                return Response({"echo": request.params["word"] * 2})
            return Response({"echo": request.params["word"]})

    with EchoTwin("echo") as twin:
        requests.post(f"{twin.url}/v1/echo/hi")

Handlers may also live in other objects: `twin.add_routes(holder)`. A handler ends early by raising
`Halt(Response(...))`. Everything that is our invention, the control API under `/_twin/` included,
carries the header `X-Sim-Invented: 1`.

Control API: `GET /_twin/` (page for a person), `GET /_twin/health`, `GET /_twin/calls`,
`GET|POST|DELETE /_twin/faults`, `GET|POST /_twin/clock`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from paysync.sandbox.clock import TwinClock
from paysync.sandbox.control import ControlRoutes
from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.messages import INVENTED, Halt, Request, Response, Route, regex_of, route
from paysync.sandbox.wire import Server

__all__ = ["INVENTED", "Halt", "Request", "Response", "Twin", "route"]


class Twin:
    """A stand-in for an outside system. Binds loopback only; port 0 takes a free one."""

    #: Fault cards this twin handles itself: name -> one line for the control page.
    cards: Mapping[str, str] = {}

    def __init__(self, name: str, port: int = 0) -> None:
        self.name = name
        self.faults = FaultDeck(self.cards)
        self.clock = TwinClock()
        self.calls: Counter[str] = Counter()
        self._calls_lock = threading.Lock()
        self._routes: list[Route] = []
        self.stopping = threading.Event()
        self.add_routes(ControlRoutes(self))
        self.add_routes(self)
        self._server = Server(self, port)
        self._thread: threading.Thread | None = None

    def add_routes(self, holder: object) -> None:
        """Register every method of `holder` marked with `@route`."""
        for name in dir(type(holder)):
            marks = getattr(getattr(type(holder), name, None), "twin_routes", ())
            for method, pattern, quiet in marks:
                handler = getattr(holder, name)
                self._routes.append(Route(method, pattern, quiet, regex_of(pattern), handler))

    def find_route(self, method: str, path: str) -> tuple[Route | None, dict[str, str]]:
        for candidate in self._routes:
            found = candidate.regex.fullmatch(path)
            if found and candidate.method == method:
                return candidate, found.groupdict()
        return None, {}

    def count(self, key: str) -> None:
        with self._calls_lock:
            self.calls[key] += 1

    # Hooks a twin may override.

    def before(self, request: Request) -> None:
        """Called before every request is handled, control requests included."""

    def not_found(self, request: Request) -> Response:
        return Response({"message": f"no route {request.method} {request.path}"}, 404, {}, True)

    def token_expired(self, request: Request) -> Response:
        """The answer of the `token_expired` card."""
        return Response({"error": "invalid_token"}, 401, {}, True)

    def health(self) -> dict[str, Any]:
        """More facts for /_twin/health and the control page."""
        return {}

    def control_sections(self) -> str:
        """More HTML for the control page."""
        return ""

    # Life.

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve_forever(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def start(self) -> Self:
        """Serve in a thread, for tests."""
        self._thread = threading.Thread(target=self.serve_forever, name=self.name, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and cut every open connection, as a process that dies would."""
        self.stopping.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
        self._server.cut_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
