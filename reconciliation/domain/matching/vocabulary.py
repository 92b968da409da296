"""The words around the numbers in a payment's text, as people write them."""

from __future__ import annotations

from enum import StrEnum


class Context(StrEnum):
    """What the word before a number says it is."""

    NONE = ""
    INVOICE = "invoice"
    CREDIT = "credit memo"
    DEBIT = "debit memo"
    ORDER = "order"
    CUSTOMER = "customer"
    OTHER = "something else"


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS = {
    Context.INVOICE: words(
        "I IN INV INVS INVC INVCE INVO INVOICE INVOICES INVNO INVNR BILL BILLS FACT FACTURA FACTURE"
        " RECHNUNG RE REF REFERENCE RG DOC DOCUMENT LNV 1NV 1N LN INVIOCE INOVICE INVOCE INVOIC"
    ),
    Context.CREDIT: words("CM CMS CR CRM CN CREDIT CREDITMEMO CREDITS"),
    Context.DEBIT: words("DM DN DEBIT"),
    Context.ORDER: words("PO POS SO SALES ORDER ORD ORDERS PURCHASE PURCH"),
    Context.CUSTOMER: words("CUST CUSTOMER CUSTID ACCT ACCOUNT ACC CLIENT"),
    Context.OTHER: words(
        "CALL FON MOBILE CELL TEL PH PHONE FAX ZIP PLZ POSTAL APT STE SUITE BOX ROOM UNIT EXT CK"
        " CHK CHECK CHEQUE AUTH CARD TERM TERMINAL BATCH TRN TXN JOB EST QUOTE STORE SHOP WEEK WK"
        " DAY YEAR FY QTY LB LBS"
    ),
}
MEANING = {word: context for context, known in WORDS.items() for word in known}
NAMING = frozenset({Context.INVOICE, Context.CREDIT, Context.DEBIT})
#: Words between a prefix and its number, or between the numbers of a list.
JOINING = words(
    "NO NOS NR NUM NUMBER NUMBERS N AND PLUS UND SOWIE ET EN OG OCH Y ID MEMO MEMOS TO THRU THROUGH"
)
#: Words that say nothing about the numbers beside them.
NEUTRAL = JOINING | words(
    "LESS MINUS NET PAYMENT PAYMENTS PMT PYMT PAY PAYS PAYING PAID FOR OF OUR YOUR THE MY ALSO THX"
    " THANKS FROM SEE BALANCE PART PARTIAL FULL FINAL DUE ON THIS"
)
#: Written together with the number, longest first.
PREFIXES = ("INVOICE", "INVC", "INV", "IN", "BILL", "CM", "DM", "PO", "LNV", "1NV", "LN", "1N")
RANGING = words("TO THRU THROUGH UNTIL BIS")
#: Words that say the money is not for a document.
NO_PURPOSE = words("DEPOSIT PREPAYMENT PREPAID PREPAY ADVANCE RETAINER DOWNPAYMENT")
