"""The vault: credentials of the outside systems, encrypted, each bound to its connection.

The Fernet keys come in as an argument, newest first: the first encrypts, any decrypts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from paysync.domain.errors import RecordError
from paysync.models import Connection, Secret
from paysync.services.alerts import close_alert
from paysync.services.audit import record

MAX_BYTES = 4096


def store_secret(
    connection: Connection,
    name: str,
    value: str,
    *,
    keys: Sequence[str],
    actor: str,
    retires_previous_at: datetime | None = None,
) -> Secret:
    """Encrypt and keep `value`; earlier values of `name` end at `retires_previous_at`, or now.

    Ends a rest that began because the credentials were refused. Raises RecordError on an empty
    value, one over MAX_BYTES, or a name that does not fit.
    """
    check_value(name, value)
    now = timezone.now()
    ends = retires_previous_at or now
    with transaction.atomic():
        held = Secret.objects.filter(connection=connection, name=name)
        held.filter(retires_at__lte=now).delete()  # what counts no more need not be kept
        held.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=ends)).update(retires_at=ends)
        secret = Secret.objects.create(
            connection=connection, name=name, ciphertext=encrypt(connection.pk, name, value, keys)
        )
        wake(connection, actor)
        record(actor, "store secret", connection, {"name": name, "previous_end": ends.isoformat()})
    return secret


def check_value(name: str, value: str) -> None:
    if not name or len(name) > 40:
        raise RecordError("a secret's name has 1 to 40 characters")
    if not value.strip():
        raise RecordError(f"the secret {name} is empty")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RecordError(f"the secret {name} is longer than {MAX_BYTES} bytes")


def wake(connection: Connection, actor: str) -> None:
    """New credentials: a connection that was refused may be called again."""
    woken = Connection.objects.filter(pk=connection.pk, health=Connection.Health.REFUSED).update(
        health=Connection.Health.UNCHECKED, failures=0, resting_until=None, last_error=""
    )
    if woken:
        connection.refresh_from_db(fields=["health", "failures", "resting_until", "last_error"])
        close_alert(f"connection:{connection.pk}:refused", actor=actor)


def live(connection: Connection, name: str, now: datetime) -> QuerySet[Secret]:
    """The secrets of that name that still count, newest first."""
    return Secret.objects.filter(
        Q(retires_at__isnull=True) | Q(retires_at__gt=now), connection=connection, name=name
    ).order_by("-created_at", "-pk")


def has_secret(connection: Connection, name: str) -> bool:
    return live(connection, name, timezone.now()).exists()


def reveal_secret(connection: Connection, name: str, *, keys: Sequence[str]) -> str:
    """The newest live value. Raises RecordError when there is none or no key opens it."""
    secret = live(connection, name, timezone.now()).first()
    if secret is None:
        raise RecordError(f"{connection}: the secret {name} is not set")
    return decrypt(secret, cipher(keys))


def reveal_secrets(
    connection: Connection, name: str, *, keys: Sequence[str], now: datetime
) -> list[str]:
    """Every live value, newest first: during a change the old one counts as well."""
    opened = cipher(keys)
    return [decrypt(secret, opened) for secret in live(connection, name, now)]


def reencrypt_all(keys: Sequence[str]) -> int:
    """Bring every secret under the first key. Returns how many were not; again, it is 0.

    Raises RecordError, and changes nothing, when one of them opens under none of the keys.
    """
    opened = cipher(keys)
    newest = cipher(usable(keys)[:1])
    changed = 0
    with transaction.atomic():
        for secret in Secret.objects.select_for_update().order_by("pk"):
            if is_open_to(newest, secret):
                continue
            decrypt(secret, opened)
            changed += Secret.objects.filter(pk=secret.pk, ciphertext=secret.ciphertext).update(
                ciphertext=opened.rotate(secret.ciphertext.encode()).decode()
            )
    return changed


def encrypt(connection_id: int, name: str, value: str, keys: Sequence[str]) -> str:
    """`value` with the place it belongs to, so that it opens nowhere else."""
    text = json.dumps({"connection": connection_id, "name": name, "value": value})
    return cipher(keys).encrypt(text.encode()).decode()


def decrypt(secret: Secret, opened: MultiFernet) -> str:
    where = f"the secret {secret.name} of connection {secret.connection_id}"
    try:
        held = json.loads(opened.decrypt(secret.ciphertext.encode()))
    except InvalidToken as error:
        raise RecordError(
            f"{where} opens under none of the keys in VAULT_KEYS. "
            "Put back the key it was stored with, or store the secret again."
        ) from error
    if (held["connection"], held["name"]) != (secret.connection_id, secret.name):
        raise RecordError(f"{where} was stored for another place; store it again")
    return str(held["value"])


def is_open_to(opened: MultiFernet, secret: Secret) -> bool:
    try:
        opened.decrypt(secret.ciphertext.encode())
    except InvalidToken:
        return False
    return True


def usable(keys: Iterable[str]) -> list[str]:
    return [key.strip() for key in keys if key.strip()]


def cipher(keys: Sequence[str]) -> MultiFernet:
    """The keys as one cipher. Raises RecordError without repeating a key."""
    try:
        return MultiFernet([Fernet(key) for key in usable(keys)])
    except ValueError as error:
        raise RecordError(
            "VAULT_KEYS holds no key, or one that is not a Fernet key (32 bytes in URL-safe base64)"
        ) from error
