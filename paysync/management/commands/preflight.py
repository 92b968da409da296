"""Ask Sage 500 whether it is ready for receipts, company by company, and say what to do."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from paysync.domain.errors import ExternalError, RecordError
from paysync.models import Company, PreflightRun
from paysync.services.preflight import run_preflight
from paysync.wiring import ledger_for

MARKS = {"pass": "ok   ", "warn": "WARN ", "block": "BLOCK"}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", help="only this company, by its Sage 500 id")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        companies = Company.objects.filter(is_active=True).select_related("erp_connection")
        if options["company"]:
            companies = companies.filter(company_id=options["company"].strip().upper())
        if not companies:
            raise CommandError("There is no such active company: set one up in the console first.")
        runs = [self.ask(company) for company in companies]
        if options["json"]:
            found = {run.company.company_id: run.findings for run in runs}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write("\n".join(line for run in runs for line in in_words(run)))
        if any(run.level == PreflightRun.Level.BLOCK for run in runs):
            raise SystemExit(1)

    def ask(self, company: Company) -> PreflightRun:
        try:
            return run_preflight(
                company, erp=ledger_for(company), now=timezone.now(), actor="manage.py preflight"
            )
        except (ExternalError, RecordError) as error:
            raise CommandError(
                f"{company.company_id} could not be asked: {error}. Mend the connection "
                f"“{company.erp_connection}” and ask again."
            ) from error


def in_words(run: PreflightRun) -> list[str]:
    lines = [f"{run.company}: {run.get_level_display()}"]
    for found in run.findings:
        lines.append(f"  {MARKS[found['level']]} {found['code']}: {found['message']}")
        if found["advice"] and found["level"] != "pass":
            lines.append(f"        {found['advice']}")
    return lines
