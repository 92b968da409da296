"""What an adapter must know to speak to one merchant account."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from paysync.domain.errors import RecordError

SYSTEM = "paytrace"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
INTEGRATOR_ID_MAX = 12
ACH_PAGE_MAX = 30


@dataclass(frozen=True, slots=True)
class PayTraceConfig:
    """One PayTrace API user at one merchant account. Times are seconds.

    zone: of stamps the gateway sends without one, assumed Pacific (§9.2). merchant_id: V3 only.
    ach: whether to list ACH payments (V3). ach_void_path, ach_refund_path: not documented (§7.5);
    "" refuses those calls, else a V3 path such as "/v3/…/{id}". Raises RecordError when a value
    cannot work; a password never goes over plain HTTP, except to this machine.
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    integrator_id: str
    merchant_id: str = ""
    environment: str = "sandbox"
    zone: str = "America/Los_Angeles"
    currency: str = "USD"
    connect_timeout_s: float = 10
    read_timeout_s: float = 30
    money_timeout_s: float = 60
    read_attempts: int = 3
    retry_wait_s: float = 0.5
    retry_max_wait_s: float = 10
    max_in_flight: int = 3
    max_body_bytes: int = 20_000_000
    refusal_memory_s: float = 900
    ach: bool = True
    ach_page_size: int = ACH_PAGE_MAX
    ach_void_path: str = ""
    ach_refund_path: str = ""
    omit_surcharge: bool = True

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise RecordError(f"{self.base_url!r} must begin with https://")
        if not 0 < len(self.integrator_id) <= INTEGRATOR_ID_MAX:
            raise RecordError(f"the integrator id has 1 to {INTEGRATOR_ID_MAX} characters")
        if not 0 < self.ach_page_size <= ACH_PAGE_MAX:
            raise RecordError(f"an ACH page has 1 to {ACH_PAGE_MAX} rows")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise RecordError(f"{self.zone!r} is not a time zone") from error

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path
