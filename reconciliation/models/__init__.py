"""Tables of reconciliation: mirrors, payments, the cent ledger, matches, receipts, mappings."""

from reconciliation.models.captures import Capture
from reconciliation.models.disputes import (
    Dispute,
    DisputeColumns,
    DisputeDocument,
    DisputeEvent,
)
from reconciliation.models.journal import JournalEntry, JournalLine
from reconciliation.models.mappings import GLMapping
from reconciliation.models.matching import Application, CreditUse, Match, ReconcilingItem
from reconciliation.models.mirrors import CashAccount, FiscalPeriod, GLAccount, Invoice
from reconciliation.models.proofs import CompletenessCheck, ProofRun
from reconciliation.models.receipts import CashReceipt, ErpBatch, PostingAttempt
from reconciliation.models.refunds import (
    RefundDecision,
    RefundPolicy,
    RefundReason,
    RefundRequest,
)
from reconciliation.models.reversals import ReceiptReversal
from reconciliation.models.rules import MatchRule, MatchRuleSet, Replay, ReplayLine
from reconciliation.models.shadow import ShadowComparison
from reconciliation.models.transactions import GatewayTransaction, StateObservation
from reconciliation.models.workbench import ItemNote, Presence, Proposal, WorkStep

__all__ = [
    "Application",
    "Capture",
    "CashAccount",
    "CashReceipt",
    "CompletenessCheck",
    "CreditUse",
    "Dispute",
    "DisputeColumns",
    "DisputeDocument",
    "DisputeEvent",
    "ErpBatch",
    "FiscalPeriod",
    "GLAccount",
    "GLMapping",
    "GatewayTransaction",
    "Invoice",
    "ItemNote",
    "JournalEntry",
    "JournalLine",
    "Match",
    "MatchRule",
    "MatchRuleSet",
    "PostingAttempt",
    "Presence",
    "ProofRun",
    "Proposal",
    "ReceiptReversal",
    "ReconcilingItem",
    "RefundDecision",
    "RefundPolicy",
    "RefundReason",
    "RefundRequest",
    "Replay",
    "ReplayLine",
    "ShadowComparison",
    "StateObservation",
    "WorkStep",
]
