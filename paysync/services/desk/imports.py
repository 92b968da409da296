"""The files in an inbox: seen, taken in or rejected, put away; each written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from paysync.domain.desk import Kept, Problem, Sighting, Taken
from paysync.models import DeskImport
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.bulk import chunks, locked

Outcome = DeskImport.Outcome
#: So many problems of a file are kept and shown.
MOST_PROBLEMS = 200
#: A file that was seen, and is not there after this, is gone.
GONE_FOR = timedelta(minutes=1)
#: Nobody has to look at these any more.
DONE = (Outcome.IMPORTED, Outcome.REPEATED, Outcome.OLDER)


def see_file(connection_id: int, name: str, size: int, modified_ns: int, now: datetime) -> Sighting:
    """Note that the file is there. One that changed since is as if it were seen first now."""
    facts = {"size": size, "modified_ns": modified_ns}
    found = DeskImport.objects.filter(
        connection_id=connection_id, file_name=name, put_away_at__isnull=True
    ).first()
    if found is None:
        try:
            with transaction.atomic():
                found = DeskImport.objects.create(
                    connection_id=connection_id, file_name=name, seen_at=now, **facts
                )
        except IntegrityError:  # another worker saw it a moment ago
            return see_file(connection_id, name, size, modified_ns, now)
    elif (found.size, found.modified_ns) != (size, modified_ns):
        if found.outcome != Outcome.WAITING:  # another file under the name of one we are done with
            put_away(found.pk, now)
            return see_file(connection_id, name, size, modified_ns, now)
        DeskImport.objects.filter(pk=found.pk).update(seen_at=now, **facts)
        found.seen_at = now
    return Sighting(
        found.pk,
        (now - found.seen_at).total_seconds(),
        found.outcome == Outcome.WAITING,
        found.outcome == Outcome.REJECTED,
    )


def take_file(
    import_pk: int,
    *,
    kind: str,
    digest: str,
    rows: int,
    as_of: datetime | None,
    by_digest: bool,
    now: datetime,
    take: Callable[[], Taken],
) -> Kept | None:
    """Take in the content of a waiting file once, whoever else tries at the same moment.

    None when another worker was done with it. by_digest: its content alone tells whether it was
    here before; otherwise also its instant.
    """
    with transaction.atomic():
        waiting = DeskImport.objects.filter(pk=import_pk, outcome=Outcome.WAITING)
        row = locked(waiting).first()
        if row is None:
            return None
        before = same_file(row, digest, None if by_digest else as_of)
        if before:
            told = f"It is {before.file_name}, taken in at {before.ended_at:%Y-%m-%d %H:%M} UTC."
            taken = Taken(Kept.REPEATED, message=told)
        else:
            taken = take()
        row.kind, row.digest, row.rows, row.as_of = kind, digest, rows, as_of
        end_import(row, taken, now)
    return taken.kept


def same_file(row: DeskImport, digest: str, as_of: datetime | None) -> DeskImport | None:
    """The earlier import of the same content, if it had any effect."""
    done = DeskImport.objects.filter(
        connection_id=row.connection_id, digest=digest, outcome=Outcome.IMPORTED
    )
    if as_of is not None:
        done = done.filter(as_of=as_of)
    return done.exclude(pk=row.pk).order_by("-pk").first()


def reject_file(
    import_pk: int, problems: Sequence[Problem], *, kind: str, digest: str, now: datetime
) -> None:
    """Note that a file cannot be taken in, and why. Nothing else changes."""
    with transaction.atomic():
        waiting = DeskImport.objects.filter(pk=import_pk, outcome=Outcome.WAITING)
        row = locked(waiting).first()
        if row is None:
            return
        row.kind, row.digest = kind, digest
        end_import(row, Taken(Kept.REJECTED, problems=tuple(problems)), now)


def end_import(row: DeskImport, taken: Taken, now: datetime) -> None:
    problems = taken.problems[:MOST_PROBLEMS]
    row.outcome, row.ended_at, row.changed = Outcome(taken.kept), now, taken.changed
    row.errors = [asdict(problem) for problem in problems]
    row.message = taken.message or (str(problems[0])[:400] if problems else "")
    row.save()
    alert = f"desk_file:{row.connection_id}:{row.kind}"
    if taken.kept is Kept.REJECTED:
        raise_alert(
            "desk_file_rejected",
            alert,
            f"{row.file_name} of {row.connection} was not taken in: {row.message}",
            advice="Download its error file from the list of imported files, mend the export and "
            "put it into the inbox again. Nothing was changed by the wrong one.",
            connection=row.connection,
            now=now,
        )
    elif taken.kept is Kept.IMPORTED:
        close_alert(alert, actor="paysync")


def problems_of(import_pk: int) -> list[Problem]:
    row = DeskImport.objects.get(pk=import_pk)
    return [Problem(**error) for error in row.errors]


def forget_gone(connection_id: int, names: Sequence[str], now: datetime) -> None:
    """Drop the notes of files that the site took back, or another worker moved while we looked."""
    rows = DeskImport.objects.filter(
        connection_id=connection_id, outcome=Outcome.WAITING, seen_at__lt=now - GONE_FOR
    )
    there = set(names)
    gone = [pk for pk, name in rows.values_list("pk", "file_name") if name not in there]
    for part in chunks(gone):
        rows.filter(pk__in=part).delete()


def put_away(import_pk: int, now: datetime) -> None:
    """The file is no longer in the inbox."""
    DeskImport.objects.filter(pk=import_pk, put_away_at__isnull=True).update(put_away_at=now)


def done_before(connection_id: int, moment: datetime) -> list[int]:
    """Files that we were done with, and that left the inbox before that moment."""
    rows = DeskImport.objects.filter(
        connection_id=connection_id, outcome__in=DONE, put_away_at__lt=moment
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def forget_done(import_pks: Sequence[int]) -> None:
    for part in chunks(import_pks):
        DeskImport.objects.filter(pk__in=part, outcome__in=DONE).delete()
