"""Hints: somebody tells us that a transaction changed. We check who, keep it, and look ourselves.

A hint changes no state: a job fetches the transaction from the gateway afterwards.

Signed senders follow Standard Webhooks 1.0 (standardwebhooks.com); the secrets are called
`hint_signing_key` ("whsec_" and base64). Senders that cannot sign give the shared secret
`hint_shared_secret` in X-Hint-Secret or as the password of HTTP Basic; never in the address.
Connection and secrets are remembered for REMEMBERED_S in each process: a change or a withdrawal
takes effect within that time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from django.db import connection as database

from paysync.domain.errors import PaySyncError, RecordError
from paysync.models import Connection, InboundEvent
from paysync.services import inbox, vault

logger = logging.getLogger(__name__)

SIGNING_KEY = "hint_signing_key"
SHARED_SECRET = "hint_shared_secret"  # noqa: S105 - the name of the secret, not the secret
REMEMBERED_S = 4.0
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
METHODS = ("card", "ach")
TRANSACTION_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,80}")
MAX_SIGNATURES = 10


class HintRefusedError(PaySyncError):
    """A hint we do not take. `status` is the HTTP status that says so."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


# --- who may knock ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """A connection and what opens its hint address."""

    connection: Connection
    signing_keys: Sequence[bytes]
    shared_secrets: Sequence[bytes]
    read_at: float


_doors: dict[str, Door] = {}


def forget_doors() -> None:
    """Drop what this process remembers, so that a change counts at once."""
    _doors.clear()


def find_door(slug: str, *, keys: Sequence[str], now: datetime) -> Door | None:
    """The active gateway connection of that slug with its live secrets, a few seconds old."""
    door = _doors.get(slug)
    if door and time.monotonic() - door.read_at < REMEMBERED_S:
        return door
    _doors.pop(slug, None)  # unknown slugs are not remembered: they would fill the memory
    connection = Connection.objects.filter(slug=slug, is_active=True).first()
    if connection is None or not connection.is_gateway:
        return None
    door = Door(
        connection,
        signing_keys(vault.reveal_secrets(connection, SIGNING_KEY, keys=keys, now=now), slug),
        [
            value.strip().encode()
            for value in vault.reveal_secrets(connection, SHARED_SECRET, keys=keys, now=now)
        ],
        time.monotonic(),
    )
    _doors[slug] = door
    return door


def signing_keys(values: Sequence[str], slug: str) -> list[bytes]:
    """The keys that are well formed; one that is not must not close the door for the others."""
    found = []
    for value in values:
        try:
            found.append(to_signing_key(value))
        except RecordError as error:
            logger.warning("signing key left out", extra={"connection": slug, "why": str(error)})
    return found


def to_signing_key(text: str) -> bytes:
    """The bytes of "whsec_<base64>": 24 to 64 of them. Raises RecordError."""
    try:
        key = base64.b64decode(text.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordError(f"{SIGNING_KEY} is not whsec_ and base64") from error
    if not 24 <= len(key) <= 64:
        raise RecordError(f"{SIGNING_KEY} holds {len(key)} bytes, not 24 to 64")
    return key


def sign(key: bytes, message_id: str, timestamp: int | str, body: bytes) -> str:
    """The value of one `webhook-signature` (Standard Webhooks, "Signature scheme")."""
    text = f"{message_id}.{timestamp}.".encode("latin-1", "replace") + body
    return "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


def authenticate(
    door: Door, headers: Mapping[str, str], body: bytes, *, now: datetime, tolerance_s: int
) -> str:
    """The sender's id of the message, "" for senders that only know the shared secret.

    headers: looked up without regard to case. Signature headers decide when there are any.
    Raises HintRefusedError 401 with the code unsigned, stale or wrong_signature.
    """
    if headers.get("webhook-signature"):
        return check_signature(door, headers, body, now=now, tolerance_s=tolerance_s)
    given = shared_secret_of(headers)
    if not given:
        refuse(401, "unsigned", "Sign the message, or give the shared secret in X-Hint-Secret.")
    matches = [hmac.compare_digest(given, secret) for secret in door.shared_secrets]
    if not any(matches):
        refuse(401, "wrong_secret", "The shared secret is not the one set up here.")
    return ""


def check_signature(
    door: Door, headers: Mapping[str, str], body: bytes, *, now: datetime, tolerance_s: int
) -> str:
    message_id = headers.get("webhook-id") or ""
    timestamp = headers.get("webhook-timestamp") or ""
    if not MESSAGE_ID.fullmatch(message_id):
        refuse(401, "unsigned", "webhook-id must be 1 to 80 printable characters.")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        refuse(401, "unsigned", "webhook-timestamp must be the seconds since 1970.")
    given = (headers.get("webhook-signature") or "").split()[:MAX_SIGNATURES]
    if not has_signature(door.signing_keys, given, message_id, timestamp, body):
        refuse(401, "wrong_signature", "No signature of this message is right.")
    if abs(now.timestamp() - int(timestamp)) > tolerance_s:
        refuse(401, "stale", f"webhook-timestamp is more than {tolerance_s} seconds from now.")
    return message_id


def has_signature(
    keys: Sequence[bytes], given: Sequence[str], message_id: str, timestamp: str, body: bytes
) -> bool:
    """Whether any given v1 signature is right under any live key; compares all, in equal time."""
    offered = [text.encode("latin-1", "replace") for text in given if text.startswith("v1,")]
    wanted = [sign(key, message_id, timestamp, body).encode() for key in keys]
    found = [hmac.compare_digest(one, other) for one in offered for other in wanted]
    return any(found)


def shared_secret_of(headers: Mapping[str, str]) -> bytes:
    """The shared secret given by header or as the HTTP Basic password; b"" without one."""
    if given := headers.get("x-hint-secret"):
        return given.strip().encode("utf-8", "replace")
    scheme, _, value = (headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


# --- what it says -------------------------------------------------------------------------------


def read_hint(content_type: str, body: bytes) -> dict[str, Any]:
    """The hint as {"type", "data": {"transaction_id", "method"}}, with whatever else it held.

    content_type: JSON_TYPE or FORM_TYPE, without parameters. Raises HintRefusedError 400 or 422.
    """
    if content_type == FORM_TYPE:
        return read_silent_post(body)
    try:
        payload = json.loads(body, parse_constant=no_constant)
    except (ValueError, RecursionError):
        refuse(400, "malformed", "The body is not JSON.")
    if not isinstance(payload, dict):
        refuse(400, "malformed", "The body is not a JSON object.")
    data = payload.get("data")
    if not isinstance(data, dict):
        refuse(422, "no_transaction", "data.transaction_id is missing.")
    method = data.get("method", "card")
    if method not in METHODS:
        refuse(422, "method", 'data.method must be "card" or "ach".')
    transaction_id = to_transaction_id(data.get("transaction_id"))
    return payload | {"data": data | {"transaction_id": transaction_id, "method": method}}


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_silent_post(body: bytes) -> dict[str, Any]:
    """PayTrace's silent post: one field parmList of NAME~value| pairs, card transactions only.

    Source: help.paytrace.com, "handling-silent-post-response".
    """
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        refuse(400, "malformed", "The body is not a form in UTF-8.")
    if "parmList" not in fields:
        refuse(400, "malformed", "The form has no parmList.")
    pairs = dict(
        (name.strip().upper(), value.strip())
        for name, tilde, value in (part.partition("~") for part in fields["parmList"].split("|"))
        if tilde
    )
    transaction_id = to_transaction_id(pairs.get("TRANSACTIONID"))
    return {
        "type": "silent_post",
        "data": {"transaction_id": transaction_id, "method": "card"},
        "post": pairs,
    }


def to_transaction_id(value: object) -> str:
    """A gateway id as text, from text or a whole number. Raises HintRefusedError 422."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text:
        refuse(422, "no_transaction", "data.transaction_id is missing.")
    if not TRANSACTION_ID.fullmatch(text):
        refuse(422, "transaction_id", "data.transaction_id is longer than 40 letters and digits.")
    return text


def refuse(status: int, code: str, message: str) -> NoReturn:
    raise HintRefusedError(status, code, message)


# --- keeping it ---------------------------------------------------------------------------------


def store_hint(
    door: Door, message_id: str, payload: dict[str, Any], now: datetime
) -> tuple[InboundEvent, bool]:
    """Keep the hint. Returns (row, was it known): the same message again makes no second row.

    Without a message id the transaction is the id, and a repeated hint makes the job look once
    more: the transaction may have moved on since.
    """
    event = inbox.to_event(
        inbox.Arrival(message_id or own_id(payload), payload),
        InboundEvent.Source.HINT,
        door.connection,
        None,
        now,
    )
    if not TRANSACTION_ID.fullmatch(str(event.payload["data"]["transaction_id"])):
        refuse(422, "transaction_id", "data.transaction_id holds a card number.")
    row, known = inbox.receive_one(event, now)
    if known and not message_id:
        inbox.look_again(row)
    return row, known


def own_id(payload: Mapping[str, Any]) -> str:
    data = payload["data"]
    return f"{data['method']}:{data['transaction_id']}"


def count_refusal(door: Door, refusal: HintRefusedError, now: datetime) -> None:
    inbox.count(door.connection, f"hint refused: {refusal.code}", now)


# --- waking the job -----------------------------------------------------------------------------


class Waker:
    """Calls `wake` once, `delay_s` after the first of any number of hints, in a thread of its own.

    One message wakes the job for all hints of that moment, and none costs the sender a write.
    A wake-up lost with the process costs a minute: the schedule finds the rows.
    """

    def __init__(self, wake: Callable[[], object], delay_s: float) -> None:
        self.wake = wake
        self.delay_s = delay_s
        self._lock = threading.Lock()
        self._pending = False

    def __call__(self) -> None:
        with self._lock:
            if self._pending:
                return
            self._pending = True
        timer = threading.Timer(self.delay_s, self._fire)
        timer.daemon = True
        timer.name = f"wake-{uuid.uuid4().hex[:8]}"
        timer.start()

    def _fire(self) -> None:
        with self._lock:  # first, so that a hint stored from here on starts the next one
            self._pending = False
        try:
            self.wake()
        except Exception:
            logger.exception("wake-up failed; the schedule finds the hints")
        finally:
            database.close()
