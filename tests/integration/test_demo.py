"""The demo's headless pass, as a user runs it: a process of its own, its last line one object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def run_demo(
    tmp_path: Path, *options: str, timeout_s: int = 280
) -> tuple[int, dict[str, Any], str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "ENV_FILE"}}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--once", "--json", *options],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment | {"DEMO_DIR": str(tmp_path)},
    )
    lines = done.stdout.strip().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr


def assert_whole(code: int, result: dict[str, Any], log: str) -> None:
    assert code == 0, log[-2000:]
    assert (result["duplicates"], result["missing"], result["violations"]) == (0, 0, 0), result


def test_one_pass_without_faults_posts_and_proves(tmp_path: Path) -> None:
    code, result, log = run_demo(tmp_path, "--payments", "60", "--seed", "5")
    assert_whole(code, result, log)
    assert result["payments"] == 60
    assert float(result["posted"]) > 0
    assert result["open_items"] > 0
    assert list(tmp_path.glob("once-*")) == []


def test_every_fault_at_once_doubles_and_loses_nothing(tmp_path: Path) -> None:
    code, result, log = run_demo(tmp_path, "--payments", "150", "--seed", "11", "--faults", "all")
    assert_whole(code, result, log)
    assert len(result["faults"]) > 15


def test_a_worker_killed_ten_times_doubles_and_loses_nothing(tmp_path: Path) -> None:
    code, result, log = run_demo(
        tmp_path, "--payments", "300", "--seed", "3", "--kill-worker", "10"
    )
    assert_whole(code, result, log)
    assert log.count("worker killed") == 10
    assert result["receipts"] > 100


def test_an_unknown_fault_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    code, _, log = run_demo(tmp_path, "--faults", "earthquake")
    assert code != 0
    assert "no fault named earthquake" in log
    assert "timeout_after" in log


@pytest.mark.parametrize("options", [["--payments", "0"], ["--payments", "many"]])
def test_a_senseless_number_is_refused(tmp_path: Path, options: list[str]) -> None:
    code, _, log = run_demo(tmp_path, *options)
    assert code != 0
    assert "--payments" in log
