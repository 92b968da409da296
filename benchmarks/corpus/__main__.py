"""Run the corpus and print the report. What the words mean: the docstring of the package."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.corpus import __doc__ as ABOUT
from benchmarks.corpus.filing import UnreadableCorpusError, read_corpus, write_corpus
from benchmarks.corpus.making import make_corpus
from benchmarks.corpus.report import figures_of, is_passed, stories, table_of, targets_of
from benchmarks.corpus.scoring import Judged, Score, Verdict, score
from benchmarks.corpus.style import STYLES
from benchmarks.corpus.truth import Firm
from benchmarks.report import positive
from reconciliation.domain.matching.engine import match


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.corpus",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world")
    parser.add_argument("--payments", type=positive, default=20_000)
    parser.add_argument("--variant", type=int, choices=sorted(STYLES), default=1)
    parser.add_argument("--file", type=Path, help="take this corpus, make none")
    parser.add_argument("--write", type=Path, help="keep the corpus as a file")
    parser.add_argument("--situation", default="", help="report this one only; all are run")
    parser.add_argument(
        "--show-wrong", action="store_true", help="tell the story of each wrong one"
    )
    parser.add_argument(
        "--show",
        type=int,
        default=0,
        metavar="N",
        help="tell N stories a situation of all not auto",
    )
    return parser.parse_args(arguments)


def corpus_of(options: argparse.Namespace) -> list[Firm]:
    if options.file:
        return read_corpus(options.file)
    firms = make_corpus(options.seed, options.payments, options.variant)
    if options.write:
        write_corpus(firms, options.write)
    return firms


def only(result: Score, situation: str) -> Score:
    kept = [one for one in result.judged if situation in ("", one.case.situation)]
    return Score(kept, result.overdrawn, result.seconds)


def told(result: Score, options: argparse.Namespace) -> None:
    def is_wrong(one: Judged) -> bool:
        return one.verdict is Verdict.WRONG

    def is_short(one: Judged) -> bool:
        due = one.case.readable or one.verdict in (Verdict.MISSED, Verdict.WRONG)
        return one.verdict is not Verdict.AUTO and (due or bool(options.situation))

    if options.show_wrong:
        print(*stories(result.judged, is_wrong, 10_000), sep="\n")
    if options.show:
        print(*stories(result.judged, is_short, options.show), sep="\n")


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    try:
        firms = corpus_of(options)
    except (OSError, UnreadableCorpusError) as error:
        print(error, file=sys.stderr)
        return 2
    documents = sum(len(firm.documents) for firm in firms)
    result = only(score(firms, match), options.situation)
    figures = figures_of(result) | {"firms": len(firms), "documents": documents}
    if not options.file:
        figures |= {"seed": options.seed, "variant": options.variant}
    print(*table_of(result), sep="\n")
    told(result, options)
    print(*targets_of(figures), sep="\n")
    print(f"{figures['payments']} payments, {documents} documents, {figures['seconds']} s ")
    if options.json:
        print(json.dumps(figures))
    return 0 if is_passed(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
