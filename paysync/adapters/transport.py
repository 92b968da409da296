"""One HTTP exchange: what was sent, what came back, and what we know when nothing did."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

CHUNK = 65_536
#: Any of these in an error's chain: the request was never sent.
BEFORE_SENDING = (
    requests.ConnectTimeout,
    ConnectTimeoutError,
    NewConnectionError,
    ssl.SSLCertVerificationError,
)

Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class NotSentError(Exception):
    """The host was not reached: nothing was sent."""


class NoAnswerError(Exception):
    """It was sent, or may have been, and no whole answer came back."""


class TooLargeError(NoAnswerError):
    """The answer is larger than we are willing to read."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What to send, and how long to wait for it: to connect, and for the whole answer."""

    method: str
    url: str
    timeout_s: tuple[float, float]
    max_bytes: int
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. `retry_after_s`: how long we are asked to wait."""

    status: int
    content: bytes
    retry_after_s: float | None = None


def send(session: requests.Session, exchange: Exchange, auth: Auth) -> Answer:
    """Send once. `auth` is always given, so that no .netrc file ever replaces our log-in.

    A redirect is an answer, never followed: it could carry the log-in or a payment elsewhere.
    Raises NotSentError or NoAnswerError.
    """
    headers = dict(exchange.headers)
    data: Any = exchange.form
    if exchange.json is not None:
        headers["Content-Type"] = "application/json"
        data = encode(exchange.json).encode()
    try:
        with session.request(
            exchange.method,
            exchange.url,
            data=data,
            params=exchange.query,
            headers=headers,
            auth=auth,
            timeout=exchange.timeout_s,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = read(response, exchange)
    except requests.RequestException as error:
        sort(error)
    return Answer(response.status_code, content, retry_after(response.headers.get("Retry-After")))


def bearer(token: str) -> Auth:
    """Signs each request with a token or key."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def read(response: requests.Response, exchange: Exchange) -> bytes:
    """The whole body, within the time and the size allowed: it may also come drop by drop."""
    until = time.monotonic() + exchange.timeout_s[1]
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > exchange.max_bytes:
            raise TooLargeError(f"more than {exchange.max_bytes} bytes")
        if time.monotonic() > until:
            raise NoAnswerError("the answer took too long")
    return bytes(content)


def sort(error: requests.RequestException) -> NoReturn:
    """Raise NotSentError only where that is proven; else the request may have arrived."""
    kind = type(error).__name__  # not its text: that may hold the address and more
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen.args[0], "reason", None) if seen.args else None
        if isinstance(seen, BEFORE_SENDING) or isinstance(reason, BEFORE_SENDING):
            raise NotSentError(kind) from error
        seen = seen.__cause__ or seen.__context__
    raise NoAnswerError(kind) from error


def parse_json(text: str | bytes) -> Any:
    """JSON with exact numbers: no float, no NaN. Raises ValueError or RecursionError."""
    return json.loads(text, parse_float=Decimal, parse_constant=refuse_constant)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def encode(value: object) -> str:
    """JSON in which a Decimal is an exact number: no float touches an amount."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(k)}:{encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(item) for item in value) + "]"
    return json.dumps(value)


def retry_after(text: str | None) -> float | None:
    """Seconds from a Retry-After header, given in seconds or as an HTTP date."""
    text = (text or "").strip()
    if text.isdecimal() and len(text) < 10:  # more is no wait, and would be infinite as a float
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
