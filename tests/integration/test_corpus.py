"""The corpus: its truth holds, its verdicts are strict, and the engine is never wrong on it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.filing import UnreadableCorpusError, lines_of, read_corpus, write_corpus
from benchmarks.corpus.making import make_corpus
from benchmarks.corpus.scoring import Verdict, judge, score
from benchmarks.corpus.situations import SITUATIONS
from benchmarks.corpus.style import STYLES
from benchmarks.corpus.truth import Answer, Case, Firm, faults_of, nothing, pays, suggested
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Credit, Decision, Outcome, Share, Solution
from reconciliation.domain.matching.rules import Strategy

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"wrong", "auto_rate_referenced", "auto_rate", "top3_rate", "by_situation"}

PAYMENT = OpenPayment(1, 100_00, "USD", datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2))
KNOWN = replace(PAYMENT, customer_id=9)


def document(number: int, amount: int, kind: int = 501) -> Document:
    name = f"{number:010d}"
    day = date(2026, 2, 1)
    return Document(number, f"IN-{name}", name, kind, day, day, "USD", amount, amount, 9, "C9")


INVOICE, TWIN, MEMO = document(1, 100_00), document(2, 100_00), document(3, 30_00, kind=502)


def solution(*shares: Share, unapplied: int = 0, credits: tuple[Credit, ...] = ()) -> Solution:
    return Solution(Strategy.INVOICE_REFERENCE, 9, shares, unapplied, (), credits)


def decided(outcome: Outcome, *solutions: Solution) -> Decision:
    return Decision(1, outcome, "", solutions)


def verdict(answer: Answer, decision: Decision, payment: OpenPayment = KNOWN) -> Verdict:
    return judge(Case(payment, (answer,)), decision)


PAYS_INVOICE, PAYS_TWIN = solution(Share(1, 100_00)), solution(Share(2, 100_00))
ON_ACCOUNT = solution(unapplied=100_00)


def test_applied_as_it_should_be_is_auto_and_anything_else_is_wrong() -> None:
    assert verdict(pays(INVOICE), decided(Outcome.AUTO, PAYS_INVOICE)) is Verdict.AUTO
    assert verdict(pays(INVOICE), decided(Outcome.AUTO, PAYS_TWIN, PAYS_INVOICE)) is Verdict.WRONG
    short = solution(Share(1, 99_98), unapplied=2)
    assert verdict(pays(INVOICE), decided(Outcome.AUTO, short)) is Verdict.WRONG


def test_right_by_luck_is_wrong_where_somebody_had_to_be_asked() -> None:
    [answer] = suggested([pays(INVOICE)])
    assert verdict(answer, decided(Outcome.AUTO, PAYS_INVOICE)) is Verdict.WRONG
    assert verdict(answer, decided(Outcome.SUGGEST, PAYS_INVOICE)) is Verdict.FIRST


def test_a_discount_or_write_off_that_differs_is_wrong() -> None:
    answer = pays(INVOICE, discounts={1: 2_00})
    taken = decided(Outcome.AUTO, solution(Share(1, 98_00, discount=2_00)))
    assert verdict(answer, taken) is Verdict.AUTO
    for share in (Share(1, 98_00), Share(1, 98_00, write_off=2_00)):
        assert verdict(answer, decided(Outcome.AUTO, solution(share))) is Verdict.WRONG


def test_the_place_among_the_suggestions_counts_up_to_the_third() -> None:
    other = solution(Share(2, 50_00), unapplied=50_00)
    for before, wanted in enumerate((Verdict.FIRST, Verdict.TOP3, Verdict.TOP3, Verdict.MISSED)):
        offered = decided(Outcome.SUGGEST, *[other] * before, PAYS_INVOICE)
        assert verdict(pays(INVOICE), offered) is wanted
    assert verdict(pays(INVOICE), decided(Outcome.NONE)) is Verdict.MISSED


def test_money_for_nothing_may_wait_but_never_be_applied() -> None:
    answer = nothing(100_00)
    assert verdict(answer, decided(Outcome.NONE)) is Verdict.FIRST
    assert verdict(answer, decided(Outcome.SUGGEST, PAYS_INVOICE, ON_ACCOUNT)) is Verdict.TOP3
    assert verdict(answer, decided(Outcome.SUGGEST, PAYS_INVOICE)) is Verdict.MISSED
    assert verdict(answer, decided(Outcome.SUGGEST, PAYS_INVOICE), PAYMENT) is Verdict.TOP3
    for applied in (PAYS_INVOICE, ON_ACCOUNT):
        assert verdict(answer, decided(Outcome.AUTO, applied)) is Verdict.WRONG


def test_which_document_a_memo_went_to_is_nobodys_concern() -> None:
    answer = pays(INVOICE, TWIN, memos=[MEMO])
    for first, second, to in ((70_00, 100_00, 1), (100_00, 70_00, 2)):
        shares = Share(1, first), Share(2, second)
        done = solution(*shares, credits=(Credit(3, to, 30_00),))
        assert verdict(answer, decided(Outcome.AUTO, done)) is Verdict.AUTO


def test_a_document_given_away_twice_is_counted() -> None:
    cases = [Case(replace(KNOWN, id=number), (pays(INVOICE),)) for number in (1, 2)]
    firm = Firm("F", documents=[INVOICE], cases=cases)
    twice = [Decision(number, Outcome.AUTO, "", (PAYS_INVOICE,)) for number in (1, 2)]
    assert score([firm], lambda *_: twice).overdrawn == 1
    with pytest.raises(ValueError, match="not one decision for each payment"):
        score([firm], lambda *_: twice[:1])


@pytest.mark.parametrize("variant", sorted(STYLES))
def test_every_situation_has_a_truth_that_can_be_true(variant: int) -> None:
    assert len(SITUATIONS) >= 35
    firm = Firm("F")
    desk = Desk(firm, STYLES[variant], Random(5), 1000)
    for name, situation in SITUATIONS.items():
        made = [case for _ in range(12) for case in situation.make(desk)]
        assert made, f"{name} never happens"
        firm.cases += [replace(case, situation=name) for case in made]
    assert faults_of(firm) == []
    assert len({case.payment.id for case in firm.cases}) == len(firm.cases)
    assert len({document.id for document in firm.documents}) == len(firm.documents)
    numbers = {(document.tran_type, document.tran_no) for document in firm.documents}
    assert len(numbers) == len(firm.documents), "two documents of one kind and number"


def test_the_seed_alone_decides_the_corpus() -> None:
    def all_of(seed: int, variant: int) -> list[dict[str, Any]]:
        return [line for firm in make_corpus(seed, 150, variant) for line in lines_of(firm)]

    assert all_of(3, 1) == all_of(3, 1)
    assert all_of(3, 1) != all_of(4, 1)
    assert all_of(3, 1) != all_of(3, 2)


def test_a_corpus_comes_back_from_its_file(tmp_path: Path) -> None:
    firms = make_corpus(2, 2500)
    write_corpus(firms, tmp_path / "corpus.jsonl")
    again = read_corpus(tmp_path / "corpus.jsonl")
    assert len(firms) > 1
    assert again == firms
    assert [firm.rules for firm in again] == [firm.rules for firm in firms]


def test_the_example_of_the_docs_is_a_corpus(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reconciliation.md").read_text(encoding="utf-8")
    example = page.split("## Corpus")[1].split("```json\n")[1].split("```")[0]
    path = tmp_path / "corpus.jsonl"
    path.write_text(example, encoding="utf-8")
    [firm] = read_corpus(path)
    assert [case.situation for case in firm.cases] == ["mine"]
    assert firm.rules.version == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"kind": "invoice"}', "line 2: .*no such kind"),
        ('{"kind": "payment", "id": 1}', "line 2: .*answers"),
        ("{", "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"kind": "company", "name": "F"}\n' + line, encoding="utf-8")
    with pytest.raises(UnreadableCorpusError, match=said):
        read_corpus(path)


def test_a_truth_that_cannot_be_true_is_refused(tmp_path: Path) -> None:
    case = Case(replace(KNOWN, amount=120_00), (pays(INVOICE, amounts={1: 120_00}),))
    path = tmp_path / "corpus.jsonl"
    write_corpus([Firm("F", documents=[INVOICE], cases=[case])], path)
    with pytest.raises(UnreadableCorpusError, match="more on document 1 than is open"):
        read_corpus(path)


def run(*options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.corpus", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.stdout, done.stderr[-2000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done, figures


@pytest.mark.parametrize("variant", sorted(STYLES))
def test_the_engine_is_never_wrong_and_the_file_says_the_same(tmp_path: Path, variant: int) -> None:
    path = tmp_path / "corpus.jsonl"
    size = ("--payments", "700", "--seed", "11", "--variant", str(variant))
    done, figures = run(*size, "--write", str(path), "--show-wrong")
    assert figures["wrong"] == figures["overdrawn"] == 0, done.stdout
    assert figures.keys() >= KEYS
    assert figures["payments"] == 700
    _, again = run("--file", str(path))
    assert {key: again[key] for key in KEYS} == {key: figures[key] for key in KEYS}


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.corpus", "--file", str(tmp_path / "none.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 2
    assert "none.jsonl" in done.stderr
    assert "Traceback" not in done.stderr
