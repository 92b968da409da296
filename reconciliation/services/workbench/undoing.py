"""Undo what a person did at the workbench: newest first, a bulk action as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction as database
from django.utils.dateparse import parse_date, parse_datetime

from customers.services.aliases import unteach
from customers.services.linking import Linked, take_link_back
from paysync.domain.errors import ConflictError, PaySyncError, RuleError
from paysync.domain.ledger import ReceiptState
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.models import (
    Application,
    CashReceipt,
    CreditUse,
    GatewayTransaction,
    Match,
    Proposal,
    ReconcilingItem,
    WorkStep,
)
from reconciliation.queries.amounts import to_minor
from reconciliation.services.leftovers import RESOLVED_BY_US
from reconciliation.services.matching import apply_solution, propose
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.releasing import LIVE, RECALLABLE, last_deed, unmatch
from reconciliation.services.withdrawing import Undone, withdraw_and_unmatch
from reconciliation.services.workbench.linking import set_payer, unidentify
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    deed_of,
    name_of,
    require_waiting,
    touch,
    write_step,
)
from reconciliation.services.workbench.tending import values_of

#: Where the ledger of a company comes from; asked only when the ERP has the receipt.
LedgerOf = Callable[[Company], ErpLedger]
State = ReconcilingItem.State
WHY = "undone at the workbench"
CHANGES_RECEIPTS = "reconciliation.change_cashreceipt"


@dataclass(frozen=True, slots=True)
class Undoing:
    """What came of undoing one step: an empty `problem` means it is undone."""

    step: WorkStep
    problem: str = ""


def last_group(user: AbstractBaseUser) -> UUID | None:
    """The newest thing this person did that is not undone."""
    rows = WorkStep.objects.filter(user_id=user.pk, undone_at__isnull=True)
    return rows.order_by("-pk").values_list("group", flat=True).first()


def undo(group: UUID, deed: Deed, *, ledger_of: LedgerOf) -> list[Undoing]:
    """Undo all steps of a group, the newest first. One that cannot be undone stops no other.

    Only the person's own steps. Raises RuleError where there is nothing to undo.
    """
    steps = list(
        WorkStep.objects.filter(group=group, user_id=deed.user.pk, undone_at__isnull=True)
        .select_related("company", "transaction", "item")
        .order_by("-pk")
    )
    if not steps:
        raise RuleError("There is nothing of yours to undo here.")
    done = [undo_step(step, deed, ledger_of) for step in steps]
    decide_anew([one.step for one in done if not one.problem], deed.now)
    return done


def decide_anew(steps: Sequence[WorkStep], now: datetime) -> None:
    """Suggestions for payments that wait again and have none, company by company."""
    by_company: dict[int, list[int]] = {}
    for step in steps:
        if step.kind == Kind.LINK or (step.kind == Kind.MATCH and not step.detail.get("offered")):
            by_company.setdefault(step.company_id, []).append(payment_of(step))
    for keys in by_company.values():
        propose(keys, now=now)


def undo_step(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> Undoing:
    try:
        UNDO[Kind(step.kind)](step, deed, ledger_of)
    except PaySyncError as error:
        return Undoing(step, str(error))
    return Undoing(step)


def close(step: WorkStep, deed: Deed) -> None:
    """The step is undone. Raises ConflictError where another window was quicker."""
    rows = WorkStep.objects.filter(pk=step.pk, undone_at__isnull=True)
    if not rows.update(undone_at=deed.now, undone_by=deed.actor[:150]):
        raise ConflictError("This is undone already.")
    record(deed.actor, "step undone", step, {"title": step.title})


def payment_of(step: WorkStep) -> int:
    if step.transaction_id is None:
        raise RuleError("This step is about no payment.")
    return int(step.transaction_id)


# --- a match --------------------------------------------------------------------------------------


def undo_match(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    revision = GatewayTransaction.objects.values_list("revision", flat=True)
    seen = revision.get(pk=payment_of(step))
    match = Match.objects.get(pk=step.detail["match"])
    if match.ended_at is None:
        end(payment_of(step), deed, ledger_of, step.company, seen)
    elif match.ended_by != deed.actor:
        raise ConflictError(last_deed(match.transaction))
    with database.atomic():
        row = lock_payment(payment_of(step))
        if not row.needs_match and Match.objects.filter(transaction=row, ended_at=None).exists():
            raise ConflictError(deed_of(row))  # it was matched otherwise since
        close(step, deed)
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


def end(payment_id: int, deed: Deed, ledger_of: LedgerOf, company: Company, revision: int) -> None:
    """End the payment's match, wherever its receipt is.

    revision: the payment's as the match was read; a quicker person is not undone by mistake.
    Raises RuleError once the receipt is posted, and where only somebody who may change receipts
    can take it out of Sage 500.
    """
    receipt = live_receipt_of(payment_id)
    if receipt is None or receipt.state in RECALLABLE:
        unmatch(payment_id, actor=deed.actor, reason=WHY, now=deed.now, expected_revision=revision)
        return
    if receipt.state == ReceiptState.POSTED:
        raise RuleError(
            f"Receipt {receipt.erp_tran_id or receipt.tran_no} was posted in Sage 500 on "
            f"{receipt.posted_on:%b %-d, %Y}: it has to be reversed there. Undo the match on the "
            "payment's page to ask for that."
        )
    if not deed.user.has_perm(CHANGES_RECEIPTS):
        raise RuleError(
            f"Receipt {receipt.erp_tran_id or receipt.tran_no} is in Sage 500 already: somebody "
            "who may change receipts has to undo this match."
        )
    outcome = withdraw_and_unmatch(
        payment_id,
        ledger=ledger_of(company),
        actor=deed.actor,
        reason=WHY,
        now=deed.now,
        expected_revision=revision,
    )
    if outcome == Undone.UNKNOWN:
        raise RuleError(
            "It is not known yet whether Sage 500 gave the receipt back. paysync keeps asking; "
            "undo again once it is known."
        )
    if outcome == Undone.TO_REVERSE:
        raise RuleError("The receipt was posted meanwhile: an open item asks to reverse it.")


def live_receipt_of(payment_id: int) -> CashReceipt | None:
    live = [state.value for state in LIVE]
    return CashReceipt.objects.filter(transaction_id=payment_id, state__in=live).first()


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


# --- an un-match ----------------------------------------------------------------------------------


def unmatch_payment(
    payment_id: int, deed: Deed, *, ledger_of: LedgerOf, revision: int | None = None
) -> WorkStep:
    """Undo the match of a payment, whoever made it; undoing that matches it exactly as before."""
    row = GatewayTransaction.objects.select_related("company", "customer").get(pk=payment_id)
    if revision is not None and row.revision != revision:
        raise ConflictError(deed_of(row))
    match = Match.objects.filter(transaction=row, ended_at__isnull=True).first()
    if match is None:
        raise ConflictError(deed_of(row))
    end(payment_id, deed, ledger_of, row.company, row.revision)
    title = f"Undid the match of {name_of(row)}: {match.sentence}"
    step = write_step(deed, Kind.UNMATCH, row, title, {"match": match.pk})
    propose([payment_id], now=deed.now)
    return step


def undo_unmatch(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    old = Match.objects.get(pk=step.detail["match"])
    parts = list(Application.objects.filter(match=old).order_by("pk"))
    credits = list(CreditUse.objects.filter(match=old).order_by("pk"))
    with database.atomic():
        row = lock_payment(payment_of(step))
        require_waiting(row)
        made = apply_solution(
            row.pk,
            customer_id=old.customer_id,
            shares=tuple(share_of(part, old.currency) for part in parts),
            credits=tuple(
                Credit(use.memo_id, use.invoice_id, to_minor(use.amount, old.currency))
                for use in credits
            ),
            unapplied=to_minor(old.unapplied, old.currency),
            rule=old.rule,
            rule_version=old.rule_version,
            sentence=old.sentence,
            card=old.card,
            actor=deed.actor,
            now=deed.now,
            write_off_account=next((p.write_off_account for p in parts if p.write_off), ""),
            short_pay_reason=next((p.short_pay_reason for p in parts), ""),
        )
        follow_the_match(row, old, made)
        close(step, deed)


def follow_the_match(row: GatewayTransaction, old: Match, made: Match) -> None:
    """Steps that made the old match are undone by ending the one in its place."""
    steps = WorkStep.objects.filter(transaction=row, kind=Kind.MATCH, undone_at__isnull=True)
    for step in steps:
        if step.detail.get("match") == old.pk:
            step.detail["match"] = made.pk
            step.save(update_fields=["detail"])


def share_of(part: Application, currency: str) -> Share:
    amounts = (part.amount, part.discount, part.write_off)
    amount, discount, write_off = (to_minor(one, currency) for one in amounts)
    return Share(part.invoice_id, amount, discount, write_off)


# --- a link ---------------------------------------------------------------------------------------


def undo_link(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    detail = step.detail
    with database.atomic():
        row = lock_payment(payment_of(step))
        require_waiting(row)
        if row.customer_id != detail["after"]:
            raise ConflictError(deed_of(row))
        if detail.get("link"):
            take_link_back(Linked(**detail["link"]), actor=deed.actor, now=deed.now)
        set_payer(row, detail["before"])
        if detail["before"] is None:
            unidentify(row, deed)
        unteach(detail.get("taught", ()), actor=deed.actor)
        close(step, deed)


# --- what was changed of an item ------------------------------------------------------------------


def undo_change(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> None:
    """The item has its former values again, unless somebody changed them since."""
    before, after = step.detail["before"], step.detail["after"]
    with database.atomic():
        row = lock_payment(payment_of(step))
        item = locked(ReconcilingItem.objects.all()).get(pk=item_id_of(step))
        if values_of(item, list(after)) != after:
            raise ConflictError(deed_of(row))
        require_room_for(item, before)
        for name, value in before.items():
            setattr(item, name, revived(name, value))
        item.save(update_fields=fields_of(before))
        touch(row)
        close(step, deed)


def item_id_of(step: WorkStep) -> int:
    if step.item_id is None:
        raise RuleError("This step is about no open item.")
    return int(step.item_id)


def require_room_for(item: ReconcilingItem, before: dict[str, object]) -> None:
    """Only one item of a key is open."""
    if before.get("state") != State.OPEN:
        return
    others = ReconcilingItem.objects.filter(company_id=item.company_id, key=item.key)
    if others.filter(state=State.OPEN).exclude(pk=item.pk).exists():
        raise ConflictError("A new item about this payment was opened since.")


def fields_of(names: Sequence[str] | dict[str, object]) -> list[str]:
    return ["owner" if name == "owner_id" else name for name in names]


def revived(name: str, value: object) -> date | datetime | object:
    """A value out of JSON as the column takes it."""
    if isinstance(value, str) and name == "due_on":
        return parse_date(value)
    if isinstance(value, str) and name == "resolved_at":
        return parse_datetime(value)
    return value


UNDO: dict[Kind, Callable[[WorkStep, Deed, LedgerOf], None]] = {
    Kind.MATCH: undo_match,
    Kind.UNMATCH: undo_unmatch,
    Kind.LINK: undo_link,
    Kind.PARK: undo_change,
    Kind.ASSIGN: undo_change,
    Kind.RESOLVE: undo_change,
}
