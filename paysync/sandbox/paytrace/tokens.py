"""Bearer tokens of the twin, V1 and V3 (§3)."""

from __future__ import annotations

import secrets
import threading
import time

from paysync.sandbox.messages import Halt, Request, Response, route
from paysync.sandbox.paytrace.engine import Engine

INVALID_TOKEN = {
    "error": "invalid_token",
    "error_description": "The access token is invalid or expired.",
}
INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "The provided authorization grant is invalid.",
}


class TokenRoutes:
    """Log-in, and the check of every other request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._good_until: dict[str, float] = {}
        self._refresh: set[str] = set()

    def check(self, request: Request) -> None:
        """Ends the request with 401 unless its bearer token is good."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            good = self._good_until.get(token, 0) > time.monotonic()
        if not good:
            raise Halt(Response(dict(INVALID_TOKEN), 401))

    def forget(self) -> None:
        """Every token is worthless from now on, refresh tokens too."""
        with self._lock:
            self._good_until.clear()
            self._refresh.clear()

    def _issue(self, life_s: int) -> str:
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._good_until[token] = time.monotonic() + life_s
        return token

    def _knows(self, username: object, password: object) -> bool:
        settings = self._engine.settings
        return (username, password) == (settings.username, settings.password)

    @route("POST", "/oauth/token", quiet=True)
    def v1_token(self, request: Request) -> Response:
        given = request.data()
        known = self._knows(given.get("username"), given.get("password"))
        if given.get("grant_type") != "password" or not known:
            return Response(dict(INVALID_GRANT), 401)
        life_s = self._engine.settings.token_life_s
        answer = {
            "access_token": self._issue(life_s),
            "token_type": "Bearer",
            "expires_in": life_s,
            "created_at": int(time.time()),
        }
        return Response(answer)

    @route("POST", "/v3/token", quiet=True)
    def v3_token(self, request: Request) -> Response:
        given = {**request.query, **request.data()}
        if given.get("grant_type") == "refresh_token":
            with self._lock:
                good = given.get("refresh_token") in self._refresh
                self._refresh.discard(str(given.get("refresh_token")))
        else:
            good = self._knows(given.get("client_id"), given.get("client_secret"))
            good = good and given.get("grant_type") == "client_credentials"
        if not good:
            return Response({"message": {"data": [{"field": "body", "detail": "invalid"}]}}, 422)
        return self._v3_answer()

    def _v3_answer(self) -> Response:
        settings = self._engine.settings
        refresh = secrets.token_urlsafe(24)
        with self._lock:
            self._refresh.add(refresh)
        fields = {
            "access_token": self._issue(settings.token_life_v3_s),
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": settings.token_life_v3_s,
        }
        return Response(fields if settings.token_at_top_level else {"data": fields}, 201)
