"""Tables of reconciliation: mirrors, payments, the cent ledger, matches, receipts, mappings."""

from reconciliation.models.journal import JournalEntry, JournalLine
from reconciliation.models.mappings import GLMapping
from reconciliation.models.matching import Application, Match, ReconcilingItem
from reconciliation.models.mirrors import CashAccount, FiscalPeriod, GLAccount, Invoice
from reconciliation.models.proofs import CompletenessCheck, ProofRun
from reconciliation.models.receipts import CashReceipt, ErpBatch, PostingAttempt
from reconciliation.models.transactions import GatewayTransaction, StateObservation

__all__ = [
    "Application",
    "CashAccount",
    "CashReceipt",
    "CompletenessCheck",
    "ErpBatch",
    "FiscalPeriod",
    "GLAccount",
    "GLMapping",
    "GatewayTransaction",
    "Invoice",
    "JournalEntry",
    "JournalLine",
    "Match",
    "PostingAttempt",
    "ProofRun",
    "ReconcilingItem",
    "StateObservation",
]
