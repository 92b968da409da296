"""Who looks at a payment right now: a hint for colleagues, never a lock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from paysync.services.bulk import insert_missing
from reconciliation.models import Presence

#: Whoever was not heard of for so long has left.
GONE = timedelta(seconds=60)


def look(transaction_id: int, *, user: AbstractBaseUser, now: datetime) -> list[str]:
    """Note that this person looks at the payment; returns who else does."""
    mine = Presence.objects.filter(user_id=user.pk)
    mine.exclude(transaction_id=transaction_id).delete()
    if not mine.filter(transaction_id=transaction_id).update(seen_at=now):
        insert_missing([Presence(transaction_id=transaction_id, user_id=user.pk, seen_at=now)])
    return others_at(transaction_id, user=user, now=now)


def others_at(transaction_id: int, *, user: AbstractBaseUser, now: datetime) -> list[str]:
    """The names of colleagues who look at the payment."""
    rows = present(now).filter(transaction_id=transaction_id).exclude(user_id=user.pk)
    return [
        row.user.get_full_name() or row.user.get_username()
        for row in rows.select_related("user").order_by("user__username")
    ]


def present(now: datetime) -> QuerySet[Presence]:
    return Presence.objects.filter(seen_at__gt=now - GONE)
