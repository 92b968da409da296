"""A storm of money going out: does every proof hold?

For each seed a demo of its own: 2,000 payments, and beside them 400 refunds, voids, disputes, flips
and ACH returns; every fault card is in play and the worker is killed again and again. Then the
books are proved against themselves and both twins, and what the gateway really paid back is counted
past every adapter. `violations` is the sum over the seeds: it has to be 0. No figure is a speed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 1800
#: What the demo would take from the environment of whoever runs this.
NOT_OURS = ("DATABASE_URL", "ENV_FILE", "DJANGO_SETTINGS_MODULE")


def storm(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one seed, from a process with a database and twins of its own."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="paysync-storm-") as folder:
        command = [
            sys.executable, str(ROOT / "manage.py"), "demo", "--once", "--json",
            "--faults", "all", "--seed", str(seed), "--payments", str(options.payments),
            "--money-out", str(options.money_out), "--kill-worker", str(options.kills),
        ]  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env=kept | {"DEMO_DIR": folder},
            cwd=ROOT,
        )
    lines = done.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        sys.exit(f"seed {seed} came to no end:\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(lines[-1])
    figures["seconds"] = round(time.monotonic() - started, 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 1 on")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--payments", type=int, default=2000)
    parser.add_argument("--money-out", type=int, default=400)
    parser.add_argument("--kills", type=int, default=5, help="how often the worker is killed")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    options = parser.parse_args()
    found = []
    for seed in range(options.first, options.first + options.seeds):
        one = storm(seed, options)
        found.append(one)
        print(
            f"seed {seed}: {one['payments']} payments, {one['duplicates']} duplicates, "
            f"{one['missing']} missing, {one['violations']} violations, {one['seconds']} s",
            flush=True,
        )
        for violation in one["violation_list"]:
            print(f"  {violation['name']}: {violation['record']}: {violation['message']}")
    totals = {name: sum(one[name] for one in found)
              for name in ("payments", "duplicates", "missing", "violations")}  # fmt: skip
    if options.json:
        print(json.dumps({"seeds": options.seeds, **totals, "money_out": summed(found)}))
    if totals["duplicates"] or totals["missing"] or totals["violations"]:
        sys.exit(1)


def summed(found: list[dict[str, Any]]) -> dict[str, int]:
    result: dict[str, int] = {}
    for one in found:
        for name, count in one["money_out"].items():
            result[name] = result.get(name, 0) + count
    return result


if __name__ == "__main__":
    main()
