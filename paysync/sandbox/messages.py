"""What a twin's handlers take and give: requests, answers, routes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

INVENTED = "X-Sim-Invented"

Handler = Callable[["Request"], "Response"]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. Header names are lower case; `params` are the `{names}` of the route."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON ({} when empty). Ends the request with 400 if it is not JSON."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise Halt(Response({"message": "the body is not JSON"}, 400)) from error

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def data(self) -> dict[str, Any]:
        """The fields sent, as JSON object or as form."""
        if "form-urlencoded" in self.headers.get("content-type", ""):
            return dict(self.form())
        found = self.json()
        if not isinstance(found, dict):
            raise Halt(Response({"message": "the body is not an object"}, 400))
        return found


@dataclass(slots=True)
class Response:
    """What goes out: bytes and text as they are, everything else as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    invented: bool = False

    def payload(self) -> tuple[str, bytes]:
        """Content type and bytes."""
        if isinstance(self.body, bytes):
            return "application/octet-stream", self.body
        if isinstance(self.body, str):
            return "text/html; charset=utf-8", self.body.encode()
        text = json.dumps(self.body, default=str, separators=(",", ":"))
        return "application/json; charset=utf-8", text.encode()


class Halt(Exception):
    """Ends a handler early with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def route(method: str, pattern: str, *, quiet: bool = False) -> Callable[[F], F]:
    """Mark a method as handler of `method` on `pattern`, e.g. "/v1/x/{id}".

    quiet: cards played on every route pass it by (a card may still name the route).
    """

    def mark(handler: F) -> F:
        handler.__dict__.setdefault("twin_routes", []).append((method, pattern, quiet))
        return handler

    return mark


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: str
    quiet: bool
    regex: re.Pattern[str]
    handler: Handler


def regex_of(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern)) + "/?")
