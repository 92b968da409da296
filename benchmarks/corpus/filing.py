"""A corpus as a file, one JSON object a line. The form: docs/reconciliation.md, "Corpus"."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from benchmarks.corpus.truth import Answer, Case, Firm, faults_of
from reconciliation.domain.matching.facts import Document, OpenPayment

Line = dict[str, Any]
DATES = frozenset({"paid_on", "tran_date", "due_date", "discount_until"})


class UnreadableCorpusError(ValueError):
    """A line that is not in the form, or a truth that cannot be true."""


def write_corpus(firms: Iterable[Firm], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for firm in firms:
            for line in lines_of(firm):
                file.write(json.dumps(line, default=_plain, ensure_ascii=False) + "\n")


def lines_of(firm: Firm) -> Iterator[Line]:
    yield {"kind": "company", "name": firm.name, "limits": firm.limits}
    for document in firm.documents:
        yield {"kind": "document"} | asdict(document)
    for case in firm.cases:
        truth = {"situation": case.situation, "readable": case.readable}
        answers = [_answer_line(answer) for answer in case.answers]
        yield {"kind": "payment"} | asdict(case.payment) | truth | {"answers": answers}


def _answer_line(answer: Answer) -> Line:
    names = ("document", "paid", "discount", "write_off")
    return {
        "shares": [dict(zip(names, part, strict=True)) for part in answer.parts],
        "memos": [{"memo": memo, "used": used} for memo, used in answer.memos],
        "unapplied": answer.unapplied,
        "auto_ok": answer.auto_ok,
    }


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a corpus")


def read_corpus(path: Path) -> list[Firm]:
    """Every company of the file. Raises UnreadableCorpusError with the line it stopped at."""
    firms: list[Firm] = []
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                _add(firms, json.loads(text))
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise UnreadableCorpusError(f"{path}, line {number}: {error!r}") from error
    wrong = [fault for firm in firms for fault in faults_of(firm)]
    if wrong:
        raise UnreadableCorpusError("; ".join(wrong[:5]))
    return firms


def _add(firms: list[Firm], line: Line) -> None:
    kind = line.pop("kind")
    if kind == "company":
        firms.append(Firm(line["name"], line.get("limits", {})))
    elif kind == "document":
        firms[-1].documents.append(Document(**_typed(line)))
    elif kind == "payment":
        firms[-1].cases.append(_case_of(line))
    else:
        raise ValueError(f"no such kind: {kind}")


def _case_of(line: Line) -> Case:
    answers = tuple(_answer_of(answer) for answer in line["answers"])
    names = {field.name for field in fields(OpenPayment)}
    facts = _typed({k: v for k, v in line.items() if k in names})
    for name in ("texts", "aliases"):
        facts[name] = tuple(facts.get(name, ()))
    payment = OpenPayment(**facts | {"created_at": datetime.fromisoformat(facts["created_at"])})
    return Case(payment, answers, bool(line.get("readable", False)), line.get("situation", ""))


def _answer_of(line: Line) -> Answer:
    parts = (
        (s["document"], s["paid"], s.get("discount", 0), s.get("write_off", 0))
        for s in line["shares"]
    )
    memos = tuple((m["memo"], m["used"]) for m in line.get("memos", ()))
    return Answer(tuple(parts), memos, line.get("unapplied", 0), line.get("auto_ok", True))


def _typed(line: Line) -> Line:
    return {k: date.fromisoformat(v) if k in DATES and v else v for k, v in line.items()}
