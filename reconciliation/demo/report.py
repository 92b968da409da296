"""The figures of the demo: our books, their proof, and what the twins themselves hold."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.utils import timezone

from paysync.domain.ledger import Bucket
from paysync.domain.payments import Window
from paysync.models import Company, MerchantAccount
from paysync.services.audit import seal_entries
from paysync.wiring import gateway_for, ledger_for
from reconciliation.demo.money_out import MoneyOut, overpaid
from reconciliation.demo.rounds import money_out, standing
from reconciliation.demo.stage import Stage, twin_of
from reconciliation.models import CashReceipt, GatewayTransaction, JournalLine, ReconcilingItem
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.services.proof import Proof, prove


def totals() -> dict[Bucket, Decimal]:
    """What lies in each bucket, all companies; the demo's merchant accounts are all in USD."""
    rows = JournalLine.objects.order_by().values("bucket").annotate(mills=mills_sum("amount"))
    return {Bucket(row["bucket"]): abs(from_mills(row["mills"])) for row in rows}


def prove_everything() -> Proof:
    seal_entries()
    now = timezone.now()
    accounts = MerchantAccount.objects.select_related("connection")
    companies = Company.objects.select_related("erp_connection")
    return prove(
        now=now,
        gateways={account.pk: gateway_for(account) for account in accounts},
        ledgers={company.pk: ledger_for(company) for company in companies},
        window=Window(now - timedelta(days=7), now + timedelta(days=2)),
        scan_events=1_000_000,
    )


def count_outside(stage: Stage) -> tuple[int, int]:
    """Duplicates and missing as the twins themselves see them, past every adapter of ours."""
    live = Counter(
        (receipt["company_id"], receipt["gateway_reference"])
        for receipt in stage.sage500.ask("receipts")["items"]
        if receipt["state"] not in {"deleted", "withdrawn"} and not receipt["reversed_by"]
    )
    duplicates = sum(count - 1 for count in live.values())
    missing = 0
    for company in stage.companies:
        held = set(
            GatewayTransaction.objects.filter(company=company).values_list("gateway_id", flat=True)
        )
        listed = twin_of(stage, company).ask("transactions")["transactions"]
        missing += sum(str(row["id"]) not in held for row in listed)
    return duplicates, missing


def report(
    stage: Stage, seconds: float, rounds: int, faults: list[str], storm: MoneyOut | None = None
) -> dict[str, Any]:
    """The figures of the pass; the proof holds when there is no violation in them."""
    proof = prove_everything()
    wrong = overpaid(stage) if storm else []
    told = cast(list[dict[str, Any]], proof.to_json()["violations"])
    duplicates, missing = count_outside(stage)
    money = totals()

    def amount(*buckets: Bucket) -> str:
        return f"{sum((money.get(bucket, Decimal(0)) for bucket in buckets), Decimal(0)):.2f}"

    return {
        "payments": GatewayTransaction.objects.count(),
        "captured": amount(Bucket.CAPTURED),
        "posted": amount(Bucket.POSTED, Bucket.POSTED_UNAPPLIED),
        "applied": amount(Bucket.APPLIED),
        "unapplied": amount(Bucket.UNAPPLIED),
        "unidentified": amount(Bucket.UNIDENTIFIED),
        "voided": amount(Bucket.VOIDED),
        "refunded": amount(Bucket.REFUNDED),
        "charged_back": amount(Bucket.CHARGED_BACK),
        "open_items": ReconcilingItem.objects.filter(state="open").count(),
        "receipts": CashReceipt.objects.count(),
        "receipt_states": standing(),
        "duplicates": max(duplicates, proof.duplicates),
        "missing": max(missing, proof.missing),
        "violations": len(proof.violations) + len(wrong),
        "violation_list": [
            *told,
            *({"name": "paid out too much", "record": "", "message": text} for text in wrong),
        ],
        "money_out": dict(storm.done) | money_out() if storm else {},
        "faults": faults,
        "rounds": rounds,
        "seconds": round(seconds, 1),
    }
