"""Undo when the world moved on since, and when the worker dies half-way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from paysync.domain.errors import ConflictError
from paysync.domain.ledger import ReceiptState
from paysync.models import AuditEntry, MerchantAccount
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    Match,
    ReconcilingItem,
    WorkStep,
)
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.releasing import unmatch
from reconciliation.services.workbench import (
    accept,
    last_group,
    leave_on_account,
    link,
    undo,
    unmatch_payment,
    unmatching,
)
from tests.books import NOW, make_customer, make_invoice
from tests.choosing import buckets, waiting_payment
from tests.workbench import account, ana, ben, deed, no_ledger, person, two_ways

__all__ = ["account", "ana", "ben"]

pytestmark = pytest.mark.django_db


class TestTheStackWhenTheWorldMovedOn:
    def test_undo_after_undo_of_an_unmatch_ends_the_match_there_is(
        self, account: MerchantAccount
    ) -> None:
        ana = person("ada", "Finance admin")
        row, _, _ = two_ways(account)
        accept(row.pk, deed(ana))
        unmatch_payment(row.pk, deed(ana), ledger_of=no_ledger)
        for _ in range(2):
            (done,) = undo(last_group(ana), deed(ana), ledger_of=no_ledger)  # type: ignore[arg-type]
            assert done.problem == ""
        row.refresh_from_db()
        assert row.needs_match
        assert not Match.objects.filter(ended_at=None).exists()

    def test_what_another_person_matched_since_is_not_asked_about_again(
        self, account: MerchantAccount
    ) -> None:
        ana, ben = person("ada", "Finance admin"), person("bob", "Finance admin")
        row, _, second = two_ways(account)
        step = accept(row.pk, deed(ana))
        unmatch(row.pk, actor=ana.username, reason="known later", now=NOW)
        leave_on_account(row.pk, deed(ben), customer_id=second.customer_id)
        (done,) = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert "matched" in done.problem.lower() or "account" in done.problem.lower()
        assert not ReconcilingItem.objects.filter(state="open").exists()

    def test_a_match_made_in_between_is_not_ended_by_mistake(
        self, account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ana, ben = person("ada", "Finance admin"), person("bob", "Finance admin")
        row, _, second = two_ways(account)
        accept(row.pk, deed(ana))
        real, quicker = unmatching.reason_left, [1]

        def be_slow(payment: GatewayTransaction) -> str:
            if quicker:
                quicker.clear()
                unmatch_payment(row.pk, deed(ben), ledger_of=no_ledger)
                leave_on_account(row.pk, deed(ben), customer_id=second.customer_id)
            return real(payment)

        monkeypatch.setattr(unmatching, "reason_left", be_slow)
        with pytest.raises(ConflictError):
            unmatch_payment(row.pk, deed(ana), ledger_of=no_ledger)
        assert Match.objects.get(ended_at=None).actor == ben.username

    def test_a_clerk_does_not_take_receipts_out_of_sage(self, account: MerchantAccount) -> None:
        clerk = person("ada")
        row, _, _ = two_ways(account)
        accept(row.pk, deed(clerk))
        CashReceipt.objects.update(state=ReceiptState.SUBMITTED, submitted_at=NOW)
        (done,) = undo(last_group(clerk), deed(clerk), ledger_of=no_ledger)  # type: ignore[arg-type]
        assert "may change receipts" in done.problem
        assert Match.objects.filter(ended_at=None).exists()

    def test_what_paid_more_has_its_item_again(self, account: MerchantAccount, ana: User) -> None:
        """Matched by itself with money over, undone, and matched again: still to be looked at."""
        customer = make_customer(account.company)
        invoice = make_invoice(account.company, "100.00", customer=customer)
        row = waiting_payment(
            account,
            "130.00",
            gateway_customer_id=customer.customer_id,
            invoice_reference=invoice.tran_id,
        )
        match_company(account.company_id, now=NOW)
        match = Match.objects.get()
        item = ReconcilingItem.objects.get(state="open", transaction=row)
        assert item.reason == "overpayment"
        step = unmatch_payment(row.pk, deed(ana), ledger_of=no_ledger)
        (done,) = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert done.problem == ""
        item.refresh_from_db()
        assert (item.state, item.reason) == ("open", "overpayment")
        again = Match.objects.get(ended_at=None)
        assert (again.signals, again.sentence) == (match.signals, match.sentence)

    def test_a_worker_that_dies_before_the_step_has_undone_nothing(
        self, account: MerchantAccount, ana: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row, _, _ = two_ways(account)
        accept(row.pk, deed(ana))

        def die(*args: Any) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr(unmatching, "write_step", die)
        with pytest.raises(KeyboardInterrupt):
            unmatch_payment(row.pk, deed(ana), ledger_of=no_ledger)
        assert Match.objects.filter(ended_at=None).exists()
        assert WorkStep.objects.count() == 1


def test_the_payments_own_page_writes_a_step_as_well(account: MerchantAccount) -> None:
    admin = person("ada", "Finance admin")
    row, _, _ = two_ways(account)
    accept(row.pk, deed(admin))
    client = Client()
    client.force_login(admin)
    url = reverse("admin:reconciliation_gatewaytransaction_unmatch", args=[row.pk])
    answer = client.post(url, {"reason": "for another invoice"}, follow=True)
    assert "waits at the workbench" in answer.content.decode()
    assert WorkStep.objects.latest("pk").kind == "unmatch"
    ended = AuditEntry.objects.get(action="match ended")
    assert (ended.actor, ended.detail["reason"]) == (admin.username, "for another invoice")


class TestALinkForEveryPayment:
    def test_undone_it_leaves_nobody_linked(self, account: MerchantAccount, ana: User) -> None:
        customer = make_customer(account.company)
        first, second = (
            waiting_payment(account, amount, gateway_customer_id="web-77")
            for amount in ("100.00", "41.00")
        )
        match_company(account.company_id, now=NOW)
        step = link(first.pk, deed(ana), customer_id=customer.pk, remember=True)
        match_company(account.company_id, now=NOW + timedelta(hours=1))
        second.refresh_from_db()
        assert second.customer == customer
        assert buckets(second) == {"captured": "41.00", "unapplied": "41.00"}
        (done,) = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert done.problem == ""
        second.refresh_from_db()
        assert second.customer is None and second.match_tried_at is None
        assert buckets(second) == {"captured": "41.00", "unidentified": "41.00"}
        assert prove(now=NOW).violations == []

    def test_whom_a_person_named_stays(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        customer = make_customer(account.company)
        first, second = (
            waiting_payment(account, amount, gateway_customer_id="web-77")
            for amount in ("100.00", "41.00")
        )
        link(second.pk, deed(ben), customer_id=customer.pk)
        step = link(first.pk, deed(ana), customer_id=customer.pk, remember=True)
        undo(step.group, deed(ana), ledger_of=no_ledger)
        assert GatewayTransaction.objects.get(pk=second.pk).customer == customer
