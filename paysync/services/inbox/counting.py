"""Counters of the day, for each connection."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from paysync.models import Connection, Counter


def count(connection: Connection, name: str, now: datetime, by: int = 1) -> None:
    """Add to the day's counter `name`; many may do so at once."""
    day = timezone.localdate(now)
    row = Counter.objects.filter(connection=connection, name=name[:60], day=day)
    if row.update(count=F("count") + by):
        return
    try:
        with transaction.atomic():
            Counter.objects.create(connection=connection, name=name[:60], day=day, count=by)
    except IntegrityError:  # another worker made the row a moment ago
        row.update(count=F("count") + by)
