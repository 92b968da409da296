"""The HTTP mode of the ERP port against the Sage 500 twin, over a socket."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger
from paysync.domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.ledger import ErpReceiptState, ReversalIntent, SubmitCode
from paysync.sandbox.sage500.twin import SageTwin
from tests.contract.erp_contract import ErpLedgerContract
from tests.contract.erp_reversal_contract import ErpReversalContract
from tests.contract.erp_site import ALL_OPEN, I1, I3, found, intent, refused, reversal, usd
from tests.contract.sage500_site import TODAY, OnTheTwin, TwinSite

RECEIPTS = "/v1/companies/*/receipts"


class TestHttpErpLedger(OnTheTwin, ErpLedgerContract):
    """The contract every adapter keeps, here in pages of three rows."""


class TestReversals(OnTheTwin, ErpReversalContract):
    """A site that has rehearsed them."""

    @pytest.fixture(autouse=True)
    def rehearsed(self, twin: SageTwin, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(twin, "reversals_rehearsed", True)

    def test_a_lost_answer_is_unknown_and_then_found_once(
        self, erp: HttpErpLedger, site: TwinSite, free: ReversalIntent
    ) -> None:
        site.play("timeout_after", path="/v1/companies/*/reversals")
        with pytest.raises(OutcomeUnknownError):
            erp.submit_reversal(free)
        assert set(erp.find_receipts([free.idempotency_key])) == {free.idempotency_key}
        assert erp.submit_reversal(free).code is SubmitCode.ALREADY_THERE

    def test_a_deadlock_may_be_tried_again(
        self, erp: HttpErpLedger, site: TwinSite, free: ReversalIntent
    ) -> None:
        site.play("deadlock_1205")
        assert erp.submit_reversal(free).code is SubmitCode.RETRYABLE
        assert erp.submit_reversal(free).code is SubmitCode.CREATED


class TestNotRehearsed(OnTheTwin):
    """As a site is until it says otherwise, or with a service older than this."""

    def test_nothing_is_reversed(self, erp: HttpErpLedger, site: TwinSite) -> None:
        erp.submit_receipt(intent(TODAY))
        site.post("SOA")
        site.unapply("PT1-1-abcdef")
        refused(erp.submit_reversal(reversal(TODAY)), "not_rehearsed")
        assert erp.find_receipts([reversal(TODAY).idempotency_key]) == {}

    def test_a_service_that_knows_no_reversals_reverses_nothing(
        self, config: HttpErpConfig, site: TwinSite
    ) -> None:
        elsewhere = HttpErpLedger(replace(config, base_url=f"{config.base_url}/older"))
        refused(elsewhere.submit_reversal(reversal(TODAY)), "not_rehearsed")


class TestReads(OnTheTwin):
    """What the network and the service can do to a read."""

    @pytest.mark.parametrize(
        "card", ["server_error", "truncated_json", "reset_mid_answer", "rate_limited_no_hint"]
    )
    def test_a_passing_trouble_is_repeated_away(
        self, erp: HttpErpLedger, site: TwinSite, card: str
    ) -> None:
        site.play(card, times=2)
        assert len(list(erp.open_invoices("SOA"))) == len(ALL_OPEN)

    def test_a_lasting_trouble_is_unavailable(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("timeout_after", times=1)
        site.play("server_error", times=2, status=502)
        with pytest.raises(UnavailableError):
            erp.get_invoice("SOA", I1)

    def test_a_named_wait_is_handed_to_the_caller_at_once(
        self, erp: HttpErpLedger, site: TwinSite, twin: SageTwin
    ) -> None:
        twin.calls.clear()
        site.play("rate_limited", retry_after_s=17)
        with pytest.raises(UnavailableError) as caught:
            erp.find_receipts(["PT1-1-abcdef"])
        assert caught.value.retry_after_s == 17
        assert sum(twin.calls.values()) == 1

    def test_a_wait_given_as_a_date_is_understood(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("rate_limited", retry_after_s=40, as_date=True, status=429)
        with pytest.raises(UnavailableError) as caught:
            erp.get_invoice("SOA", I1)
        assert caught.value.retry_after_s is not None and 30 < caught.value.retry_after_s <= 40

    def test_a_refused_key_is_a_credential_error_and_not_repeated(
        self, config: HttpErpConfig, site: TwinSite, twin: SageTwin
    ) -> None:
        twin.calls.clear()
        with pytest.raises(CredentialError):
            HttpErpLedger(replace(config, api_key="wrong")).preflight("SOA")
        assert sum(twin.calls.values()) == 1

    def test_an_unknown_company_is_rejected(self, erp: HttpErpLedger) -> None:
        with pytest.raises(RejectedError) as caught:
            list(erp.open_invoices("XXX"))
        assert caught.value.reason == "unknown_company"

    def test_what_the_service_says_is_told_in_text_that_a_database_stores(
        self, erp: HttpErpLedger
    ) -> None:
        with pytest.raises(RejectedError, match="no document") as caught:
            erp.get_invoice("SOA", "no\x00such\U0001f642")
        assert "no\ufffdsuch\ufffd" in str(caught.value)

    def test_padded_ids_are_trimmed(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("padded_ids", times=9)
        invoices = list(erp.open_invoices("SOA"))
        assert {i.tran_id for i in invoices} == ALL_OPEN
        assert all(i.customer_id == i.customer_id.rstrip() for i in invoices)

    def test_a_row_nobody_can_read_is_named(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("malformed_row")
        with pytest.raises(RecordError, match=f"invoice {I3}: payable"):
            list(erp.open_invoices("SOA"))

    def test_a_service_that_is_not_there_is_unavailable(self, config: HttpErpConfig) -> None:
        erp = HttpErpLedger(replace(config, base_url=f"http://127.0.0.1:{closed_port()}"))
        with pytest.raises(UnavailableError):
            erp.get_invoice("SOA", I1)
        with pytest.raises(UnavailableError):
            erp.submit_receipt(intent(TODAY))


class TestWrites(OnTheTwin):
    """What the network and the service can do to a submission or a withdrawal."""

    @pytest.mark.parametrize(
        ("card", "options"),
        [
            ("timeout_after", {}),
            ("reset_mid_answer", {}),
            ("truncated_json", {}),
            ("server_error", {"after": True}),
            ("server_error", {"after": True, "status": 503}),
        ],
    )
    def test_an_answer_lost_after_the_work_is_unknown_and_then_found_once(
        self, erp: HttpErpLedger, site: TwinSite, card: str, options: dict[str, Any]
    ) -> None:
        site.play(card, route=RECEIPTS, **options)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))
        assert found(erp).state is ErpReceiptState.PENDING
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.ALREADY_THERE
        assert len(site.ask("receipts")) == 1

    @pytest.mark.parametrize("card", ["timeout_before", "server_error"])
    def test_an_answer_lost_before_the_work_is_unknown_and_nothing_is_found(
        self, erp: HttpErpLedger, site: TwinSite, card: str
    ) -> None:
        site.play(card, route=RECEIPTS)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))
        assert erp.find_receipts(["PT1-1-abcdef"]) == {}
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.CREATED

    def test_too_many_requests_is_unavailable_with_its_wait(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        site.play("rate_limited", route=RECEIPTS, retry_after_s=3)
        with pytest.raises(UnavailableError) as caught:
            erp.submit_receipt(intent(TODAY))
        assert caught.value.retry_after_s == 3
        assert site.ask("receipts") == []

    def test_a_refused_key_stops_a_submission(self, config: HttpErpConfig, site: TwinSite) -> None:
        with pytest.raises(CredentialError):
            HttpErpLedger(replace(config, api_key="wrong")).submit_receipt(intent(TODAY))

    def test_a_submission_is_sent_once(
        self, erp: HttpErpLedger, site: TwinSite, twin: SageTwin
    ) -> None:
        twin.calls.clear()
        site.play("server_error", route=RECEIPTS)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))
        assert sum(twin.calls.values()) == 1

    def test_a_deadlock_may_be_retried(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("deadlock_1205")
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.RETRYABLE
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.CREATED

    def test_a_period_closed_meanwhile_is_refused(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("closed_period")
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.PERIOD_CLOSED

    def test_an_invoice_paid_meanwhile_is_refused(self, erp: HttpErpLedger, site: TwinSite) -> None:
        site.play("invoice_paid_meanwhile")
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.BALANCE_CHANGED
        assert erp.payable_now("SOA", [I1]) == {I1: usd("0")}

    def test_a_lost_withdrawal_is_unknown_and_repeats_safely(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.play("timeout_after", route="/v1/receipts/*")
        with pytest.raises(OutcomeUnknownError):
            erp.withdraw_receipt("PT1-1-abcdef")
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.ALREADY_THERE


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_configuration_hides_its_key_and_refuses_plain_http() -> None:
    config = HttpErpConfig("https://erp.example.com", "very-secret")
    assert "very-secret" not in repr(config)
    with pytest.raises(RecordError):
        HttpErpConfig("http://erp.example.com", "very-secret")
