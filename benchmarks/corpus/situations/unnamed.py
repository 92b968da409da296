"""No reference: what is left is who pays, and how much."""

from __future__ import annotations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Payer
from benchmarks.corpus.situations.named import small_talk
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, nothing, oldest_first, pays, suggested


@situation(40)
def one_document_of_this_amount(desk: Desk) -> list[Case]:
    customer = desk.quiet(0, 25)
    document = desk.invoice(customer, desk.rare(customer))
    payer, texts = desk.linked(customer), small_talk(desk)
    return [desk.pay(payer, document.open, pays(document), texts=texts)]


@situation(8)
def one_document_of_a_round_amount(desk: Desk) -> list[Case]:
    """500.00 says less than 512.37. It pays the one document of 500.00, but ask if you like."""
    customer = desk.quiet(1, 8, habit="services")
    amount = desk.rare(customer) // 10_000 * 10_000 + 10_000
    if any(other.open == amount for other in desk.open.get(customer.id, ())):
        return []
    document = desk.invoice(customer, amount)
    return [desk.pay(desk.linked(customer), amount, (pays(document), nothing(amount)))]


@situation(12)
def two_documents_of_this_amount(desk: Desk) -> list[Case]:
    """Which of them, only the payer knows."""
    customer = desk.quiet(0, 10)
    amount = desk.rare(customer)
    twins = [desk.invoice(customer, amount) for _ in range(desk.draw.randint(2, 5))]
    answers = suggested(pays(document) for document in twins)
    return [desk.pay(desk.linked(customer), amount, answers)]


@situation(4)
def two_payments_for_two_of_this_amount(desk: Desk) -> list[Case]:
    """Both are paid in the end; which payment paid which is still a guess."""
    customer = desk.quiet(0, 10)
    amount = desk.rare(customer)
    twins = [desk.invoice(customer, amount) for _ in range(2)]
    answers = suggested(pays(document) for document in twins)
    payer = desk.linked(customer)
    return [desk.pay(payer, amount, answers) for _ in twins]


@situation(5)
def a_thousand_of_this_amount(desk: Desk) -> list[Case]:
    """A subscription nobody paid for long: very many open documents of one amount."""
    customer = desk.quiet(0, 0, habit="wholesale")
    amount = desk.amount(customer)
    many = [desk.invoice(customer, amount) for _ in range(desk.draw.choice((30, 60, 100)))]
    answers = suggested([*(pays(document) for document in many), nothing(amount)])
    return [desk.pay(desk.linked(customer), amount, answers)]


@situation(10)
def only_the_name(desk: Desk) -> list[Case]:
    """Nobody linked the payer; the billing name is the customer's, the amount to the cent."""
    customer = desk.quiet(0, 10)
    document = desk.invoice(customer, desk.rare(customer))
    payer = desk.payer(customer, "name")
    return [desk.pay(payer, document.open, (pays(document), nothing(document.open)))]


@situation(5)
def only_a_name_like_two_customers(desk: Desk) -> list[Case]:
    """Two customers of nearly one name owe the same amount."""
    customer = desk.quiet(0, 4)
    words = customer.name.split()
    other = desk.quiet(0, 4, name=f"{words[0]} {words[1]} of {desk.draw.choice(('Texas', 'Ohio'))}")
    amount = desk.rare(customer)
    answers = [pays(desk.invoice(who, amount)) for who in (customer, other)]
    payer = Payer(name=f"{words[0]} {words[1]}")
    return [desk.pay(payer, amount, suggested([*answers, nothing(amount)]))]


@situation(8)
def only_a_learned_payer(desk: Desk) -> list[Case]:
    """People chose this customer before. That suggests, it never decides."""
    customer = desk.quiet(0, 8)
    document = desk.invoice(customer, desk.rare(customer))
    answers = suggested([pays(document)])
    return [desk.pay(desk.remembered(customer), document.open, answers)]


@situation(12)
def round_sum_on_account(desk: Desk) -> list[Case]:
    """The payer owes a lot and sends a round sum: on account, or the oldest first."""
    customer = desk.quiet(3, 30)
    amount = desk.draw.choice((50_000, 100_000, 250_000, 500_000, 1_000_000))
    documents = desk.open.get(customer.id, [])
    if any(document.open == amount for document in documents):
        return []
    texts = (desk.draw.choice(("on account", "a conto", "payment", "deposit", "")),)
    answers = (nothing(amount), oldest_first(documents, amount))
    return [desk.pay(desk.linked(customer), amount, answers, texts=texts)]


@situation(10)
def for_something_else(desk: Desk) -> list[Case]:
    """An amount like any other, for goods not invoiced yet. Whatever it adds up to is chance."""
    customer = desk.quiet(5, 120)
    amount = desk.rare(customer) + desk.draw.choice((0, desk.amount(customer)))
    documents = desk.open.get(customer.id, [])
    answers = (nothing(amount), oldest_first(documents, amount))
    return [desk.pay(desk.linked(customer), amount, answers)]
