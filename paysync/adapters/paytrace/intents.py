"""Checks before any money call: what the gateway would cut or misread never leaves (§16.26)."""

from __future__ import annotations

from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.payments import ChargeIntent, Method

INTENT_ID_MAX = 50
INVOICE_MAX = 50
DESCRIPTION_MAX = 255
SEC_CODES = frozenset({"CCD", "PPD", "WEB", "TEL"})


def check_amount(amount: Money, currency: str) -> None:
    """Raises RecordError unless it is a positive amount in the account's currency (§16.27)."""
    if amount.currency != currency:
        raise RecordError(f"the account takes {currency} only, not {amount.currency}")
    if amount.amount <= 0:
        raise RecordError(f"{amount} is not an amount to charge or give back")


def check_intent(intent: ChargeIntent, currency: str) -> None:
    """Raises RecordError if the intent breaks a limit; nothing is cut silently."""
    check_amount(intent.amount, currency)
    check_length("intent id", intent.intent_id, 1, INTENT_ID_MAX)
    check_length("invoice reference", intent.invoice_reference, 0, INVOICE_MAX)
    check_length("description", intent.description, 0, DESCRIPTION_MAX)
    by_pair = bool(intent.hpf_token and intent.enc_key)
    if bool(intent.hpf_token) != bool(intent.enc_key) or by_pair == bool(
        intent.gateway_customer_id
    ):
        raise RecordError("a charge needs either a stored customer or a whole Protect.js pair")
    if intent.method is Method.ACH and by_pair:
        raise RecordError("Protect.js pairs are for cards: ACH needs a stored customer")
    if intent.method is Method.ACH and intent.sec_code not in SEC_CODES:
        raise RecordError(f"{intent.sec_code!r} is not an ACH entry class")


def check_length(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise RecordError(f"the {name} has {len(text)} characters, not {least} to {most}")
