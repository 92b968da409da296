"""Write the audit trail as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from paysync.services import audit


class Command(BaseCommand):
    help = (
        "Seal what is new and write the audit trail as JSON Lines, one entry a line. "
        "Whoever gets the file checks it with `manage.py audit_verify FILE`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, help="The file to write; standard output if none.")

    def handle(self, *args: Any, **options: Any) -> None:
        while audit.seal_entries():
            pass
        if options["out"] is None:
            audit.write_export(self.stdout)
            return
        with options["out"].open("w", encoding="utf-8") as out:
            written = audit.write_export(out)
        self.stderr.write(f"{written} entries written to {options['out']}")
