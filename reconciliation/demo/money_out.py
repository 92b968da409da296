"""What takes money out in the demo: refunds here and in the gateway, voids, disputes, returns."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import requests
from django.contrib.auth.models import Group, User
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, Kind, Method, State
from paysync.models import Company
from reconciliation.demo.stage import Stage, twin_of
from reconciliation.domain.disputes.codes import Brand, codes_of
from reconciliation.domain.disputes.facts import Claim
from reconciliation.domain.disputes.states import DISPUTE_EDGES, DisputeState
from reconciliation.domain.refunds.states import RefundState
from reconciliation.domain.refunds.ways import Way
from reconciliation.models import Dispute, GatewayTransaction, RefundReason, RefundRequest
from reconciliation.services import disputing, refunding
from reconciliation.services.roles import ensure_roles

#: Long enough ago for every pause, lease and delay of a refund to be over.
LONG = timedelta(hours=3)
MONEY = [state.value for state in MONEY_STATES]
Deed = Callable[[], object]


@dataclass(slots=True)
class MoneyOut:
    """Refunds, voids, disputes, flips and returns: `deeds` of them over `rounds`, by `seed`."""

    stage: Stage
    deeds: int
    seed: int
    rounds: int = 4
    done: Counter[str] = field(default_factory=Counter)
    draw: random.Random = field(init=False)
    clerk: User = field(init=False)
    approvers: list[User] = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - a demo
        ensure_roles()
        self.clerk = person("storm.clerk", "Finance clerk")
        self.approvers = [person(f"storm.approver{n}", "Finance approver") for n in (1, 2)]
        RefundReason.objects.get_or_create(title="Goods returned")

    def act(self) -> None:
        """One round of trouble; what the rules refuse is counted as such."""
        if self.rounds <= 0:
            return
        each = self.deeds // self.rounds
        self.deeds, self.rounds = self.deeds - each, self.rounds - 1
        kinds: list[tuple[str, Deed, int]] = [
            ("refund asked for", self.ask, 50), ("refund in PayTrace", self.refund_there, 10),
            ("void in PayTrace", self.void_there, 5), ("dispute", self.dispute, 15),
            ("flip", self.flip, 15), ("return", self.return_ach, 5),
        ]  # fmt: skip
        names = self.draw.choices(kinds, weights=[kind[2] for kind in kinds], k=each)
        for name, deed, _ in names:
            self.try_to(name, deed)

    def try_to(self, name: str, deed: Deed) -> None:
        try:
            done = deed()
        except RuleError:
            self.done[f"{name}, refused"] += 1
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code >= 500:
                raise
            self.done[f"{name}, refused there"] += 1
        else:
            self.done[name if done else f"{name}, nothing to do"] += 1

    # --- refunds ----------------------------------------------------------------------------------

    def ask(self) -> bool:
        """A request of a part or the whole, then approved, rejected, or left alone."""
        row = self.some_payment()
        if row is None:
            return False
        whole = Money(row.amount, row.currency)
        part = Money.cut(row.amount * Decimal(self.draw.randrange(10, 90)) / 100, row.currency)
        request = refunding.request_refund(
            row.pk,
            amount=whole if self.draw.random() < 0.4 or not part else part,
            reason_id=RefundReason.objects.values_list("pk", flat=True)[0],
            user=self.clerk,
            now=timezone.now(),
        )
        now, fate = timezone.now(), self.draw.random()
        if fate < 0.05:
            refunding.reject(request.pk, user=self.approvers[0], now=now, note="not agreed")
        elif fate < 0.1:
            refunding.cancel(request.pk, user=self.clerk, now=now)
        else:
            for approver in self.approvers[: request.approvals_needed]:
                refunding.approve(request.pk, user=approver, now=now)
        return True

    def refund_there(self) -> bool:
        row = self.some_payment(state=State.SETTLED)
        if row is None:
            return False
        part = Money.cut(row.amount / self.draw.choice([1, 2, 3]), row.currency)
        body = {"id": row.gateway_id, "amount": f"{part.amount}"}
        twin_of(self.stage, row.company).tell("refund", body)
        return True

    def void_there(self) -> bool:
        row = self.some_payment(state=State.CAPTURED)
        if row is None:
            return False
        twin_of(self.stage, row.company).tell("void", {"id": row.gateway_id})
        return True

    # --- disputes and returns ---------------------------------------------------------------------

    def dispute(self) -> bool:
        row = self.some_payment()
        if row is None:
            return False
        share = self.draw.choice([1, 1, 1, 2, 4])
        code = self.draw.choice(codes_of(Brand.VISA))
        disputing.open_dispute(
            Claim(
                case_number=f"CB{self.seed}-{Dispute.objects.count() + 1:05d}",
                amount=Money.cut(row.amount / share, row.currency),
                opened_on=timezone.localdate(),
                gateway_reference=row.gateway_id,
                brand=Brand.VISA,
                reason_code=code.code,
            ),
            company=row.company,
            source=Dispute.Source.API,
            user=self.clerk,
            now=timezone.now(),
        )
        return True

    def flip(self) -> bool:
        """Any case, to any state that may follow."""
        keys = list(Dispute.objects.order_by("pk").values_list("pk", "state"))
        if not keys:
            return False
        pk, state = self.draw.choice(keys)
        following = sorted(DISPUTE_EDGES[DisputeState(state)])
        disputing.change_state(
            pk, self.draw.choice(following), user=self.approvers[0], now=timezone.now()
        )
        return True

    def return_ach(self) -> bool:
        row = self.some_payment(method=Method.ACH)
        if row is None:
            return False
        code = self.draw.choice(["R01", "R03", "R10", "R29"])
        twin_of(self.stage, row.company).tell("returns", {"id": row.gateway_id, "code": code})
        return True

    def some_payment(self, **wanted: Any) -> GatewayTransaction | None:
        rows = GatewayTransaction.objects.filter(kind=Kind.SALE, state__in=MONEY).filter(**wanted)
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if not keys:
            return None
        return GatewayTransaction.objects.select_related("company").get(pk=self.draw.choice(keys))

    # --- time and people --------------------------------------------------------------------------

    def let_time_pass(self) -> None:
        """Pauses and leases of refunds are over, as if hours had passed: the demo does not wait."""
        now = timezone.now()
        waiting = RefundRequest.objects.filter(
            state__in=[RefundState.APPROVED, RefundState.UNKNOWN]
        )
        waiting.update(due_at=now)
        lost = RefundRequest.objects.filter(state=RefundState.SENDING)
        lost.update(claimed_at=now - LONG)

    def tell_outcomes(self) -> None:
        """An approver looks refunds of unknown outcome up in PayTrace itself."""
        for request in RefundRequest.objects.filter(state=RefundState.UNKNOWN).select_related(
            "transaction__company"
        ):
            found = self.made_there(request)
            self.try_to(
                "outcome told",
                lambda request=request, found=found: refunding.tell_outcome(  # type: ignore[misc]
                    request.pk,
                    happened=bool(found),
                    user=self.approvers[0],
                    now=timezone.now(),
                    refund_gateway_id=found,
                ),
            )

    def made_there(self, request: RefundRequest) -> str:
        """The gateway id of what the twin really did for the request; "" for nothing."""
        rows = twin_of(self.stage, request.company).ask("transactions")["transactions"]
        row = request.transaction
        if request.way == Way.VOID:
            [status] = [r["status"] for r in rows if str(r["id"]) == row.gateway_id]
            return row.gateway_id if status.lower() == "voided" else ""
        ours = set(RefundRequest.objects.values_list("refund_gateway_id", flat=True))
        amount = f"{Money.parse(request.amount, request.currency).amount}"
        return next(
            (
                str(r["id"])
                for r in rows
                if r["kind"] == "REFUND"
                and str(r["original_id"]) == row.gateway_id
                and r["amount"] == amount
                and r["created_by"] != "vt"
                and str(r["id"]) not in ours
            ),
            "",
        )

    @property
    def is_quiet(self) -> bool:
        """Nothing is on its way out any more."""
        under_way = [RefundState.APPROVED, RefundState.SENDING, RefundState.UNKNOWN]
        return self.rounds <= 0 and not RefundRequest.objects.filter(state__in=under_way).exists()


def person(name: str, role: str) -> User:
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.groups.add(Group.objects.get(name=role))
    return user


def overpaid(stage: Stage) -> list[str]:
    """Payments of which more went back, at the twins themselves, than was ever captured; and
    refunds that one request made twice.
    """
    wrong = []
    for company in stage.companies:
        rows = twin_of(stage, company).ask("transactions")["transactions"]
        back: Counter[str] = Counter()
        for row in rows:
            if row["kind"] == "REFUND" and row["is_money"]:
                back[str(row["original_id"])] += round(Decimal(row["amount"]) * 100)
        sold = {str(r["id"]): round(Decimal(r["amount"]) * 100) for r in rows}
        wrong += [f"{pk}: {cents} of {sold.get(pk, 0)} cents went back"
                  for pk, cents in back.items() if cents > sold.get(pk, 0)]  # fmt: skip
        wrong += unknown_refunds(company, rows)
    return wrong


def unknown_refunds(company: Company, rows: list[dict[str, Any]]) -> list[str]:
    """Refunds that came from us at the gateway, and belong to none of our requests."""
    requests_of = RefundRequest.objects.filter(company=company)
    ours = set(requests_of.values_list("refund_gateway_id", flat=True))
    wrong = []
    for row in rows:
        if row["kind"] != "REFUND" or row["created_by"] == "vt" or str(row["id"]) in ours:
            continue
        asked = requests_of.filter(transaction__gateway_id=str(row["original_id"]))
        told = [f"{one.pk} {one.state}, {one.amount:.2f}: {one.last_message}" for one in asked]
        wrong.append(
            f"refund {row['id']} of {row['amount']} ({row['method']}) of {row['original_id']} "
            f"was made and no request knows it; asked for: {'; '.join(told) or 'nothing'}"
        )
    return wrong
