"""The T-SQL that paysync needs beside Sage 500: print it for the DBA, check it, apply it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from paysync.domain.errors import ExternalError, RecordError
from paysync.models import Connection
from paysync.wiring import compare_wrappers, install_wrappers, wrapper_script

DBA = (
    "--apply and --uninstall use the login of SAGE500_DBA_URL, for this one command, or else that "
    "of the connection."
)


class Command(BaseCommand):
    help = f"{__doc__} {DBA}"

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--print", action="store_true", dest="show", help="print the exact script"
        )
        what.add_argument(
            "--check", action="store_true", help="compare what is installed with what is shipped"
        )
        what.add_argument("--apply", action="store_true", help="install, or bring up to date")
        parser.add_argument("--uninstall", action="store_true", help="the script that removes it")
        parser.add_argument(
            "--drop-receipts",
            action="store_true",
            help="with --uninstall: remove the record of our receipts too",
        )
        parser.add_argument(
            "--connection", default="", help="short name of the connection; its site settings count"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["drop_receipts"] and not options["uninstall"]:
            raise CommandError("--drop-receipts only goes with --uninstall.")
        if options["check"] and options["uninstall"]:
            raise CommandError("--uninstall goes with --print or --apply.")
        try:
            self.run(options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except (ExternalError, RecordError) as error:
            raise CommandError(f"Nothing was changed. {error}") from error

    def run(self, options: dict[str, Any]) -> None:
        connection = self.connection(options)
        if options["check"]:
            self.check_wrappers(connection)
            return
        script = wrapper_script(
            connection, uninstall=options["uninstall"], drop_receipts=options["drop_receipts"]
        )
        if options["show"]:
            self.stdout.write(script)
            return
        count = install_wrappers(self.required(connection), script)
        self.stdout.write(f"{count} batches ran. Ask now: manage.py preflight")

    def check_wrappers(self, connection: Connection | None) -> None:
        compared = compare_wrappers(self.required(connection))
        for one in compared:
            self.stdout.write(f"  {'ok     ' if not one.problem else 'DIFFERS'} {one.name}"
                              f"{': ' if one.problem else ''}{one.problem}")  # fmt: skip
        wrong = [one for one in compared if one.problem]
        if wrong:
            self.stdout.write(f"{len(wrong)} of {len(compared)} files differ from what is shipped.")
            raise SystemExit(1)
        self.stdout.write(f"All {len(compared)} files are installed as shipped.")

    def connection(self, options: dict[str, Any]) -> Connection | None:
        """The named connection; without a name the only one there is, if there is one."""
        found = Connection.objects.filter(kind=Connection.Kind.SAGE500_SQLSERVER)
        if options["connection"]:
            named = found.filter(slug=options["connection"]).first()
            if named is None:
                raise CommandError(
                    f"There is no SQL Server connection with the short name "
                    f"“{options['connection']}”."
                )
            return named
        if found.count() > 1:
            names = ", ".join(found.values_list("slug", flat=True))
            raise CommandError(f"There are several: name one with --connection ({names}).")
        return found.first()

    def required(self, connection: Connection | None) -> Connection:
        if connection is None:
            raise CommandError(
                "There is no SQL Server connection yet: add one in the console first, of the kind "
                "“Sage 500 on SQL Server”."
            )
        return connection
