"""Refunds from the request to the books, against the PayTrace twin over a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import ConflictError, ExternalError, RuleError
from paysync.models import AuditEntry, Connection, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import (
    GatewayTransaction,
    ReconcilingItem,
    RefundDecision,
    RefundPolicy,
    RefundRequest,
)
from reconciliation.queries import stories
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.items import resolve_item
from reconciliation.services.proof import prove
from reconciliation.services.refunding import (
    approve,
    book_done,
    cancel,
    expire_requests,
    look_up,
    reject,
    sending,
    tell_outcome,
)
from tests.choosing import buckets
from tests.disputes import disputed, turned
from tests.refunds import LATER, NOW, agreed, ask, at_gateway, charged, config, poll, send, tell
from tests.workbench import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


@pytest.fixture(params=[Connection.Kind.PAYTRACE_V3, Connection.Kind.PAYTRACE_V1])
def gateway(
    request: pytest.FixtureRequest, twin: PayTraceTwin, merchant_account: MerchantAccount
) -> PaymentGateway:
    merchant_account.connection.kind = request.param
    merchant_account.connection.save()
    if request.param == Connection.Kind.PAYTRACE_V3:
        return PayTraceV3(config(twin, money_timeout_s=2))
    return PayTraceV1(config(twin, money_timeout_s=2))


@pytest.fixture
def clerk(db: None) -> User:
    return person("clara")


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", "Finance approver")


@pytest.fixture
def bea(db: None) -> User:
    return person("bea", "Finance approver")


def fresh(request: RefundRequest) -> RefundRequest:
    return RefundRequest.objects.get(pk=request.pk)


def clock_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def open_reasons() -> list[str]:
    rows = ReconcilingItem.objects.filter(state="open", key__startswith="refunding:")
    return list(rows.order_by("pk").values_list("reason", flat=True))


class TestAsking:
    def test_as_shipped_one_person_has_to_agree(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway)
        request = ask(row, "40.00", clerk)
        assert (request.state, request.approvals_needed) == ("requested", 1)
        assert AuditEntry.objects.filter(action="refund requested", actor="clara").exists()
        assert str(refundable_of(row).left) == "60.00 USD"

    def test_never_more_than_there_is(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway)
        ask(row, "60.00", clerk)
        with pytest.raises(RuleError, match=r"Only 40.00 USD .* 60.00 USD pending"):
            ask(row, "40.01", clerk)
        ask(row, "40.00", clerk)

    def test_who_may_not_ask_is_refused(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway
    ) -> None:
        row = charged(twin, merchant_account, gateway)
        for stranger in (person("audrey", "Auditor"), person("olaf", "Operator")):
            with pytest.raises(PermissionDenied):
                ask(row, "1.00", stranger)
        assert not RefundRequest.objects.exists()

    @pytest.mark.parametrize(
        ("policy", "amount", "approvals"),
        [
            ({"free_up_to": 50}, "50.00", 0),
            ({"free_up_to": 50}, "50.01", 1),
            ({"free_up_to": 10, "one_up_to": 20}, "20.01", 2),
            ({"free_up_to": 50, "free_per_day": 0}, "5.00", 1),
        ],
    )
    def test_the_companys_own_limits_hold(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, policy: dict[str, int], amount: str, approvals: int,
    ) -> None:  # fmt: skip
        RefundPolicy.objects.create(company=merchant_account.company, **policy)
        row = charged(twin, merchant_account, gateway)
        request = ask(row, amount, clerk)
        assert request.approvals_needed == approvals
        assert request.state == ("requested" if approvals else "approved")

    def test_a_disputed_payment_needs_two_however_the_dispute_ended(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        RefundPolicy.objects.create(company=merchant_account.company, free_up_to=50)
        row = charged(twin, merchant_account, gateway)
        turned(disputed(row, ann, "50.00"), ann, DisputeState.WON)
        request = ask(row, "1.00", clerk)
        assert request.approvals_needed == 2 and "disputed" in request.lane


class TestDeciding:
    @pytest.fixture
    def request_(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User,
    ) -> RefundRequest:  # fmt: skip
        return ask(charged(twin, merchant_account, gateway), "100.00", clerk)

    def test_nobody_approves_what_he_asked_for(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        ann: User,
    ) -> None:  # fmt: skip
        request = ask(charged(twin, merchant_account, gateway), "1.00", ann)
        with pytest.raises(RuleError, match="somebody else"):
            approve(request.pk, user=ann, now=NOW)
        with pytest.raises(IntegrityError), transaction.atomic():
            RefundDecision.objects.create(
                request=request, requester=ann, approver=ann, verdict="approved", at=NOW
            )

    def test_a_clerk_does_not_approve(self, request_: RefundRequest) -> None:
        with pytest.raises(PermissionDenied):
            approve(request_.pk, user=person("cleo"), now=NOW)

    def test_two_means_two_different_people(
        self, merchant_account: MerchantAccount, request_: RefundRequest, ann: User, bea: User
    ) -> None:
        RefundRequest.objects.update(approvals_needed=2)
        assert approve(request_.pk, user=ann, now=NOW).state == "requested"
        with pytest.raises(RuleError, match="second person"):
            approve(request_.pk, user=ann, now=NOW)
        assert approve(request_.pk, user=bea, now=NOW).state == "approved"

    def test_a_no_ends_it_and_frees_the_money(self, request_: RefundRequest, ann: User) -> None:
        with pytest.raises(RuleError, match="Say why"):
            reject(request_.pk, user=ann, now=NOW, note=" ")
        assert reject(request_.pk, user=ann, now=NOW, note="Not theirs").state == "rejected"
        assert str(refundable_of(request_.transaction).left) == "100.00 USD"
        with pytest.raises(ConflictError, match="rejected already"):
            approve(request_.pk, user=ann, now=NOW)

    def test_what_nobody_decides_expires(self, request_: RefundRequest, ann: User) -> None:
        late = NOW + timedelta(hours=73)
        with pytest.raises(RuleError, match="expired"):
            approve(request_.pk, user=ann, now=late)
        assert expire_requests(now=NOW + timedelta(hours=71)) == 0
        assert expire_requests(now=late) == 1
        assert fresh(request_).state == "expired"

    def test_only_who_asked_or_an_approver_takes_it_back(
        self, request_: RefundRequest, clerk: User
    ) -> None:
        with pytest.raises(PermissionDenied):
            cancel(request_.pk, user=person("cleo"), now=NOW)
        assert cancel(request_.pk, user=clerk, now=NOW).state == "cancelled"


class TestSending:
    def test_what_is_not_settled_is_voided(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway)
        request = agreed(row, "100.00", clerk, ann)
        assert send(merchant_account, gateway).outcomes == {"done": 1}
        assert (fresh(request).state, fresh(request).way) == ("done", "void")
        assert buckets(row) == {"captured": "100.00", "voided": "100.00"}
        assert at_gateway(twin) == []
        assert prove(now=NOW).violations == []

    def test_what_is_settled_is_refunded_and_booked_once(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        request = agreed(row, "30.00", clerk, ann)
        assert send(merchant_account, gateway).outcomes == {"done": 1}
        poll(merchant_account, gateway, NOW + timedelta(minutes=5))
        [made] = at_gateway(twin)
        assert fresh(request).refund_gateway_id == str(made["id"])
        assert fresh(request).refund is not None
        assert buckets(row)["refunded"] == "30.00"
        assert str(refundable_of(row)) == "100.00 USD captured, 30.00 USD refunded"
        assert prove(now=NOW).violations == []
        assert send(merchant_account, gateway, LATER).outcomes == {}

    def test_a_part_of_an_unsettled_payment_waits_for_settlement(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway)
        request = agreed(row, "30.00", clerk, ann)
        assert send(merchant_account, gateway).outcomes == {"waits": 1}
        assert "settled" in fresh(request).last_message
        tell(twin, "settle")
        assert send(merchant_account, gateway, LATER).outcomes == {"done": 1}
        assert buckets(row)["refunded"] == "30.00"

    def test_one_the_gateway_made_meanwhile_is_noticed_before_ours(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        request = agreed(row, "80.00", clerk, ann)
        tell(twin, "refund", {"id": row.gateway_id, "amount": "50.00"})
        poll(merchant_account, gateway, NOW + timedelta(minutes=5))
        assert send(merchant_account, gateway).outcomes == {"failed": 1}
        assert "Only 50.00 USD" in fresh(request).last_message
        assert open_reasons() == ["refund_failed"]
        assert len(at_gateway(twin)) == 1

    def test_an_outage_sends_nothing_and_loses_nothing(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        request = agreed(
            charged(twin, merchant_account, gateway, settled=True), "30.00", clerk, ann
        )
        twin.faults.play("server_error", times=None)
        with pytest.raises(ExternalError):
            send(merchant_account, gateway)
        twin.faults.clear()
        assert fresh(request).state == "approved"
        assert send(merchant_account, gateway, LATER).outcomes == {"done": 1}
        assert len(at_gateway(twin)) == 1

    @pytest.mark.parametrize("settled", [True, False])
    def test_an_answer_that_never_comes_is_asked_about_and_not_sent_again(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User, settled: bool,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=settled)
        request = agreed(row, "100.00", clerk, ann)
        route = "*refund*" if settled else "*void*"
        twin.faults.play("timeout_after", route=route, hold_s=3)
        assert send(merchant_account, gateway).outcomes == {"unknown": 1}
        assert (fresh(request).state, open_reasons()) == ("unknown", ["outcome_unknown"])
        assert send(merchant_account, gateway, LATER).outcomes == {}
        assert look_up(merchant_account, gateway, lambda: LATER) == 1
        assert (fresh(request).state, open_reasons()) == ("done", [])
        bucket = "refunded" if settled else "voided"
        assert buckets(row) == {"captured": "100.00", bucket: "100.00"}
        assert len(at_gateway(twin)) == (1 if settled else 0)
        assert prove(now=NOW).violations == []

    def test_a_refund_that_is_not_to_be_seen_is_for_a_person(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        request = agreed(row, "100.00", clerk, ann)
        twin.faults.play("timeout_before", route="*refund*", hold_s=3)
        assert send(merchant_account, gateway).outcomes == {"unknown": 1}
        for hours in (1, 2, 30):
            assert look_up(merchant_account, gateway, clock_at(NOW + timedelta(hours=hours))) == 0
        assert fresh(request).state == "unknown"
        with pytest.raises(PermissionDenied):
            tell_outcome(request.pk, happened=False, user=clerk, now=LATER)
        with pytest.raises(RuleError, match="number of the refund"):
            tell_outcome(request.pk, happened=True, user=ann, now=LATER)
        tell_outcome(request.pk, happened=False, user=ann, now=LATER)
        assert send(merchant_account, gateway, LATER).outcomes == {"done": 1}
        assert len(at_gateway(twin)) == 1

    def test_a_note_does_not_hide_what_nobody_knows(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        request = agreed(row, "100.00", clerk, ann)
        twin.faults.play("timeout_before", route="*refund*", hold_s=3)
        send(merchant_account, gateway)
        item = ReconcilingItem.objects.get(state="open", key=f"refunding:{request.pk}")
        with pytest.raises(RuleError, match="on the refund's page"):
            resolve_item(item.pk, actor="ann", note="never mind")
        assert fresh(request) in stories.find_payment_story(row.pk).refunds  # type: ignore[union-attr]

    def test_nothing_else_of_the_payment_goes_out_meanwhile(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        agreed(row, "60.00", clerk, ann)
        agreed(row, "40.00", clerk, ann)
        twin.faults.play("timeout_after", route="*refund*", hold_s=3)
        assert send(merchant_account, gateway).outcomes == {"unknown": 1}
        assert look_up(merchant_account, gateway, lambda: LATER) == 1
        assert send(merchant_account, gateway, LATER).outcomes == {"done": 1}
        assert buckets(row)["refunded"] == "100.00"

    def test_a_settlement_between_look_and_call_is_decided_anew(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway)
        request = agreed(row, "100.00", clerk, ann)
        real = sending.mark_sent

        def settles(*args: Any) -> bool:
            done = real(*args)
            tell(twin, "settle")
            return done

        monkeypatch.setattr(sending, "mark_sent", settles)
        assert send(merchant_account, gateway).outcomes == {"decided anew": 1, "done": 1}
        assert fresh(request).way == "refund"
        assert buckets(row) == {"captured": "100.00", "refunded": "100.00"}


def test_a_worker_so_slow_that_another_took_over_sends_nothing(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
    clerk: User, ann: User, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Two refunds of a half each would both be within what there is."""
    row = charged(twin, merchant_account, gateway, settled=True)
    request = agreed(row, "50.00", clerk, ann)
    real, slow = sending.choose, [1]

    def be_slow(*args: Any) -> Any:
        chosen = real(*args)
        if slow:
            slow.clear()
            later = send(merchant_account, gateway, NOW + timedelta(minutes=6))
            assert later.outcomes == {"done": 1}
        return chosen

    monkeypatch.setattr(sending, "choose", be_slow)
    assert send(merchant_account, gateway).outcomes == {"taken over": 1}
    assert (len(at_gateway(twin)), fresh(request).state) == (1, "done")
    assert buckets(row)["refunded"] == "50.00"


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


class TestKilled:
    """A worker that dies between any two steps."""

    @pytest.mark.parametrize(
        ("where", "refunds"),
        [("look_at_payment", 0), ("mark_sent", 0), ("call", 0), ("settle", 1), ("book", 1)],
    )
    def test_the_next_one_takes_it_up(
        self, twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
        clerk: User, ann: User, monkeypatch: pytest.MonkeyPatch, where: str, refunds: int,
    ) -> None:  # fmt: skip
        row = charged(twin, merchant_account, gateway, settled=True)
        request = agreed(row, "100.00", clerk, ann)

        def die(*args: Any) -> NoReturn:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(sending, where, die)
            with pytest.raises(Killed):
                send(merchant_account, gateway)
        assert len(at_gateway(twin)) == refunds
        for minutes in (6, 8, 45, 120):
            at = NOW + timedelta(minutes=minutes)
            send(merchant_account, gateway, at)
            look_up(merchant_account, gateway, clock_at(at))
            book_done(merchant_account, gateway, at)
        state = fresh(request).state
        if where == "call":  # it may have been sent: only a person can say that it was not
            assert (state, at_gateway(twin)) == ("unknown", [])
            tell_outcome(request.pk, happened=False, user=ann, now=LATER)
            send(merchant_account, gateway, LATER + timedelta(minutes=1))
        assert fresh(request).state == "done"
        assert len(at_gateway(twin)) == 1
        assert buckets(row) == {"captured": "100.00", "refunded": "100.00"}
        assert prove(now=NOW).violations == []


def test_a_record_that_names_no_original_is_booked_by_our_request(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway,
    clerk: User, ann: User, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """No source says that PayTrace's records name it. Polling sees the refund before we know its
    number: told as unknown money first, booked once when we do.
    """
    row = charged(twin, merchant_account, gateway, settled=True)
    request = agreed(row, "30.00", clerk, ann)
    monkeypatch.setattr(
        "paysync.adapters.paytrace.mapping.first_text",
        hide_original("paysync.adapters.paytrace.mapping"),
    )
    real = sending.settle

    def poll_first(*args: Any) -> str:
        poll(merchant_account, gateway, NOW + timedelta(minutes=5))
        return real(*args)

    monkeypatch.setattr(sending, "settle", poll_first)
    assert send(merchant_account, gateway).outcomes == {"done": 1}
    refund = GatewayTransaction.objects.get(kind="refund")
    assert (refund.original_id, fresh(request).refund) == (row.gateway_id, refund)
    assert buckets(row)["refunded"] == "30.00"
    assert not ReconcilingItem.objects.filter(state="open", key=f"refund:{refund.pk}").exists()
    poll(merchant_account, gateway, NOW + timedelta(minutes=10))
    assert buckets(row)["refunded"] == "30.00"
    assert Decimal(fresh(request).amount) == 30


def hide_original(module: str) -> Any:
    from importlib import import_module

    real = import_module(module).first_text

    def first_text(entry: Any, *names: str) -> Any:
        return "" if "original_id" in names else real(entry, *names)

    return first_text


class TestAnAuthorization:
    def test_it_is_given_up_as_a_whole_by_a_void(
        self,
        twin: PayTraceTwin,
        merchant_account: MerchantAccount,
        gateway: PaymentGateway,
        clerk: User,
        ann: User,
    ) -> None:
        row = charged(twin, merchant_account, gateway, outcome="authorized")
        assert row.state == "authorized" and str(refundable_of(row).left) == "100.00 USD"
        with pytest.raises(RuleError, match="100.00 USD as a whole"):
            ask(row, "40.00", clerk)
        request = agreed(row, "100.00", clerk, ann)
        with pytest.raises(RuleError, match="Only 0.00 USD"):
            ask(row, "100.00", clerk)
        send(merchant_account, gateway)
        request.refresh_from_db()
        row.refresh_from_db()
        assert (request.state, request.way, row.state) == ("done", "void", "voided")
        assert buckets(row) == {} and prove(now=NOW).violations == []
