"""Run every check and keep the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from time import monotonic

from paysync.domain.payments import Window
from paysync.ports import ErpLedger, PaymentGateway
from reconciliation.models import ProofRun
from reconciliation.services.proof.money import check_balances, check_entries, check_explained
from reconciliation.services.proof.outside import check_erp, check_gateway
from reconciliation.services.proof.receipts import (
    check_applications,
    check_held_money,
    check_periods,
    check_receipts,
)
from reconciliation.services.proof.records import check_audit, check_no_card_data
from reconciliation.services.proof.result import Proof

CHECKS: tuple[Callable[[Proof], None], ...] = (
    check_balances,
    check_entries,
    check_explained,
    check_receipts,
    check_applications,
    check_held_money,
    check_periods,
    check_audit,
)


def prove(
    *,
    now: datetime,
    gateways: Mapping[int, PaymentGateway] | None = None,
    ledgers: Mapping[int, ErpLedger] | None = None,
    window: Window | None = None,
    scan_events: int = 5_000,
    keep: bool = True,
) -> Proof:
    """Check the books. With gateways and ledgers also the two outside lists, over `window`.

    gateways: by merchant account key; ledgers: by company key. Raises the ExternalError of an
    outside system that does not answer: a proof that could not look is no proof.
    scan_events: how many of the newest inbox events are searched for card numbers.
    """
    started = monotonic()
    proof = Proof(now)
    for check in CHECKS:
        check(proof)
    check_no_card_data(proof, scan_events)
    if window:
        for account_id, gateway in (gateways or {}).items():
            check_gateway(proof, account_id, gateway, window)
        for company_id, ledger in (ledgers or {}).items():
            check_erp(proof, company_id, ledger, window.start.date(), window.end.date())
    proof.seconds = monotonic() - started
    if keep:
        ProofRun.objects.create(
            at=now,
            seconds=round(proof.seconds, 3),
            holds=proof.holds,
            checked=proof.checked,
            violations=[asdict(violation) for violation in proof.violations],
        )
    return proof
