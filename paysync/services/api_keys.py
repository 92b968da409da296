"""Keys of the API: shown once, kept as a hash, exchanged with an overlap, ended at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from paysync.domain.errors import RuleError
from paysync.domain.scopes import Scope
from paysync.models import ApiClient, ApiKey, Company, Connection
from paysync.services.audit import record
from paysync.services.bulk import locked

PREFIX = {
    Connection.Environment.PRODUCTION: "psk_live_",
    Connection.Environment.SANDBOX: "psk_test_",
}
#: Characters of a key that are shown to tell it from others, after its prefix.
SHOWN = 6
LONGEST_LIFE = timedelta(days=730)
#: How long the key that is exchanged goes on working, unless told otherwise.
OVERLAP = timedelta(days=7)
MOST_KEYS = 10


def make_client(
    *,
    name: str,
    slug: str,
    companies: Iterable[Company],
    scopes: Iterable[Scope],
    actor: str,
    environment: str = Connection.Environment.SANDBOX,
    requires_customer: bool = False,
) -> ApiClient:
    """A client with its user. Raises RuleError where a user has its name already."""
    with transaction.atomic():
        client = ApiClient(
            name=name,
            slug=slug,
            environment=environment,
            scopes=sorted(Scope(scope).value for scope in scopes),
            requires_customer=requires_customer,
        )
        client.user = make_user(slug)
        client.save()
        client.companies.set(companies)
        record(actor, "API client added", client, {"scopes": client.scopes})
    return client


def make_user(slug: str) -> User:
    """Somebody who signs in nowhere: audit entries and requests carry the name."""
    if has_user(slug):
        raise RuleError(f"There is a user {name_of(slug)} already: choose another short name.")
    user = User.objects.create_user(name_of(slug))
    user.set_unusable_password()
    user.save()
    return user


def name_of(slug: str) -> str:
    return f"api:{slug}"


def has_user(slug: str) -> bool:
    return User.objects.filter(username=name_of(slug)).exists()


def issue_key(
    client: ApiClient, *, lives: timedelta, actor: str, now: datetime
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can be shown again. Raises RuleError."""
    if not timedelta(0) < lives <= LONGEST_LIFE:
        raise RuleError(f"A key lives a day to {LONGEST_LIFE.days} days.")
    with transaction.atomic():
        locked(ApiClient.objects.all()).get(pk=client.pk)
        live = client.keys.filter(revoked_at__isnull=True, expires_at__gt=now)
        if live.count() >= MOST_KEYS:
            raise RuleError(f"{client} has {MOST_KEYS} keys that work: revoke one first.")
        text = PREFIX[Connection.Environment(client.environment)] + secrets.token_urlsafe(32)
        beginning = text[: len("psk_test_") + SHOWN]
        key = ApiKey.objects.create(
            client=client,
            beginning=beginning,
            digest=digest_of(text),
            created_by=actor[:150],
            created_at=now,
            expires_at=now + lives,
        )
        record(actor, "API key issued", client, {"key": beginning, "until": key.expires_at})
    return key, text


def rotate_key(
    key_id: int, *, actor: str, now: datetime, overlap: timedelta = OVERLAP
) -> tuple[ApiKey, str]:
    """A new key of the same life; the old one ends after the overlap, or earlier if it would."""
    with transaction.atomic():
        old = locked(ApiKey.objects.select_related("client")).get(pk=key_id)
        require_live(old, now)
        made = issue_key(old.client, lives=old.expires_at - old.created_at, actor=actor, now=now)
        old.expires_at = min(old.expires_at, now + overlap)
        old.save(update_fields=["expires_at"])
        detail = {"key": old.beginning, "ends": old.expires_at, "new": made[0].beginning}
        record(actor, "API key exchanged", old.client, detail)
    return made


def revoke_key(key_id: int, *, actor: str, now: datetime) -> ApiKey:
    """It stops working with the next request."""
    with transaction.atomic():
        key = locked(ApiKey.objects.select_related("client")).get(pk=key_id)
        if key.revoked_at is None:
            key.revoked_at, key.revoked_by = now, actor[:150]
            key.save(update_fields=["revoked_at", "revoked_by"])
            record(actor, "API key revoked", key.client, {"key": key.beginning})
    return key


def require_live(key: ApiKey, now: datetime) -> None:
    if key.revoked_at is not None or key.expires_at <= now:
        raise RuleError(f"The key {key} does not work any more: issue a new one.")


def find_key(text: str) -> ApiKey | None:
    """The key of this text, live or not. A hash without salt will do: a key has 256 random bits."""
    rows = ApiKey.objects.select_related("client__user")
    return rows.filter(digest=digest_of(text)).first()


def note_use(key: ApiKey, now: datetime) -> None:
    """When it was last used, written at most once a minute."""
    if key.last_used_at is None or now - key.last_used_at >= timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
