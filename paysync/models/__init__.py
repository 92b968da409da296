"""Tables of the ground floor: set-up, vault, inbox, runs, audit."""

from paysync.models.api import ApiClient, ApiKey
from paysync.models.audit import Alert, AuditEntry
from paysync.models.desk import (
    DeskBatch,
    DeskClaim,
    DeskImport,
    DeskReceipt,
    DeskRecord,
    DeskSnapshot,
)
from paysync.models.inbox import Counter, InboundEvent
from paysync.models.notices import Notice
from paysync.models.preflight import PreflightRun
from paysync.models.runs import OutgoingCall, SyncRun
from paysync.models.setup import Company, Connection, MerchantAccount, Secret

__all__ = [
    "Alert",
    "ApiClient",
    "ApiKey",
    "AuditEntry",
    "Company",
    "Connection",
    "Counter",
    "DeskBatch",
    "DeskClaim",
    "DeskImport",
    "DeskReceipt",
    "DeskRecord",
    "DeskSnapshot",
    "InboundEvent",
    "MerchantAccount",
    "Notice",
    "OutgoingCall",
    "PreflightRun",
    "Secret",
    "SyncRun",
]
