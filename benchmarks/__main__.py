"""Run every benchmark, each in a process of its own, and print one table of ratios."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 1200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a figure, its baseline and their ratio, by key."""

    name: str
    figure: str
    baseline: str
    ratio: str = "ratio"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module, what the table shows of it, and its sizes when it must be quick."""

    name: str
    rows: tuple[Row, ...]
    quick: tuple[str, ...]


BENCHMARKS = (
    Benchmark(
        "hints", (Row("hints", "hint_rps", "bare_rps"),), ("--requests", "300", "--rounds", "3")
    ),
    Benchmark("ingest", (Row("ingest", "seconds", "baseline_seconds"),), ("--payments", "1000")),
    Benchmark(
        "matching",
        (Row("whole run", "seconds", "baseline_seconds"),),
        ("--payments", "1000", "--invoices", "2000"),
    ),
    Benchmark(
        "posting",
        (
            Row("matching", "match_seconds", "baseline_match_seconds", "match_ratio"),
            Row("posting", "post_seconds", "baseline_post_seconds"),
        ),
        ("--payments", "500", "--invoices", "2000"),
    ),
    Benchmark(
        "workbench",
        (Row("open a payment", "open_ms", "bare_ms"),),
        ("--payments", "300", "--invoices", "600", "--rounds", "2"),
    ),
    Benchmark(
        "api",
        (
            Row("API, 1", "api_rps_1", "body_rps_1", "ratio_1"),
            Row("API, 16", "api_rps_16", "body_rps_16", "ratio_16"),
        ),
        ("--invoices", "1000", "--requests", "100", "--rounds", "2"),
    ),
)
#: Only where a T-SQL server is named: it makes and drops a database there.
ERP = Benchmark(
    "erp",
    (
        Row("read Sage", "read_per_s", "bare_read_per_s", "read_ratio"),
        Row("write Sage", "submit_per_s", "bare_insert_per_s", "submit_ratio"),
    ),
    ("--invoices", "500", "--receipts", "20"),
)


def run(benchmark: Benchmark, *, is_quick: bool) -> dict[str, Any]:
    """The figures of one benchmark. Ends the program with its words when it fails."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", "--json"]
    done = subprocess.run(
        [*command, *(benchmark.quick if is_quick else ())],
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(f"benchmarks.{benchmark.name} failed with {done.returncode}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def line_of(row: Row, figures: dict[str, Any]) -> str:
    figure = f"{row.figure} {figures[row.figure]:.2f}"
    baseline = f"{row.baseline} {figures[row.baseline]:.2f}"
    return f"{row.name:10} {figure:26} {baseline:34} {figures[row.ratio]:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args()
    print(f"{'name':10} {'figure':26} {'baseline':34} {'ratio':>8}", flush=True)
    found = {}
    for benchmark in (*BENCHMARKS, *([ERP] if os.environ.get("SAGE500_TEST_URL") else [])):
        found[benchmark.name] = run(benchmark, is_quick=options.quick)
        for row in benchmark.rows:
            print(line_of(row, found[benchmark.name]), flush=True)
    matched = found["posting"]
    print(f"match: {matched['match_per_s']:.0f} a second, {matched['match_queries']} SELECTs")
    print("A ratio of 1 is as fast as the baseline; the baselines do less, so below 1 is expected.")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
