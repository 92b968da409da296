"""Run the twins, and other processes of a demo, so that none of them outlives us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """On Linux: have the kernel end this child when its parent dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A child in a process group of its own: Ctrl-C reaches only us, and we end the group."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(  # noqa: S603 - our own commands only
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
                env={**os.environ, **(environment or {})},
            )

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def stop(self) -> None:
        """Ask the whole group to end; after STOP_TIMEOUT_S end it."""
        self.signal_group(signal.SIGTERM)
        try:
            self.popen.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.signal_group(signal.SIGKILL)

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        self.signal_group(signal.SIGKILL)
        self.popen.wait()

    def signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.popen.pid, number)
        except ProcessLookupError:
            return


class TwinProcess(Process):
    """A twin as a process of its own, and its control API."""

    def __init__(
        self,
        module: str,
        folder: Path,
        *,
        name: str,
        port: int = 0,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        port_file = folder / f"{name}.port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", module, "--port", str(port)]
        command += ["--database", str(folder / f"{name}.sqlite3"), "--port-file", str(port_file)]
        log = folder / f"{name}.log"
        super().__init__([*command, *arguments], log=log, environment=environment)
        self.session = requests.Session()
        self.url = f"http://127.0.0.1:{self.wait_for_port(port_file)}"

    def wait_for_port(self, port_file: Path) -> int:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if port_file.exists() and (text := port_file.read_text().strip()):
                return int(text)
            if not self.is_running:
                raise RuntimeError(f"the twin ended at its start; see {self.log}")
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"the twin did not start within {START_TIMEOUT_S:.0f} s; see {self.log}")

    def tell(self, path: str, body: Any = None) -> Any:
        """POST to the control API."""
        answer = self.session.post(f"{self.url}/_twin/{path}", json=body or {}, timeout=120)
        answer.raise_for_status()
        return answer.json()

    def ask(self, path: str) -> Any:
        """GET from the control API."""
        answer = self.session.get(f"{self.url}/_twin/{path}", timeout=120)
        answer.raise_for_status()
        return answer.json()

    def clear_faults(self) -> None:
        self.session.delete(f"{self.url}/_twin/faults", timeout=120).raise_for_status()


def paytrace_twin(folder: Path, *, name: str = "paytrace", port: int = 0) -> TwinProcess:
    return TwinProcess("paysync.sandbox.paytrace", folder, name=name, port=port)


def sage500_twin(
    folder: Path, *, port: int = 0, api_key: str = "", arguments: Sequence[str] = ()
) -> TwinProcess:
    """The Sage 500 twin; `api_key`: what it asks of callers, its own default when empty."""
    return TwinProcess(
        "paysync.sandbox.sage500",
        folder,
        name="sage500",
        port=port,
        arguments=arguments,
        environment={"ERP_TWIN_API_KEY": api_key} if api_key else None,
    )
