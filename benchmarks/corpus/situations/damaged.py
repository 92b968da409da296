"""The reference is wrong: scanned badly, typed badly, or copied from somewhere else."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, pays, suggested
from benchmarks.corpus.writing import (
    any_way,
    number_way,
    scanned,
    slips,
    swaps,
    with_a_double,
    without_a_digit,
)
from reconciliation.domain.matching.facts import Document


def of_rare_amount(desk: Desk, customer: Customer) -> Document:
    """A document whose amount no other of this customer has."""
    return desk.invoice(customer, desk.rare(customer))


@situation(20)
def scanner_noise(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    reference = scanned(document, desk.draw)
    payer = desk.payer(desk.owner(document))
    return [desk.clear(payer, pays(document), reference)]


def mistyped(
    desk: Desk, document: Document, wrong: list[int], *, knowledge: str, readable: bool = False
) -> list[Case]:
    """Named by one of the `wrong` numbers, which is nobody's and stays so."""
    free = [number for number in wrong if number not in desk.numbers]
    if not free:
        return []
    number = desk.draw.choice(free)
    desk.keep_free(number)
    payer = desk.payer(desk.owner(document), knowledge)
    reference = number_way(number, desk.style, desk.draw)
    answer = pays(document)
    return [desk.pay(payer, document.open, answer, reference=reference, readable=readable)]


@situation(12)
def swapped_digits(desk: Desk) -> list[Case]:
    """They hit a number long issued and paid; payer and amount are right to the cent."""
    document = of_rare_amount(desk, desk.busy())
    knowledge = desk.draw.choice(("linked", "linked", "name"))
    wrong = [number for number in swaps(int(document.tran_no)) if desk.is_free(number)]
    return mistyped(desk, document, wrong, knowledge=knowledge, readable=True)


@situation(4)
def swapped_digits_of_somebody_unknown(desk: Desk) -> list[Case]:
    document = of_rare_amount(desk, desk.busy())
    return mistyped(desk, document, swaps(int(document.tran_no)), knowledge="person")


@situation(8)
def wrong_digit(desk: Desk) -> list[Case]:
    document = of_rare_amount(desk, desk.busy())
    return mistyped(desk, document, slips(int(document.tran_no)), knowledge="linked")


@situation(8)
def missing_digit(desk: Desk) -> list[Case]:
    document = of_rare_amount(desk, desk.busy())
    wrong = without_a_digit(int(document.tran_no))
    return mistyped(desk, document, wrong, knowledge="linked")


@situation(4)
def doubled_digit(desk: Desk) -> list[Case]:
    document = of_rare_amount(desk, desk.busy())
    return mistyped(desk, document, with_a_double(int(document.tran_no)), knowledge="linked")


def pair(desk: Desk, meant_by: Customer, hit: Customer) -> tuple[Document, Document] | None:
    """A document, and another one whose number a slip of the first names."""
    document = of_rare_amount(desk, meant_by)
    number = int(document.tran_no)
    others = [n for n in (*swaps(number), *slips(number)) if desk.is_free(n)]
    if not others:
        return None
    other = desk.invoice(hit, desk.rare(hit), number=desk.draw.choice(others))
    return document, other


@situation(8)
def slip_names_another_of_the_same_customer(desk: Desk) -> list[Case]:
    """The amount says which was meant; the reference names one of another amount."""
    customer = desk.busy()
    found = pair(desk, customer, customer)
    if not found:
        return []
    meant, named = found
    reference = any_way(named, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), meant.open, pays(meant), reference=reference)]


@situation(8)
def slip_names_a_strangers(desk: Desk) -> list[Case]:
    """Payer and amount say which was meant; the reference names another customer's."""
    customer = desk.busy()
    found = pair(desk, customer, desk.quiet())
    if not found:
        return []
    meant, named = found
    payer = desk.payer(customer, desk.draw.choice(("linked", "linked", "name", "person")))
    reference = any_way(named, desk.style, desk.draw)
    return [desk.pay(payer, meant.open, pays(meant), reference=reference)]


@situation(5)
def slip_names_a_paid_one(desk: Desk) -> list[Case]:
    """The number typed is one that was paid long ago, by somebody else."""
    customer, stranger = desk.busy(), desk.busy()
    meant = of_rare_amount(desk, customer)
    wrong = [number for number in swaps(int(meant.tran_no)) if desk.is_free(number)]
    if not wrong or stranger == customer:
        return []
    named = desk.invoice(stranger, desk.rare(stranger), number=wrong[0], left=0)
    reference = any_way(named, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), meant.open, pays(meant), reference=reference)]


@situation(5)
def last_months_reference(desk: Desk) -> list[Case]:
    """Copied from the last payment: that document is paid, the amount is this month's."""
    customer = desk.quiet(0, 8)
    earlier = desk.style.today - timedelta(days=desk.draw.randint(35, 70))
    paid = desk.invoice(customer, desk.rare(customer), left=0, day=earlier)
    meant = of_rare_amount(desk, customer)
    reference = any_way(paid, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), meant.open, pays(meant), reference=reference)]


@situation(6)
def payers_own_number(desk: Desk) -> list[Case]:
    """A voucher number of the payer, which means nothing to us; the amount is to the cent."""
    customer = desk.quiet(0, 8)
    meant = of_rare_amount(desk, customer)
    forms = ("V-{}", "VCHR{}", "our ref {}", "check req {}", "AP{}")
    reference = desk.draw.choice(forms).format(desk.draw.randrange(10**8, 10**9))
    return [desk.pay(desk.linked(customer), meant.open, pays(meant), reference=reference)]


@situation(6)
def names_one_and_pays_another(desk: Desk) -> list[Case]:
    """Copied from the wrong line: the amount is another document's of the same customer."""
    customer = desk.busy()
    meant, named = of_rare_amount(desk, customer), of_rare_amount(desk, customer)
    answers = [pays(meant)]
    if meant.open < named.open:
        answers += suggested([pays(named, amounts={named.id: meant.open})])
    reference = any_way(named, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), meant.open, answers, reference=reference)]


@situation(4)
def slip_names_a_strangers_of_the_same_amount(desk: Desk) -> list[Case]:
    """Payer and reference disagree, and the amount is both's: only asking helps."""
    customer = desk.busy()
    meant = of_rare_amount(desk, customer)
    others = [n for n in swaps(int(meant.tran_no)) if desk.is_free(n)]
    if not others:
        return []
    named = desk.invoice(desk.quiet(), meant.open, number=others[0])
    answers = suggested([pays(meant), pays(named)])
    reference = any_way(named, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), meant.open, answers, reference=reference)]
