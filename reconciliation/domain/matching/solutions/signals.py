"""The things that speak for a solution, with their weights (chosen; only their order matters)."""

from __future__ import annotations

from reconciliation.domain.matching.references import Quality
from reconciliation.domain.matching.results import Signal

OF_QUALITY = {
    Quality.EXACT: Signal("reference_id", 60, "the reference names the invoice"),
    Quality.NUMBER: Signal("reference_number", 55, "the reference names the invoice"),
    Quality.FIELD: Signal("reference_field", 52, "the reference names the invoice"),
    Quality.BARE: Signal("reference_text", 35, "the text holds the invoice's number"),
    Quality.ORDER: Signal("purchase_order", 38, "the text names the purchase order"),
    Quality.MENDED: Signal("reference_mended", 35, "read so, the reference names the invoice"),
    Quality.DAMAGED: Signal("reference_damaged", 35, "the reference is one slip away from it"),
    Quality.SHORT: Signal("reference_short", 12, "the text holds the number, a short one"),
}
EXACT = Signal("amount_exact", 40, "the amount is exactly what is open")
DISCOUNTED = Signal("amount_discount", 36, "the amount is what is open less the discount")
LATE = Signal("amount_late_discount", 20, "it is exact with a discount that has run out")
CREDITED = Signal("amount_credit", 32, "the amount is what is open less a credit memo")
BALANCE = Signal("amount_balance", 40, "the amount is the whole open balance")
STATEMENT = Signal("amount_statement", 34, "the amount is the total of a statement")
SET = Signal("amount_set", 24, "the documents add up to the amount")
CLOSE = Signal("amount_close", 22, "the amount is within the tolerance")
PART = Signal("amount_part", 4, "the amount is a part of what is open")
LATE_PART = Signal("amount_late_part", 14, "a part: less just a discount that has run out")
MORE = Signal("amount_more", 2, "the amount is more than what is open")
NATURAL = Signal("set_natural", 12, "the set is one people pay together")
CHANCE = Signal("chance", -30, "a fit by accident is likely")
AHEAD = Signal("date_ahead", -16, "the document was made after the payment")
AS_NAMED = Signal("reference_order", 2, "in the order in which they are named")
OLDEST = Signal("oldest_first", 3, "the oldest documents come first")
BESIDE = Signal("names_other", -25, "the payment names another document, too")
ELSEWHERE = Signal("names_another", -50, "the payment names another document")
SAID = Signal("on_account_said", 26, "the text says it is on account")
ACCOUNT = Signal("on_account", 1, "the payer is known, the purpose is not")
TOGETHER = Signal("instalments", 26, "with other payments of the payer it makes up the document")

#: What a signal is evidence of. Two of one group count once.
GROUPS = {"reference": "what", "purchase": "what", "payer": "who", "set": "shape"}
COUNTED_AMOUNTS = frozenset(
    {"amount_exact", "amount_discount", "amount_credit", "amount_balance", "amount_statement",
     "amount_set", "amount_close", "amount_late_part"}
)  # fmt: skip


def groups_of(signals: tuple[Signal, ...]) -> set[str]:
    """The independent kinds of evidence that speak for a solution."""
    found: set[str] = set()
    for signal in signals:
        if signal.code in COUNTED_AMOUNTS:
            found.add("amount")
        elif signal.weight > 0:
            group = GROUPS.get(signal.code.split("_")[0])
            if group:
                found.add(group)
    return found
