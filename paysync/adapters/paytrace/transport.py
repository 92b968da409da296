"""One exchange with PayTrace, its answer read as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from paysync.adapters import transport
from paysync.adapters.transport import Auth, Exchange, parse_json


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is None when it is not a JSON object (or list, kept under "data")."""

    status: int
    body: dict[str, Any] | None
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def send(session: requests.Session, exchange: Exchange, auth: Auth) -> Reply:
    """Send once. Raises NotSentError or NoAnswerError; every answer is a Reply."""
    answer = transport.send(session, exchange, auth)
    return Reply(answer.status, decode(answer.content), answer.retry_after_s)


def decode(content: bytes) -> dict[str, Any] | None:
    """JSON with exact numbers; a list goes under "data"; None for anything else."""
    try:
        found = parse_json(content)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list):
        return {"data": found}
    return found if isinstance(found, dict) else None
