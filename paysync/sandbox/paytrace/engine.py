"""What happens to payments at the gateway, whoever asked: charge, capture, void, refund, settle."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from paysync.sandbox.clock import TwinClock
from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.paytrace.account import Settings
from paysync.sandbox.paytrace.hints import HintSender
from paysync.sandbox.paytrace.store import Payment, Store

#: Amounts that are declined in the sandbox, in cents (§13).
DECLINE_CENTS = {29: "    DECLINE - EXPIRED CARD", 21: "    DECLINE - Insufficient funds"}
APPROVED = "EXACT MATCH - Approved and completed"
ACH_NEXT = {
    "INITIATED": "ACCEPTED",
    "VERIFYING": "ACCEPTED",
    "ACCEPTED": "ORIGINATED",
    "ORIGINATED": "SETTLED",
}
AUTO_SETTLE_AT = time(20)


class RefusalError(Exception):
    """The gateway says no before processing: `keys` are V1's error keys (§8.2)."""

    def __init__(self, **keys: str) -> None:
        super().__init__(", ".join(keys))
        self.errors = {name.lstrip("k"): [text] for name, text in keys.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation did: the response code and the payment it left behind."""

    code: int
    payment: Payment


class Engine:
    """The one place that changes payments. Every operation is one step under the store's lock."""

    def __init__(self, store: Store, clock: TwinClock, faults: FaultDeck) -> None:
        self.store = store
        self.clock = clock
        self.faults = faults
        self.settings = Settings()
        self.hints = HintSender(faults)
        self._random = Random(20260410)
        self._settling = threading.Lock()
        self._settled_until: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.zone)

    def now(self) -> int:
        """Epoch seconds on the gateway's clock, which may be fast (`clock_skew`, minutes)."""
        card = self.faults.take("clock_skew")
        skew_s = 60 * float(card.options.get("minutes", 7)) if card else 0
        return int(self.clock.now().timestamp() + skew_s)

    def approval_code(self) -> str:
        return f"TAS{self._random.randrange(1000):03d}"

    def tell(self, payments: Iterable[Payment]) -> None:
        for payment in payments:
            self.hints.tell(payment["id"], payment["method"])

    def charge(self, cents: int, authorize_only: bool = False, **facts: Any) -> Answer:
        """A card sale or authorization. Raises RefusalError by the duplicate filter."""
        if cents <= 0:
            raise RefusalError(k971="Please provide a valid Amount.")
        with self.store.lock:
            self._refuse_duplicate(cents, facts)
            made = {"cents": cents, "authorized_cents": cents, "created": self.now(), **facts}
            answer = self._decide(made, authorize_only)
        self.tell([answer.payment])
        return answer

    def _decide(self, made: Payment, authorize_only: bool) -> Answer:
        self._maybe_late(made)
        if made["cents"] in DECLINE_CENTS:
            message = DECLINE_CENTS[made["cents"]]
            return self._keep(102, {**made, "status": "declined", "approval_message": message})
        made |= {"approval_code": self.approval_code(), "approval_message": APPROVED}
        if self.settings.csc_auto_void or self.faults.take("code_103"):
            return self._keep(103, {**made, "status": "voided"})
        if self.faults.take("partial_authorization"):
            made["cents"] = made["cents"] // 2
        return self._keep(101, {**made, "status": "authorized" if authorize_only else "captured"})

    def _keep(self, code: int, made: Payment) -> Answer:
        return Answer(code, self.store.add([made])[0])

    def _maybe_late(self, made: Payment) -> None:
        """`late_record`: left out of the next lists, though it bears an earlier stamp."""
        card = self.faults.take("late_record")
        if card:
            made["hidden"] = int(card.options.get("lists", 1))
            made["created"] -= int(60 * float(card.options.get("minutes", 10)))

    def _refuse_duplicate(self, cents: int, facts: Mapping[str, Any]) -> None:
        minutes = self.settings.duplicate_filter_minutes
        if not minutes:
            return
        sql = (
            "SELECT seq FROM payments WHERE kind = 'SALE' AND cents = ? AND invoice = ?"
            " AND last4 = ? AND status NOT IN ('declined', 'voided') AND created > ?"
        )
        since = int(self.clock.now().timestamp()) - 60 * minutes
        values = (cents, facts.get("invoice", ""), facts.get("last4", ""), since)
        if self.store.one(sql, values):
            raise RefusalError(**{f"k{self.settings.duplicate_error_key}": "Duplicate."})

    def charge_ach(self, cents: int, **facts: Any) -> Answer:
        """An ACH payment; the same idempotency key answers the first one (invented, §7.5)."""
        with self.store.lock:
            key = facts.get("idempotency_key")
            if key:
                sql = "SELECT * FROM payments WHERE idempotency_key = ?"
                found = self.store.one(sql, (key,))
                if found:
                    return Answer(120, found)
            made = {"method": "ach", "cents": cents, "created": self.now(), **facts}
            self._maybe_late(made)
            answer = self._keep(120, {**made, "status": "ACCEPTED"})
        self.tell([answer.payment])
        return answer

    def capture(self, payment_id: object, cents: int | None) -> Answer:
        with self.store.lock:
            payment = self._card(payment_id)
            if payment["status"] != "authorized":
                raise RefusalError(k816="Only uncaptured approved authorizations.")
            wanted = payment["authorized_cents"] if cents is None else cents
            if not 0 < wanted <= payment["authorized_cents"]:
                return Answer(113, payment)
            payment = self.store.change(payment, status="captured", cents=wanted)
        self.tell([payment])
        return Answer(112, payment)

    def void(self, payment_id: object) -> Answer:
        with self.store.lock:
            payment = self._card(payment_id)
            if payment["status"] not in ("authorized", "captured"):
                return Answer(110, payment)
            payment = self.store.change(payment, status="voided")
        self.tell([payment])
        return Answer(109, payment)

    def refund(self, payment_id: object, cents: int | None, **facts: Any) -> Answer:
        """A refund of a settled sale is a new transaction (§4.3)."""
        with self.store.lock:
            payment = self._card(payment_id)
            if payment["kind"] != "SALE" or payment["status"] != "settled":
                raise RefusalError(k817="Not settled; void it instead.")
            left = payment["cents"] - self.store.refunded_cents(payment)
            wanted = left if cents is None else cents
            if not 0 < wanted <= left:
                return Answer(107, {**payment, "id": ""})
            made = refund_of(payment, wanted, status="captured", created=self.now(), **facts)
            made["approval_code"] = self.approval_code()
            answer = self._keep(106, made)
        self.tell([answer.payment])
        return answer

    def credit(self, cents: int, **facts: Any) -> Answer:
        """Money to a stored card, linked to no sale."""
        with self.store.lock:
            made = {"method": "card", "kind": "REFUND", "cents": cents, "created": self.now()}
            made |= {"status": "captured", "approval_code": self.approval_code(), **facts}
            answer = self._keep(106, made)
        self.tell([answer.payment])
        return answer

    def void_ach(self, payment_id: object) -> Answer:
        with self.store.lock:
            payment = self._ach(payment_id)
            if payment["status"] not in ("INITIATED", "VERIFYING", "ACCEPTED"):
                raise RefusalError(k80="Not found, already voided or settled.")
            payment = self.store.change(payment, status="VOIDED")
        self.tell([payment])
        return Answer(124, payment)

    def refund_ach(self, payment_id: object, cents: int | None, **facts: Any) -> Answer:
        with self.store.lock:
            payment = self._ach(payment_id)
            left = payment["cents"] - self.store.refunded_cents(payment)
            wanted = left if cents is None else cents
            if payment["status"] != "SETTLED" or not 0 < wanted <= left:
                raise RefusalError(k80="Not found, already voided or not settled.")
            made = refund_of(payment, wanted, status="ACCEPTED", created=self.now(), **facts)
            answer = self._keep(122, made)
        self.tell([answer.payment])
        return answer

    def _card(self, payment_id: object) -> Payment:
        payment = self.store.get(payment_id, "card")
        if payment is None:
            raise RefusalError(k58="Please provide a valid Transaction ID.")
        return payment

    def _ach(self, payment_id: object) -> Payment:
        payment = self.store.get(payment_id, "ach")
        if payment is None:
            raise RefusalError(k80="Not found.")
        return payment

    def settle(self, at: int | None = None) -> Payment | None:
        """Close the open captures and refunds into one batch; None when there are none."""
        with self.store.lock:
            sql = "SELECT * FROM payments WHERE method = 'card' AND status = 'captured'"
            waiting = self.store.rows(sql)
            if not waiting:
                return None
            settled = at if at is not None else int(self.clock.now().timestamp())
            number = self._next_number()
            self.store.execute(
                "INSERT INTO batches (number, settled) VALUES (?, ?)", (number, settled)
            )
            batch = self.store.latest_batch() or {}
            self.store.execute(
                "UPDATE payments SET status = 'settled', settled = ?, batch = ?, batch_number = ?"
                " WHERE method = 'card' AND status = 'captured'",
                (settled, batch["seq"], number),
            )
        self.tell(waiting)
        return batch

    def _next_number(self) -> str:
        """One more than the last, 999 wraps to 1; `batch_recycled` uses the last one again."""
        last = self.store.latest_batch()
        if last is None:
            return str(self.settings.first_batch_number)
        card = self.faults.take("batch_recycled")
        if card:
            return str(card.options.get("number", last["number"]))
        return str(int(last["number"]) % 999 + 1)

    def settle_if_due(self) -> None:
        """Auto-settlement at 8 pm gateway time (§9.3), if the account has it switched on."""
        if not self.settings.auto_settle:
            return
        local = self.clock.now().astimezone(self.zone)
        evening = datetime.combine(local.date(), AUTO_SETTLE_AT, self.zone)
        if local < evening:
            evening = datetime.combine(evening.date() - timedelta(1), AUTO_SETTLE_AT, self.zone)
        with self._settling:
            if self._settled_until is not None and evening > self._settled_until:
                self.settle(int(evening.timestamp()))
            self._settled_until = evening.astimezone(UTC)

    def advance_ach(self, ids: Iterable[str] | None = None) -> list[Payment]:
        """Every ACH payment, or those named, one status on; `ach_return` turns one back."""
        with self.store.lock:
            sql = "SELECT * FROM payments WHERE method = 'ach' ORDER BY seq"
            wanted = None if ids is None else set(ids)
            moved = [
                self._next_status(payment)
                for payment in self.store.rows(sql)
                if payment["status"] in ACH_NEXT and (wanted is None or payment["id"] in wanted)
            ]
        self.tell(moved)
        return moved

    def _next_status(self, payment: Payment) -> Payment:
        status = ACH_NEXT[payment["status"]]
        card = self.faults.take("ach_return") if status == "SETTLED" else None
        if card:
            code = str(card.options.get("code", "R01"))
            return self.store.change(payment, status="RETURNED", return_code=code)
        settled = self.now() if status == "SETTLED" else None
        return self.store.change(payment, status=status, settled=settled)

    def return_ach(self, payment_id: object, code: str) -> Payment:
        """The bank sends it back, after success too."""
        payment = self._ach(payment_id)
        payment = self.store.change(payment, status="RETURNED", return_code=code)
        self.tell([payment])
        return payment


def refund_of(payment: Payment, cents: int, **facts: Any) -> Payment:
    kept = ("method", "invoice", "customer_id", "billing_name", "brand", "last4")
    return {
        **{name: payment[name] for name in kept},
        "kind": "REFUND",
        "cents": cents,
        "original_id": payment["id"],
        "approval_message": APPROVED,
        **facts,
    }
