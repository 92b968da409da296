"""Credit memos: taken off by the payer, named or not."""

from __future__ import annotations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, nothing, pays
from benchmarks.corpus.writing import any_way, listed
from reconciliation.domain.matching.facts import Document


def credited(
    desk: Desk, customer: Customer, documents: list[Document], count: int
) -> list[Document]:
    """Memos of this customer, together less than any one of the documents."""
    most = min(document.open for document in documents) // (count + 1)
    return [desk.memo(customer, desk.draw.randrange(most // 3 + 50, most)) for _ in range(count)]


def invoices(desk: Desk, customer: Customer, low: int, high: int) -> list[Document]:
    count = desk.draw.randint(low, high)
    return [desk.invoice(customer, desk.amount(customer) + 5000) for _ in range(count)]


@situation(12)
def memo_named(desk: Desk) -> list[Case]:
    customer = desk.busy()
    documents = invoices(desk, customer, 1, 3)
    [memo] = credited(desk, customer, documents, 1)
    answer = pays(*documents, memos=[memo])
    word = desk.draw.choice((" less ", " minus ", ", ", " - credit "))
    reference = f"{listed(documents, desk.style, desk.draw)}{word}{memo.tran_id}"
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(6)
def several_memos_named(desk: Desk) -> list[Case]:
    customer = desk.busy()
    documents = invoices(desk, customer, 1, 3)
    memos = credited(desk, customer, documents, desk.draw.randint(2, 3))
    answer = pays(*documents, memos=memos)
    reference = ", ".join(document.tran_id for document in (*documents, *memos))
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(10)
def memo_unnamed(desk: Desk) -> list[Case]:
    """The documents are named, the credit memo is what the payment is short by."""
    customer = desk.quiet(0, 10)
    documents = invoices(desk, customer, 1, 2)
    [memo] = credited(desk, customer, documents, 1)
    answer = pays(*documents, memos=[memo])
    reference = listed(documents, desk.style, desk.draw)
    return [desk.pay(desk.payer(customer), answer.amount, answer, reference=reference)]


@situation(4)
def memo_and_no_reference(desk: Desk) -> list[Case]:
    """One document less one memo, not a word. To be asked, as nothing but the sum says so."""
    customer = desk.quiet(0, 4)
    documents = invoices(desk, customer, 1, 1)
    [memo] = credited(desk, customer, documents, 1)
    answer = pays(*documents, memos=[memo])
    return [desk.pay(desk.linked(customer), answer.amount, (answer, nothing(answer.amount)))]


@situation(4)
def only_a_memo_named(desk: Desk) -> list[Case]:
    """Nobody can pay a credit memo: the payer must be asked."""
    customer = desk.quiet(0, 6)
    memo = desk.memo(customer, desk.rare(customer))
    amount = desk.draw.choice((memo.open, desk.rare(customer)))
    reference = desk.draw.choice((memo.tran_id, memo.tran_id.lower(), f"credit {memo.tran_id}"))
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]


@situation(4)
def memo_left_alone(desk: Desk) -> list[Case]:
    """The customer has a credit memo and pays in full all the same."""
    customer = desk.busy()
    [document] = invoices(desk, customer, 1, 1)
    credited(desk, customer, [document], 1)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, pays(document), reference)]
