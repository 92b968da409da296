"""App configuration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    verbose_name = "Reconciliation"

    def ready(self) -> None:
        post_migrate.connect(make_roles, sender=self, dispatch_uid="reconciliation.roles")


def make_roles(**kwargs: Any) -> None:
    """Keep the roles up to date after each migrate, once their permissions exist."""
    from reconciliation.services.roles import ensure_roles  # models are not loaded at import

    ensure_roles()
