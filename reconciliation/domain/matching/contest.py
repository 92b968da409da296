"""Who wants which document: two payments that fit one alike are left to a person."""

from __future__ import annotations

from collections.abc import Iterable

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found
from reconciliation.domain.matching.names import label_key, name_key
from reconciliation.domain.matching.payers import Standing
from reconciliation.domain.matching.rules import Rule

Certain = tuple[Case, tuple[Found, Rule]]


class Claims:
    """The payments that name each document."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.counts: dict[int, int] = {}
        self.cases: dict[int, list[Case]] = {}

    def count(self, document_id: int) -> None:
        self.counts[document_id] = self.counts.get(document_id, 0) + 1

    def is_alone(self, document_id: int) -> bool:
        return self.counts[document_id] == 1 and document_id not in self.cases

    def add(self, case: Case) -> None:
        reading = case.reading
        exact = [
            document
            for hit in (*reading.weak, *reading.damaged)
            for document in hit.documents
            if document.open == case.payment.amount
        ]
        for document in [*(d for hit in reading.named for d in hit.documents), *exact]:
            self.cases.setdefault(document.id, []).append(case)

    def stamp(self, case: Case) -> int:
        """Changes when something of what the case names is given away."""
        reading = case.reading
        hits = (*reading.named, *reading.weak, *reading.damaged)
        return sum(self.book.left(document) for hit in hits for document in hit.documents)

    def rival(self, case: Case, found: Found) -> str:
        """What to say if another payer names the same document as well and it cannot serve both."""
        for share in found.solution.shares:
            document = self.book.by_id[share.document_id]
            own = case.standing(document)
            for other in self.cases.get(document.id, ()):
                if other is case or other.decision is not None or same_payer(case, other):
                    continue
                standing = other.standing(document)
                fits = case.payment.amount + other.payment.amount <= self.book.left(document)
                if standing is not Standing.AGAINST and standing >= own and not fits:
                    return f"Another payment names {document.tran_id} as well."
        return ""

    def named_by_another(self, case: Case, found: Found) -> bool:
        for share in found.solution.shares:
            for other in self.cases.get(share.document_id, ()):
                if other is not case and other.decision is None:
                    found.stopped("Another payment names the document.")
                    return True
        return False

    def uncontested(self, certain: Iterable[Certain]) -> list[Certain]:
        """Those whose documents no other one of them wants; the rest is marked."""
        certain = list(certain)
        wanted: dict[int, set[int]] = {}
        for case, (found, _) in certain:
            for key in keys_of(found):
                wanted.setdefault(key, set()).add(case.payment.id)
        sure = []
        for case, one in certain:
            if all(len(wanted[key]) == 1 for key in keys_of(one[0])):
                sure.append((case, one))
            else:
                case.contested = True
        return sure


def keys_of(found: Found) -> list[int]:
    solution = found.solution
    return [s.document_id for s in solution.shares] + [c.memo_id for c in solution.credits]


def same_payer(one: Case, other: Case) -> bool:
    return payer_key(one) == payer_key(other)


def payer_key(case: Case) -> tuple[int | None, str, frozenset[str]]:
    payment = case.payment
    return payment.customer_id, label_key(payment.payer_label), name_key(payment.payer_name)
