"""Write many rows with few statements, on every database alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import (
    DEFAULT_DB_ALIAS,
    IntegrityError,
    connections,
    models,
    router,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler

from paysync.services.copying import can_copy, copy_rows, copy_values

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)
CHUNK = 500
#: Fewer rows than this are as quick by an INSERT.
WORTH_COPYING = 50
#: Keys in one statement where they are one array.
SPAN = 50_000


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """`items` in lists of at most `size`, lazily."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class AnyOf(In):
    """`field__any_of=[…]`: `IN`, but one array as one parameter where the database has arrays.

    A list of thousands takes longer to write into a statement than the statement takes.
    """

    lookup_name = "any_of"

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        if all(type(value) is int for value in self.rhs):  # many: written out as one literal
            return f"{left} = ANY(%s)", (*params, "{" + ",".join(map(str, self.rhs)) + "}")
        return f"{left} = ANY(%s)", (*params, list(self.rhs))

    def get_prep_lookup(self) -> Any:
        """Keys are given as they are kept."""
        return self.rhs if isinstance(self.rhs, list) else super().get_prep_lookup()


def spans(keys: Iterable[T]) -> Iterator[list[T]]:
    """`keys` in lists that one statement can take with `any_of`: few, where there are arrays."""
    return chunks(keys, SPAN if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else CHUNK)


def maker(model: type[M]) -> Callable[..., M]:
    """Builds unsaved rows from the names of their columns (`customer_id`), four times as fast as
    the model itself does from keywords. Fields that are not named take their defaults.
    """
    names = [field.attname for field in model._meta.concrete_fields]
    fields = model._meta.concrete_fields
    defaults = {field.attname: field.get_default() for field in fields}

    def make(**values: Any) -> M:
        given = defaults | values
        return model(*[given[name] for name in names])

    return make


def locked(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows locked against other writers, but not against rows that only point at them.

    Nobody changes their keys; a plain FOR UPDATE would deadlock with foreign-key checks at commit.
    """
    features = connections[rows.db].features
    return rows.select_for_update(no_key=features.has_select_for_no_key_update)


def insert_rows(rows: Sequence[M], *, by: Sequence[str], among: QuerySet[M]) -> list[M]:
    """Insert the rows and give each its primary key. Returns them.

    by: attributes in which the rows differ; among: the part of the table where no two rows share
    them. SQL Server returns the new keys in no certain order: there the rows are read back. On
    PostgreSQL many rows are copied.
    """
    if len(rows) >= WORTH_COPYING and can_copy(among.model):
        return copy_rows(rows)
    inserted = among.model._default_manager.bulk_create(rows, batch_size=CHUNK)
    nameless = {tuple(getattr(row, name) for name in by): row for row in inserted if row.pk is None}
    for part in chunks(nameless):
        held = among.filter(**{f"{by[0]}__in": {key[0] for key in part}})
        for pk, *values in held.values_list("pk", *by):
            if row := nameless.get(tuple(values)):
                row.pk, row._state.adding, row._state.db = pk, False, among.db
    return inserted


def insert_values(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose keys nobody needs. names: the columns as the model calls their values
    (`customer_id`); fields that are not named take their defaults.
    """
    if len(rows) >= WORTH_COPYING and can_copy(model):
        copy_values(model, names, rows)
    elif rows:
        make = maker(model)
        made = [make(**dict(zip(names, row, strict=True))) for row in rows]
        model._default_manager.bulk_create(made, batch_size=CHUNK)


def set_values(model: type[M], name: str, values: Mapping[int, Any]) -> None:
    """Set one column of many rows by primary key. name: as the model calls the column's value."""
    manager = model._default_manager
    by_value: dict[Any, list[int]] = {}
    for pk, value in values.items():
        by_value.setdefault(value, []).append(pk)
    if len(by_value) <= 3 or not can_copy(model):
        for value, keys in by_value.items():
            for part in spans(keys):
                manager.filter(pk__any_of=part).update(**{name: value})
        return
    database = connections[router.db_for_write(model)]
    quote = database.ops.quote_name
    column = next(f.column or name for f in model._meta.concrete_fields if f.attname == name)
    table, key = quote(model._meta.db_table), quote(model._meta.pk.column or "id")
    with database.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {quote(column)} = v.value"  # noqa: S608 - names of our own models
            f" FROM unnest(%s, %s) AS v(key, value) WHERE {table}.{key} = v.key",
            [list(values), list(values.values())],
        )


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


def replace_rows(rows: Sequence[M], *, by: str, fields: Sequence[str]) -> None:
    """Insert the rows; where one of the same `by` (a unique field) is there, overwrite `fields`.

    On SQL Server the old rows are deleted: nothing may point at them.
    """
    if not rows:
        return
    model = type(rows[0])
    manager = model._default_manager
    database = connections[router.db_for_write(model)]
    if database.features.supports_update_conflicts_with_target:
        manager.bulk_create(
            rows,
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=[by],
            update_fields=list(fields),
        )
        return
    with transaction.atomic():
        for part in chunks(rows):
            manager.filter(**{f"{by}__in": [getattr(row, by) for row in part]}).delete()
        manager.bulk_create(rows, batch_size=CHUNK)


def upsert(
    model: type[M],
    rows: Sequence[M],
    *,
    scope: Mapping[str, Any],
    key: str,
    fields: Sequence[str],
    stamp: str = "read_at",
    changed: Mapping[str, Any] | None = None,
) -> tuple[int, int]:
    """Insert the rows whose `key` is new within `scope`; update those where a field differs.

    rows: unsaved instances, at most one per key. Of rows that are the same only `stamp`, when
    they were read, is brought up to date. changed: values for rows that are new or differ, and
    for no others. Returns (inserted, updated).
    """
    if not rows:
        return 0, 0
    manager = model._default_manager
    wanted = {f"{key}__in": [getattr(row, key) for row in rows]}
    with transaction.atomic():
        held = {getattr(row, key): row for row in manager.filter(**scope, **wanted)}
        new = [row for row in rows if getattr(row, key) not in held]
        differing: list[M] = []
        for row in rows:
            old = held.get(getattr(row, key))
            if old and any(getattr(old, name) != getattr(row, name) for name in fields):
                row.pk = old.pk
                differing.append(row)
        marks = changed or {}
        for row in (*new, *differing):
            for name, value in marks.items():
                setattr(row, name, value)
        manager.bulk_create(new, batch_size=CHUNK)
        update_rows(model, differing, (*fields, *marks))
        seen = [old.pk for old in held.values()]
        manager.filter(pk__in=seen).update(**{stamp: getattr(rows[0], stamp)})
    return len(new), len(differing)
