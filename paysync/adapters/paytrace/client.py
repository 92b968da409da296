"""Calls to PayTrace: log-in, limits, and the sorting of everything that can go wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from paysync.adapters.paytrace.auth import Credential, LogIn, credential_of
from paysync.adapters.paytrace.config import SYSTEM, PayTraceConfig
from paysync.adapters.paytrace.envelope import (
    error_keys,
    has_outcome,
    invalid_fields,
    rejects_token,
)
from paysync.adapters.paytrace.transport import Reply, send
from paysync.adapters.transport import (
    Exchange,
    NoAnswerError,
    NotSentError,
    TooLargeError,
    bearer,
)
from paysync.domain.errors import OutcomeUnknownError, RejectedError, UnavailableError

logger = logging.getLogger(__name__)

#: Error key of a failed log-in (§8.2): repeating it could lock the user.
LOG_IN_FAILED = "998"
NOT_FOUND_KEY = "58"


@dataclass(frozen=True, slots=True)
class Call:
    """One request in PayTrace's words; `path` begins with "/"."""

    path: str
    json: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    method: str = "POST"


class PayTraceClient:
    """Sends calls of one merchant account. Safe to use from many threads."""

    def __init__(self, config: PayTraceConfig, log_in: LogIn, headers: Mapping[str, str]) -> None:
        self._config = config
        self._headers = dict(headers)
        self._credential: Credential = credential_of(config, log_in)
        self._local = threading.local()

    def read(self, call: Call) -> dict[str, Any]:
        """The body of a harmless request, repeated a few times while that may help.

        Raises UnavailableError, RejectedError (reason: error key, field or "not_found") or
        CredentialError.
        """
        config = self._config
        retrying = Retrying(
            stop=stop_after_attempt(config.read_attempts),
            retry=retry_if_exception(self._worth_repeating),
            wait=self._wait_s,
            reraise=True,
        )
        body: dict[str, Any] = retrying(self._read_once, call)
        return body

    def move_money(self, call: Call) -> Reply:
        """Send a money call once and return what was answered, to be classified by its body.

        Raises UnavailableError only where nothing was processed: the host was not reached, or it
        answered 429, which by definition turns a request away unprocessed, and the body shows no
        result. Raises OutcomeUnknownError for everything that may have happened.
        """
        used = self._credential.token(self._config)
        reply = self._send_money(call, used)
        if rejects_token(reply):
            # The body says in plain words that the token was refused: nothing was processed.
            self._credential.drop(used)
            reply = self._send_money(call, self._credential.token(self._config))
            if rejects_token(reply):
                raise self._refused("invalid_token")
        if LOG_IN_FAILED in error_keys(reply) and not has_outcome(reply):
            raise self._refused(LOG_IN_FAILED)
        if reply.status == 401:
            self._credential.drop(used)
        if reply.status == 429 and not has_outcome(reply):
            message = "too many requests"
            raise UnavailableError(SYSTEM, message, retry_after_s=reply.retry_after_s)
        return reply

    def _send_money(self, call: Call, token: str) -> Reply:
        # A connection of its own: an idle one that died would leave the outcome unknown.
        timeout_s = (self._config.connect_timeout_s, self._config.money_timeout_s)
        try:
            with requests.Session() as session:
                return self._send(session, call, token, timeout_s)
        except NotSentError as error:
            raise UnavailableError(SYSTEM, f"not reached ({error})") from error
        except NoAnswerError as error:
            raise OutcomeUnknownError(SYSTEM, f"no answer to {call.path} ({error})") from error

    def _read_once(self, call: Call) -> dict[str, Any]:
        used = self._credential.token(self._config)
        reply = self._send_read(call, used)
        if reply.status == 401 or rejects_token(reply):
            self._credential.drop(used)
            reply = self._send_read(call, self._credential.token(self._config))
            if reply.status == 401 or rejects_token(reply):
                raise self._refused("invalid_token")
        return self._sorted(call, reply)

    def _send_read(self, call: Call, token: str) -> Reply:
        timeout_s = (self._config.connect_timeout_s, self._config.read_timeout_s)
        try:
            return self._send(self._session(), call, token, timeout_s)
        except TooLargeError as error:
            message = f"the answer to {call.path} is too large"
            raise RejectedError(SYSTEM, message, reason="too_large") from error
        except (NotSentError, NoAnswerError) as error:
            raise UnavailableError(SYSTEM, f"no answer to {call.path} ({error})") from error

    def _send(
        self, session: requests.Session, call: Call, token: str, timeout_s: tuple[float, float]
    ) -> Reply:
        exchange = Exchange(
            call.method,
            self._config.url(call.path),
            timeout_s,
            self._config.max_body_bytes,
            json=call.json,
            query=call.query,
            headers=self._headers,
        )
        with self._credential.slot(self._config):
            reply = send(session, exchange, bearer(token))
        logger.info("paytrace answered", extra={"path": call.path, "status": reply.status})
        return reply

    def _sorted(self, call: Call, reply: Reply) -> dict[str, Any]:
        """The body of a read that worked; everything else as the error it is."""
        if reply.status in (408, 429) or reply.status >= 500:
            message = f"{call.path} answered HTTP {reply.status}"
            raise UnavailableError(SYSTEM, message, retry_after_s=reply.retry_after_s)
        keys = error_keys(reply)
        if LOG_IN_FAILED in keys:
            raise self._refused(LOG_IN_FAILED)
        fields = invalid_fields(reply)
        if reply.status == 404 or NOT_FOUND_KEY in keys or (fields and is_path(fields)):
            raise RejectedError(SYSTEM, f"{call.path} found nothing", reason="not_found")
        if keys or fields or not reply.ok:
            reason = next(iter((*keys, *fields)), f"http_{reply.status}")
            raise RejectedError(SYSTEM, f"{call.path} was refused: {reason}", reason=reason)
        if reply.body is None:
            raise UnavailableError(SYSTEM, f"{call.path} answered something that is not JSON")
        if reply.body.get("success") is False:
            raise RejectedError(SYSTEM, f"{call.path} was refused", reason="no_success")
        return reply.body

    def _refused(self, reason: str) -> Exception:
        return self._credential.refuse(self._config, "the gateway refuses our log-in", reason)

    def _session(self) -> requests.Session:
        """One session a thread: they are not made to be shared."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _worth_repeating(self, error: BaseException) -> bool:
        """Unavailable, and not asking for more patience than we have here."""
        if not isinstance(error, UnavailableError):
            return False
        return (error.retry_after_s or 0) <= self._config.retry_max_wait_s

    def _wait_s(self, state: RetryCallState) -> float:
        """Exponential with jitter, and never less than the gateway asked for."""
        config = self._config
        jitter = wait_random_exponential(config.retry_wait_s, config.retry_max_wait_s)
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, UnavailableError) else None
        return max(jitter(state), asked_s or 0)


def is_path(fields: tuple[str, ...]) -> bool:
    return all(name.startswith("path/") for name in fields)
