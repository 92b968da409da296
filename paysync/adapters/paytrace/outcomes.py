"""What the answer to a money call means. Source: PayTrace reference §4.2, §8.1, §16.

Money is booked only on a code allowed for that very operation together with a transaction id.
A "no" is believed only from a known code or a known error. Everything else is UNKNOWN. Texts are
for people and decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from paysync.adapters.paytrace.envelope import (
    code_of,
    error_keys,
    fields_of,
    first_text,
    invalid_fields,
    transaction_id_of,
)
from paysync.adapters.paytrace.transport import Reply
from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.payments import MoneyResult, Outcome
from paysync.domain.redaction import redact


class Operation(Enum):
    """A money call, with the response codes that mean it was done."""

    CHARGE = frozenset({101, 165})
    CAPTURE = frozenset({112})
    VOID = frozenset({109})
    REFUND = frozenset({106})
    ACH_CHARGE = frozenset({120})
    ACH_VOID = frozenset({124})
    ACH_REFUND = frozenset({122})


#: A bank's no to a charge.
DECLINED = frozenset({102})
CHARGES = frozenset({Operation.CHARGE, Operation.ACH_CHARGE})
#: Certainly no money, for that operation: its own failure, the account's test mode, and for charges
#: 103, which was approved and voided at once. A code of another operation is no answer: unknown.
FAILED = {
    Operation.CHARGE: frozenset({103, 104, 105, 116, 117, 167}),
    Operation.CAPTURE: frozenset({113, 114}),
    Operation.VOID: frozenset({110, 111}),
    Operation.REFUND: frozenset({107, 108}),
    Operation.ACH_CHARGE: frozenset({121, 125}),
    Operation.ACH_VOID: frozenset({125}),
    Operation.ACH_REFUND: frozenset({123, 125}),
}
#: Error keys we know (§8.2): each is given before anything is processed.
KNOWN_ERROR_KEYS = frozenset({
    "30", "35", "43", "44", "45", "46", "58", "80", "148", "171",
    "779", "816", "817", "961", "970", "971", "981", "998", "999",
})  # fmt: skip
#: Fields we send; a V3 validation error is recognised only if it names one of these.
SENT_FIELDS = frozenset({
    "amount", "bank_account", "batch_items", "billing_address", "customer_id", "description",
    "customer_reference_id", "enc_key", "hpf_token", "idempotency_key", "invoice_number",
    "merchant_id", "std_entry_class", "surcharge_info", "transaction_id",
})  # fmt: skip
#: Names under which a partial approval may state its amount: assumed, none is documented.
APPROVED_AMOUNT = ("approved_amount", "amount_approved", "partial_amount", "amount")


def result_of(operation: Operation, reply: Reply, currency: str) -> MoneyResult:
    """Classify an answer by its body first and its HTTP status second. Raises nothing."""
    if reply.body is None or reply.status >= 500:
        return MoneyResult(Outcome.UNKNOWN)
    fields = fields_of(reply.body)
    outcome = outcome_of(operation, reply, fields)
    known = outcome is not Outcome.UNKNOWN
    return MoneyResult(
        outcome,
        gateway_id=transaction_id_of(fields) if known else "",
        response_code=code_of(fields),
        error_keys=error_keys(reply) or tuple(name for name in invalid_fields(reply) if name),
        approved_amount=approved_amount(fields, currency) if known else None,
        message=message_of(fields),
    )


def outcome_of(operation: Operation, reply: Reply, fields: Mapping[str, Any]) -> Outcome:
    if reply.status == 422:
        return Outcome.FAILED if refused_unprocessed(reply, fields) else Outcome.UNKNOWN
    code = code_of(fields)
    if code in operation.value:
        return done_outcome(operation, reply, fields)
    if code in DECLINED and operation in CHARGES:
        return Outcome.DECLINED
    if code in FAILED[operation]:
        return Outcome.FAILED
    if code == 1 and refused_unprocessed(reply, fields):
        return Outcome.FAILED
    return Outcome.UNKNOWN  # 118 (stored for later) and every code we do not know


def done_outcome(operation: Operation, reply: Reply, fields: Mapping[str, Any]) -> Outcome:
    """An allowed code counts only with an id, a 2xx status and no contradiction."""
    if not transaction_id_of(fields) or not reply.ok or fields.get("success", True) is not True:
        return Outcome.UNKNOWN
    return Outcome.ACCEPTED if operation is Operation.ACH_CHARGE else Outcome.APPROVED


def refused_unprocessed(reply: Reply, fields: Mapping[str, Any]) -> bool:
    """Whether the answer is a validation error that we recognise in full, and no more than that.

    One key or field we do not know is enough to doubt: it may be the duplicate filter (§16.5), or
    the 422 that comes although the payment was created (§7.5).
    """
    if transaction_id_of(fields):
        return False
    keys = error_keys(reply)
    if keys:
        said_no = fields.get("success") is False and code_of(fields) == 1
        return said_no and KNOWN_ERROR_KEYS.issuperset(keys)
    named = invalid_fields(reply)
    return bool(named) and all(map(is_sent_field, named))


def is_sent_field(name: str) -> bool:
    """E.g. "body/amount" or "body/batch_items/0/amount", but never "path/record_id"."""
    place, _, rest = name.partition("/")
    return place == "body" and rest.split("/")[0] in SENT_FIELDS


def approved_amount(fields: Mapping[str, Any], currency: str) -> Money | None:
    """The amount the answer states, which may be less than asked for; None if it states none."""
    for name in APPROVED_AMOUNT:
        if fields.get(name) is not None:
            try:
                return Money.parse(fields[name], currency)
            except RecordError:
                return None
    return None


def message_of(fields: Mapping[str, Any]) -> str:
    """The gateway's own words, for people only."""
    text = first_text(fields, "approval_message", "status_message", "ach_message", "message")
    return re.sub(r"\s+", " ", str(redact(text)[0]))[:255]
