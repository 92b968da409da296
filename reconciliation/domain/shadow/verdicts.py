"""Whether paysync and the staff agree on a payment, and the sentence that says why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from paysync.domain.ledger import StaffReceipt
from paysync.domain.money import Money
from reconciliation.domain.shadow.pairing import DAYS_AFTER, DAYS_BEFORE, Paired

#: The column that takes a sentence.
LONGEST = 300
#: So many documents are named; of more the number is told.
NAMED = 3

Applied = tuple[str, Money]


class Verdict(StrEnum):
    """As ShadowComparison keeps it."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_STAFF = "only_staff"
    ONLY_US = "only_us"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Ours:
    """What paysync decided. is_matched: by itself. why: its reasons, or why it did not match.

    offered: what it suggests first where it did not match.
    """

    customer_id: str = ""
    is_matched: bool = False
    applied: tuple[Applied, ...] = ()
    why: str = ""
    offered: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """The result for one payment. theirs: the receipt of the staff, if one was found."""

    verdict: Verdict
    ours: tuple[Applied, ...]
    theirs: StaffReceipt | None
    explanation: str


def compare(day: date, amount: Money, ours: Ours, paired: Paired) -> Compared:
    """Judge one payment of that day and amount."""
    receipt = paired.receipt
    verdict = verdict_of(amount, ours, receipt)
    sentence = sentence_of(verdict, day, amount, ours, paired)
    return Compared(verdict, ordered(ours.applied), receipt, short(sentence))


def verdict_of(amount: Money, ours: Ours, receipt: StaffReceipt | None) -> Verdict:
    if receipt is None:
        return Verdict.ONLY_US if ours.is_matched else Verdict.WAITING
    if not ours.is_matched:
        return Verdict.ONLY_STAFF
    return Verdict.SAME if agree(amount, ours, receipt) else Verdict.DIFFERENT


def agree(amount: Money, ours: Ours, receipt: StaffReceipt) -> bool:
    """The same documents with the same amounts; what is on account, on the same account."""
    if ordered(ours.applied) != ordered(receipt.applications):
        return False
    return not left_of(amount, ours.applied) or ours.customer_id == receipt.customer_id


def sentence_of(verdict: Verdict, day: date, amount: Money, ours: Ours, paired: Paired) -> str:
    receipt, because = paired.receipt, f", because {ours.why}" if ours.why else ""
    if receipt is None:
        searched = rivals_of(paired) or f"no receipt of the staff over {shown(amount)} {span(day)}"
        if verdict is Verdict.ONLY_US:
            where = uses(amount, ours.applied, ours.customer_id, "it")
            return f"paysync would have applied {where}{because}; {searched}."
        return f"Neither has matched it: {searched}."
    did = f"{receipt.tran_id}: the staff applied "
    did += uses(amount, receipt.applications, receipt.customer_id, shown(amount))
    if verdict is Verdict.SAME:
        return f"{did}, as paysync would have{because}."
    if verdict is Verdict.DIFFERENT:
        where = uses(amount, ours.applied, ours.customer_id, "it")
        return f"{did}; paysync would have applied {where}{because}."
    if ours.offered and ordered(ours.offered) == ordered(receipt.applications):
        return f"{did}; paysync suggests the same first, but left it to a person{because}."
    return f"{did}; paysync left it to a person{because}."


def rivals_of(paired: Paired) -> str:
    if not paired.rivals:
        return ""
    names = listed([one.tran_id for one in paired.rivals])
    if len(paired.rivals) == 1:
        return f"receipt {names} fits it, but other payments as well, so none is taken for it"
    return f"receipts {names} fit it, none of them surely, so none is taken for it"


def span(day: date) -> str:
    first, last = day - timedelta(days=DAYS_BEFORE), day + timedelta(days=DAYS_AFTER)
    return f"dated {first:%Y-%m-%d} to {last:%Y-%m-%d} fits it"


def uses(amount: Money, applied: Sequence[Applied], customer_id: str, what: str) -> str:
    """ "100.00 to IN-1", "it to the account of ACME", "60.00 to IN-1 and 40.00 on account"."""
    left, links = left_of(amount, applied), ordered(applied)
    account = f"the account of {customer_id}" if customer_id else "no customer"
    if not links:
        return f"{what} to {account}"
    if len(links) == 1 and not left:
        return f"{what} to {links[0][0]}"
    parts = [f"{money.amount} to {name}" for name, money in links]
    if left:
        parts.append(f"{left} to {account}")
    return listed(parts)


def listed(parts: Sequence[str]) -> str:
    shown_parts, more = list(parts[:NAMED]), len(parts) - NAMED
    if more > 0:
        shown_parts.append(f"{more} more")
    if len(shown_parts) == 1:
        return shown_parts[0]
    return f"{', '.join(shown_parts[:-1])} and {shown_parts[-1]}"


def left_of(amount: Money, applied: Iterable[Applied]) -> Decimal:
    return amount.amount - sum((money.amount for _, money in applied), Decimal(0))


def ordered(applied: Iterable[Applied]) -> tuple[Applied, ...]:
    return tuple(sorted(applied, key=lambda link: (link[0], link[1].amount)))


def shown(amount: Money) -> str:
    return f"{amount.amount} {amount.currency}"


def short(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 2] + "…."
