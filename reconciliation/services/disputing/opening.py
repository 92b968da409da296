"""Hear of a dispute: from a person, a report or a feed; find its payment; take its money."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database
from django.db.models import F
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.money import Money
from paysync.domain.payments import Kind as PaymentKind
from paysync.models import Company
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.disputes.facts import Claim, checked, deadline_of
from reconciliation.domain.disputes.states import MONEY_IS_GONE, OPEN_DISPUTES, DisputeState
from reconciliation.domain.reasons import Reason
from reconciliation.models import Dispute, DisputeEvent, GatewayTransaction
from reconciliation.services.disputing.events import note
from reconciliation.services.disputing.fees import add_fee
from reconciliation.services.disputing.money import take_money
from reconciliation.services.leftovers import Finding, close_items, open_items
from reconciliation.services.matching.applying import lock_payment

OPENS = "reconciliation.add_dispute"
CHANGES = "reconciliation.change_dispute"
Kind = DisputeEvent.Kind


def unknown_key(dispute_id: int) -> str:
    """The key of "this dispute names no payment that we hold"."""
    return f"dispute:{dispute_id}"


def open_dispute(
    claim: Claim,
    *,
    company: Company,
    source: Dispute.Source,
    user: AbstractUser,
    now: datetime,
    payment_id: int | None = None,
) -> Dispute:
    """Write a new case down and rewind what its payment paid.

    payment_id: where a person points at the payment; else its gateway id is looked for. A payment
    that we do not hold leaves an open item, and the case waits for it. Raises PermissionDenied,
    RuleError for a claim that cannot be, ConflictError where the case is known already.
    """
    if not user.has_perm(OPENS):
        raise PermissionDenied
    claim = checked(claim, timezone.localdate(now))
    with database.atomic():
        locked(Company.objects.all()).get(pk=company.pk)  # one case number, one case
        held = Dispute.objects.filter(company=company, case_number=claim.case_number).first()
        if held is not None:
            raise ConflictError(f"{held} is known already, since {held.made_at:%Y-%m-%d}.")
        row = payment_of(claim, company, payment_id)
        dispute = create(claim, company, source, row, now)
        actor = str(user.get_username())
        note(dispute, Kind.OPENED, f"Told: {claim.amount} claimed.", actor, now)
        record(actor, "dispute opened", dispute, {"case": claim.case_number,
               "payment": row.gateway_id if row else claim.gateway_reference,
               "amount": str(claim.amount), "source": source.value})  # fmt: skip
        if row is None:
            tell_unknown(dispute, now)
        elif DisputeState(dispute.state) in MONEY_IS_GONE:
            take_and_tell(dispute, row, now)
        if claim.fee:
            add_fee(dispute, claim.fee, actor, now)
    return dispute


def payment_of(claim: Claim, company: Company, payment_id: int | None) -> GatewayTransaction | None:
    """The disputed payment, locked; None where we do not hold it, or several have its id."""
    if payment_id is None:
        found = candidates(company, claim.gateway_reference)
        if len(found) != 1:
            return None
        payment_id = found[0]
    row = lock_payment(payment_id)
    if row.company_id != company.pk or row.kind != PaymentKind.SALE:
        raise RuleError("That is no payment of this company.")
    if row.currency != claim.amount.currency:
        raise RuleError(f"The payment is in {row.currency}, the claim in {claim.amount.currency}.")
    if claim.amount.amount > row.amount:
        held = Money.parse(row.amount, row.currency)
        raise RuleError(f"The claim of {claim.amount} is for more than the payment of {held}.")
    return row


def candidates(company: Company, gateway_reference: str) -> list[int]:
    if not gateway_reference:
        return []
    rows = GatewayTransaction.objects.filter(
        company=company, gateway_id=gateway_reference, kind=PaymentKind.SALE
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:2])


def create(
    claim: Claim,
    company: Company,
    source: Dispute.Source,
    row: GatewayTransaction | None,
    now: datetime,
) -> Dispute:
    due, is_estimated = deadline_of(claim)
    state = claim.state or DisputeState.OPENED
    return Dispute.objects.create(
        company=company,
        merchant_account_id=row.merchant_account_id if row else None,
        transaction=row,
        gateway_reference=row.gateway_id if row else claim.gateway_reference,
        case_number=claim.case_number,
        brand=claim.brand,
        reason_code=claim.reason_code,
        amount=claim.amount.amount,
        currency=claim.amount.currency,
        state=state,
        opened_on=claim.opened_on,
        evidence_due_on=due,
        is_due_estimated=is_estimated,
        source=source,
        made_at=now,
        ended_at=None if state in OPEN_DISPUTES else now,
    )


def tell_unknown(dispute: Dispute, now: datetime) -> None:
    reference = dispute.gateway_reference or "no payment"
    money = Money.parse(dispute.amount, dispute.currency)
    sentence = f"{dispute} over {money} names {reference}, which we do not hold."
    finding = Finding(unknown_key(dispute.pk), Reason.DISPUTE_UNKNOWN, sentence, money)
    open_items(dispute.company, [finding], now=now)


def take_and_tell(dispute: Dispute, row: GatewayTransaction, now: datetime) -> None:
    """Take the money; where not all of it is here, the timeline says so."""
    take_money(dispute, row, now)
    if dispute.taken < dispute.amount:
        missing = Money.parse(dispute.amount - dispute.taken, dispute.currency)
        text = f"{missing} of the claim is not with us: it has gone back already, or does now."
        note(dispute, Kind.NOTE, text, "paysync", now)


def name_payment(dispute_id: int, gateway_id: str, *, user: AbstractUser, now: datetime) -> Dispute:
    """A person says which payment a case is about. Raises RuleError where that cannot be."""
    if not user.has_perm(CHANGES):
        raise PermissionDenied
    with database.atomic():
        dispute = Dispute.objects.select_related("company").get(pk=dispute_id)
        found = candidates(dispute.company, gateway_id.strip())
        if not found:
            raise RuleError("We hold no payment of this id. It may still come by polling.")
        if len(found) > 1:
            raise RuleError("Several payments have this id: open the case on the payment's page.")
        link(dispute_id, found[0], str(user.get_username()), now)
    dispute.refresh_from_db()
    return dispute


def find_payments(company_id: int, *, now: datetime, most: int = 200) -> int:
    """Give cases their payments that have come meanwhile. Returns how many."""
    rows = Dispute.objects.filter(company_id=company_id, transaction__isnull=True)
    done = 0
    for dispute in rows.exclude(gateway_reference="").order_by("pk")[:most]:
        found = candidates(dispute.company, dispute.gateway_reference)
        if len(found) != 1:
            continue
        try:
            link(dispute.pk, found[0], "paysync", now)
            done += 1
        except RuleError as error:
            tell_misfit(dispute, str(error), now)
    return done


def take_missing(company_id: int, *, now: datetime, most: int = 200) -> int:
    """Take what was not there when a case opened (a refund was under way and came to nothing,
    another case was won). Returns how many cases took something.
    """
    gone = [state.value for state in MONEY_IS_GONE]
    rows = Dispute.objects.filter(
        company_id=company_id, state__in=gone, taken__lt=F("amount"), transaction__isnull=False
    )
    done = 0
    for pk, payment_id in list(rows.order_by("pk").values_list("pk", "transaction_id")[:most]):
        with database.atomic():
            row = lock_payment(payment_id)
            dispute = locked(Dispute.objects.all()).get(pk=pk)
            if DisputeState(dispute.state) in MONEY_IS_GONE:
                done += bool(take_money(dispute, row, now))
    return done


def tell_misfit(dispute: Dispute, why: str, now: datetime) -> None:
    finding = Finding(
        unknown_key(dispute.pk), Reason.DISPUTE_UNKNOWN, f"{dispute} does not fit: {why}"
    )
    open_items(dispute.company, [finding], now=now)


def link(dispute_id: int, payment_id: int, actor: str, now: datetime) -> None:
    with database.atomic():
        dispute = Dispute.objects.select_related("company").get(pk=dispute_id)
        amount = Money.parse(dispute.amount, dispute.currency)
        claim = Claim(dispute.case_number, amount, dispute.opened_on)
        row = payment_of(claim, dispute.company, payment_id)
        dispute = locked(Dispute.objects.all()).get(pk=dispute_id)
        if dispute.transaction_id is not None or row is None:
            raise ConflictError("This case has its payment already.")
        dispute.transaction, dispute.merchant_account = row, row.merchant_account
        dispute.gateway_reference = row.gateway_id
        dispute.revision += 1
        dispute.save()
        note(dispute, Kind.CHANGED, f"It is about payment {row.gateway_id}.", actor, now)
        record(actor, "dispute linked", dispute, {"payment": row.gateway_id})
        close_items(row.company, [unknown_key(dispute.pk)], "Its payment is known.", now=now)
        if DisputeState(dispute.state) in MONEY_IS_GONE:
            take_and_tell(dispute, row, now)
