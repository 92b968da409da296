"""Check every invariant of the books, and name each violation by record."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.payments import Window
from paysync.models import Company, MerchantAccount
from paysync.wiring import gateway_for, ledger_for
from reconciliation.services.proof import Proof, prove


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--days",
            type=int,
            default=7,
            help="compare the lists of PayTrace and Sage 500 over so many days (default 7)",
        )
        parser.add_argument(
            "--offline", action="store_true", help="check our own books only, ask nobody"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 400:
            raise CommandError("--days takes a number from 1 to 400.")
        try:
            proof = run_proof(options["days"], offline=options["offline"])
        except (ExternalError, RecordError) as error:
            raise CommandError(
                f"The proof could not look everywhere: {error}. Mend the connection, or use "
                "--offline to check our own books only."
            ) from error
        self.stdout.write(json.dumps(proof.to_json()) if options["json"] else in_words(proof))
        if not proof.holds:
            raise SystemExit(1)


def run_proof(days: int, *, offline: bool) -> Proof:
    """The proof of the whole site, with the outside lists of the last `days` unless offline."""
    now = timezone.now()
    if offline:
        return prove(now=now, scan_events=1_000_000)
    accounts = MerchantAccount.objects.filter(is_active=True).select_related("connection")
    companies = Company.objects.filter(is_active=True).select_related("erp_connection")
    return prove(
        now=now,
        gateways={account.pk: gateway_for(account) for account in accounts},
        ledgers={company.pk: ledger_for(company) for company in companies},
        window=Window(now - timedelta(days=days), now + timedelta(days=2)),
        scan_events=1_000_000,
    )


def in_words(proof: Proof) -> str:
    lines = [f"{proof.checked} records checked in {proof.seconds:.1f} s."]
    lines += [
        f"  invariant {v.invariant}, {v.name}: {v.record}: {v.message}" for v in proof.violations
    ]
    lines.append("The proof holds." if proof.holds else f"{len(proof.violations)} violations.")
    return "\n".join(lines)
