"""What SQL Server asks of our tables, and the other databases do not."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

OURS = ("paysync", "customers", "reconciliation")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]
#: The most that a key of a nonclustered index may hold (SQL Server 2016 and later).
KEY_BYTES = 1_700
#: Characters of an nvarchar column that is not nvarchar(max).
LONGEST_TEXT = 4_000


def uniques(model: type[models.Model]) -> list[models.UniqueConstraint]:
    return [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]


def key_bytes(model: type[models.Model], names: tuple[str, ...] | list[str]) -> int:
    fields = [model._meta.get_field(name.lstrip("-")) for name in names]
    return sum(2 * (getattr(field, "max_length", None) or 10) for field in fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_column_that_may_be_null_is_unique_only_where_it_is_not(
    model: type[models.Model],
) -> None:
    """Two NULLs are equal to a unique constraint of SQL Server."""
    for constraint in uniques(model):
        nullable = [name for name in constraint.fields if model._meta.get_field(name).null]
        assert not nullable or constraint.condition, (constraint.name, nullable)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_the_condition_of_a_unique_constraint_has_no_or(model: type[models.Model]) -> None:
    """A filtered index of SQL Server takes AND and IN only."""
    for constraint in uniques(model):
        if constraint.condition is not None:
            assert constraint.condition.connector == models.Q.AND, constraint.name
            assert not constraint.condition.negated, constraint.name


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_key_fits_an_index(model: type[models.Model]) -> None:
    keys = [(c.name, tuple(c.fields)) for c in uniques(model)]
    keys += [(index.name, tuple(index.fields)) for index in model._meta.indexes]
    keys += [
        (f.name, (f.name,))
        for f in model._meta.concrete_fields
        if f.unique or getattr(f, "db_index", False)
    ]
    for name, fields in keys:
        assert key_bytes(model, fields) <= KEY_BYTES, name


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_text_with_a_limit_fits_a_column_with_a_limit(model: type[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.CharField):
            assert field.max_length and field.max_length <= LONGEST_TEXT, field.name
