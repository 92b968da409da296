"""The score as a table by situation, the targets, and what to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.corpus.scoring import Judged, Score, Verdict
from benchmarks.corpus.truth import Answer, key_of
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Solution

AUTO_REFERENCED, TOP3 = 0.98, 0.97
RIGHT = (Verdict.AUTO, Verdict.FIRST, Verdict.TOP3)
COLUMNS = tuple(Verdict)


def figures_of(score: Score) -> dict[str, Any]:
    """What `--json` prints. Rates are shares of 1, cut to four digits."""
    wrong = sum(one.verdict is Verdict.WRONG for one in score.judged)
    return {
        "wrong": wrong,
        "auto_rate_referenced": _cut(score.share([Verdict.AUTO], readable_only=True)),
        "auto_rate": _cut(score.share([Verdict.AUTO])),
        "top3_rate": _cut(score.share(RIGHT)),
        "overdrawn": score.overdrawn,
        "payments": len(score.judged),
        "referenced": sum(one.case.readable for one in score.judged),
        "gave_up": score.gave_up,
        "seconds": round(score.seconds, 2),
        "by_situation": {
            name: {"payments": found.total()} | {v.value: found[v] for v in COLUMNS}
            for name, found in sorted(score.verdicts.items())
        },
    }


def _cut(rate: float) -> float:
    """Never rounded up: 0.97996 is not 0.98."""
    return int(rate * 10_000) / 10_000


def table_of(score: Score) -> Iterable[str]:
    yield f"{'situation':52} {'payments':>8}" + "".join(f"{v.value:>8}" for v in COLUMNS)
    readable = {one.case.situation for one in score.judged if one.case.readable}
    for name, found in sorted(score.verdicts.items()):
        counts = "".join(f"{found[v] or '.':>8}" for v in COLUMNS)
        yield f"{name + (' *' if name in readable else ''):52} {found.total():8}{counts}"
    yield "* carries a readable reference"


def targets_of(figures: dict[str, Any]) -> Iterable[str]:
    for name, is_met, wanted in (
        ("wrong", figures["wrong"] == 0, "0"),
        ("overdrawn", figures["overdrawn"] == 0, "0"),
        ("auto_rate_referenced", figures["auto_rate_referenced"] >= AUTO_REFERENCED, ">= 0.98"),
        ("top3_rate", figures["top3_rate"] >= TOP3, ">= 0.97"),
    ):
        yield f"{'pass' if is_met else 'FAIL'}  {name:22} {figures[name]:<8} wanted {wanted}"


def is_passed(figures: dict[str, Any]) -> bool:
    return all(line.startswith("pass") for line in targets_of(figures))


def stories(judged: Iterable[Judged], wanted: Callable[[Judged], bool], most: int) -> Iterable[str]:
    """Payment, documents, decision and truth of those that are wanted, `most` a situation."""
    told: dict[str, int] = {}
    for one in judged:
        told.setdefault(one.case.situation, 0)
        if wanted(one) and told[one.case.situation] < most:
            told[one.case.situation] += 1
            yield story_of(one)


def story_of(one: Judged) -> str:
    by_id = {document.id: document for document in one.firm.documents}
    decision = one.decision
    lines = [
        f"== {one.case.situation}: {one.verdict} ({one.firm.name})",
        f"   {one.case.payment!r:.900}",
    ]
    for answer in one.case.answers[:4]:
        lines.append(f"   truth    {_answer(answer, by_id)}")
    lines.append(
        f"   decision {decision.outcome}: {decision.sentence[:300]} {' '.join(decision.stopped)}"
    )
    lines += (f"   offered  {_offer(solution, by_id)}" for solution in decision.solutions[:3])
    concerned = {part[0] for a in one.case.answers[:4] for part in a.parts}
    concerned |= {s.document_id for solution in decision.solutions[:2] for s in solution.shares}
    lines += (f"   {_document(by_id[number])}" for number in sorted(concerned)[:8])
    return "\n".join(lines)


def _answer(answer: Answer, by_id: dict[int, Document]) -> str:
    return f"{_key(answer.key, by_id)}{'' if answer.auto_ok else ' (only if asked)'}"


def _offer(solution: Solution, by_id: dict[int, Document]) -> str:
    return f"{solution.strategy} {solution.score}: {_key(key_of(solution), by_id)}"


def _key(key: Any, by_id: dict[int, Document]) -> str:
    parts, memos, rest = key
    words = [
        f"{by_id[n].tran_id} {paid}" + (f" disc {disc}" * bool(disc)) + (f" off {off}" * bool(off))
        for n, paid, disc, off in sorted(parts)
    ]
    words += [f"{by_id[n].tran_id} -{used}" for n, used in sorted(memos)]
    return ", ".join([*words, f"rest {rest}"] if rest or not words else words)


def _document(document: Document) -> str:
    return (
        f"{document.tran_id} #{document.id} of {document.customer_id} {document.customer_name!r}, "
        f"{document.tran_date}, {document.open} of {document.total} {document.currency}, "
        f"discount {document.discount} until {document.discount_until}, PO {document.customer_po!r}"
    )
