"""End a match at the workbench, and make it again exactly as it was."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction as database

from customers.services.aliases import unteach
from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.ledger import ReceiptState
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    Match,
    Proposal,
    ReconcilingItem,
    WorkStep,
)
from reconciliation.services.leftovers import RESOLVED_BY_US, match_key
from reconciliation.services.matching import propose
from reconciliation.services.matching.again import match_again
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.releasing import LIVE, RECALLABLE, last_deed, unmatch
from reconciliation.services.withdrawing import Undone, withdraw_and_unmatch
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    close_step,
    deed_of,
    name_of,
    payment_of,
    require_waiting,
    write_step,
)

#: Where the ledger of a company comes from; asked only when the ERP has the receipt.
LedgerOf = Callable[[Company], ErpLedger]
State = ReconcilingItem.State
WHY = "undone at the workbench"
CHANGES_RECEIPTS = "reconciliation.change_cashreceipt"


# --- ending ---------------------------------------------------------------------------------------


def unmatch_payment(
    payment_id: int,
    deed: Deed,
    *,
    ledger_of: LedgerOf,
    revision: int | None = None,
    reason: str = WHY,
) -> WorkStep:
    """Undo the match of a payment, whoever made it; undoing that matches it exactly as before.

    Raises RuleError where the match stays: once its receipt is posted an open item asks to reverse
    it in Sage 500.
    """
    row = GatewayTransaction.objects.select_related("company", "customer").get(pk=payment_id)
    if revision is not None and row.revision != revision:
        raise ConflictError(deed_of(row))
    match = Match.objects.filter(transaction=row, ended_at__isnull=True).first()
    if match is None:
        raise ConflictError(deed_of(row))
    detail = {"match": match.pk, "reason": reason_left(row)}
    title = f"Undid the match of {name_of(row)}: {match.sentence}"
    if is_ours_alone(live_receipt_of(payment_id)):
        with database.atomic():  # no end of a match without the step that undoes it
            end_here(row, deed, reason, row.revision)
            step = write_step(deed, Kind.UNMATCH, row, title, detail)
    else:
        end_in_erp(row, deed, reason, ledger_of, row.revision)
        step = write_step(deed, Kind.UNMATCH, row, title, detail)
    propose([payment_id], now=deed.now)
    return step


def reason_left(row: GatewayTransaction) -> str:
    """Why the payment has an open item although it is matched (it paid more); "" if it has none."""
    rows = ReconcilingItem.objects.filter(
        company_id=row.company_id, key=match_key(row.pk), state=State.OPEN
    )
    return rows.values_list("reason", flat=True).first() or ""


def live_receipt_of(payment_id: int) -> CashReceipt | None:
    live = [state.value for state in LIVE]
    return CashReceipt.objects.filter(transaction_id=payment_id, state__in=live).first()


def is_ours_alone(receipt: CashReceipt | None) -> bool:
    """Whether Sage 500 has nothing of the match: then it ends here, without a call."""
    return receipt is None or receipt.state in RECALLABLE


def end_here(row: GatewayTransaction, deed: Deed, reason: str, revision: int) -> None:
    """revision: the payment's as the match was read; a quicker person is not undone by mistake."""
    unmatch(row.pk, actor=deed.actor, reason=reason, now=deed.now, expected_revision=revision)


def end_in_erp(
    row: GatewayTransaction, deed: Deed, reason: str, ledger_of: LedgerOf, revision: int
) -> None:
    """Take the receipt out of Sage 500, then end the match.

    Raises RuleError once the receipt is posted (an item asks to reverse it), while nobody knows
    whether it was taken back, and for who may not change receipts.
    """
    receipt = live_receipt_of(row.pk)
    if receipt is not None and not deed.user.has_perm(CHANGES_RECEIPTS):
        raise RuleError(
            f"Receipt {receipt.erp_tran_id or receipt.tran_no} is in Sage 500 already: somebody "
            "who may change receipts has to undo this match."
        )
    outcome = withdraw_and_unmatch(
        row.pk,
        ledger=ledger_of(row.company),
        actor=deed.actor,
        reason=reason,
        now=deed.now,
        expected_revision=revision,
    )
    if outcome == Undone.UNKNOWN:
        raise RuleError(
            "It is not known yet whether Sage 500 gave the receipt back. paysync keeps asking; "
            "undo again once it is known."
        )
    if outcome == Undone.TO_REVERSE:
        raise RuleError(
            "The receipt is posted in Sage 500: the match stays, and an open item now asks to "
            "reverse it there."
        )


# --- undoing a match ------------------------------------------------------------------------------


def undo_match(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    row = GatewayTransaction.objects.select_related("company").get(pk=payment_of(step))
    match = Match.objects.get(pk=step.detail["match"])
    if match.ended_at is None:
        require_not_posted(live_receipt_of(row.pk))
        if is_ours_alone(live_receipt_of(row.pk)):
            with database.atomic():
                lock_payment(row.pk)  # after its company, as take_back() does
                end_here(row, deed, WHY, row.revision)
                take_back(step, deed)
            return
        end_in_erp(row, deed, WHY, ledger_of, row.revision)
    elif match.ended_by != deed.actor:
        raise ConflictError(last_deed(match.transaction))
    with database.atomic():
        take_back(step, deed)


def require_not_posted(receipt: CashReceipt | None) -> None:
    """Taking one's own step back is not how a receipt comes to be reversed."""
    if receipt is not None and receipt.state == ReceiptState.POSTED:
        raise RuleError(
            f"Receipt {receipt.erp_tran_id or receipt.tran_no} was posted in Sage 500 on "
            f"{receipt.posted_on:%b %-d, %Y}: it has to be reversed there. Undo the match on the "
            "payment's page to ask for that."
        )


def take_back(step: WorkStep, deed: Deed) -> None:
    """After its match has ended: the step is undone, and all is as before it."""
    row = lock_payment(payment_of(step))
    if not row.needs_match and Match.objects.filter(transaction=row, ended_at=None).exists():
        raise ConflictError(deed_of(row))  # it was matched otherwise since
    close_step(step, deed)
    unteach(step.detail.get("taught", ()), actor=deed.actor)
    if row.needs_match:
        reopen(step.item_id)
        offer_again(step, deed)


def offer_again(step: WorkStep, deed: Deed) -> None:
    """The suggestions that the person had chosen from; the next run of the engine renews them."""
    offered = step.detail.get("offered")
    if offered:
        Proposal.objects.update_or_create(
            transaction_id=step.transaction_id, defaults={**offered, "made_at": deed.now}
        )


def reopen(item_id: int | None) -> None:
    """The item that the match had closed, with its owner, due date and notes; in place of the one
    that ending the match has opened.
    """
    if item_id is None:
        return
    item = locked(ReconcilingItem.objects.all()).filter(pk=item_id).first()
    if item is None or item.state == State.OPEN or item.resolved_by != RESOLVED_BY_US:
        return
    newer = ReconcilingItem.objects.filter(
        company_id=item.company_id, key=item.key, state=State.OPEN
    ).first()
    if newer is not None:
        if newer.notes.exists() or newer.work_steps.exists():
            return
        newer.delete()
    item.state, item.resolved_at, item.resolved_by, item.resolution = State.OPEN, None, "", ""
    item.save(update_fields=["state", "resolved_at", "resolved_by", "resolution"])


# --- undoing an un-match --------------------------------------------------------------------------


def undo_unmatch(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    old = Match.objects.get(pk=step.detail["match"])
    reason = step.detail.get("reason")
    with database.atomic():
        row = lock_payment(payment_of(step))
        require_waiting(row)
        made = match_again(
            old, actor=deed.actor, now=deed.now, reason=Reason(reason) if reason else None
        )
        follow_the_match(row, old, made)
        close_step(step, deed)


def follow_the_match(row: GatewayTransaction, old: Match, made: Match) -> None:
    """Steps that made the old match are undone by ending the one in its place."""
    steps = WorkStep.objects.filter(transaction=row, kind=Kind.MATCH, undone_at__isnull=True)
    for step in steps:
        if step.detail.get("match") == old.pk:
            step.detail["match"] = made.pk
            step.save(update_fields=["detail"])
