"""COPY: how PostgreSQL takes many rows. bulk.py says when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from json import dumps
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connections, models, router

M = TypeVar("M", bound=models.Model)


def can_copy(model: type[models.Model]) -> bool:
    return connections[router.db_for_write(model)].vendor == "postgresql"


def copy_rows(rows: Sequence[M]) -> list[M]:
    """Insert rows of one model by COPY, eight times as fast as `bulk_create`, and give each its
    primary key. PostgreSQL only.
    """
    model = type(rows[0])
    nameless = [row for row in rows if row.pk is None]
    for row, pk in zip(nameless, next_keys(model, len(nameless)), strict=True):
        row.pk = pk
    names = [field.attname for field in model._meta.concrete_fields]
    copy_values(model, names, map(attrgetter(*names), rows))
    alias = router.db_for_write(model)
    for row in rows:
        row._state.adding, row._state.db = False, alias
    return list(rows)


def copy_values(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY, for PostgreSQL. Rows are sent as they are; the database counts the keys.

    Raises what an INSERT would: IntegrityError for a row that a constraint refuses.
    """
    database = connections[router.db_for_write(model)]
    fields = {field.attname: field for field in model._meta.concrete_fields}
    rest = [field for name, field in fields.items() if name not in names and not field.primary_key]
    sent = [*(fields[name] for name in names), *rest]
    defaults = [field.get_default() for field in rest]
    as_json = [
        (at, field.encoder) for at, field in enumerate(sent) if isinstance(field, models.JSONField)
    ]
    quote = database.ops.quote_name
    columns = ", ".join(quote(field.column or field.attname) for field in sent)
    statement = f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    with database.cursor() as cursor, database.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            values = [*row, *defaults]
            for at, encoder in as_json:
                if values[at] is not None:
                    values[at] = dumps(values[at], cls=encoder)
            copy.write_row(values)


def next_keys(model: type[models.Model], count: int) -> list[int]:
    """So many new primary keys of a table of PostgreSQL."""
    with connections[router.db_for_write(model)].cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval(pg_get_serial_sequence(%s, %s))) FROM generate_series(1, %s)",
            [f'"{model._meta.db_table}"', model._meta.pk.column, count],
        )
        [(keys,)] = cursor.fetchall()
    return keys or []
