"""Check an exported audit trail without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from paysync.services import audit


class Command(BaseCommand):
    help = (
        "Check that no entry of an exported audit trail was changed, added or taken out. "
        "Reads the file alone. Note the last seal it prints: with --last-seal, a later export "
        "is also shown not to have lost its end."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--last-seal", default="", help="A last seal noted earlier.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8") as source:
                report = audit.verify_export(source, known_seal=options["last_seal"])
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        for problem in report.problems:
            self.stdout.write(problem)
        if report.problems:
            raise CommandError(f"{len(report.problems)} problems: do not trust this export.")
        self.stdout.write(
            f"{report.entries} entries are whole, {report.unsealed} of them not sealed yet. "
            f"Last seal: {report.last_seal or 'none'}"
        )
