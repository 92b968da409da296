"""Hints: notices in the Standard Webhooks scheme. PayTrace itself has none: wholly invented."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import queue
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.messages import INVENTED

logger = logging.getLogger(__name__)

ATTEMPTS = 3
#: A held hint goes out after this even if no other comes to overtake it.
HELD_S = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hint:
    id: str
    body: bytes


def hint_of(transaction_id: str, method: str) -> Hint:
    body = {
        "type": "transaction.updated",
        "data": {"transaction_id": transaction_id, "method": method},
    }
    return Hint(f"msg_{uuid.uuid4().hex}", json.dumps(body, separators=(",", ":")).encode())


def signature(secret: str, hint: Hint, timestamp: str) -> str:
    """`v1,` and the base64 HMAC-SHA256 of id.timestamp.body; the secret is `whsec_<base64>`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{hint.id}.{timestamp}.".encode() + hint.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class HintSender:
    """Sends hints from a thread of its own. Cards: `duplicate_hint`, `reordered_hints`."""

    def __init__(self, faults: FaultDeck) -> None:
        self._faults = faults
        self._queue: queue.Queue[Hint | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.targets: list[Target] = []
        self.sent = 0

    def add(self, target: Target) -> None:
        if target not in self.targets:
            self.targets.append(target)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="hints", daemon=True)
            self._thread.start()

    def tell(self, transaction_id: str, method: str) -> None:
        if self.targets:
            self._queue.put(hint_of(transaction_id, method))

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5)

    def wait(self) -> None:
        """Until everything told so far has gone out or been given up."""
        self._queue.join()

    def _work(self) -> None:
        held: list[Hint] = []
        with requests.Session() as session:
            while True:
                try:
                    hint = self._queue.get(timeout=HELD_S)
                except queue.Empty:
                    self._flush(session, held)
                    continue
                if hint is None:
                    self._flush(session, held)
                    return
                self._deal(session, hint, held)

    def _deal(self, session: requests.Session, hint: Hint, held: list[Hint]) -> None:
        """Send one hint, or hold it back so that the next one overtakes it."""
        if not held and self._faults.take("reordered_hints"):
            held.append(hint)
            return
        self._send(session, hint)
        if self._faults.take("duplicate_hint"):
            self._send(session, hint)
        self._queue.task_done()
        self._flush(session, held)

    def _flush(self, session: requests.Session, held: list[Hint]) -> None:
        while held:
            self._send(session, held.pop())
            self._queue.task_done()

    def _send(self, session: requests.Session, hint: Hint) -> None:
        for target in self.targets:
            for attempt in range(ATTEMPTS):
                if self._delivered(session, target, hint):
                    self.sent += 1
                    break
                time.sleep(0.1 * 2**attempt)
            else:
                logger.warning("hint given up", extra={"hint": hint.id, "url": target.url})

    def _delivered(self, session: requests.Session, target: Target, hint: Hint) -> bool:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": hint.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(target.secret, hint, timestamp),
            INVENTED: "1",
        }
        try:
            reply = session.post(target.url, data=hint.body, headers=headers, timeout=5)
        except requests.RequestException:
            return False
        return reply.ok
