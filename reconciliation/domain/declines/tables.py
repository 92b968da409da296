"""The tables of declines.py. Source: PayTrace reference §8; the texts for people are our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from reconciliation.domain.grades import Actor, Grade


class DeclineKind(StrEnum):
    """soft: this card can still work. hard: it will not, as it was given. ours: nobody judged the
    card; our account, settings or call are the cause. unknown: the gateway does not say.
    """

    SOFT = "soft"
    HARD = "hard"
    OURS = "ours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a payment failed. reason: what it is counted by. for_staff, for_customer: sentences.

    same_again: whether the same card or account is worth another try; None where nobody knows.
    """

    reason: str
    kind: DeclineKind
    for_staff: str
    for_customer: str
    same_again: bool | None
    actor: Actor = Actor.CUSTOMER
    grade: Grade = Grade.CERTAIN


CALL_BANK = "Your bank did not approve the payment. Please call your bank, or pay another way."
SORRY = "We could not take the payment just now. You were not charged. We are looking into it."
ASK_US = "Please contact us before you try again."
SOFT, HARD, OURS, UNKNOWN = (
    DeclineKind.SOFT, DeclineKind.HARD, DeclineKind.OURS, DeclineKind.UNKNOWN,
)  # fmt: skip

NOT_SAID = Decline(
    "not_said", UNKNOWN, "The payment did not go through, and the gateway does not say why.",
    ASK_US, None, Actor.FINANCE, Grade.UNKNOWN,
)  # fmt: skip
DECLINED = Decline(
    "declined", UNKNOWN, "The bank said no, without a reason that can be relied on.",
    CALL_BANK, None,
)  # fmt: skip
CHECKS_FAILED = Decline(
    "checks_failed", SOFT,
    "The bank approved it, and PayTrace voided it at once: address or security code did not match.",
    "Your address or security code did not match. Please check both and try again.", True,
)  # fmt: skip
TEST_MODE = Decline(
    "test_mode", OURS, "The PayTrace account is in test mode: nothing is ever charged.",
    SORRY, True, Actor.OPERATOR,
)  # fmt: skip
ACH_FAILED = Decline(
    "ach_not_processed", UNKNOWN, "The bank debit was not accepted, and it is not said why.",
    "Your bank account could not be debited. Please check the details, or pay another way.", None,
)  # fmt: skip

#: §8.1. Codes of refunds, voids and captures are no declines and are not here; 1 says no more than
#: its error keys do.
BY_RESPONSE_CODE = {
    102: DECLINED,
    103: CHECKS_FAILED,
    105: TEST_MODE,
    116: DECLINED,
    118: Decline(
        "stored", OURS, "PayTrace stored it for later: it is no money yet, and no decline.",
        ASK_US, False, Actor.FINANCE,
    ),
    121: TEST_MODE,
    125: ACH_FAILED,
    167: Decline(
        "declined", UNKNOWN, "The payment with a new stored card failed; the code is little known.",
        CALL_BANK, None, Actor.CUSTOMER, Grade.INFERRED,
    ),
}  # fmt: skip

#: §8.2, error keys of a payment. Those of captures and refunds (816, 817) and of the vault (171)
#: are not here.
BY_ERROR_KEY = {
    "30": Decline(
        "stored_card_missing", HARD, "PayTrace knows no such stored card, or it is not complete.",
        "Your saved card can no longer be used. Please enter it again.", False, Actor.CUSTOMER,
    ),
    "35": Decline(
        "card_number", HARD, "The card number is not valid.",
        "The card number is not valid. Please check it, or use another card.", False,
    ),
    "43": Decline(
        "expiry", HARD, "The month of expiry is not valid.",
        "The card's expiry date is not valid. Please check it.", False,
    ),
    "44": Decline(
        "expiry", HARD, "The year of expiry is not valid.",
        "The card's expiry date is not valid. Please check it.", False,
        grade=Grade.INFERRED,
    ),
    "45": Decline(
        "bank_account", HARD, "The bank account number is not valid.",
        "The account number is not valid. Please check it.", False,
    ),
    "46": Decline(
        "routing_number", HARD, "The routing number is not valid.",
        "The routing number is not valid. Please check it.", False,
    ),
    "148": Decline(
        "security_code", SOFT, "The security code is not valid.",
        "The security code is not valid. Please check it and try again.", True,
        grade=Grade.INFERRED,
    ),
    "779": Decline(
        "blocked_a_day", SOFT, "PayTrace blocks this card for 24 hours after the fourth decline.",
        "This card cannot be used today. Please use another card, or try tomorrow.", True,
    ),
    "961": Decline(
        "form_stale", OURS, "The card form's one-time token was used or too old: nobody was asked.",
        "The form has timed out. Please enter your card again.", True,
    ),
    "970": Decline(
        "call_incomplete", OURS, "Our call lacked something that PayTrace needs.",
        SORRY, True, Actor.OPERATOR,
    ),
    "971": Decline(
        "integrator", OURS, "PayTrace does not take our integrator id.",
        SORRY, True, Actor.OPERATOR,
    ),
    "981": Decline(
        "permission", OURS, "Our PayTrace user lacks a permission.",
        SORRY, True, Actor.OPERATOR,
    ),
    "998": Decline(
        "log_in", OURS, "PayTrace refused our log-in.", SORRY, True, Actor.OPERATOR,
    ),
    "999": Decline(
        "permission", OURS, "Our PayTrace user lacks a permission.",
        SORRY, True, Actor.OPERATOR,
    ),
}  # fmt: skip

#: §7.5: the status of an ACH payment (V3). The words are certain, what they mean is read from them.
BY_ACH_STATUS = {
    "NSF_DECLINED": Decline(
        "insufficient_funds", SOFT, "There is not enough money in the bank account.",
        "Your bank did not approve the amount. Please try later, or pay another way.", True,
        grade=Grade.INFERRED,
    ),
    "DECLINED": replace(ACH_FAILED, reason="declined", grade=Grade.INFERRED),
    "REJECTED": replace(ACH_FAILED, grade=Grade.INFERRED),
    "FAILED": replace(ACH_FAILED, grade=Grade.INFERRED),
    "ERROR": replace(ACH_FAILED, actor=Actor.FINANCE, grade=Grade.INFERRED),
    "TECHNICAL_ERROR": Decline(
        "technical", OURS, "PayTrace or the network failed; nobody judged the account.",
        SORRY, True, Actor.OPERATOR, Grade.INFERRED,
    ),
}  # fmt: skip

#: The two decline texts that were recorded from the sandbox (§4.2, §13). That a live bank words
#: them so is inferred; PayTrace's texts drift, so they colour what people read and nothing else.
BY_PROCESSOR_TEXT = {
    "insufficient funds": Decline(
        "insufficient_funds", SOFT, "The bank said: not enough money, or the limit is reached.",
        "The bank did not approve the amount. Please try later, or use another card.", True,
        grade=Grade.INFERRED,
    ),
    "expired card": Decline(
        "expired", HARD, "The bank said: the card has expired.",
        "This card has expired. Please use another card, or the new one.", False,
        grade=Grade.INFERRED,
    ),
}  # fmt: skip

#: §8.3, certain. None: it says nothing against the payment.
AVS_TEXTS = {
    "full exact match": None,
    "address match only": "The postal code does not match the bank's.",
    "zip match only": "The street does not match the bank's.",
    "no match": "The address does not match the bank's; cards from abroad always show so.",
    "address unavailable": "The bank has no address to compare.",
    "non-us issuer does not participate": "The card is from abroad: its bank compares no address.",
    "issuer system unavailable": "The bank could not compare the address at that moment.",
    "not a mail/phone order": "The address was not compared.",
    "service not supported": "The bank does not compare addresses.",
}
CSC_TEXTS = {
    "match": None,
    "no match": "The security code does not match.",
    "not processed": "The security code was not checked.",
    "not present": "No security code was sent.",
    "issuer does not support csc": "The card's bank does not check security codes.",
}
