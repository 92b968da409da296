"""Errors say who acts next and whether a retry is safe, by stable codes."""

from __future__ import annotations

import pytest

from paysync.domain import errors
from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    PaySyncError,
    RejectedError,
    RuleError,
    UnavailableError,
)

#: Programs and stored rows know these words: a change here breaks them.
CODES = {
    "PaySyncError": "error",
    "RuleError": "rule",
    "PeriodClosedError": "period_closed",
    "OverApplicationError": "over_application",
    "ConflictError": "conflict",
    "StateError": "state",
    "RecordError": "record",
    "ExternalError": "external",
    "RejectedError": "rejected",
    "CredentialError": "credential",
    "UnavailableError": "unavailable",
    "OutcomeUnknownError": "outcome_unknown",
}


def all_errors() -> dict[str, type[PaySyncError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, PaySyncError)
    }


def test_every_error_has_the_code_it_always_had() -> None:
    assert {name: error.code for name, error in all_errors().items()} == CODES


def test_no_two_errors_share_a_code_nor_inherit_one() -> None:
    found = all_errors().values()
    assert len({error.code for error in found}) == len(found)
    assert [error for error in found if "code" not in vars(error)] == []


@pytest.mark.parametrize("error", [RejectedError, CredentialError, UnavailableError])
def test_an_outside_error_names_its_system_and_keeps_the_detail_out_of_the_message(
    error: type[ExternalError],
) -> None:
    raised = error("sage500", "said no", detail="row 17")
    assert str(raised) == "sage500: said no"
    assert (raised.system, raised.detail) == ("sage500", "row 17")


def test_what_is_safe_to_retry_is_never_taken_for_what_may_have_happened() -> None:
    kinds = (RejectedError, UnavailableError, OutcomeUnknownError, RuleError)
    for kind in kinds:
        assert not any(issubclass(kind, other) for other in kinds if other is not kind)


def test_a_refused_log_in_is_a_rejection_so_that_nobody_retries_it() -> None:
    assert issubclass(CredentialError, RejectedError)
    assert not issubclass(CredentialError, UnavailableError)


def test_an_error_carries_when_to_come_back_and_why_it_was_refused() -> None:
    assert UnavailableError("paytrace", "busy", retry_after_s=30).retry_after_s == 30
    assert UnavailableError("paytrace", "down").retry_after_s is None
    assert RejectedError("sage500", "no", reason="period_closed").reason == "period_closed"
