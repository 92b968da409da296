"""App configurations of the project package."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """The Django admin with our own site class: one console for finance and configuration."""

    default_site = "paysync.console.ConsoleSite"


class PaysyncConfig(AppConfig):
    name = "paysync"
    verbose_name = "Set-up"

    def ready(self) -> None:
        from paysync import checks, schedules  # noqa: F401 - checks register themselves

        schedules.connect(self)
