"""The commands as an operator runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command
from django_q.models import Schedule

from paysync.models import MerchantAccount
from paysync.schedules import DEFAULTS, create_missing
from reconciliation.models import JournalLine
from reconciliation.services.recording import record_transactions
from tests.books import NOW, sale
from tests.workers import ROOT


@pytest.mark.django_db
def test_prove_prints_one_object_that_names_what_is_wrong(
    merchant_account: MerchantAccount,
) -> None:
    record_transactions(merchant_account, [sale()], now=NOW)
    out = StringIO()
    with pytest.raises(SystemExit):  # an hour old and never matched: nobody explains it
        call_command("prove", "--offline", "--json", stdout=out)
    result = json.loads(out.getvalue())
    assert [v["name"] for v in result["violations"]] == ["payment not explained"]


@pytest.mark.django_db
def test_prove_names_a_journal_that_was_tampered_with(merchant_account: MerchantAccount) -> None:
    record_transactions(merchant_account, [sale("77")], now=NOW)
    JournalLine.objects.filter(bucket="unidentified").update(amount="99.99")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("prove", "--offline", stdout=out)
    assert ended.value.code == 1
    assert "capture:" in out.getvalue()
    assert "off by -10 thousandths" in out.getvalue()


@pytest.mark.django_db
def test_prove_holds_on_empty_books() -> None:
    out = StringIO()
    call_command("prove", stdout=out)
    assert "The proof holds." in out.getvalue()


@pytest.mark.django_db
def test_a_proof_that_cannot_look_says_so(merchant_account: MerchantAccount) -> None:
    with pytest.raises(CommandError, match="is not set"):
        call_command("prove", stdout=StringIO())


@pytest.mark.django_db
def test_schedules_are_made_once_and_what_an_administrator_changed_stays() -> None:
    assert {d.name for d in DEFAULTS} <= set(Schedule.objects.values_list("name", flat=True))
    Schedule.objects.filter(name="Read PayTrace").update(minutes=42)
    create_missing("default")
    assert Schedule.objects.get(name="Read PayTrace").minutes == 42
    assert Schedule.objects.count() == len(DEFAULTS)


def test_the_sandbox_runs_both_twins_and_leaves_no_process(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "ENV_FILE"}}
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "manage.py"), "sandbox"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment | {"DEMO_DIR": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        urls = [process.stdout.readline().split()[1] for _ in range(2)]
        for url in urls:
            assert requests.get(f"{url}/_twin/health", timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
    deadline = time.monotonic() + 10
    while any(answers(url) for url in urls):
        assert time.monotonic() < deadline, "a twin outlived the command"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        requests.get(f"{url}/_twin/health", timeout=2)
    except requests.ConnectionError:
        return False
    return True


def test_sql_server_support_is_imported_only_where_it_is_used() -> None:
    code = "import django, sys; django.setup(); sys.exit('pyodbc' in sys.modules)"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "paysync.settings",
        "DATABASE_URL": "sqlite:///var/test.sqlite3",
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)
