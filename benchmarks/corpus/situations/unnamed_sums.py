"""No reference, several documents: sums that say much, and sums that say little."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Answer, Case, nothing, oldest_first, pays, suggested
from reconciliation.domain.matching.facts import Document

LARGEST_SET = 6
COUNTED = 60


def sets_of(documents: list[Document], amount: int) -> list[tuple[Document, ...]]:
    """Every set of up to six documents that comes to the amount; no more than COUNTED."""
    found: list[tuple[Document, ...]] = []
    for size in range(1, min(LARGEST_SET, len(documents)) + 1):
        for chosen in combinations(documents, size):
            if sum(document.open for document in chosen) == amount:
                found.append(chosen)
                if len(found) == COUNTED:
                    return found
    return found


@situation(15)
def some_documents_and_only_these(desk: Desk) -> list[Case]:
    """Few documents, odd amounts: one set comes to the cent."""
    customer = desk.quiet(3, 9, habit=desk.draw.choice(("wholesale", "freight")))
    documents = desk.open[customer.id]
    chosen = desk.draw.sample(documents, desk.draw.randint(2, min(4, len(documents) - 1)))
    amount = sum(document.open for document in chosen)
    if len(sets_of(documents, amount)) > 1:
        return []
    return [desk.pay(desk.linked(customer), amount, (pays(*chosen), nothing(amount)))]


@situation(10)
def some_documents_or_others(desk: Desk) -> list[Case]:
    """Round amounts: several sets come to the cent, and which was meant nobody can tell."""
    customer = desk.quiet(8, 14, habit="services")
    documents = desk.open[customer.id]
    amount = sum(document.open for document in desk.draw.sample(documents, 3))
    sets = sets_of(documents, amount)
    if len(sets) < 2:
        return []
    answers = [pays(*chosen) for chosen in sets]
    if len(sets) == COUNTED:
        answers += [nothing(amount), oldest_first(documents, amount)]
    return [desk.pay(desk.linked(customer), amount, suggested(answers))]


@situation(15)
def everything_open(desk: Desk) -> list[Case]:
    customer = desk.quiet(3, 11)
    documents = desk.open[customer.id]
    amount = sum(document.open for document in documents)
    return [desk.pay(desk.linked(customer), amount, pays(*documents))]


@situation(4)
def everything_open_of_a_large_customer(desk: Desk) -> list[Case]:
    customer = desk.quiet(13, 60)
    documents = desk.open[customer.id]
    amount = sum(document.open for document in documents)
    return [desk.pay(desk.linked(customer), amount, pays(*documents))]


@situation(4)
def everything_open_less_memos(desk: Desk) -> list[Case]:
    customer = desk.quiet(2, 8)
    documents = list(desk.open[customer.id])
    least = min(document.open for document in documents)
    memo = desk.memo(customer, desk.draw.randrange(100, least))
    answer: Answer = pays(*documents, memos=[memo])
    return [desk.pay(desk.linked(customer), answer.amount, answer)]


@situation(5)
def everything_of_one_month(desk: Desk) -> list[Case]:
    """A statement: all of last month, nothing of this. To be asked at the least."""
    customer = desk.quiet(0, 0)
    first = desk.style.today.replace(day=1)
    within = (first.day + desk.style.today.day, first.day + desk.style.today.day + 26)
    for _ in range(desk.draw.randint(2, 6)):
        desk.invoice(customer, day=desk.days_ago(desk.draw.randint(4, max(5, within[0] - 3))))
    old = [desk.invoice(customer, day=desk.days_ago(desk.draw.randint(*within))) for _ in range(5)]
    month = (old[0].tran_date.year, old[0].tran_date.month)
    documents = [d for d in old if (d.tran_date.year, d.tran_date.month) == month]
    amount = sum(document.open for document in documents)
    texts = (desk.draw.choice(("", "statement", f"{old[0].tran_date:%B} statement")),)
    return [
        desk.pay(desk.linked(customer), amount, (pays(*documents), nothing(amount)), texts=texts)
    ]


@situation(4)
def everything_due(desk: Desk) -> list[Case]:
    """All that is past its due date, and nothing that is not."""
    customer = desk.quiet(0, 0)
    for _ in range(desk.draw.randint(2, 6)):
        desk.invoice(customer, day=desk.days_ago(desk.draw.randint(4, 24)))
    back = (desk.draw.randint(34, 90) for _ in range(desk.draw.randint(3, 7)))
    documents = [desk.invoice(customer, day=desk.days_ago(days)) for days in back]
    amount = sum(document.open for document in documents)
    return [desk.pay(desk.linked(customer), amount, pays(*documents))]


@situation(3)
def everything_open_less_discounts(desk: Desk) -> list[Case]:
    """The statement, less what the terms allow."""
    customer = desk.quiet(1, 5)
    documents = list(desk.open[customer.id])
    until = desk.style.today + timedelta(days=5)
    total = desk.rare(customer) + 20_000
    day = desk.days_ago(5)
    discount = total // 50
    documents.append(
        desk.invoice(customer, total, day=day, discount=discount, discount_until=until)
    )
    taken = {d.id: d.discount for d in documents if d.discount and _runs(desk, d)}
    answer = pays(*documents, discounts=taken)
    return [desk.pay(desk.linked(customer), answer.amount, answer)]


def _runs(desk: Desk, document: Document) -> bool:
    """Still to be had on every day on which a payment of the corpus may come."""
    return document.discount_until is not None and document.discount_until >= desk.style.today


@situation(4)
def two_payments_for_three_documents(desk: Desk) -> list[Case]:
    """Neither payment comes out; together they pay all there is. Which pays what is a guess."""
    customer = desk.quiet(0, 0)
    documents = [desk.invoice(customer, desk.rare(customer)) for _ in range(3)]
    total = sum(document.open for document in documents)
    first = total * desk.draw.randint(35, 65) // 100
    payer = desk.linked(customer)
    by_age = sorted(documents, key=lambda d: (d.tran_date, d.tran_no))
    return [
        desk.pay(payer, amount, (oldest_first(by_age, amount), nothing(amount)))
        for amount in (first, total - first)
    ]
