"""How the site is doing: connections, queue, inbox."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import Error, connection
from django.db.models import Count, Min, Q
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ

from paysync.models import Alert, Connection, Counter, InboundEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """One connection as the console shows it."""

    pk: int
    slug: str
    name: str
    kind: str
    environment: str
    health: str
    health_label: str
    is_resting: bool
    resting_until: datetime | None
    last_ok_at: datetime | None
    last_error: str
    failures: int


def connection_health(now: datetime | None = None) -> list[ConnectionHealth]:
    """Every active connection, by name."""
    now = now or timezone.now()
    return [to_health(row, now) for row in Connection.objects.filter(is_active=True)]


def to_health(row: Connection, now: datetime) -> ConnectionHealth:
    rests = row.resting_until is not None and now < row.resting_until
    return ConnectionHealth(
        pk=row.pk,
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        environment=row.environment,
        health=row.health,
        health_label=row.get_health_display(),
        is_resting=rests or row.health == Connection.Health.REFUSED,
        resting_until=row.resting_until,
        last_ok_at=row.last_ok_at,
        last_error=row.last_error,
        failures=row.failures,
    )


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Waiting messages; None where the broker does not say, or does not answer."""

    waiting: int | None
    oldest_age_s: float | None = None


def queue_depth(now: datetime | None = None) -> QueueDepth:
    """What waits in the queue now. A message being worked is locked into the future."""
    now = now or timezone.now()
    if not Conf.ORM:
        return broker_depth()
    row = OrmQ.objects.using(Conf.ORM).filter(lock__lte=now)
    found = row.aggregate(waiting=Count("pk"), oldest=Min("lock"))
    oldest = found["oldest"]
    return QueueDepth(
        found["waiting"], max((now - oldest).total_seconds(), 0.0) if oldest else None
    )


def broker_depth() -> QueueDepth:
    """The depth of a broker outside the database, which knows no ages."""
    try:
        return QueueDepth(int(get_broker().queue_size()))
    except Exception:  # each broker raises errors of its own; a page must not fail with it
        logger.warning("the queue's broker does not answer", exc_info=True)
        return QueueDepth(None)


def is_database_reachable() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() is not None
    except Error:
        logger.warning("the database does not answer", exc_info=True)
        return False


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured name with its values by label."""

    name: str
    help: str
    kind: str
    values: list[tuple[dict[str, str], float]]


def metrics(now: datetime | None = None) -> list[Metric]:
    """What `/metrics` reports. No customer, payment or amount is among it."""
    now = now or timezone.now()
    depth = queue_depth(now)
    return [
        Metric(
            "paysync_connection_up",
            "1 when the connection works, 0 when it fails, rests or was refused.",
            "gauge",
            [
                ({"connection": row.slug}, float(row.health == "ok" and not row.is_resting))
                for row in connection_health(now)
            ],
        ),
        gauge("paysync_queue_waiting", "Messages waiting in the queue.", depth.waiting),
        gauge("paysync_queue_oldest_seconds", "Age of the oldest one.", depth.oldest_age_s or 0),
        inbox_metric(),
        gauge(
            "paysync_alerts_open",
            "Alerts that a person must look at.",
            Alert.objects.filter(closed_at__isnull=True).count(),
        ),
        counter_metric(now),
    ]


def gauge(name: str, text: str, value: float | None) -> Metric:
    return Metric(name, text, "gauge", [] if value is None else [({}, float(value))])


def inbox_metric() -> Metric:
    """Events that are not done: those that are would need a count over a large table."""
    states = InboundEvent.State
    found = InboundEvent.objects.filter(
        state__in=(states.RECEIVED, states.FAILED, states.PARKED)
    ).aggregate(
        received=Count("pk", filter=Q(state=states.RECEIVED)),
        failed=Count("pk", filter=Q(state=states.FAILED)),
        parked=Count("pk", filter=Q(state=states.PARKED)),
    )
    return Metric(
        "paysync_inbox_events",
        "Events not done, by state.",
        "gauge",
        [({"state": state}, float(number)) for state, number in sorted(found.items())],
    )


def counter_metric(now: datetime) -> Metric:
    rows = Counter.objects.filter(day=timezone.localdate(now)).select_related("connection")
    return Metric(
        "paysync_events_today",
        "What left no record today, by name: refused hints, card data removed.",
        "gauge",
        [({"connection": row.connection.slug, "name": row.name}, float(row.count)) for row in rows],
    )
