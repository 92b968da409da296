"""Write many rows with few statements, on every database alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, models, router, transaction
from django.db.models import QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)
CHUNK = 500


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """`items` in lists of at most `size`, lazily."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def locked(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows locked against other writers, but not against rows that only point at them.

    Nobody changes their keys; a plain FOR UPDATE would deadlock with foreign-key checks at commit.
    """
    features = connections[rows.db].features
    return rows.select_for_update(no_key=features.has_select_for_no_key_update)


def insert_rows(rows: Sequence[M], *, by: Sequence[str], among: QuerySet[M]) -> list[M]:
    """Insert the rows and give each its primary key. Returns them.

    by: attributes in which the rows differ; among: the part of the table where no two rows share
    them. SQL Server returns the new keys in no certain order: there the rows are read back.
    """
    inserted = among.model._default_manager.bulk_create(rows, batch_size=CHUNK)
    nameless = {tuple(getattr(row, name) for name in by): row for row in inserted if row.pk is None}
    for part in chunks(nameless):
        held = among.filter(**{f"{by[0]}__in": {key[0] for key in part}})
        for pk, *values in held.values_list("pk", *by):
            if row := nameless.get(tuple(values)):
                row.pk, row._state.adding, row._state.db = pk, False, among.db
    return inserted


def insert_missing(rows: Sequence[M]) -> None:
    """Insert; a row that another worker inserted in the meantime is left as it is.

    Whoever needs the keys reads the rows back.
    """
    if not rows:
        return
    model = type(rows[0])
    database = connections[router.db_for_write(model)]
    if database.features.supports_ignore_conflicts:
        model._default_manager.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
        return
    try:
        with transaction.atomic():
            model._default_manager.bulk_create(rows, batch_size=CHUNK)
    except IntegrityError:
        for row in rows:
            insert_if_missing(row)


def insert_if_missing(row: models.Model) -> None:
    row.pk = None
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        if not is_held(row):
            raise


def is_held(row: models.Model) -> bool:
    """Whether the table has a row that this one would repeat."""
    try:
        for constraint in row._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                constraint.validate(type(row), row)
    except ValidationError:
        return True
    return False


def update_rows(model: type[M], rows: Sequence[M], fields: Sequence[str]) -> None:
    """Save `fields` of rows that exist, all of them complete instances.

    Where the database can (PostgreSQL, SQLite) this is an insert that updates on conflict, which
    Django builds twenty times faster than the CASE expressions of `bulk_update`; SQL Server gets
    those.
    """
    if not rows:
        return
    manager = model._default_manager
    database = connections[router.db_for_write(model)]
    if database.features.supports_update_conflicts_with_target:
        key = model._meta.pk.attname
        manager.bulk_create(
            rows,
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=[key],
            update_fields=list(fields),
        )
    else:
        manager.bulk_update(rows, fields, batch_size=100)


def upsert(
    model: type[M],
    rows: Sequence[M],
    *,
    scope: Mapping[str, Any],
    key: str,
    fields: Sequence[str],
    stamp: str = "read_at",
) -> tuple[int, int]:
    """Insert the rows whose `key` is new within `scope`; update those where a field differs.

    rows: unsaved instances, at most one per key. Of rows that are the same only `stamp`, when
    they were read, is brought up to date. Returns (inserted, updated).
    """
    if not rows:
        return 0, 0
    manager = model._default_manager
    wanted = {f"{key}__in": [getattr(row, key) for row in rows]}
    with transaction.atomic():
        held = {getattr(row, key): row for row in manager.filter(**scope, **wanted)}
        new = [row for row in rows if getattr(row, key) not in held]
        changed: list[M] = []
        for row in rows:
            old = held.get(getattr(row, key))
            if old and any(getattr(old, name) != getattr(row, name) for name in fields):
                row.pk = old.pk
                changed.append(row)
        manager.bulk_create(new, batch_size=CHUNK)
        update_rows(model, changed, fields)
        seen = [old.pk for old in held.values()]
        manager.filter(pk__in=seen).update(**{stamp: getattr(rows[0], stamp)})
    return len(new), len(changed)
