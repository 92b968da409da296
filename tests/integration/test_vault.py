"""The vault: what is stored comes back only where it belongs and under the right key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from paysync.domain.errors import CredentialError, RecordError
from paysync.models import Alert, AuditEntry, Connection, Secret
from paysync.services import health, vault
from tests.factories import make_connection

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
KEYS = [OLD]


def store(connection: Connection, value: str = "s3cret", name: str = "password") -> Secret:
    return vault.store_secret(connection, name, value, keys=KEYS, actor="ann")


def test_a_secret_comes_back_and_is_nowhere_in_the_clear(connection: Connection) -> None:
    assert not vault.has_secret(connection, "password")
    secret = store(connection)
    assert vault.has_secret(connection, "password")
    assert vault.reveal_secret(connection, "password", keys=KEYS) == "s3cret"
    assert "s3cret" not in secret.ciphertext
    entry = AuditEntry.objects.get(action="store secret")
    assert (entry.actor, entry.detail["name"]) == ("ann", "password")
    assert "s3cret" not in str(entry.detail)


def test_a_row_copied_to_another_connection_does_not_open(connection: Connection) -> None:
    secret = store(connection)
    other = make_connection()
    Secret.objects.create(connection=other, name="password", ciphertext=secret.ciphertext)
    with pytest.raises(RecordError, match="another place"):
        vault.reveal_secret(other, "password", keys=KEYS)


def test_a_row_copied_to_another_name_does_not_open(connection: Connection) -> None:
    secret = store(connection)
    Secret.objects.create(connection=connection, name="other", ciphertext=secret.ciphertext)
    with pytest.raises(RecordError, match="another place"):
        vault.reveal_secret(connection, "other", keys=KEYS)


def test_a_wrong_key_says_what_to_do_and_shows_nothing(connection: Connection) -> None:
    secret = store(connection)
    with pytest.raises(RecordError, match="VAULT_KEYS") as caught:
        vault.reveal_secret(connection, "password", keys=[NEW])
    assert secret.ciphertext not in str(caught.value)
    assert OLD not in str(caught.value)


@pytest.mark.parametrize("keys", [[], [""], ["not a key"], ["ключ"]])
def test_malformed_keys_are_named_without_being_shown(
    connection: Connection, keys: list[str]
) -> None:
    with pytest.raises(RecordError, match="VAULT_KEYS holds no key") as caught:
        vault.store_secret(connection, "password", "x", keys=keys, actor="ann")
    assert not any(key and key in str(caught.value) for key in keys)


@pytest.mark.parametrize("value", ["", "  \n", "x" * 4097, "ä" * 2049])
def test_empty_and_oversized_values_are_refused(connection: Connection, value: str) -> None:
    with pytest.raises(RecordError):
        store(connection, value)
    assert not Secret.objects.exists()


def test_the_longest_value_fits(connection: Connection) -> None:
    store(connection, "x" * 4096)
    assert vault.reveal_secret(connection, "password", keys=KEYS) == "x" * 4096


def test_a_missing_secret_is_named(connection: Connection) -> None:
    with pytest.raises(RecordError, match="password is not set"):
        vault.reveal_secret(connection, "password", keys=KEYS)


def test_a_new_value_ends_the_old_one_at_once(connection: Connection) -> None:
    store(connection, "one")
    store(connection, "two")
    now = timezone.now()
    assert vault.reveal_secrets(connection, "password", keys=KEYS, now=now) == ["two"]


def test_during_a_change_both_values_count(connection: Connection) -> None:
    ends = timezone.now() + timedelta(hours=1)
    store(connection, "one")
    vault.store_secret(
        connection, "password", "two", keys=KEYS, actor="ann", retires_previous_at=ends
    )
    before, after = ends - timedelta(seconds=1), ends
    assert vault.reveal_secrets(connection, "password", keys=KEYS, now=before) == ["two", "one"]
    assert vault.reveal_secrets(connection, "password", keys=KEYS, now=after) == ["two"]
    assert vault.reveal_secret(connection, "password", keys=KEYS) == "two"


def test_a_later_end_never_lengthens_an_earlier_one(connection: Connection) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    for value, ends in (("one", None), ("two", soon), ("three", soon + timedelta(days=1))):
        vault.store_secret(
            connection, "password", value, keys=KEYS, actor="ann", retires_previous_at=ends
        )
    assert vault.reveal_secrets(connection, "password", keys=KEYS, now=soon) == ["three", "two"]


def test_a_new_secret_ends_the_rest_after_a_refusal(connection: Connection) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    health.note_failure(connection, CredentialError("paytrace", "no such user"), now)
    assert health.is_resting(connection, now + timedelta(days=9))
    store(connection)
    assert not health.is_resting(connection, now)
    assert not Alert.objects.filter(closed_at__isnull=True).exists()


def test_rotation_brings_all_under_the_first_key(
    connection: Connection, settings: Settings
) -> None:
    store(connection)
    store(make_connection(), "other")
    settings.VAULT_KEYS = [NEW, OLD]
    out = StringIO()
    call_command("rotate_vault_key", stdout=out)
    assert "2 secrets re-encrypted" in out.getvalue()
    assert "may be removed" in out.getvalue()
    assert vault.reveal_secret(connection, "password", keys=[NEW]) == "s3cret"
    assert vault.reencrypt_all([NEW, OLD]) == 0


def test_rotation_changes_nothing_when_one_secret_does_not_open(connection: Connection) -> None:
    kept = store(connection)
    other = make_connection()
    vault.store_secret(other, "password", "x", keys=[Fernet.generate_key().decode()], actor="ann")
    with pytest.raises(RecordError, match="none of the keys"):
        vault.reencrypt_all([NEW, OLD])
    ciphertext = kept.ciphertext
    kept.refresh_from_db()
    assert kept.ciphertext == ciphertext


def test_the_command_says_what_is_wrong(connection: Connection, settings: Settings) -> None:
    store(connection)
    settings.VAULT_KEYS = [NEW]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rotate_vault_key")


def test_a_new_key_is_printed_alone_and_nothing_changes(db: None) -> None:
    out, errors = StringIO(), StringIO()
    call_command("rotate_vault_key", "--new-key", stdout=out, stderr=errors)
    Fernet(out.getvalue().strip())
    assert "VAULT_KEYS" in errors.getvalue()
