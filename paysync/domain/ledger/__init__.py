"""What the ERP says and what we ask of it: invoices, receipts, accounts, and the cent ledger."""

from paysync.domain.ledger.buckets import (
    TAKE_ORDER,
    Bucket,
    Line,
    capture,
    move,
    require_balanced,
    take,
)
from paysync.domain.ledger.erp import (
    PAYABLE_TYPES,
    ErpCashAccount,
    ErpCustomer,
    ErpFiscalPeriod,
    ErpGLAccount,
    Invoice,
    InvoiceType,
    discount_of,
)
from paysync.domain.ledger.findings import Finding, FindingLevel
from paysync.domain.ledger.receipts import (
    Application,
    ErpReceipt,
    ErpReceiptState,
    ReceiptIntent,
    SubmitCode,
    SubmitResult,
    fingerprint,
)
from paysync.domain.ledger.reversals import (
    LIVE_REVERSALS,
    REVERSAL_EDGES,
    ReversalIntent,
    ReversalNo,
    ReversalState,
    require_reversal_edge,
    reversal_key,
)
from paysync.domain.ledger.staff import StaffApplication, StaffReceipt, netted
from paysync.domain.ledger.states import (
    LIVE_RECEIPT_STATES,
    RECEIPT_EDGES,
    ReceiptState,
    require_edge,
)
from paysync.domain.ledger.terms import ErpCurrency, ErpExchangeRate, ErpPaymentTerms

__all__ = [
    "Application",
    "Bucket",
    "ErpCashAccount",
    "ErpCurrency",
    "ErpCustomer",
    "ErpExchangeRate",
    "ErpFiscalPeriod",
    "ErpGLAccount",
    "ErpPaymentTerms",
    "ErpReceipt",
    "ErpReceiptState",
    "Finding",
    "FindingLevel",
    "Invoice",
    "InvoiceType",
    "LIVE_RECEIPT_STATES",
    "LIVE_REVERSALS",
    "Line",
    "PAYABLE_TYPES",
    "RECEIPT_EDGES",
    "REVERSAL_EDGES",
    "ReceiptIntent",
    "ReceiptState",
    "ReversalIntent",
    "ReversalNo",
    "ReversalState",
    "StaffApplication",
    "StaffReceipt",
    "SubmitCode",
    "SubmitResult",
    "TAKE_ORDER",
    "capture",
    "discount_of",
    "fingerprint",
    "move",
    "netted",
    "require_balanced",
    "require_edge",
    "require_reversal_edge",
    "reversal_key",
    "take",
]
