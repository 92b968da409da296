"""Which receipt of Sage's list is which of ours. What is not certain is asked, never guessed.

A receipt is ours when
1. it carries a number that is already linked to one of ours; a number that a person typed needs
   one more sign (2 or 3, or the same customer and amount);
2. or its comment begins with the `PT <gateway id>` of one of ours;
3. or it has the receipt number of one of ours, and the same amount, date and customer (a deleted
   one shows no customer).

Two rows for one receipt of ours, or two of ours for one row, are a question for a person. So is a
row that has our number and nothing else in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from paysync.domain.desk.entries import DeskEntry, mark_of
from paysync.domain.desk.news import SageReceipt
from paysync.domain.errors import RecordError
from paysync.domain.money import Money


@dataclass(frozen=True, slots=True)
class Question:
    """One receipt of ours that somebody has to look at."""

    entry_pk: int
    text: str


@dataclass(slots=True)
class Matched:
    """pairs: (ours, its row)."""

    pairs: list[tuple[DeskEntry, SageReceipt]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass(slots=True)
class Index:
    """The rows of one export by what they may be found by."""

    by_id: dict[tuple[str, str], list[SageReceipt]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_no: dict[tuple[str, str], list[SageReceipt]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_mark: dict[tuple[str, str], list[SageReceipt]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, rows: Iterable[SageReceipt]) -> Index:
        index = cls()
        for row in rows:
            index.by_id[row.company_id, row.tran_id.upper()].append(row)
            index.by_no[row.company_id, row.tran_no.upper()].append(row)
            if mark := mark_of(row.comment):
                index.by_mark[row.company_id, mark].append(row)
        return index


def match_rows(entries: Sequence[DeskEntry], rows: Sequence[SageReceipt]) -> Matched:
    """Pair ours with Sage's. Both in any order; rows of others are left alone."""
    index, result = Index.of(rows), Matched()
    owners: dict[int, list[tuple[DeskEntry, SageReceipt]]] = defaultdict(list)
    for entry in entries:
        try:
            found = rows_of(entry, index)
        except RecordError as error:
            result.questions.append(Question(entry.pk, str(error)))
            continue
        if isinstance(found, str):
            result.questions.append(Question(entry.pk, found))
        elif found is not None:
            owners[found.line].append((entry, found))
    for pairs in owners.values():
        settle(pairs, result)
    return result


def settle(pairs: list[tuple[DeskEntry, SageReceipt]], result: Matched) -> None:
    """One row belongs to one receipt: a number that Sage told goes first."""
    told = [pair for pair in pairs if pair[0].number_told]
    if len(pairs) == 1 or len(told) == 1:
        result.pairs.append((told or pairs)[0])
        return
    for entry, row in pairs:
        text = f"{row.tran_id} in Sage 500 could be this receipt or another one of ours."
        result.questions.append(Question(entry.pk, text))


def rows_of(entry: DeskEntry, index: Index) -> SageReceipt | str | None:
    """The row of one receipt, a question about it, or nothing."""
    sent = Sent.of(entry)
    linked = index.by_id.get((entry.company_id, entry.sage_tran_id.upper()), [])
    if entry.sage_tran_id and linked:
        return by_number(entry, sent, linked)
    if entry.number_told:
        return None
    marked = index.by_mark.get((entry.company_id, sent.mark), []) if sent.mark else []
    if len(marked) > 1:
        return f"{listed(marked)} in Sage 500 all carry {sent.mark} in their comment."
    if marked:
        return marked[0]
    return by_receipt_number(sent, index.by_no.get((entry.company_id, sent.tran_no), []))


def by_number(entry: DeskEntry, sent: Sent, linked: list[SageReceipt]) -> SageReceipt | str | None:
    if len(linked) > 1:
        return f"Sage 500 lists {linked[0].tran_id} {len(linked)} times."
    row = linked[0]
    if entry.number_told or sent.mark and sent.mark == mark_of(row.comment):
        return row
    if sent.is_numbered(row) or (row.amount == sent.amount and sent.is_of_customer(row)):
        return row
    return (
        f"{row.tran_id}, the number that was typed in, is a receipt of {row.amount} from "
        f"{row.customer_id or 'nobody'} in Sage 500."
    )


def by_receipt_number(sent: Sent, rows: list[SageReceipt]) -> SageReceipt | str | None:
    same = [row for row in rows if sent.is_same(row)]
    if len(same) == 1 and len(rows) == 1:
        return same[0]
    if not rows:
        return None
    return f"{listed(rows)} in Sage 500 has the number {sent.tran_no}, but is not the same receipt."


def listed(rows: list[SageReceipt]) -> str:
    return ", ".join(row.tran_id for row in rows[:5])


@dataclass(frozen=True, slots=True)
class Sent:
    """What we sent, as far as a row can be compared with it."""

    tran_no: str
    customer_id: str
    amount: Money
    tran_date: str
    mark: str

    @classmethod
    def of(cls, entry: DeskEntry) -> Sent:
        """Raises RecordError."""
        data = entry.intent
        try:
            return cls(
                data["tran_no"].rstrip().upper(),
                data["customer_id"].rstrip().upper(),
                Money.parse(data["amount"], data["currency"]),
                data["tran_date"],
                mark_of(data["comment"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise RecordError("the stored receipt cannot be read") from error

    def is_numbered(self, row: SageReceipt) -> bool:
        return row.tran_no.upper() == self.tran_no

    def is_of_customer(self, row: SageReceipt) -> bool:
        return row.customer_id.upper() == self.customer_id

    def is_same(self, row: SageReceipt) -> bool:
        """Amount, date and customer agree; a deleted receipt shows no customer."""
        return (
            row.amount == self.amount
            and row.tran_date.isoformat() == self.tran_date
            and (not row.customer_id or self.is_of_customer(row))
        )
