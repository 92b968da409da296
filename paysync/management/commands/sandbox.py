"""Run the twins of PayTrace and Sage 500 as processes of their own, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from paysync.sandbox.environment import demo_folder
from paysync.sandbox.processes import TwinProcess, paytrace_twin, sage500_twin


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--paytrace-port", type=int, default=0, help="0 takes a free one")
        parser.add_argument("--sage500-port", type=int, default=0, help="0 takes a free one")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        folder = demo_folder() / "sandbox"
        twins: list[TwinProcess] = []
        try:
            twins.append(paytrace_twin(folder, port=options["paytrace_port"]))
            twins.append(sage500_twin(folder, port=options["sage500_port"]))
            for twin in twins:
                self.stdout.write(f"{twin.name}: {twin.url} (control page {twin.url}/_twin/)")
            self.stdout.write("These are stand-ins, not the real systems. Ctrl-C ends them.")
            while not stopping.wait(1):
                for twin in twins:
                    if not twin.is_running:
                        raise RuntimeError(f"{twin.name} ended by itself; see {twin.log}")
        finally:
            for twin in twins:
                twin.stop()
