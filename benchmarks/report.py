"""What all benchmarks share: their options, and how they say what they found."""

from __future__ import annotations

import argparse
import json
from typing import Any

Figures = dict[str, Any]


def options_of(description: str | None, **numbers: tuple[int, str]) -> argparse.Namespace:
    """The command line: `--json`, and for each of `numbers` (default, help) a positive number."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    for name, (default, text) in numbers.items():
        parser.add_argument(f"--{name}", type=positive, default=default, help=text)
    return parser.parse_args()


def positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError("must lie between 1 and 1000000")
    return number


def print_figures(title: str, figures: Figures, *, as_json: bool) -> None:
    print(title)
    for name, value in figures.items():
        print(f"  {name:26} {value}")
    if as_json:
        print(json.dumps(figures))


def rounded(figures: Figures) -> Figures:
    """Three digits after the point are more than any of this is worth."""
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}
