"""One payment, several documents named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Answer, Case, nothing, pays, suggested
from benchmarks.corpus.writing import listed, plain, swaps
from reconciliation.domain.matching.facts import Document


def some(desk: Desk, customer: Customer, low: int, high: int) -> list[Document]:
    return [desk.invoice(customer) for _ in range(desk.draw.randint(low, high))]


def total_of(documents: list[Document]) -> int:
    return sum(document.open for document in documents)


def pay_listed(desk: Desk, customer: Customer, documents: list[Document]) -> list[Case]:
    reference = listed(documents, desk.style, desk.draw)
    payer, answer = desk.payer(customer), pays(*documents)
    return [desk.clear(payer, answer, reference)]


@situation(50)
def several_listed(desk: Desk) -> list[Case]:
    customer = desk.busy()
    return pay_listed(desk, customer, some(desk, customer, 2, 8))


@situation(6)
def up_to_twelve_listed(desk: Desk) -> list[Case]:
    customer = desk.busy()
    return pay_listed(desk, customer, some(desk, customer, 9, 12))


@situation(8)
def listed_in_two_fields(desk: Desk) -> list[Case]:
    """The field for the reference was full: the rest is in the description."""
    customer = desk.busy()
    documents = some(desk, customer, 3, 6)
    first, rest = documents[:2], documents[2:]
    case = desk.pay(
        desk.payer(customer),
        total_of(documents),
        pays(*documents),
        reference=listed(first, desk.style, desk.draw),
        texts=(f"also {listed(rest, desk.style, desk.draw)}",),
        readable=True,
    )
    return [case]


@situation(8)
def listed_with_their_amounts(desk: Desk) -> list[Case]:
    """A remittance line: number and amount in turn."""
    customer = desk.busy()
    documents = some(desk, customer, 2, 4)
    money = "${:,.2f}" if desk.draw.random() < 0.5 else "{:.2f}"
    lines = (f"{plain(d)} {money.format(d.open / 100)}" for d in documents)
    text = desk.draw.choice(("\n", "; ", ", ")).join(lines)
    payer, answer = desk.payer(customer), pays(*documents)
    return [desk.clear(payer, answer, f"Inv {text}")]


def neighbours(desk: Desk, customer: Customer, low: int, high: int) -> list[Document]:
    """Documents of one customer, one number after the other."""
    count = desk.draw.randint(low, high)
    number = desk.number_on(desk.day())
    while not all(desk.is_free(number + n) for n in range(count)):
        number = desk.number_on(desk.days_ago(desk.draw.randint(5, 400)))
    return [desk.invoice(customer, number=number + n) for n in range(count)]


@situation(12)
def range_of_numbers(desk: Desk) -> list[Case]:
    customer = desk.busy()
    documents = neighbours(desk, customer, 3, 7)
    first, last = documents[0], documents[-1]
    form = desk.draw.choice(
        (
            "{} - {}",
            "{}-{}",
            "{} to {}",
            "{} through {}",
            "inv {} thru {}",
            "{}..{}",
            "from {} to {}",
        )
    )
    reference = form.format(plain(first), plain(last))
    if desk.draw.random() < 0.4:
        reference = form.format(first.tran_id, last.tran_id)
    payer, answer = desk.payer(customer), pays(*documents)
    return [desk.clear(payer, answer, reference)]


@situation(8)
def last_digits_only(desk: Desk) -> list[Case]:
    """45671/72/75: from the second on only what differs."""
    customer = desk.busy()
    documents = neighbours(desk, customer, 2, 4)
    first, *rest = (plain(document) for document in documents)
    short = [text[-2:] if text[:-2] == first[:-2] else text for text in rest]
    reference = desk.draw.choice(("/", ", ", "+")).join([first, *short])
    payer, answer = desk.linked(customer), pays(*documents)
    return [desk.clear(payer, answer, reference)]


@situation(5)
def lists_more_than_it_pays(desk: Desk) -> list[Case]:
    """The list is right but for one that was held back; the rest comes out to the cent."""
    customer = desk.busy()
    count = desk.draw.randint(3, 5)
    documents = [desk.invoice(customer, desk.rare(customer)) for _ in range(count)]
    paid = desk.draw.sample(documents, len(documents) - 1)
    reference = listed(documents, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), total_of(paid), pays(*paid), reference=reference)]


@situation(5)
def lists_less_than_it_pays(desk: Desk) -> list[Case]:
    """One is not on the list; what is over is exactly its amount."""
    customer = desk.busy()
    forgotten = desk.invoice(customer, desk.rare(customer))
    named = some(desk, customer, 1, 3)
    total = total_of(named) + forgotten.open
    over = replace(pays(*named, unapplied=forgotten.open), auto_ok=False)
    answers = (pays(*named, forgotten), over)
    reference = listed(named, desk.style, desk.draw)
    return [desk.pay(desk.linked(customer), total, answers, reference=reference)]


@situation(5)
def listed_and_short(desk: Desk) -> list[Case]:
    """Less than the sum of the listed: nobody can know which of them stays open."""
    customer = desk.busy()
    documents = some(desk, customer, 2, 4)
    total, smallest = total_of(documents), min(document.open for document in documents)
    short = desk.draw.randrange(200, max(smallest - 100, 201))
    reference = listed(documents, desk.style, desk.draw)
    answers = suggested(_one_short(documents, short))
    return [desk.pay(desk.linked(customer), total - short, answers, reference=reference)]


def _one_short(documents: list[Document], short: int) -> list[Answer]:
    by_age = sorted(documents, key=lambda d: d.tran_date)
    return [pays(*documents, amounts={d.id: d.open - short}) for d in by_age if d.open > short]


@situation(6)
def one_of_the_list_is_a_slip(desk: Desk) -> list[Case]:
    """Three are right, one has two digits swapped; the sum tells which was meant."""
    customer = desk.busy()
    right, meant = some(desk, customer, 2, 3), desk.invoice(customer, desk.rare(customer))
    wrong = [number for number in swaps(int(meant.tran_no)) if desk.is_free(number)]
    if not wrong:
        return []
    desk.keep_free(wrong[0])
    documents = [*right, meant]
    reference = ", ".join([*(plain(document) for document in right), str(wrong[0])])
    payer, answer = desk.linked(customer), pays(*documents)
    return [desk.pay(payer, total_of(documents), answer, reference=reference)]


@situation(5)
def one_of_the_list_is_paid(desk: Desk) -> list[Case]:
    """An old one is listed by mistake; the open ones come out to the cent."""
    customer = desk.busy()
    paid = desk.invoice(customer, left=0, day=desk.style.today - timedelta(days=90))
    documents = some(desk, customer, 2, 3)
    reference = listed([paid, *documents], desk.style, desk.draw)
    payer, answer = desk.linked(customer), pays(*documents)
    return [desk.clear(payer, answer, reference)]


@situation(4)
def two_payers_one_list(desk: Desk) -> list[Case]:
    """Two payments with the same list: together they pay it, each by itself fits one part."""
    customer = desk.busy()
    both = [desk.invoice(customer, desk.rare(customer)) for _ in range(2)]
    reference, payer = listed(both, desk.style, desk.draw), desk.linked(customer)
    cases = []
    for document in both:
        answers = (pays(document), nothing(document.open))
        cases.append(desk.pay(payer, document.open, answers, reference=reference))
    return cases
