"""The benchmarks run and say what they promise; how fast is not tested here."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

SITE_FIGURES = {
    f"{name}_{what}"
    for name in ("hint", "bare", "stripped")
    for what in ("rps", "p50_ms", "p99_ms")
}
RUNS: dict[str, tuple[list[str], set[str]]] = {
    "hints": (
        ["--requests", "40", "--rounds", "1"],
        SITE_FIGURES | {"ratio", "ratio_no_middleware", "requests"},
    ),
    "ingest": (
        ["--payments", "60"],
        {"seconds", "payments_per_s", "baseline_seconds", "ratio"},
    ),
    "matching": (
        ["--payments", "60", "--invoices", "120", "--exact", "40"],
        {
            "seconds",
            "matched",
            "rows_written",
            "times_baseline",
            "peak_mib",
            "ratio",
            "exact_seconds_40",
            "exact_peak_mib_40",
        },
    ),
    "posting": (
        ["--payments", "20", "--invoices", "60"],
        {
            "match_seconds",
            "match_per_s",
            "match_queries",
            "baseline_match_seconds",
            "match_ratio",
            "post_seconds",
            "receipts_per_s",
            "baseline_post_seconds",
            "ratio",
        },
    ),
    "api": (
        ["--invoices", "200", "--requests", "32", "--rounds", "1"],
        {
            f"{name}_{clients}"
            for name in ("api_rps", "api_p99_ms", "body_rps", "rows_rps", "ratio", "ratio_rows")
            for clients in (1, 16)
        },
    ),
    "workbench": (
        ["--payments", "60", "--invoices", "120", "--rounds", "1"],
        {"bare_ms", "open_ms", "ratio", "slowest_p95_ms", "rounds"},
    ),
}


def run(name: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As a user runs it: nothing set in the environment but what a test is about."""
    plain = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "ENV_FILE"}}
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=plain | environment,
    )


@pytest.mark.parametrize("name", sorted(RUNS))
def test_the_last_line_is_one_object_with_the_figures(name: str, tmp_path: Path) -> None:
    options, keys = RUNS[name]
    done = run(name, "--json", *options, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert keys <= figures.keys()
    assert all(figures[key] > 0 for key in keys)
    assert not list(tmp_path.iterdir()), "something was left behind"


def test_a_benchmark_that_fails_midway_leaves_no_table_behind(tmp_path: Path) -> None:
    path = tmp_path / "mine.sqlite3"
    settings = {"DATABASE_URL": f"sqlite:///{path}", "ALLOWED_HOSTS": "elsewhere.example"}
    for _ in range(2):
        done = run("hints", "--requests", "20", "--rounds", "1", **settings)
        assert done.returncode == 1
        assert "RuntimeError" in done.stderr, "it failed under load, or it does not count here"
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'bench_%'")
            assert found.fetchall() == []


def test_a_table_of_a_killed_benchmark_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "mine.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bench_bare_hint (id INTEGER)")
    options, _ = RUNS["hints"]
    done = run("hints", *options, DATABASE_URL=f"sqlite:///{path}")
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_database_in_use_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'used.sqlite3'}"
    make = (
        "import django; django.setup(); from django.core.management import call_command as call; "
        "call('migrate', verbosity=0); from paysync.models import Company, Connection; "
        "erp = Connection.objects.create(slug='e', name='E', kind='sage500_http'); "
        "Company.objects.create(company_id='SOA', name='S', erp_connection=erp)"
    )
    settings = {
        "DATABASE_URL": url,
        "ENV_FILE": str(ROOT / "tests" / "test.env"),
        "DJANGO_SETTINGS_MODULE": "paysync.settings",
    }
    subprocess.run([sys.executable, "-c", make], check=True, cwd=ROOT, env=os.environ | settings)
    done = run("ingest", "--payments", "5", DATABASE_URL=url)
    assert done.returncode == 1
    assert "paysync_company" in done.stderr
