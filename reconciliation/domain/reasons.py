"""Why something is left over: the typed reasons of a reconciling item."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Each reason has a title for people and says who acts next."""

    UNIDENTIFIED = "unidentified"
    UNKNOWN_INVOICE = "unknown_invoice"
    AMBIGUOUS = "ambiguous"
    NO_EXACT_AMOUNT = "no_exact_amount"
    NEEDS_CONFIRMATION = "needs_confirmation"
    SHORT_PAY = "short_pay"
    LATE_DISCOUNT = "late_discount"
    SMALL_RESIDUE = "small_residue"
    CREDIT_TO_APPLY = "credit_to_apply"
    ALREADY_PAID = "already_paid"
    OVERPAYMENT = "overpayment"
    CUSTOMER_MISMATCH = "customer_mismatch"
    INACTIVE_CUSTOMER = "inactive_customer"
    INVOICE_IN_DISPUTE = "invoice_in_dispute"
    NOT_PAYABLE = "not_payable"
    CURRENCY_MISMATCH = "currency_mismatch"
    BAD_AMOUNT = "bad_amount"
    BAD_TEXT = "bad_text"
    NO_GL_MAPPING = "no_gl_mapping"
    PERIOD_CLOSED = "period_closed"
    BALANCE_CHANGED = "balance_changed"
    ERP_REJECTED = "erp_rejected"
    OUTCOME_UNKNOWN = "outcome_unknown"
    BATCH_INTERRUPTED = "batch_interrupted"
    DELETED_IN_ERP = "deleted_in_erp"
    EDITED_IN_ERP = "edited_in_erp"
    MONEY_WENT_BACK = "money_went_back"
    TO_REVERSE = "to_reverse"
    TO_APPLY_AGAIN = "to_apply_again"
    REFUND_FAILED = "refund_failed"
    TO_CAPTURE = "to_capture"
    CREDIT_TO_ENTER = "credit_to_enter"
    DISPUTE_UNKNOWN = "dispute_unknown"
    MONEY_CAME_BACK = "money_came_back"
    FEE_TO_BOOK = "fee_to_book"
    BANK_DETAILS = "bank_details"
    STATE_CONFLICT = "state_conflict"
    UNREADABLE = "unreadable"

    @property
    def heading(self) -> str:
        return TITLES[self]

    @property
    def advice(self) -> str:
        """What a person can do about it, in one sentence."""
        return ADVICE[self]

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(reason.value, reason.heading) for reason in cls]


TITLES = {
    Reason.UNIDENTIFIED: "Payer unknown",
    Reason.UNKNOWN_INVOICE: "Invoice not found",
    Reason.AMBIGUOUS: "Several invoices fit",
    Reason.NO_EXACT_AMOUNT: "No invoice of this amount",
    Reason.NEEDS_CONFIRMATION: "Waits for a yes",
    Reason.SHORT_PAY: "Paid less than was due",
    Reason.LATE_DISCOUNT: "Discount taken late",
    Reason.SMALL_RESIDUE: "A small rest remains",
    Reason.CREDIT_TO_APPLY: "Credit memo to apply",
    Reason.ALREADY_PAID: "Invoice already paid",
    Reason.OVERPAYMENT: "Paid more than was due",
    Reason.CUSTOMER_MISMATCH: "Invoice of another customer",
    Reason.INACTIVE_CUSTOMER: "Customer inactive",
    Reason.INVOICE_IN_DISPUTE: "Invoice in dispute",
    Reason.NOT_PAYABLE: "Document cannot be paid",
    Reason.CURRENCY_MISMATCH: "Currency differs",
    Reason.BAD_AMOUNT: "Amount not positive",
    Reason.BAD_TEXT: "Text Sage 500 cannot hold",
    Reason.NO_GL_MAPPING: "No GL mapping",
    Reason.PERIOD_CLOSED: "Period closed",
    Reason.BALANCE_CHANGED: "Balance changed meanwhile",
    Reason.ERP_REJECTED: "Sage 500 said no",
    Reason.OUTCOME_UNKNOWN: "Outcome unknown",
    Reason.BATCH_INTERRUPTED: "Batch interrupted in Sage 500",
    Reason.DELETED_IN_ERP: "Deleted in Sage 500",
    Reason.EDITED_IN_ERP: "Edited in Sage 500",
    Reason.MONEY_WENT_BACK: "Money went back after it was used",
    Reason.TO_REVERSE: "Receipt to reverse",
    Reason.TO_APPLY_AGAIN: "Receipt to apply again",
    Reason.REFUND_FAILED: "Refund refused",
    Reason.TO_CAPTURE: "Authorization about to lapse",
    Reason.CREDIT_TO_ENTER: "Credit without a payment",
    Reason.DISPUTE_UNKNOWN: "Dispute of an unknown payment",
    Reason.MONEY_CAME_BACK: "Money came back after a dispute",
    Reason.FEE_TO_BOOK: "Dispute fee to book",
    Reason.BANK_DETAILS: "Bank details to change",
    Reason.STATE_CONFLICT: "Gateway contradicts itself",
    Reason.UNREADABLE: "Record not readable",
}

ADVICE = {
    Reason.UNIDENTIFIED: "Find out who paid and link the gateway customer to a Sage customer.",
    Reason.UNKNOWN_INVOICE: "Ask the payer which invoice is meant; it may not be in Sage yet.",
    Reason.AMBIGUOUS: "Ask the payer which invoice is meant.",
    Reason.NO_EXACT_AMOUNT: "Ask the payer what the payment is for.",
    Reason.NEEDS_CONFIRMATION: "Look at the first suggestion and confirm it, or choose another.",
    Reason.SHORT_PAY: "Confirm which invoice stays open, or ask the payer why less was paid.",
    Reason.LATE_DISCOUNT: "Grant the discount, or leave the difference open on the invoice.",
    Reason.SMALL_RESIDUE: "Write the rest off, or leave it open on the invoice.",
    Reason.CREDIT_TO_APPLY: "Apply the credit memo to the invoice in Sage 500.",
    Reason.ALREADY_PAID: "Decide whether to refund the payment or leave it on account.",
    Reason.OVERPAYMENT: "The rest waits on account: refund it or apply it to another invoice.",
    Reason.CUSTOMER_MISMATCH: "Check whether the payer pays for somebody else.",
    Reason.INACTIVE_CUSTOMER: "Reactivate the customer in Sage 500, then try again.",
    Reason.INVOICE_IN_DISPUTE: "Settle the dispute with the customer first.",
    Reason.NOT_PAYABLE: "A credit memo cannot take a payment: ask which invoice is meant.",
    Reason.CURRENCY_MISMATCH: "Map a cash account of the payment's currency.",
    Reason.BAD_AMOUNT: "Look at the transaction in PayTrace: it carries no money.",
    Reason.BAD_TEXT: "Correct the reference in PayTrace, then replay the event.",
    Reason.NO_GL_MAPPING: "Add and activate a GL mapping for this merchant account.",
    Reason.PERIOD_CLOSED: "Open the period in Sage 500 or change the company's policy.",
    Reason.BALANCE_CHANGED: "The invoice was paid by other means: decide what this payment is for.",
    Reason.ERP_REJECTED: "Read Sage's answer, mend the cause there, then release the receipt.",
    Reason.OUTCOME_UNKNOWN: "Nothing yet: paysync asks Sage 500 again and sends nothing meanwhile.",
    Reason.BATCH_INTERRUPTED: "Resume the batch in Sage 500; it must not be rebuilt from outside.",
    Reason.DELETED_IN_ERP: "Decide whether the receipt is to be sent again.",
    Reason.EDITED_IN_ERP: "Compare Sage's receipt with the payment and confirm the difference.",
    Reason.MONEY_WENT_BACK: "Reverse the receipt or its part in Sage 500; the references are here.",
    Reason.TO_REVERSE: "Reverse the receipt in Sage 500; its match was to be undone.",
    Reason.TO_APPLY_AGAIN: "Apply the receipt in Sage 500 as it is told here, then say so here.",
    Reason.REFUND_FAILED: "Read why; then ask for it anew or give the money back otherwise.",
    Reason.TO_CAPTURE: "Capture it, or give it up, on the payment's page.",
    Reason.CREDIT_TO_ENTER: "Enter the credit in Sage 500, then say so here.",
    Reason.DISPUTE_UNKNOWN: "Find the payment in PayTrace and name it on the dispute's page.",
    Reason.MONEY_CAME_BACK: "Enter the money in Sage 500, then say so here.",
    Reason.FEE_TO_BOOK: "Book the fee in Sage 500, then say so here.",
    Reason.BANK_DETAILS: "Change the bank details in PayTrace, then say so here.",
    Reason.STATE_CONFLICT: "Look the transaction up in PayTrace and tell which state is true.",
    Reason.UNREADABLE: "Show the record to an engineer; once mended, replay the event.",
}
