"""A twin's clock: real time, or a moment set by hand that ticks on or stands still."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class TwinClock:
    """What time the twin believes it is. Always an aware UTC instant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base: datetime | None = None
        self._set_at = 0.0
        self._frozen = False
        self.skew = timedelta(0)

    def now(self) -> datetime:
        with self._lock:
            if self._base is None:
                return datetime.now(UTC) + self.skew
            passed = 0.0 if self._frozen else time.monotonic() - self._set_at
            return self._base + timedelta(seconds=passed) + self.skew

    def set(self, at: datetime, *, frozen: bool = False) -> None:
        """Set to an aware instant; it ticks on from there unless `frozen`."""
        with self._lock:
            self._base, self._set_at, self._frozen = at.astimezone(UTC), time.monotonic(), frozen

    def advance(self, by: timedelta) -> None:
        now = self.now() - self.skew
        self.set(now + by, frozen=self._frozen)

    def use_real_time(self) -> None:
        with self._lock:
            self._base, self._frozen, self.skew = None, False, timedelta(0)
