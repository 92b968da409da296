"""Run the twin: python -m paysync.sandbox.sage500 --port 0 --database FILE [--clerk-every S]"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paysync.sandbox.sage500")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", default=":memory:", help="a SQLite file, kept")
    parser.add_argument("--port-file", type=Path, help="where to write the port once it listens")
    parser.add_argument("--clerk-every", type=float, default=0, metavar="S",
                        help="post balanced batches of that age every S seconds")  # fmt: skip
    parser.add_argument("--reversals-rehearsed", action="store_true",
                        help="reverse receipts, as a site that has rehearsed it")  # fmt: skip
    parser.add_argument("--api-key", default=os.environ.get("ERP_TWIN_API_KEY", SANDBOX_KEY))
    return parser


def main() -> None:
    given = arguments().parse_args()
    twin = SageTwin(
        port=given.port,
        database=given.database,
        api_key=given.api_key,
        clerk_every_s=given.clerk_every,
        reversals_rehearsed=given.reversals_rehearsed,
    )
    if given.port_file:
        given.port_file.write_text(str(twin.port))
    sys.stdout.write(f"{twin.name} on {twin.url}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, stop_now)
    try:
        twin.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        twin.stop()


def stop_now(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
