"""Why a customer paid less than was due, where a person knows it."""

from __future__ import annotations

from enum import StrEnum


class ShortPay(StrEnum):
    """The reasons a clerk can give for a short payment. The value is stored."""

    INSTALMENT = "instalment"
    PRICE = "price"
    QUANTITY = "quantity"
    DAMAGED = "damaged"
    RETURNED = "returned"
    FREIGHT = "freight"
    TAX = "tax"
    PROMOTION = "promotion"
    DISCOUNT = "discount"
    DUPLICATE = "duplicate"
    SLIP = "slip"
    NOT_SAID = "not_said"

    @property
    def heading(self) -> str:
        return TITLES[self]


TITLES = {
    ShortPay.INSTALMENT: "Pays in instalments",
    ShortPay.PRICE: "Price differs from the order",
    ShortPay.QUANTITY: "Goods missing",
    ShortPay.DAMAGED: "Goods damaged",
    ShortPay.RETURNED: "Goods returned, credit awaited",
    ShortPay.FREIGHT: "Freight not accepted",
    ShortPay.TAX: "Tax not owed, exempt",
    ShortPay.PROMOTION: "Promotion or rebate",
    ShortPay.DISCOUNT: "Discount not granted",
    ShortPay.DUPLICATE: "Billed twice",
    ShortPay.SLIP: "Slip of the payer",
    ShortPay.NOT_SAID: "The payer did not say",
}


def find_short_pay(word: str) -> ShortPay | None:
    """The reason of a stored or posted word; None for no or an unknown one."""
    return ShortPay(word) if word in set(ShortPay) else None
