"""The error tree: each type is named for who acts next and whether a retry is safe."""

from __future__ import annotations


class PaySyncError(Exception):
    """Base of every error of our own. `code` is stable; the message holds no card data."""

    code = "error"


class RuleError(PaySyncError):
    """Our rules say no: show it, never retry."""

    code = "rule"


class PeriodClosedError(RuleError):
    code = "period_closed"


class OverApplicationError(RuleError):
    code = "over_application"


class StateError(RuleError):
    """A change that no listed edge allows."""

    code = "state"


class ConflictError(RuleError):
    """Somebody else was quicker: show who did what, and what is there now."""

    code = "conflict"


class RecordError(PaySyncError):
    """A record we cannot read: set it aside for a person."""

    code = "record"


class ExternalError(PaySyncError):
    """Something outside did not do what we asked. Knows its `system`."""

    code = "external"

    def __init__(self, system: str, message: str, *, detail: str = "") -> None:
        super().__init__(f"{system}: {message}")
        self.system = system
        self.detail = detail


class RejectedError(ExternalError):
    """It answered no: show it, never retry. `reason` is one of the system's own codes."""

    code = "rejected"

    def __init__(self, system: str, message: str, *, reason: str = "", detail: str = "") -> None:
        super().__init__(system, message, detail=detail)
        self.reason = reason


class CredentialError(RejectedError):
    """The log-in was refused. Trying again could lock the user: stop and alert a person."""

    code = "credential"


class UnavailableError(ExternalError):
    """Nothing changed over there: safe to retry, not before `retry_after_s` seconds if given."""

    code = "unavailable"

    def __init__(
        self, system: str, message: str, *, retry_after_s: float | None = None, detail: str = ""
    ) -> None:
        super().__init__(system, message, detail=detail)
        self.retry_after_s = retry_after_s


class OutcomeUnknownError(ExternalError):
    """It may have happened: look before sending again (for a read: just retry)."""

    code = "outcome_unknown"
