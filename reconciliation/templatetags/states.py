"""How the states of payments and receipts are shown, and what their codes mean."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from paysync.domain.ledger import Bucket, ReceiptState, ReversalState, SubmitCode
from paysync.domain.payments import State
from paysync.templatetags.console import badge
from reconciliation.domain.captures import CaptureState
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.domain.matching.rules import DEFAULT_RULES
from reconciliation.domain.reasons import Reason
from reconciliation.domain.refunds.states import RefundState
from reconciliation.domain.waits import WAITS
from reconciliation.models import CashReceipt, Dispute, GatewayTransaction

register = template.Library()

PAYMENT = {
    State.UNKNOWN: ("Unknown", "warn", "help"),
    State.AUTHORIZED: ("Authorized", "info", "lock_clock"),
    State.CAPTURED: ("Captured", "info", "credit_score"),
    State.SETTLED: ("Settled", "good", "task_alt"),
    State.VOIDED: ("Voided", "neutral", "block"),
    State.DECLINED: ("Declined", "neutral", "do_not_disturb_on"),
    State.FAILED: ("Failed", "bad", "error"),
    State.ACCEPTED: ("Accepted", "wait", "hourglass_top"),
    State.ORIGINATED: ("Originated", "wait", "outbound"),
    State.RETURNED: ("Returned", "bad", "undo"),
}
RECEIPT = {
    ReceiptState.DUE: ("Due", "wait", "schedule"),
    ReceiptState.SENDING: ("Sending", "wait", "sync"),
    ReceiptState.UNKNOWN: ("Outcome unknown", "warn", "help"),
    ReceiptState.SUBMITTED: ("In a Sage batch", "info", "inventory_2"),
    ReceiptState.EDITED_IN_ERP: ("Edited in Sage", "warn", "edit_note"),
    ReceiptState.POSTED: ("Posted", "good", "task_alt"),
    ReceiptState.HELD: ("Held", "warn", "pause_circle"),
    ReceiptState.WITHDRAWN: ("Withdrawn", "neutral", "undo"),
    ReceiptState.DELETED_IN_ERP: ("Deleted in Sage", "bad", "delete"),
    ReceiptState.REVERSED: ("Reversed", "neutral", "settings_backup_restore"),
}
CAPTURE = {
    CaptureState.DUE: ("Goes out", "info", "schedule_send"),
    CaptureState.SENDING: ("Sending", "wait", "sync"),
    CaptureState.UNKNOWN: ("Outcome unknown", "warn", "help"),
    CaptureState.DONE: ("Captured", "good", "task_alt"),
    CaptureState.FAILED: ("Refused", "bad", "error"),
}
REVERSAL = {
    ReversalState.DUE: ("Waits", "wait", "schedule"),
    ReversalState.SENDING: ("Sending", "wait", "sync"),
    ReversalState.UNKNOWN: ("Outcome unknown", "warn", "help"),
    ReversalState.SUBMITTED: ("In a Sage batch", "info", "inventory_2"),
    ReversalState.POSTED: ("Posted", "good", "task_alt"),
    ReversalState.REFUSED: ("Refused", "bad", "error"),
    ReversalState.WITHDRAWN: ("Taken back", "neutral", "undo"),
    ReversalState.DELETED_IN_ERP: ("Deleted in Sage", "bad", "delete"),
}
REFUND = {
    RefundState.REQUESTED: ("Waits for approval", "wait", "how_to_vote"),
    RefundState.APPROVED: ("Approved, goes out", "info", "schedule_send"),
    RefundState.SENDING: ("Sending", "wait", "sync"),
    RefundState.UNKNOWN: ("Outcome unknown", "warn", "help"),
    RefundState.DONE: ("Done", "good", "task_alt"),
    RefundState.FAILED: ("Refused", "bad", "error"),
    RefundState.REJECTED: ("Rejected", "neutral", "block"),
    RefundState.CANCELLED: ("Taken back", "neutral", "undo"),
    RefundState.EXPIRED: ("Expired", "neutral", "timer_off"),
}
CODES = {
    SubmitCode.CREATED: "Created",
    SubmitCode.ALREADY_THERE: "Was there already",
    SubmitCode.VALIDATION_ERROR: "Sage 500 refused it",
    SubmitCode.KEY_REUSED: "Key used for another receipt",
    SubmitCode.PERIOD_CLOSED: "Period closed",
    SubmitCode.BALANCE_CHANGED: "Balance changed",
    SubmitCode.BATCH_NOT_OPEN: "Batch not open, tried again",
    SubmitCode.RETRYABLE: "Busy, tried again",
    SubmitCode.ERROR: "Error in Sage 500",
}
BUCKETS = {
    Bucket.CAPTURED: "Captured by the gateway",
    Bucket.UNIDENTIFIED: "Payer not known yet",
    Bucket.UNAPPLIED: "Payer known, not applied",
    Bucket.APPLIED: "Applied, not posted yet",
    Bucket.POSTED: "Posted in Sage 500",
    Bucket.POSTED_UNAPPLIED: "Posted on account",
    Bucket.REFUNDED: "Refunded",
    Bucket.CHARGED_BACK: "Charged back",
    Bucket.VOIDED: "Voided",
}
DISPUTE = {
    DisputeState.OPENED: ("Opened", "warn", "gavel"),
    DisputeState.EVIDENCE_DUE: ("Evidence due", "warn", "assignment_late"),
    DisputeState.SUBMITTED: ("Submitted", "wait", "hourglass_top"),
    DisputeState.WON: ("Won", "good", "task_alt"),
    DisputeState.LOST: ("Lost", "bad", "cancel"),
    DisputeState.ACCEPTED: ("Accepted", "neutral", "handshake"),
    DisputeState.WITHDRAWN: ("Withdrawn", "good", "undo"),
}


@register.filter
def payment_state(state: str) -> SafeString:
    return badge(*PAYMENT.get(State(state), (state, "neutral", "")))


@register.filter
def capture_state(state: str) -> SafeString:
    return badge(*CAPTURE[CaptureState(state)])


@register.filter
def reversal_state(state: str) -> SafeString:
    return badge(*REVERSAL[ReversalState(state)])


@register.filter
def refund_state(state: str) -> SafeString:
    return badge(*REFUND.get(RefundState(state), (state, "neutral", "")))


@register.filter
def dispute_state(state: str) -> SafeString:
    return badge(*DISPUTE[DisputeState(state)])


def deadline(dispute: Dispute, days: int | None) -> SafeString | str:
    """The day evidence is due, and how near it is. days: business days left, None: none waits."""
    if dispute.evidence_due_on is None:
        return "–"
    text = f"{dispute.evidence_due_on:%b %-d, %Y}"
    if days is None:
        return text
    if days < 0:
        return badge(f"{text}, passed", "bad", "event_busy")
    left = "today" if days == 0 else f"{days} day{'s' if days > 1 else ''}"
    return badge(
        f"{text}, {left}", "bad" if days <= 1 else "warn" if days <= 5 else "wait", "event"
    )


@register.filter
def receipt_state(state: str) -> SafeString:
    return badge(*RECEIPT.get(ReceiptState(state), (state, "neutral", "")))


@register.filter
def held_reason(receipt: CashReceipt) -> str:
    """Why the receipt is held, as a sentence; "" where it is not."""
    word = receipt.held_because
    if not word:
        return ""
    if word in WAITS:
        return WAITS[word]
    return Reason(word).heading if word in set(Reason) else word.replace("_", " ").capitalize()


@register.filter
def code_meaning(code: int | None) -> str:
    """A return code of Sage's receipt procedure, in words."""
    if code is None:
        return ""
    known = {int(key): text for key, text in CODES.items()}
    return known.get(code, "Unknown code")


@register.filter
def bucket_title(bucket: str) -> str:
    return BUCKETS.get(Bucket(bucket), bucket)


@register.filter
def paid_with(payment: GatewayTransaction) -> str:
    """ "Visa ••4242", "ACH ••6789": what the payer used, never more than four digits of it."""
    name = "ACH" if payment.method == "ach" else brand_name(payment.card_brand)
    return f"{name} ••{payment.last4}" if payment.last4 else name


BRANDS = {"amex": "Amex", "mastercard": "Mastercard", "jcb": "JCB"}


def brand_name(brand: str) -> str:
    return BRANDS.get(brand.lower(), brand.capitalize()) if brand else "Card"


@register.filter
def payer(payment: GatewayTransaction | None) -> str:
    """Who paid: the Sage customer once known, else the billing name."""
    if payment is None:
        return ""
    if payment.customer:
        return payment.customer.name
    return payment.billing_name or "Unknown payer"


@register.filter
def reason_title(reason: str) -> str:
    return Reason(reason).heading


@register.filter
def reason_advice(reason: str) -> str:
    return Reason(reason).advice


@register.filter
def rule_title(code: str) -> str:
    """The title of a rule as shipped; a company's own rule shows its code."""
    return next((rule.title for rule in DEFAULT_RULES.rules if rule.code == code), code)
