"""Disputes and the books: rewound, replayed, flipped, in every state of the receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import ConflictError, RuleError, StateError
from paysync.domain.money import Money
from paysync.domain.payments import State
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.disputes.facts import EVIDENCE_DAYS
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    Dispute,
    DisputeEvent,
    GatewayTransaction,
    Match,
    ReconcilingItem,
)
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.disputing import (
    add_note,
    change_state,
    charge_fee,
    find_payments,
    name_payment,
    open_dispute,
    set_deadline,
    set_owner,
    write_answer,
)
from reconciliation.services.following import follow_receipts
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.withdrawing import withdraw_gone
from tests.books import refund, sale
from tests.choosing import buckets
from tests.disputes import LATER, NOW, claim, disputed, turned
from tests.integration.sage_company import call, pay, post, states, truth
from tests.workbench import person

pytestmark = pytest.mark.django_db
WON, LOST = DisputeState.WON, DisputeState.LOST


@pytest.fixture
def clara(db: None) -> User:
    return person("clara")


@pytest.fixture
def arthur(db: None) -> User:
    return person("arthur", "Finance approver")


@pytest.fixture
def payment(account: MerchantAccount) -> GatewayTransaction:
    [row] = pay(account, 1)
    return row


def reasons() -> list[str]:
    rows = ReconcilingItem.objects.filter(state="open")
    return list(rows.order_by("pk").values_list("reason", flat=True))


def holds() -> bool:
    found = prove(now=LATER)
    assert found.violations == []
    return True


def full(row: GatewayTransaction, *where: str) -> dict[str, str]:
    return {name: f"{row.amount:.2f}" for name in ("captured", *where)}


def pays(row: GatewayTransaction) -> list[tuple[str, str]]:
    parts = Application.objects.filter(match__transaction=row, match__ended_at__isnull=True)
    return [(part.invoice.tran_id, f"{part.amount:.2f}") for part in parts.order_by("pk")]


class TestTheTurns:
    def test_opening_rewinds_and_a_win_replays(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        before = pays(payment)
        case = disputed(payment, clara)
        assert buckets(payment) == full(payment, "charged_back")
        assert pays(payment) == [] and states() == {"withdrawn": 1}
        assert not refundable_of(payment).left and holds()
        turned(case, arthur, WON)
        assert buckets(payment) == full(payment, "applied")
        assert pays(payment) == before and states() == {"withdrawn": 1, "due": 1}
        payment.refresh_from_db()
        assert not payment.needs_match and reasons() == [] and holds()

    def test_it_flips_any_number_of_times(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        before = pays(payment)
        case = disputed(payment, clara)
        for _ in range(5):
            turned(case, arthur, WON)
            assert pays(payment) == before and buckets(payment) == full(payment, "applied")
            turned(case, arthur, LOST)
            assert pays(payment) == [] and buckets(payment) == full(payment, "charged_back")
        assert holds() and reasons() == []
        kinds = DisputeEvent.objects.filter(dispute=case).values_list("kind", flat=True)
        assert list(kinds).count("took") == 6 and list(kinds).count("gave_back") == 5

    def test_a_case_that_is_over_when_it_is_heard_of(
        self, payment: GatewayTransaction, clara: User
    ) -> None:
        disputed(payment, clara, state=WON)
        assert buckets(payment) == full(payment, "applied") and holds()

    def test_a_payment_that_nothing_explained_waits_again(
        self, account: MerchantAccount, clara: User, arthur: User
    ) -> None:
        record_transactions(account, [sale(invoice_reference="nothing")], now=NOW)
        match_company(account.company_id, now=NOW)
        row = GatewayTransaction.objects.get()
        case = disputed(row, clara)
        assert reasons() == [] and holds()
        turned(case, arthur, WON)
        row.refresh_from_db()
        assert row.needs_match and reasons() == ["needs_confirmation"] and holds()
        assert buckets(row) == full(row, "unidentified")

    def test_an_invoice_that_somebody_else_has_paid_since_is_not_paid_twice(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        [(document, amount)] = pays(payment)
        case = disputed(payment, clara)
        again = sale(
            amount=amount,
            invoice_reference=document,
            gateway_customer_id=payment.gateway_customer_id,
        )
        record_transactions(account, [again], now=NOW)
        assert match_company(account.company_id, now=LATER).matched == 1
        turned(case, arthur, WON)
        payment.refresh_from_db()
        assert payment.needs_match and buckets(payment) == full(payment, "unapplied")
        item = ReconcilingItem.objects.get(state="open")
        assert "cannot pay what it paid before" in item.sentence and document in item.sentence
        assert holds()


class TestWithTheReceiptInSage:
    def test_a_pending_receipt_is_withdrawn_and_made_anew(
        self,
        account: MerchantAccount,
        erp: HttpErpLedger,
        twin: SageTwin,
        payment: GatewayTransaction,
        clara: User,
        arthur: User,
    ) -> None:
        before = pays(payment)
        post(account, erp)
        case = disputed(payment, clara)
        assert reasons() == [Reason.MONEY_WENT_BACK]
        assert withdraw_gone(account.company_id, ledger=erp, now=LATER) == 1
        assert truth(twin) == [] and reasons() == [] and holds()
        turned(case, arthur, WON)
        assert pays(payment) == before
        post(account, erp, LATER)
        assert states() == {"withdrawn": 1, "submitted": 1} and len(truth(twin)) == 1
        assert holds()

    def test_a_posted_receipt_is_a_persons_to_reverse_until_the_case_is_won(
        self,
        account: MerchantAccount,
        erp: HttpErpLedger,
        twin: SageTwin,
        payment: GatewayTransaction,
        clara: User,
        arthur: User,
    ) -> None:
        before = pays(payment)
        post(account, erp)
        call(twin, "clerk", {"action": "post", "all": True})
        follow_receipts(account.company_id, erp=erp, now=LATER)
        assert buckets(payment) == full(payment, "posted")
        case = disputed(payment, clara)
        item = ReconcilingItem.objects.get(state="open")
        assert item.reason == Reason.MONEY_WENT_BACK and before[0][0] in item.sentence
        assert buckets(payment) == full(payment, "charged_back") and holds()
        turned(case, arthur, WON)
        assert buckets(payment) == full(payment, "posted")
        assert reasons() == [] and pays(payment) == before and holds()

    def test_a_receipt_that_is_posted_while_the_case_is_open(
        self,
        account: MerchantAccount,
        erp: HttpErpLedger,
        twin: SageTwin,
        payment: GatewayTransaction,
        clara: User,
        arthur: User,
    ) -> None:
        post(account, erp)
        case = disputed(payment, clara)
        call(twin, "clerk", {"action": "post", "all": True})
        follow_receipts(account.company_id, erp=erp, now=LATER)
        assert buckets(payment) == full(payment, "charged_back")
        turned(case, arthur, WON)
        assert buckets(payment) == full(payment, "posted") and reasons() == [] and holds()


class TestPartsOfAPayment:
    def test_the_rest_is_matched_anew_and_all_of_it_after_a_win(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        before = pays(payment)
        case = disputed(payment, clara, "1.00")
        rest = f"{payment.amount - 1:.2f}"
        payment.refresh_from_db()
        assert payment.needs_match
        match_company(account.company_id, now=LATER)
        turned(case, arthur, WON)
        assert pays(payment) == before and buckets(payment) == full(payment, "applied"), rest
        assert holds()

    def test_what_has_been_refunded_is_not_taken_twice(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        record_transactions(account, [refund(payment.gateway_id, "1.00")], now=NOW)
        case = disputed(payment, clara)
        held = buckets(payment)
        assert (held["refunded"], held["charged_back"]) == ("1.00", f"{payment.amount - 1:.2f}")
        texts = DisputeEvent.objects.filter(dispute=case).values_list("text", flat=True)
        assert any("1.00 USD of the claim is not with us" in text for text in texts)
        assert holds()
        turned(case, arthur, WON)
        assert buckets(payment)["refunded"] == "1.00" and holds()

    def test_two_cases_of_one_payment_never_take_more_than_it_was(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        first = disputed(payment, clara)
        second = disputed(payment, clara)
        assert buckets(payment) == full(payment, "charged_back")
        assert Dispute.objects.get(pk=second.pk).taken == 0
        turned(first, arthur, WON)
        turned(second, arthur, WON)
        assert buckets(payment) == full(payment, "applied") and holds()


class TestAnUnknownPayment:
    def test_a_case_waits_for_its_payment(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User
    ) -> None:
        late = sale("799999999", "25.00")
        told = claim(amount="25.00", gateway_reference="799999999")
        case = open_dispute(
            told, company=account.company, source=Dispute.Source.MANUAL, user=clara, now=NOW
        )
        assert reasons() == [Reason.DISPUTE_UNKNOWN]
        assert find_payments(account.company_id, now=NOW) == 0
        record_transactions(account, [late], now=NOW)
        assert find_payments(account.company_id, now=LATER) == 1
        assert find_payments(account.company_id, now=LATER) == 0
        row = GatewayTransaction.objects.get(gateway_id="799999999")
        assert buckets(row) == full(row, "charged_back")
        assert Reason.DISPUTE_UNKNOWN not in reasons() and holds()
        assert Dispute.objects.get(pk=case.pk).transaction_id == row.pk

    def test_a_person_names_it(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User
    ) -> None:
        case = open_dispute(
            claim(amount="1.00"),
            company=account.company,
            source=Dispute.Source.MANUAL,
            user=clara,
            now=NOW,
        )
        with pytest.raises(RuleError, match="no payment of this id"):
            name_payment(case.pk, "1", user=clara, now=NOW)
        name_payment(case.pk, payment.gateway_id, user=clara, now=NOW)
        assert buckets(payment)["charged_back"] == "1.00" and holds()
        with pytest.raises(ConflictError, match="already"):
            name_payment(case.pk, payment.gateway_id, user=clara, now=NOW)


class TestWhatIsRefused:
    def test_a_case_is_told_once(self, payment: GatewayTransaction, clara: User) -> None:
        case = disputed(payment, clara)
        with pytest.raises(ConflictError, match="known already"):
            disputed(payment, clara, case_number=case.case_number)

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"case_number": "4111 1111 1111 1111"}, "case number"),
            ({"case_number": ""}, "case number"),
            ({"amount": Money.parse("0.00")}, "more than zero"),
            ({"amount": Money.parse("99999999.00")}, "more than the payment"),
            ({"amount": Money.parse("5.00", "CAD")}, "in USD"),
            ({"opened_on": NOW.date() + timedelta(days=5)}, "no day"),
            ({"opened_on": NOW.date() - timedelta(days=2000)}, "no day"),
            ({"evidence_due_on": NOW.date() - timedelta(days=1)}, "no deadline"),
            ({"fee": Money.parse("-1.00")}, "not less than zero"),
        ],
    )
    def test_a_claim_that_cannot_be(
        self, payment: GatewayTransaction, clara: User, fields: dict[str, object], why: str
    ) -> None:
        with pytest.raises(RuleError, match=why):
            open_dispute(
                replace(claim(payment), **fields),  # type: ignore[arg-type]
                company=payment.company,
                source=Dispute.Source.MANUAL,
                user=clara,
                now=NOW,
                payment_id=payment.pk,
            )
        assert not Dispute.objects.exists() and buckets(payment) == full(payment, "applied")

    def test_an_edge_that_is_not_listed(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        case = turned(disputed(payment, clara), arthur, WON)
        with pytest.raises(StateError, match="won cannot become evidence due"):
            turned(case, arthur, DisputeState.EVIDENCE_DUE)

    def test_somebody_else_was_quicker(self, payment: GatewayTransaction, clara: User) -> None:
        case = disputed(payment, clara)
        seen = Dispute.objects.get(pk=case.pk).revision
        add_note(case.pk, "called the bank", user=clara, now=NOW)
        with pytest.raises(ConflictError, match="by clara: called the bank"):
            write_answer(case.pk, "x", user=clara, now=NOW, revision=seen)

    def test_who_may_not(self, payment: GatewayTransaction, clara: User, arthur: User) -> None:
        auditor = person("audrey", "Auditor")
        with pytest.raises(PermissionDenied):
            disputed(payment, auditor)
        case = disputed(payment, clara)
        for state in (WON, LOST, DisputeState.ACCEPTED, DisputeState.WITHDRAWN):
            with pytest.raises(PermissionDenied):
                change_state(case.pk, state, user=clara, now=NOW)
        day = NOW.date() + timedelta(days=9)
        usd = Money.parse("25.00")
        acts: list[Callable[[], object]] = [
            lambda: add_note(case.pk, "x", user=auditor, now=NOW),
            lambda: write_answer(case.pk, "x", user=auditor, now=NOW),
            lambda: set_deadline(case.pk, day, user=auditor, now=NOW),
            lambda: set_owner(case.pk, arthur, user=auditor, now=NOW),
            lambda: charge_fee(case.pk, usd, user=auditor, now=NOW),
            lambda: name_payment(case.pk, "1", user=auditor, now=NOW),
            lambda: change_state(case.pk, DisputeState.SUBMITTED, user=auditor, now=NOW),
        ]
        for act in acts:
            with pytest.raises(PermissionDenied):
                act()


class TestWorkOnIt:
    def test_deadline_owner_answer_and_fee(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        case = disputed(payment, clara)
        assert case.is_due_estimated and case.evidence_due_on is not None
        assert case.evidence_due_on > NOW.date() + timedelta(days=EVIDENCE_DAYS)
        due = NOW.date() + timedelta(days=20)
        set_deadline(case.pk, due, user=clara, now=NOW)
        set_owner(case.pk, arthur, user=clara, now=NOW)
        write_answer(case.pk, "Delivered; card 4111 1111 1111 1111.", user=clara, now=NOW)
        charge_fee(case.pk, Money.parse("25.00"), user=clara, now=NOW)
        case = change_state(case.pk, DisputeState.SUBMITTED, user=clara, now=NOW, text="by mail")
        case.refresh_from_db()
        assert (case.evidence_due_on, case.is_due_estimated, case.owner) == (due, False, arthur)
        assert "4111" not in case.representment and case.fee == 25
        assert Reason.FEE_TO_BOOK in reasons()
        assert buckets(payment) == full(payment, "charged_back") and holds()

    def test_a_match_that_a_person_undid_is_not_replayed(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        case = disputed(payment, clara)
        Match.objects.filter(transaction=payment).update(ended_by="clara")
        turned(case, arthur, WON)
        payment.refresh_from_db()
        assert payment.needs_match and pays(payment) == [] and holds()


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_payment_that_comes_back_as_a_whole_after_a_claim_for_a_part(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, arthur: User,
    handed_over: bool,
) -> None:  # fmt: skip
    if handed_over:
        post(account, erp)
    part = f"{payment.amount / 2:.2f}"
    case = disputed(payment, arthur, part)
    whole = f"{payment.amount:.2f}"
    back = replace(sale(payment.gateway_id, whole), state=State.VOIDED)
    record_transactions(account, [back], now=LATER)
    held = buckets(payment)
    rest = f"{payment.amount - Decimal(part):.2f}"
    assert (held["charged_back"], held["voided"]) == (part, rest)
    assert {"applied", "unapplied", "unidentified"}.isdisjoint(held)
    payment.refresh_from_db()
    assert not payment.needs_match and bool(pays(payment)) == handed_over
    assert match_company(account.company_id, now=LATER).matched == 0
    told = {"state_conflict"} | ({"money_went_back"} if handed_over else set())
    assert set(reasons()) == told
    turned(case, arthur, WON)  # there is nothing to give back
    assert buckets(payment) == held and holds()
    payment.refresh_from_db()
    assert not payment.needs_match
    assert "does not come back" in case.events.order_by("-pk").values_list("text", flat=True)[0]
    turned(case, arthur, LOST)
    assert buckets(payment) == held and holds()
