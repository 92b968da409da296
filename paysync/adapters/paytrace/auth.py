"""Tokens: one per credential and process, renewed early, and never fought for.

A refused log-in is remembered, because trying on could lock the user (PayTrace §3.3).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests

from paysync.adapters.paytrace.config import SYSTEM, PayTraceConfig
from paysync.adapters.paytrace.transport import Reply, send
from paysync.adapters.transport import Exchange, NoAnswerError, NotSentError
from paysync.domain.errors import CredentialError, UnavailableError

LIFE_V1_S = 7200
LIFE_V3_S = 900
#: A token is renewed after this part of its life.
FRESH_PART = 0.9
REFUSED = frozenset({400, 401, 403, 422})
PROCESS_KEY = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Token:
    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    good_until: float = 0.0  # on the monotonic clock


class LogIn(Protocol):
    """How one API version trades a credential, or the token held, for a new token."""

    version: str

    def __call__(self, config: PayTraceConfig, held: Token | None) -> Token: ...


class LogInV1:
    """`POST /oauth/token`, password grant (§3.1)."""

    version = "v1"

    def __call__(self, config: PayTraceConfig, held: Token | None) -> Token:
        fields = {
            "grant_type": "password",
            "username": config.username,
            "password": config.password,
        }
        return token_of(ask(config, "/oauth/token", fields), LIFE_V1_S)


class LogInV3:
    """`POST /v3/token`: refresh grant if we hold one, else client credentials (§3.2)."""

    version = "v3"

    def __call__(self, config: PayTraceConfig, held: Token | None) -> Token:
        if held and held.refresh:
            fields = {"grant_type": "refresh_token", "refresh_token": held.refresh}
            try:
                return token_of(ask(config, "/v3/token", fields), LIFE_V3_S)
            except CredentialError:
                pass  # the refresh token is too old: that says nothing about the password
        fields = {
            "grant_type": "client_credentials",
            "client_id": config.username,
            "client_secret": config.password,
        }
        return token_of(ask(config, "/v3/token", fields), LIFE_V3_S)


def ask(config: PayTraceConfig, path: str, fields: Mapping[str, str]) -> Reply:
    """One log-in request. Raises CredentialError when it was refused, else UnavailableError."""
    exchange = Exchange(
        "POST",
        config.url(path),
        (config.connect_timeout_s, config.read_timeout_s),
        config.max_body_bytes,
        form=fields,
        headers={"X-Integrator-Id": config.integrator_id},
    )
    try:
        with requests.Session() as session:
            reply = send(session, exchange, lambda request: request)
    except (NotSentError, NoAnswerError) as error:
        raise UnavailableError(SYSTEM, f"no answer to the log-in ({error})") from error
    if reply.status in REFUSED:
        raise CredentialError(SYSTEM, "the log-in was refused", reason=error_of(reply))
    if not reply.ok:
        message = f"the log-in answered HTTP {reply.status}"
        raise UnavailableError(SYSTEM, message, retry_after_s=reply.retry_after_s)
    return reply


def error_of(reply: Reply) -> str:
    """The short error name of a refused log-in, if it gives one."""
    error = (reply.body or {}).get("error")
    return error[:50] if isinstance(error, str) else f"http_{reply.status}"


def token_of(reply: Reply, default_life_s: float) -> Token:
    """Read the token at top level or in `data`: sources disagree (§3.2)."""
    body = reply.body or {}
    inner = body.get("data")
    fields: dict[str, Any] = {**body, **(inner if isinstance(inner, dict) else {})}
    access, refresh = fields.get("access_token"), fields.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise UnavailableError(SYSTEM, "the log-in answered without a token")
    life_s = life_of(fields.get("expires_in"), default_life_s)
    good_until = time.monotonic() + life_s * FRESH_PART
    return Token(access, refresh if isinstance(refresh, str) else "", good_until)


def life_of(value: object, default_s: float) -> float:
    try:
        life_s = float(str(value))
    except ValueError:
        return default_s
    return life_s if 0 < life_s < 10**7 else default_s


class Credential:
    """One log-in at the gateway, shared by all adapters of this process that use it."""

    def __init__(self, config: PayTraceConfig, log_in: LogIn) -> None:
        self._log_in = log_in
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refusal: CredentialError | None = None
        self._refused_until = 0.0
        self._slots = threading.BoundedSemaphore(config.max_in_flight)

    def token(self, config: PayTraceConfig) -> str:
        """A token that should be good. Raises CredentialError or UnavailableError."""
        with self._lock:
            self._raise_remembered()
            if self._token is None or time.monotonic() >= self._token.good_until:
                self._token = self._fetch(config)
            return self._token.access

    def drop(self, used: str) -> None:
        """The gateway refused `used`: fetch another next time, unless somebody has already."""
        with self._lock:
            if self._token is not None and self._token.access == used:
                self._token = Token("", self._token.refresh)

    def refuse(self, config: PayTraceConfig, message: str, reason: str) -> CredentialError:
        """Remember a refusal that came outside the log-in; returns the error to raise."""
        with self._lock:
            return self._remember(config, CredentialError(SYSTEM, message, reason=reason))

    @contextmanager
    def slot(self, config: PayTraceConfig) -> Iterator[None]:
        """Hold one of the few places in flight. Raises UnavailableError after a long queue."""
        if not self._slots.acquire(timeout=config.money_timeout_s):
            raise UnavailableError(SYSTEM, "too many calls in flight")
        try:
            yield
        finally:
            self._slots.release()

    def _fetch(self, config: PayTraceConfig) -> Token:
        try:
            return self._log_in(config, self._token)
        except CredentialError as error:
            self._token = None
            raise self._remember(config, error) from error

    def _remember(self, config: PayTraceConfig, error: CredentialError) -> CredentialError:
        self._refusal = error
        self._refused_until = time.monotonic() + config.refusal_memory_s
        return error

    def _raise_remembered(self) -> None:
        if self._refusal is not None and time.monotonic() < self._refused_until:
            raise CredentialError(
                SYSTEM, "the log-in was refused before; not tried again", reason="remembered"
            )
        self._refusal = None


_credentials: dict[tuple[str, str, str, str], Credential] = {}
_credentials_lock = threading.Lock()


def credential_of(config: PayTraceConfig, log_in: LogIn) -> Credential:
    """The shared credential; a changed password is another one, so its refusal is forgotten."""
    secret = hashlib.blake2b(config.password.encode(), key=PROCESS_KEY).hexdigest()
    key = (config.base_url, log_in.version, config.username, secret)
    with _credentials_lock:
        if key not in _credentials:
            _credentials[key] = Credential(config, log_in)
        return _credentials[key]


def forget_credentials() -> None:
    """Forget every token and refusal of this process: after a person mended the account."""
    with _credentials_lock:
        _credentials.clear()
