"""Run every benchmark, each in a process of its own, and print one table of ratios."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 1200


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module, the figures of it that the table shows, and its sizes when it must be quick."""

    name: str
    figure: str
    baseline: str
    ratio: str
    quick: tuple[str, ...]


BENCHMARKS = (
    Benchmark("hints", "hint_rps", "bare_rps", "ratio", ("--requests", "300", "--rounds", "3")),
    Benchmark("ingest", "seconds", "baseline_seconds", "ratio", ("--payments", "1000")),
    Benchmark(
        "posting",
        "post_seconds",
        "baseline_post_seconds",
        "ratio",
        ("--payments", "500", "--invoices", "2000"),
    ),
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


def line_of(benchmark: Benchmark, figures: dict[str, Any]) -> str:
    figure = f"{benchmark.figure} {figures[benchmark.figure]:.2f}"
    baseline = f"{benchmark.baseline} {figures[benchmark.baseline]:.2f}"
    return f"{benchmark.name:10} {figure:26} {baseline:34} {figures[benchmark.ratio]:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args()
    print(f"{'name':10} {'figure':26} {'baseline':34} {'ratio':>8}", flush=True)
    found = {}
    for benchmark in BENCHMARKS:
        found[benchmark.name] = run(benchmark, is_quick=options.quick)
        print(line_of(benchmark, found[benchmark.name]), flush=True)
    matched = found["posting"]
    print(f"match: {matched['match_per_s']:.0f} a second, {matched['match_queries']} SELECTs")
    print("A ratio of 1 is as fast as the baseline; the baselines do less, so below 1 is expected.")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
