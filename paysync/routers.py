"""Sage's database is none of Django's: no migrations, no ORM writes."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from paysync.domain.errors import RuleError

#: The alias of SAGE500_DATABASE_URL.
SAGE500 = "sage500"


class SageRouter:
    """Keeps models and migrations away from Sage's database."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """Raises RuleError for a row that was read from there."""
        held = getattr(getattr(hints.get("instance"), "_state", None), "db", None)
        if held == SAGE500:
            raise RuleError("nothing is written to Sage's database but through its wrappers")
        return None

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool | None:
        return False if SAGE500 in (one._state.db, other._state.db) else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == SAGE500 else None
