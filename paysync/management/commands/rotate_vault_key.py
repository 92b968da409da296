"""Change the key of the vault."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from paysync.domain.errors import RecordError
from paysync.services import vault

STEPS = """\
Encrypt every secret under the first key in VAULT_KEYS.

To change the key:
  1. python manage.py rotate_vault_key --new-key
  2. Put the printed key FIRST in VAULT_KEYS, a comma, then the old one. Restart web and workers.
  3. python manage.py rotate_vault_key
  4. Remove the old key from VAULT_KEYS. Restart once more. Old backups still need the old key.

Before the first start, when VAULT_KEYS is not set yet, make a key with
  python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"
"""


class Command(BaseCommand):
    help = STEPS

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter  # keep the steps on their lines
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key", action="store_true", help="Print a fresh key and change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.show_new_key()
            return
        try:
            changed = vault.reencrypt_all(settings.VAULT_KEYS)
        except RecordError as error:
            raise CommandError(f"Nothing was changed: {error}") from error
        self.stdout.write(f"{changed} secrets re-encrypted; all are under the first key now.")
        if len(vault.usable(settings.VAULT_KEYS)) > 1:
            self.stdout.write(
                "Every key after the first may be removed from VAULT_KEYS as soon as each web "
                "and worker process runs with the new first key. Keep it for old backups."
            )

    def show_new_key(self) -> None:
        self.stdout.write(Fernet.generate_key().decode())
        self.stderr.write(
            "Put it first in VAULT_KEYS, before the keys that are there, with a comma between; "
            "restart; then run rotate_vault_key without --new-key."
        )
