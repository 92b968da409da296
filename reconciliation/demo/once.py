"""One full pass of the demo without a browser: pay, read, match, post, follow, prove."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import Min
from django.utils import timezone

from paysync.domain.ledger import Bucket, ReceiptState
from paysync.domain.payments import Window
from paysync.models import Company, Connection, MerchantAccount
from paysync.sandbox.company import demo_data
from paysync.sandbox.faults import WIRE
from paysync.sandbox.processes import TwinProcess, paytrace_twin, sage500_twin
from paysync.services.audit import seal_entries
from paysync.wiring import gateway_for, ledger_for
from reconciliation import tasks
from reconciliation.demo.payers import Payers
from reconciliation.demo.site import Credentials, make_companies, make_connections, new_credentials
from reconciliation.models import CashReceipt, GatewayTransaction, JournalLine, ReconcilingItem
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.services.proof import Proof, prove

Tell = Callable[[str], None]
Drive = Callable[["Stage"], None]

#: Cards the pass cannot play: it sends no hints (no web server) or moves no clock.
NOT_HERE = frozenset({"duplicate_hint", "reordered_hints"})
PER_RECEIPT = frozenset({"closed_period", "invoice_paid_meanwhile", "deadlock_1205"})
BY_THE_CLERK = frozenset({"batch_edited", "batch_deleted", "interrupted_batch"})
#: The Sage 500 contract has a fixed API key: nothing in it expires.
MEANINGLESS = frozenset({("sage500", "token_expired")})
SETTLED_STATES = [
    ReceiptState.POSTED,
    ReceiptState.HELD,
    ReceiptState.WITHDRAWN,
    ReceiptState.DELETED_IN_ERP,
]
MOST_SECONDS = 900.0
STALLED_SECONDS = 60.0
MERCHANT_ID = "90001"
#: From this round on the faults are over.
FAULT_ROUNDS = 5


@dataclass(slots=True)
class Stage:
    """The twins and what was set up on them."""

    paytrace: dict[str, TwinProcess]
    sage500: TwinProcess
    credentials: Credentials
    companies: list[Company] = field(default_factory=list)

    @property
    def twins(self) -> list[TwinProcess]:
        return [*self.paytrace.values(), self.sage500]

    def stop(self) -> None:
        for twin in self.twins:
            twin.stop()


def set_the_stage(folder: Path, seed: int, *, size: int = 3000, clerk_every_s: float = 0) -> Stage:
    """Start the twins, load a company with `size` invoices into Sage's, connect paysync to both."""
    credentials = new_credentials()
    clerk = ["--clerk-every", str(clerk_every_s)] if clerk_every_s else []
    stage = Stage(
        {name: paytrace_twin(folder, name=name) for name in ("paytrace", "paytrace-v1")},
        sage500_twin(folder, api_key=credentials.api_key, arguments=clerk),
        credentials,
    )
    try:
        dress(stage, seed, size)
    except BaseException:
        stage.stop()
        raise
    return stage


def dress(stage: Stage, seed: int, size: int) -> None:
    credentials = stage.credentials
    for twin in stage.paytrace.values():
        twin.tell(
            "settings",
            {
                "merchant_id": MERCHANT_ID,
                "username": credentials.username,
                "password": credentials.password,
                "integrator_id": credentials.integrator_id,
            },
        )
    dataset = demo_data(timezone.localdate(), customers=260, invoices=size, seed=seed)
    stage.sage500.tell("load", dataset)
    v3, v1, erp = make_connections(
        stage.paytrace["paytrace"].url, stage.sage500.url, stage.credentials
    )
    v1.base_url = stage.paytrace["paytrace-v1"].url
    v1.save(update_fields=["base_url"])
    stage.companies = make_companies([(v3, MERCHANT_ID), (v1, "")], erp, dataset["companies"])


def twin_of(stage: Stage, company: Company) -> TwinProcess:
    account = MerchantAccount.objects.select_related("connection").get(company=company)
    return stage.paytrace[account.connection.slug]


def pay(stage: Stage, count: int, seed: int, *, over_days: int = 0) -> None:
    """Let customers pay: two thirds at the first company, the rest at the second.

    over_days: spread the payments over so many past days, to give the charts something to show.
    """
    shares = [count - count // 3, count // 3]
    for company, share in zip(stage.companies, shares, strict=True):
        payments = list(payers_of(company, seed).payments(share))
        if over_days:
            spread(payments, over_days, random.Random(seed))  # noqa: S311 - a demo
        twin_of(stage, company).tell("payments", payments)


def spread(payments: list[dict[str, Any]], days: int, draw: random.Random) -> None:
    for payment in payments:
        back = timedelta(days=draw.randrange(days), minutes=draw.randrange(600))
        payment["created_at"] = (timezone.now() - back).isoformat()


def payers_of(company: Company, seed: int) -> Payers:
    account = MerchantAccount.objects.select_related("connection").get(company=company)
    is_v3 = account.connection.kind == Connection.Kind.PAYTRACE_V3
    return Payers(company, seed, by_check=is_v3)


def known_faults(stage: Stage) -> dict[str, list[TwinProcess]]:
    """Every card by name, with the twins that know it."""
    known: dict[str, list[TwinProcess]] = {}
    for twin in stage.twins:
        for name in twin.ask("faults")["cards"]:
            if name not in NOT_HERE and (twin.name, name) not in MEANINGLESS:
                known.setdefault(name, []).append(twin)
    return known


def play_faults(stage: Stage, names: list[str], seed: int) -> list[str]:
    """Play each card a few times on every twin that knows it; times and order by seed."""
    draw = random.Random(seed)  # noqa: S311 - a demo
    known = known_faults(stage)
    chosen = sorted(known) if names == ["all"] else names
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ValueError(
            f"no fault named {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
        )
    draw.shuffle(chosen)
    for name in chosen:
        for twin in known[name]:
            twin.tell("faults", card(name, draw))
    return chosen


def card(name: str, draw: random.Random) -> dict[str, Any]:
    """How a card is played in the demo: seldom enough that work still gets done in between."""
    played: dict[str, Any] = {
        "name": name,
        "times": 1 if name in BY_THE_CLERK else draw.randrange(2, 5),
        "probability": chance_of(name),
        "seed": draw.randrange(10**6),
    }
    if name == "token_expired":  # again at once would be a refused credential, not an expiry
        played |= {"times": 1, "probability": 1}
    if name.startswith("timeout"):
        played["hold_s"] = 2
    if name == "slow":
        played["delay_s"] = 1
    return played


def chance_of(name: str) -> float:
    """Per request for what can hit any of them, certain for what the clerk does now and then."""
    if name in WIRE or name in PER_RECEIPT:
        return 0.05
    return 1.0 if name in BY_THE_CLERK else 0.3


def work_once(stage: Stage) -> None:
    """Every job once, in order, as the schedules would have them run."""
    wake_connections()
    tasks.poll_all()
    tasks.process_hints()
    tasks.refresh_all()
    tasks.match_all()
    tasks.post_all()
    tasks.follow_all()


def wake_connections() -> None:
    """The pass does not wait for a circuit breaker: it lets every connection go on."""
    Connection.objects.exclude(health=Connection.Health.REFUSED).update(
        resting_until=None, failures=0
    )


def clerk_works(stage: Stage) -> None:
    """The clerk of the Sage twin registers and posts what is there."""
    stage.sage500.tell("clerk", {"action": "post", "all": True})


def day_ends(stage: Stage) -> None:
    """The gateway settles, and ACH payments move on."""
    for twin in stage.paytrace.values():
        twin.tell("advance")
        twin.tell("settle")


def is_quiet(stage: Stage) -> bool:
    """Nothing is under way any more: each receipt has ended or waits for a person."""
    if CashReceipt.objects.exclude(state__in=SETTLED_STATES).exists():
        return False
    if CashReceipt.objects.filter(held_because__in=["not_settled", "proposal"]).exists():
        return False
    unread = [a for a in MerchantAccount.objects.all() if a.polled_until is None]
    return not unread and not undecided()


def undecided() -> bool:
    """Payments that no match and no open item explains yet."""
    explained = ReconcilingItem.objects.filter(state="open", transaction__isnull=False)
    return (
        GatewayTransaction.objects.filter(needs_match=True)
        .exclude(pk__in=explained.values("transaction_id"))
        .exists()
    )


def run_to_the_end(stage: Stage, tell: Tell, drive: Drive = work_once) -> int:
    """Work, post and settle until all is quiet and the faults are used up. Returns the rounds."""
    patience = Stall()
    rounds = quiet = 0
    while quiet < 2:
        rounds += 1
        drive(stage)
        clerk_works(stage)
        day_ends(stage)
        if rounds >= FAULT_ROUNDS:
            clear_the_weather(stage)
        quiet = quiet + 1 if rounds > FAULT_ROUNDS and is_quiet(stage) else 0
        tell(f"round {rounds}: {standing()}")
        patience.check(standing(), quiet > 0)
        wait_for_due()
    return rounds


def clear_the_weather(stage: Stage) -> None:
    """Take every card back, and have the clerk resume what was interrupted."""
    for twin in stage.twins:
        twin.clear_faults()
    stage.sage500.tell("clerk", {"action": "resume", "all": True})


class Stall:
    """Gives up when nothing has moved for a minute, or the whole took too long."""

    def __init__(self) -> None:
        self.started = self.moved = time.monotonic()
        self.last: dict[str, int] = {}

    def check(self, now_standing: dict[str, int], is_quiet: bool) -> None:
        now = time.monotonic()
        if now_standing != self.last or is_quiet:
            self.last, self.moved = now_standing, now
        if now - self.moved > STALLED_SECONDS or now - self.started > MOST_SECONDS:
            connections = dict(Connection.objects.values_list("slug", "last_error"))
            raise TimeoutError(f"nothing moves any more: {now_standing}, {connections}")


def wait_for_due() -> None:
    """Sleep until the next receipt is due, at most two seconds."""
    waiting = CashReceipt.objects.filter(state__in=[ReceiptState.DUE, ReceiptState.UNKNOWN])
    next_due = waiting.aggregate(at=Min("due_at"))["at"]
    if next_due:
        time.sleep(min(max((next_due - timezone.now()).total_seconds(), 0), 2))


def standing() -> dict[str, int]:
    return dict(Counter(CashReceipt.objects.values_list("state", flat=True)))


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
        if receipt["state"] not in {"deleted", "withdrawn"}
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


def report(stage: Stage, seconds: float, rounds: int, faults: list[str]) -> dict[str, Any]:
    """The figures of the pass; the proof holds when there is no violation in them."""
    proof = prove_everything()
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
        "violations": len(proof.violations),
        "violation_list": proof.to_json()["violations"],
        "faults": faults,
        "rounds": rounds,
        "seconds": round(seconds, 1),
    }


def run_once(
    folder: Path,
    *,
    payments: int,
    seed: int,
    faults: list[str],
    tell: Tell,
    drive: Drive = work_once,
    portions: int = 2,
) -> dict[str, Any]:
    """The whole pass on new twins in `folder`. The database must be migrated and empty.

    The payments come in `portions`, with a round of work after each.
    """
    started = time.monotonic()
    stage = set_the_stage(folder, seed, size=max(3000, payments * 3))
    try:
        played = play_faults(stage, faults, seed) if faults else []
        tell(f"Faults in play: {', '.join(played) or 'none'}")
        for portion in range(portions):
            count = payments // portions + (portion < payments % portions)
            pay(stage, count, seed + portion)
            tell(f"{count} payments made")
            if portion < portions - 1:
                drive(stage)
        rounds = run_to_the_end(stage, tell, drive)
        return report(stage, time.monotonic() - started, rounds, played)
    finally:
        stage.stop()
