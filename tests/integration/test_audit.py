"""The audit trail: it cannot be edited here, and whoever edits it elsewhere is found out."""

from __future__ import annotations

import json
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import models, transaction
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

from paysync.domain.errors import RecordError, RuleError
from paysync.models import AuditEntry, Company, Connection
from paysync.services import audit


def write(connection: Connection, many: int = 5) -> None:
    audit.record_many("ann", "change", [(connection, {"n": n}) for n in range(many)])


def tamper(pk: int, **fields: Any) -> None:
    """As someone with the database password would: past the model's guard."""
    models.QuerySet(AuditEntry).filter(pk=pk).update(**fields)


def export() -> list[str]:
    out = StringIO()
    audit.write_export(out)
    return out.getvalue().splitlines(keepends=True)


def problems_of(lines: list[str], known_seal: str = "") -> list[str]:
    return audit.verify_export(StringIO("".join(lines)), known_seal=known_seal).problems


def test_an_entry_says_who_did_what_to_which(connection: Connection) -> None:
    entry = audit.record("ann", "change mode", connection, {"card": "4111111111111111"})
    entry.refresh_from_db()
    assert (entry.actor, entry.action) == ("ann", "change mode")
    assert (entry.subject_type, entry.subject_id) == ("paysync.connection", str(connection.pk))
    assert "4111" not in str(entry.detail)


def test_an_unsaved_subject_is_refused(db: None) -> None:
    with pytest.raises(RecordError):
        audit.record("ann", "change", Company())


def test_many_are_written_in_one_go(
    connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(6):
        write(connection, 300)
    assert AuditEntry.objects.count() == 300


def test_entries_are_never_edited_or_deleted(connection: Connection) -> None:
    write(connection)
    audit.seal_entries()
    entry = AuditEntry.objects.all()[0]
    with pytest.raises(RuleError):
        entry.save()
    with pytest.raises(RuleError):
        entry.delete()
    with pytest.raises(RuleError):
        AuditEntry.objects.filter(pk=entry.pk).update(actor="bob")
    with pytest.raises(RuleError):
        AuditEntry.objects.all().delete()
    entry.actor = "bob"
    with pytest.raises(RuleError), transaction.atomic():
        AuditEntry.objects.bulk_update([entry], ["actor"])
    assert audit.verify_chain() == []


def test_sealing_goes_on_where_it_stopped(connection: Connection) -> None:
    write(connection, 7)
    assert [audit.seal_entries(limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert audit.verify_chain() == []


def test_an_entry_that_appears_late_joins_the_end_of_the_chain(connection: Connection) -> None:
    write(connection, 6)
    late = AuditEntry.objects.order_by("pk")[2]
    held = {f.attname: getattr(late, f.attname) for f in AuditEntry._meta.concrete_fields}
    models.QuerySet(AuditEntry).filter(pk=late.pk).delete()
    audit.seal_entries()
    AuditEntry(**held).save(force_insert=True)
    assert audit.seal_entries() == 1
    write(connection, 2)
    assert audit.seal_entries() == 2
    assert audit.verify_chain() == []


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "bob"},
        {"detail": {"n": 99}},
        {"action": "nothing"},
        {"subject_id": "0"},
        {"previous_seal": "f" * 64},
        {"seal": "f" * 64},
    ],
)
def test_an_edit_behind_our_back_is_found(connection: Connection, change: dict[str, Any]) -> None:
    write(connection)
    audit.seal_entries()
    tamper(AuditEntry.objects.order_by("pk")[2].pk, **change)
    assert audit.verify_chain()
    assert problems_of(export())


def test_a_row_taken_out_is_found(connection: Connection) -> None:
    write(connection)
    audit.seal_entries()
    models.QuerySet(AuditEntry).filter(pk=AuditEntry.objects.order_by("pk")[2].pk).delete()
    assert "gap" in audit.verify_chain()[0]


def test_an_end_cut_off_is_found_by_the_seal_noted_before(connection: Connection) -> None:
    write(connection)
    audit.seal_entries()
    noted = audit.last_seal()
    models.QuerySet(AuditEntry).filter(pk=AuditEntry.objects.order_by("-pk")[0].pk).delete()
    lines = export()
    assert problems_of(lines) == []
    assert "noted earlier" in problems_of(lines, noted)[0]


def test_an_export_is_checked_alone(
    connection: Connection, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    write(connection)
    file = tmp_path / "audit.jsonl"
    call_command("audit_export", "--out", str(file), stderr=StringIO())
    out = StringIO()
    with django_db_blocker.block():
        call_command("audit_verify", str(file), stdout=out)
    assert "5 entries are whole, 0 of them not sealed yet" in out.getvalue()


def test_the_export_goes_to_standard_output_too(connection: Connection) -> None:
    write(connection)
    out = StringIO()
    call_command("audit_export", stdout=out)
    assert problems_of(out.getvalue().splitlines(keepends=True)) == []


def test_any_change_of_an_export_is_found(connection: Connection) -> None:
    write(connection)
    audit.seal_entries()
    lines = export()
    assert problems_of(lines) == []
    assert problems_of(lines[:-1]), "cut off"
    assert problems_of(lines[:2] + lines[3:]), "a line taken out"
    assert problems_of([*lines[:2], lines[1], *lines[2:]]), "a line twice"
    assert problems_of([*lines[:2], "not json\n", *lines[2:]]), "garbage"
    assert problems_of([*lines, lines[0]]), "a line after the end"
    edited = json.loads(lines[1]) | {"actor": "bob"}
    assert problems_of([lines[0], json.dumps(edited) + "\n", *lines[2:]]), "edited"
    short = {name: value for name, value in edited.items() if name != "detail"}
    assert problems_of([lines[0], json.dumps(short) + "\n", *lines[2:]]), "a field taken out"


def test_an_export_that_was_changed_fails_the_command(
    connection: Connection, tmp_path: Path
) -> None:
    write(connection)
    audit.seal_entries()
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(export()).replace('"ann"', '"bob"'))
    with pytest.raises(CommandError, match="do not trust"):
        call_command("audit_verify", str(file), stdout=StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit_verify", str(tmp_path / "none"))


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_make_one_chain(connection: Connection) -> None:
    write(connection, 200)
    errors: list[BaseException] = []

    def seal() -> None:
        try:
            while audit.seal_entries(limit=10):
                pass
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert audit.verify_chain() == []
    assert not AuditEntry.objects.filter(seal__isnull=True).exists()
