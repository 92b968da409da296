"""The preflight: asked over a socket, kept, alerted, and shown."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.ledger import Finding, FindingLevel
from paysync.models import Alert, AuditEntry, Company, MerchantAccount, PreflightRun
from paysync.queries.preflight import FRESH_FOR, is_blocked, latest_preflights, needs_preflight
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from paysync.services.preflight import run_preflight, worst
from paysync.services.vault import store_secret
from paysync.tasks import check_connection, preflight_company
from reconciliation import tasks
from reconciliation.models import PostingAttempt
from tests.factories import make_company
from tests.integration.sage_company import NOW, pay, states

SPOIL = "UPDATE tsmCompanyModule SET Active = 0 WHERE ModuleNo = 5"
MEND = "UPDATE tsmCompanyModule SET Active = 1 WHERE ModuleNo = 5"


@pytest.fixture
def reached(company: Company, twin: SageTwin) -> Company:
    """The company's connection leads to the twin."""
    connection = company.erp_connection
    connection.base_url = twin.url
    connection.save()
    store_secret(connection, "api_key", SANDBOX_KEY, keys=settings.VAULT_KEYS, actor="test")
    return company


def run_command(**options: Any) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("preflight", stdout=out, **options)
    except SystemExit as stop:
        return out.getvalue(), int(str(stop.code))
    return out.getvalue(), 0


def test_a_sound_company_is_ready(company: Company, erp: HttpErpLedger) -> None:
    run = run_preflight(company, erp=erp, now=NOW)
    assert run.level != "block" and run.findings
    assert not is_blocked(company.pk) and not Alert.objects.exists()


def test_a_blocked_company_is_alerted_until_it_passes(
    company: Company, erp: HttpErpLedger, twin: SageTwin
) -> None:
    twin.store.execute(SPOIL)
    run_preflight(company, erp=erp, now=NOW)
    assert is_blocked(company.pk)
    alert = Alert.objects.get(code="preflight_blocked")
    assert "SOA" in alert.message and "receivable" in alert.message
    twin.store.execute(MEND)
    run_preflight(company, erp=erp, now=NOW + timedelta(minutes=5))
    assert not is_blocked(company.pk)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_the_same_answer_again_is_no_new_row(company: Company, erp: HttpErpLedger) -> None:
    run_preflight(company, erp=erp, now=NOW)
    run_preflight(company, erp=erp, now=NOW + timedelta(minutes=5))
    assert PreflightRun.objects.get().at == NOW + timedelta(minutes=5)
    run_preflight(company, erp=erp, now=NOW, actor="mia")
    assert PreflightRun.objects.count() == 2
    assert AuditEntry.objects.filter(action="preflight", actor="mia").exists()


def test_an_answer_that_only_tells_other_numbers_is_no_new_row(company: Company) -> None:
    """A clock, a next number: asked every five minutes, they would be a row each time."""

    class Ticking:
        ticks = 0

        def preflight(self, company_id: str) -> list[Finding]:
            self.ticks += 1
            return [Finding("freshness", FindingLevel.PASS, f"the clock says {self.ticks}")]

    erp: Any = Ticking()
    run_preflight(company, erp=erp, now=NOW)
    run_preflight(company, erp=erp, now=NOW + timedelta(minutes=5))
    kept = PreflightRun.objects.get()
    assert kept.findings[0]["message"] == "the clock says 2"
    assert AuditEntry.objects.filter(action="preflight").count() == 1


def test_an_old_answer_has_to_be_asked_again(company: Company, erp: HttpErpLedger) -> None:
    assert needs_preflight(company.pk, NOW)
    run_preflight(company, erp=erp, now=NOW)
    assert not needs_preflight(company.pk, NOW + FRESH_FOR)
    assert needs_preflight(company.pk, NOW + FRESH_FOR + timedelta(seconds=1))


def test_no_answer_at_all_blocks() -> None:
    assert worst([]) == "block"


def test_the_command_says_what_blocks_and_ends_with_one(reached: Company, twin: SageTwin) -> None:
    text, code = run_command(company="soa")
    assert code == 0 and "ok    ar_active" in text
    twin.store.execute(SPOIL)
    text, code = run_command()
    assert code == 1 and "BLOCK ar_active" in text and "Activate the AR module" in text
    text, code = run_command(json=True)
    assert code == 1 and json.loads(text)["SOA"]


def test_the_command_names_what_cannot_be_asked(reached: Company, twin: SageTwin) -> None:
    with pytest.raises(CommandError, match="no such active company"):
        run_command(company="XXX")
    reached.erp_connection.base_url = "http://127.0.0.1:9"
    reached.erp_connection.save()
    with pytest.raises(CommandError, match="could not be asked"):
        run_command()


def test_the_connection_check_asks_every_company(reached: Company) -> None:
    check_connection(reached.erp_connection_id)
    assert PreflightRun.objects.filter(company=reached).exists()


def test_the_page_shows_what_blocks_first(reached: Company, twin: SageTwin) -> None:
    twin.store.execute(SPOIL)
    preflight_company(reached.pk, "mia")
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss"))
    page = reverse("admin:paysync_preflightrun_change", args=[PreflightRun.objects.get().pk])
    text = boss.get(page).content.decode()
    assert "Nothing is written to this company" in text
    assert text.index("ar_active") < text.index("receipt_type")
    listed = boss.get(reverse("admin:paysync_preflightrun_changelist")).content.decode()
    assert "Blocked: nothing is written" in listed and "Ask now" in listed


def test_the_list_asks_once_for_all_companies(
    reached: Company, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    preflight_company(reached.pk, "mia")
    run = PreflightRun.objects.get()
    others = [make_company(company_id=f"C{n}", erp_connection=reached.erp_connection)
              for n in range(4)]  # fmt: skip
    for other in others:
        PreflightRun.objects.create(company=other, at=NOW, level="block", findings=[])
    PreflightRun.objects.create(company=reached, at=NOW, level="warn", findings=run.findings)
    with django_assert_num_queries(1):
        newest = latest_preflights()
    assert {company: found.level for company, found in newest.items()} == {
        reached.pk: "warn", **{other.pk: "block" for other in others},
    }  # fmt: skip


def test_only_who_may_change_connections_may_ask(reached: Company) -> None:
    ask = reverse("admin:paysync_preflightrun_ask", args=[reached.pk])
    watcher = Client()
    watcher.force_login(User.objects.create_user("watcher", is_staff=True))
    assert watcher.post(ask).status_code == 403


def test_what_blocks_keeps_receipts_due_until_it_passes(
    account: MerchantAccount, reached: Company, twin: SageTwin
) -> None:
    pay(account, 2)
    twin.store.execute(SPOIL)
    tasks.post(reached.pk)
    assert states() == {"due": 2} and not PostingAttempt.objects.exists()
    tasks.post(reached.pk)
    assert states() == {"due": 2} and PreflightRun.objects.count() == 1
    twin.store.execute(MEND)
    preflight_company(reached.pk, "mia")
    tasks.post(reached.pk)
    assert states() == {"submitted": 2}
