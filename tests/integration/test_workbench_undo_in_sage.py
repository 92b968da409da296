"""Undo at the workbench where Sage 500 has the receipt already, against the twin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.payments import State
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import GatewayTransaction, Match, WorkStep
from reconciliation.services.following import follow_receipts
from reconciliation.services.proof import prove
from reconciliation.services.workbench import accept, undo, unmatch_payment
from tests.choosing import buckets, waiting_payment
from tests.integration.sage_company import LATER, call, payable_invoices, post, states, truth
from tests.workbench import deed, no_ledger, person, solution, suggest

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(db: None) -> User:
    return person("ana", "Finance approver")


@pytest.fixture
def step(account: MerchantAccount, erp: HttpErpLedger, ana: User) -> WorkStep:
    """A match that a person chose, with its receipt in an open batch of Sage 500."""
    [invoice] = payable_invoices(1)
    row = waiting_payment(account, f"{invoice.payable:.2f}", state=State.SETTLED)
    suggest(row, solution(invoice))
    made = accept(row.pk, deed(ana))
    post(account, erp)
    assert states() == {"submitted": 1}
    return made


def payment_of(step: WorkStep) -> GatewayTransaction:
    return GatewayTransaction.objects.get(work_steps=step)


def test_the_receipt_is_withdrawn_there_and_everything_is_as_before(
    step: WorkStep, ana: User, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [undone] = undo(step.group, deed(ana, LATER), ledger_of=lambda company: erp)
    assert undone.problem == ""
    assert (truth(twin), states()) == ([], {"withdrawn": 1})
    row = payment_of(step)
    assert row.needs_match
    assert buckets(row) == {"captured": f"{row.amount:.2f}", "unidentified": f"{row.amount:.2f}"}
    assert row.items.filter(state="open").count() == 1
    assert prove(now=LATER).violations == []


def test_an_unmatch_undone_sends_the_receipt_again(
    step: WorkStep, account: MerchantAccount, ana: User, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pk = step.transaction_id or 0
    taken = unmatch_payment(pk, deed(ana, LATER), ledger_of=lambda company: erp)
    assert truth(twin) == []
    [undone] = undo(taken.group, deed(ana, LATER), ledger_of=lambda company: erp)
    assert undone.problem == ""
    post(account, erp, LATER)
    assert len(truth(twin)) == 1
    assert Match.objects.filter(ended_at__isnull=True).count() == 1
    assert prove(now=LATER).violations == []


def test_what_is_posted_stays(
    step: WorkStep, account: MerchantAccount, ana: User, erp: HttpErpLedger, twin: SageTwin
) -> None:
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    [undone] = undo(step.group, deed(ana, LATER), ledger_of=lambda company: erp)
    assert "has to be reversed there" in undone.problem
    step.refresh_from_db()
    assert step.undone_at is None
    assert not payment_of(step).needs_match


def test_a_clerk_takes_no_receipt_out_of_sage(
    step: WorkStep, ana: User, erp: HttpErpLedger, twin: SageTwin
) -> None:
    ana.groups.set(Group.objects.filter(name="Finance clerk"))
    again = User.objects.get(pk=ana.pk)  # permissions are kept with the object
    [undone] = undo(step.group, deed(again, LATER), ledger_of=no_ledger)
    assert "somebody who may change receipts" in undone.problem
    assert len(truth(twin)) == 1
    assert not payment_of(step).needs_match
