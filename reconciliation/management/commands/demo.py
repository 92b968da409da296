"""Show paysync at work: two twins, a worker, a web server and a believable company."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from paysync.models import Company
from paysync.sandbox.environment import demo_folder
from reconciliation.demo.killing import KilledWorker
from reconciliation.demo.live import run_live
from reconciliation.demo.once import run_once
from reconciliation.demo.rounds import work_once

MOST_PAYMENTS = 100_000


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one full pass without a browser")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
        parser.add_argument("--payments", type=int, default=200, help="how many (default 200)")
        parser.add_argument("--seed", type=int, default=1, help="same seed, same payments")
        parser.add_argument(
            "--faults", default="", help="cards to play, separated by commas, or all; needs --once"
        )
        parser.add_argument(
            "--kill-worker",
            type=int,
            default=0,
            metavar="N",
            help="do the work in a worker process and end it by SIGKILL N times; needs --once",
        )
        parser.add_argument(
            "--money-out",
            type=int,
            default=0,
            metavar="N",
            help="so many refunds, voids, disputes, flips and ACH returns beside; needs --once",
        )
        parser.add_argument("--port", type=int, default=8000, help="of the web server")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            refuse_once_options(options)
            begin_anew()
            call_command("migrate", verbosity=0)
            refuse_used_database()
            run_live(demo_folder(), port=options["port"], seed=options["seed"], tell=self.say)
            return
        if not 1 <= options["payments"] <= MOST_PAYMENTS:
            raise CommandError(f"--payments takes a number from 1 to {MOST_PAYMENTS}.")
        result = self.one_pass(options)
        self.stdout.write(json.dumps(result) if options["json"] else in_words(result))
        if result["violations"] or result["missing"] or result["duplicates"]:
            raise SystemExit(1)

    def one_pass(self, options: dict[str, Any]) -> dict[str, Any]:
        self.say(f"Making the tables in {settings.DATABASES['default']['NAME']}")
        call_command("migrate", verbosity=0)
        refuse_used_database()
        folder = Path(tempfile.mkdtemp(prefix="once-", dir=demo_folder()))
        faults = [name.strip() for name in options["faults"].split(",") if name.strip()]
        killer = KilledWorker(folder, options["kill_worker"], options["seed"], self.say)
        try:
            return run_once(
                folder,
                payments=options["payments"],
                seed=options["seed"],
                faults=faults,
                tell=self.say,
                drive=killer.drive if options["kill_worker"] else work_once,
                portions=max(2, options["kill_worker"]),
                money_out=options["money_out"],
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        finally:
            killer.stop()
            shutil.rmtree(folder, ignore_errors=True)
            remove_own_database()

    def say(self, text: str) -> None:
        """Progress goes to standard error, so that the JSON is alone on the other."""
        self.stderr.write(text, ending="\n")
        self.stderr.flush()


def refuse_once_options(options: dict[str, Any]) -> None:
    for name in ("faults", "kill_worker", "money_out", "json"):
        if options[name]:
            raise CommandError(f"--{name.replace('_', '-')} needs --once.")


def begin_anew() -> None:
    """Each live demo starts from nothing: the twins and the books have to belong together."""
    for path in demo_folder().glob("*.sqlite3*"):
        path.unlink(missing_ok=True)


def refuse_used_database() -> None:
    if Company.objects.exists():
        raise CommandError(
            "This database already has companies in it. The demo wants an empty one: leave "
            "DATABASE_URL unset, or name a new database."
        )


def remove_own_database() -> None:
    """A pass that got a database of its own takes it away again."""
    name = str(settings.DATABASES["default"]["NAME"])
    if not Path(name).name.startswith("once-"):
        return
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)


def in_words(result: dict[str, Any]) -> str:
    lines = [f"{name:>16}: {value}" for name, value in result.items() if name != "violation_list"]
    lines += [f"  {v['name']}: {v['record']}: {v['message']}" for v in result["violation_list"]]
    return "\n".join(lines)
