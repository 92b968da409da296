"""Alerts: something a person must look at, once for each cause, however often it happens."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from paysync.domain.redaction import redact
from paysync.models import Alert, Company, Connection
from paysync.services.audit import record


def raise_alert(
    code: str,
    key: str,
    message: str,
    *,
    advice: str = "",
    connection: Connection | None = None,
    company: Company | None = None,
    now: datetime | None = None,
) -> Alert:
    """Open an alert, or count one more on the open one of the same `key`. Returns it."""
    now = now or timezone.now()
    text = str(redact(message)[0])[:400]
    seen = {"times": F("times") + 1, "last_seen_at": now, "message": text}
    if not Alert.objects.filter(key=key, closed_at__isnull=True).update(**seen):
        try:
            with transaction.atomic():
                return Alert.objects.create(
                    code=code,
                    key=key,
                    message=text,
                    advice=advice[:400],
                    connection=connection,
                    company=company,
                    raised_at=now,
                    last_seen_at=now,
                )
        except IntegrityError:  # another worker opened it a moment ago
            Alert.objects.filter(key=key, closed_at__isnull=True).update(**seen)
    return Alert.objects.filter(key=key).order_by("-pk")[0]


def close_alert(key: str, *, actor: str) -> bool:
    """Close the open alert of `key`. Returns whether there was one."""
    now = timezone.now()
    with transaction.atomic():
        alert = Alert.objects.filter(key=key, closed_at__isnull=True).first()
        if alert is None:
            return False
        closed = Alert.objects.filter(pk=alert.pk, closed_at__isnull=True).update(
            closed_at=now, closed_by=actor[:150]
        )
        if closed:
            record(actor, "close alert", alert, {"key": key, "times": alert.times})
    return bool(closed)
