"""The live demo, as `make demo` runs it: everything starts, Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.workers import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that were started for this demo."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"DEMO_DIR={folder}".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it ended while we looked
            continue
    return found


def wait_for(log: Path, text: str, seconds: int) -> str:
    deadline = time.monotonic() + seconds
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)
    return log.read_text()


def test_everything_starts_and_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "ENV_FILE"}}
    log = tmp_path / "output.txt"
    with log.open("w") as output:
        demo = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--port", "0"],
            stdout=output,
            stderr=output,
            env=environment | {"DEMO_DIR": str(tmp_path)},
        )
    try:
        text = wait_for(log, "Ctrl-C", 120)
        url = re.search(r"running: (\S+)", text)
        assert url is not None
        deadline = time.monotonic() + 30
        while not is_healthy(url[1]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(processes_of(tmp_path)) >= 6
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
    deadline = time.monotonic() + 15
    while left := processes_of(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).status_code == 200
    except requests.ConnectionError:
        return False
