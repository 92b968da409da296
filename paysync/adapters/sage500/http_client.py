"""HTTP to an ERP service: one place that sends, and sorts what can go wrong.

A read that fails changed nothing: it is repeated a few times, then UnavailableError. A write is
sent once: only where it provably was not sent or not processed is it UnavailableError; anything
lost after sending is OutcomeUnknownError.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from paysync.adapters.transport import (
    Exchange,
    NoAnswerError,
    NotSentError,
    bearer,
    parse_json,
    send,
)
from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.texts import storable

SYSTEM = "sage500"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PAGE_MAX = 1000
MAX_BODY_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class HttpErpConfig:
    """One ERP service. Times are seconds; `user_id` is the ERP user receipts are entered under.

    Raises RecordError when a value cannot work; a key never goes over plain HTTP, except to this
    machine.
    """

    base_url: str
    api_key: str = field(repr=False)
    connect_timeout_s: float = 10
    read_timeout_s: float = 30
    submit_timeout_s: float = 60
    read_attempts: int = 3
    retry_wait_s: float = 0.5
    retry_max_wait_s: float = 10
    page_size: int = 500
    pool_size: int = 8
    user_id: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise RecordError(f"{self.base_url!r} must begin with https://")
        if not 1 <= self.page_size <= PAGE_MAX:
            raise RecordError(f"a page has 1 to {PAGE_MAX} rows")
        if self.read_attempts < 1:
            raise RecordError("a read is tried at least once")
        if not self.api_key.isascii() or not self.api_key.isprintable():
            raise RecordError("the API key has characters a header cannot carry")

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is None when it is not a JSON object."""

    status: int
    body: Mapping[str, Any] | None
    retry_after_s: float | None = None

    @property
    def problem(self) -> str:
        """The contract's word for what is wrong; "" without one."""
        code = (self.body or {}).get("code")
        return storable(code) if isinstance(code, str) else ""

    @property
    def detail(self) -> str:
        """What the service says in words. It ends up in columns, whatever it holds."""
        return storable(str((self.body or {}).get("detail", "")))[:400]


class HttpClient:
    """A pool of kept-alive connections for each thread that uses it."""

    def __init__(self, config: HttpErpConfig) -> None:
        self._config = config
        self._auth = bearer(config.api_key)
        self._local = threading.local()

    def read(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """GET (or POST of a query), repeated when that may help. Returns the JSON object."""
        config = self._config
        retrying = Retrying(
            stop=stop_after_attempt(config.read_attempts),
            wait=wait_random_exponential(config.retry_wait_s, config.retry_max_wait_s),
            retry=retry_if_exception(is_worth_repeating),
            reraise=True,
        )
        return retrying(self._read_once, path, query, body)

    def _read_once(
        self, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        method = "GET" if body is None else "POST"
        try:
            reply = self._send(method, path, self._config.read_timeout_s, query=query, body=body)
        except (NotSentError, NoAnswerError) as error:
            raise UnavailableError(SYSTEM, f"no answer to {method} {path} ({error})") from error
        if reply.status == 200 and reply.body is not None:
            return reply.body
        raise error_of_read(reply, f"{method} {path}")

    def write(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send once. Returns the answer, whatever its status; raises when there is none."""
        timeout_s = self._config.submit_timeout_s
        try:
            return self._send(method, path, timeout_s, body=body, headers=headers)
        except NotSentError as error:
            raise UnavailableError(SYSTEM, f"not reached ({error})") from error
        except NoAnswerError as error:
            message = f"no answer to {method} {path} ({error})"
            raise OutcomeUnknownError(SYSTEM, message) from error

    def _send(
        self,
        method: str,
        path: str,
        timeout_s: float,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        exchange = Exchange(
            method,
            self._config.url(path),
            (self._config.connect_timeout_s, timeout_s),
            MAX_BODY_BYTES,
            json=body,
            query=query,
            headers=headers or {},
        )
        answer = send(self._session(), exchange, self._auth)
        return Reply(answer.status, object_of(answer.content), answer.retry_after_s)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            pool = HTTPAdapter(pool_maxsize=self._config.pool_size, max_retries=0)
            session.mount("https://", pool)
            session.mount("http://", pool)
            session.headers["Accept"] = "application/json"
            self._local.session = session
        return session


def object_of(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = parse_json(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def is_worth_repeating(error: BaseException) -> bool:
    """Not when the service named a time to wait: that is the caller's to keep."""
    return isinstance(error, UnavailableError) and error.retry_after_s is None


def error_of_read(reply: Reply, what: str) -> ExternalError:
    """What a read without a usable answer means."""
    refused = error_of_refusal(reply, what)
    return refused or UnavailableError(
        SYSTEM, f"{what} answered {reply.status} without the JSON we agreed on",
        retry_after_s=reply.retry_after_s,
    )  # fmt: skip


def error_of_refusal(reply: Reply, what: str) -> ExternalError | None:
    """The error of an answer that says nothing was done, whatever was asked; else None."""
    if reply.status in (401, 403):
        return CredentialError(SYSTEM, f"the API key is refused ({reply.status})")
    if reply.status == 429:
        return UnavailableError(SYSTEM, "too many requests", retry_after_s=reply.retry_after_s)
    if reply.status in (400, 404, 413, 422) and reply.problem:
        detail = f"{what}: {reply.detail or reply.problem}"
        return RejectedError(SYSTEM, detail, reason=reply.problem)
    return None
