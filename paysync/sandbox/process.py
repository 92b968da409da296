"""Running a twin as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from paysync.sandbox.twin import Twin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--port, --database and --port-file, alike for every twin."""
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", default=":memory:", metavar="FILE")
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="the port goes here")


def run(twin: Twin, port_file: Path | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. The port file appears whole, once the twin listens."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    if port_file is not None:
        draft = port_file.with_name(port_file.name + ".new")
        draft.write_text(str(twin.port))
        draft.replace(port_file)
    sys.stdout.write(f"{twin.name} twin: {twin.url}  control page: {twin.url}/_twin/\n")
    sys.stdout.flush()
    try:
        twin.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        twin.stop()
