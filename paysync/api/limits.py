"""How many requests a client may make, told in every answer."""

from __future__ import annotations

import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from paysync.domain.callers import Caller

logger = logging.getLogger(__name__)

WINDOW_S = 60


class ClientRate(BaseThrottle):
    """So many requests of a client a minute. The count is in the cache: shared where REDIS_URL is
    set, else each web process counts for itself. While Redis is down nothing is counted: a limit is
    no reason to serve nobody.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = request.auth
        if not isinstance(caller, Caller):
            return True
        limit = caller.requests_a_minute
        minute, past = divmod(int(time.time()), WINDOW_S)
        try:
            used = count(f"api-rate:{caller.client_id}:{minute}")
        except RedisError:
            logger.warning("requests are not counted: Redis is down", exc_info=True)
            return True
        self.left = WINDOW_S - past
        request._request.rate = (limit, max(0, limit - used), self.left)  # type: ignore[attr-defined]
        return used <= limit

    def wait(self) -> float:
        return float(self.left)


def count(name: str) -> int:
    """One more. The first of a window starts its counter."""
    if cache.add(name, 1, WINDOW_S * 2):
        return 1
    try:
        return int(cache.incr(name))
    except ValueError:  # it ended between the two calls
        cache.add(name, 1, WINDOW_S * 2)
        return 1
