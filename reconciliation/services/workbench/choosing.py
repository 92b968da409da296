"""What a payment is to pay, as a person chose: a suggestion, a split by hand, the oldest first, or
nothing but the customer's account.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.money import Money
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.domain.matching.rules import Strategy
from reconciliation.models import GatewayTransaction, Proposal
from reconciliation.queries.amounts import from_minor, to_minor
from reconciliation.queries.candidates import documents_by_id
from reconciliation.queries.limits import HandLimits, hand_limits, write_off_account
from reconciliation.queries.open_documents import oldest_documents
from reconciliation.services.journal import balances_of
from reconciliation.services.matching.postable import held_money

#: The rule of a match that a person put together.
BY_HAND = "by_hand"
#: So many document ids are spelled out in a sentence.
SPELLED = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to match a payment. Amounts in minor units. rank: of the suggestion, if it is one."""

    customer_id: int
    shares: tuple[Share, ...]
    unapplied: int
    rule: str
    sentence: str
    credits: tuple[Credit, ...] = ()
    write_off_account: str = ""
    short_pay_reason: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """What somebody put together by hand. customer_id: the payer, where it is not the documents'
    own customer or their parent. may_rest: what is left over goes on account.
    """

    shares: tuple[Share, ...]
    may_rest: bool = False
    customer_id: int | None = None
    short_pay_reason: str = ""


def held_of(row: GatewayTransaction) -> int:
    """What of the payment waits for an explanation, in minor units."""
    held = held_money(row, balances_of([row]).get(row.pk, {}))
    return to_minor(held.amount, row.currency)


# --- a suggestion ---------------------------------------------------------------------------------


def suggested(row: GatewayTransaction, rank: int, digest: str) -> Choice:
    """The n-th suggestion. digest: of the one the person saw; "" for whatever is there.

    Raises ConflictError where the suggestions were made anew since.
    """
    proposal = Proposal.objects.filter(transaction=row).first()
    solutions = proposal.card.get("solutions", []) if proposal else []
    if not 1 <= rank <= len(solutions):
        raise RuleError("There is no such suggestion for this payment: split it by hand.")
    solution = solutions[rank - 1]
    if digest and digest != digest_of(solution):
        raise ConflictError("The suggestions were made anew since: look at them again.")
    shares = tuple(to_share(part, row.currency) for part in solution["shares"])
    names = [str(part["tran_id"]) for part in solution["shares"]]
    unapplied = minor(solution["unapplied"], row.currency)
    account = ""
    if any(share.write_off for share in shares):
        account = write_off_account(row.company_id, timezone.localdate(), solution["strategy"])
    return Choice(
        customer_id=int(solution["customer"]["id"]),
        shares=shares,
        unapplied=unapplied,
        rule=str(solution["strategy"]),
        sentence=pays(names, unapplied, row.currency, f"suggestion {rank} accepted"),
        credits=tuple(to_credit(part, row.currency) for part in solution.get("credits", ())),
        write_off_account=account,
        rank=rank,
    )


def digest_of(solution: dict[str, Any]) -> str:
    """Two solutions of one digest pay the same."""
    says = {
        "customer": solution["customer"]["id"],
        "shares": [
            [part[name] for name in ("document", "amount", "discount", "write_off")]
            for part in solution["shares"]
        ],
        "credits": [
            [part[name] for name in ("memo", "document", "amount")]
            for part in solution.get("credits", ())
        ],
        "unapplied": solution["unapplied"],
    }
    return hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()[:12]


def to_share(part: dict[str, Any], currency: str) -> Share:
    amount, discount, write_off = (
        minor(part[name], currency) for name in ("amount", "discount", "write_off")
    )
    return Share(int(part["document"]), amount, discount, write_off)


def to_credit(part: dict[str, Any], currency: str) -> Credit:
    return Credit(int(part["memo"]), int(part["document"]), minor(part["amount"], currency))


def minor(text: str, currency: str) -> int:
    return to_minor(Decimal(text), currency)


# --- by hand --------------------------------------------------------------------------------------


def by_hand(row: GatewayTransaction, split: Split) -> Choice:
    """A split as typed. Raises RuleError where it does not add up or goes beyond the limits."""
    if not split.shares:
        raise RuleError("Type an amount for at least one document.")
    documents = documents_by_id(row.company, [share.document_id for share in split.shares])
    if len(documents) != len(split.shares):
        raise RuleError("A document is named that is not there, or named twice.")
    rest = held_of(row) - sum(share.amount for share in split.shares)
    check_rest(row, rest, split.may_rest)
    account = check_write_offs(row, split.shares, documents)
    names = [documents[share.document_id].tran_id for share in split.shares]
    return Choice(
        customer_id=split.customer_id or payer_of(row, documents.values()),
        shares=split.shares,
        unapplied=rest,
        rule=BY_HAND,
        sentence=pays(names, rest, row.currency, "split by hand"),
        write_off_account=account,
        short_pay_reason=split.short_pay_reason if leaves(split.shares, documents) else "",
    )


def check_rest(row: GatewayTransaction, rest: int, may_rest: bool) -> None:
    money = Money(abs(from_minor(rest, row.currency)), row.currency)
    if rest < 0:
        raise RuleError(f"That is {money} more than the payment holds.")
    if rest and not may_rest:
        raise RuleError(f"{money} is left: give it to a document, or leave it on account.")


def check_write_offs(
    row: GatewayTransaction, shares: Iterable[Share], documents: dict[int, Document]
) -> str:
    """The account for what is written off by hand; each document within the company's limit."""
    written = [share for share in shares if share.write_off]
    if not written:
        return ""
    limits = hand_limits(row.company_id, timezone.localdate())
    for share in written:
        check_write_off(share, documents[share.document_id], limits, row.currency)
    if not limits.account:
        raise RuleError("The rules of this company name no account for write-offs.")
    return limits.account


def check_write_off(share: Share, document: Document, limits: HandLimits, currency: str) -> None:
    limit = Money(limits.write_off, currency) if limits.write_off else None
    if limit is None:
        raise RuleError("The rules of this company allow no write-off by hand.")
    if share.write_off > to_minor(limit.amount, currency):
        raise RuleError(f"{document.tran_id}: at most {limit} may be written off by hand.")


def payer_of(row: GatewayTransaction, documents: Iterable[Document]) -> int:
    """Who pays these documents: the known payer, else their customer, else their common parent."""
    listed = list(documents)
    common = payers_of(listed[0])
    for document in listed[1:]:
        common &= payers_of(document)
    if row.customer_id in common:
        return int(row.customer_id)
    owners = {document.customer_id for document in listed}
    if common:
        return min(common, key=lambda pk: (pk not in owners, pk))
    labels = sorted({document.customer_label for document in listed})
    raise RuleError(f"These documents belong to different customers: {', '.join(labels[:4])}.")


def payers_of(document: Document) -> set[int]:
    parent = document.parent_customer_id
    return {document.customer_id} if parent is None else {document.customer_id, parent}


def leaves(shares: Iterable[Share], documents: dict[int, Document]) -> bool:
    """Whether something of a document stays open."""
    return any(share.taken < documents[share.document_id].open for share in shares)


# --- the oldest first, and on account -------------------------------------------------------------


def oldest_first(row: GatewayTransaction) -> Choice:
    """The payer's oldest documents, as far as the money goes; the rest on account."""
    customer_id = require_payer(row)
    held = left = held_of(row)
    shares, names = [], []
    for document in oldest_documents(row.company, customer_id, row.currency, held):
        take = min(left, document.open)
        if take <= 0:
            break
        shares.append(Share(document.id, take))
        names.append(document.tran_id)
        left -= take
    if not shares:
        raise RuleError("This customer has no open document that takes payments.")
    sentence = pays(names, left, row.currency, "the oldest first")
    return Choice(customer_id, tuple(shares), left, Strategy.OLDEST_FIRST, sentence)


def on_account(row: GatewayTransaction, customer_id: int | None = None) -> Choice:
    held = held_of(row)
    sentence = pays([], held, row.currency, "left on account")
    return Choice(customer_id or require_payer(row), (), held, Strategy.ON_ACCOUNT, sentence)


def require_payer(row: GatewayTransaction) -> int:
    if row.customer_id is None:
        raise RuleError("The payer is not known yet: link a customer first.")
    return int(row.customer_id)


def pays(names: Sequence[str], unapplied: int, currency: str, how: str) -> str:
    """ "Pays IN-… and IN-…, 30.00 USD on account; the oldest first." """
    rest = Money(from_minor(unapplied, currency), currency)
    if not names:
        return f"{rest} on account; {how}."
    listed = ", ".join(names[:SPELLED])
    if len(names) > SPELLED:
        listed += f" and {len(names) - SPELLED} more"
    return f"Pays {listed}{f', {rest} on account' if unapplied else ''}; {how}."
