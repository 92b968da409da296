"""Named, and a little off: early-payment discount, grace, cents, percent."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import FirmKind, situation
from benchmarks.corpus.truth import Answer, Case, nothing, pays
from benchmarks.corpus.writing import any_way, listed
from reconciliation.domain.matching.facts import Document


def on_terms(desk: Desk, customer: Customer, days_left: int) -> Document:
    """2/10 net 30 and the like. days_left: of the discount, counted from the last day."""
    total = max(desk.amount(customer), 20_000)  # so that no discount is within a tolerance
    permille = desk.draw.choice((10, 20, 20, 20, 30, 15))
    until = desk.style.today + timedelta(days=days_left)
    written = min(until - timedelta(days=10), desk.days_ago(4))
    discount = (total * permille + 500) // 1000
    return desk.invoice(customer, total, day=written, discount=discount, discount_until=until)


def less_discount(*documents: Document) -> Answer:
    return pays(*documents, discounts={d.id: d.discount for d in documents})


def short_by(document: Document, amount: int) -> Answer:
    """The part is paid, what is short stays open."""
    return pays(document, amounts={document.id: document.open - amount})


@situation(30)
def discount_in_time(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = on_terms(desk, customer, desk.draw.randint(0, 8))
    answer = less_discount(document)
    reference = any_way(document, desk.style, desk.draw)
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(10)
def discount_not_taken(desk: Desk) -> list[Case]:
    """It could have been; the payer paid in full."""
    customer = desk.busy()
    document = on_terms(desk, customer, desk.draw.randint(0, 8))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, pays(document), reference)]


@situation(40, only=FirmKind.LENIENT)
def discount_in_grace(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = on_terms(desk, customer, -desk.draw.randint(3, 5))
    answer = less_discount(document)
    reference = any_way(document, desk.style, desk.draw)
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(10)
def discount_too_late(desk: Desk) -> list[Case]:
    """It is gone: the discount stays open. Granting it all the same is a person's choice."""
    customer = desk.busy()
    document = on_terms(desk, customer, -desk.draw.randint(9, 40))
    granted = pays(document, discounts={document.id: document.discount}, auto_ok=False)
    answers = (short_by(document, document.discount), granted)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, granted.amount, answers, reference=reference, readable=True)]


@situation(10)
def discount_on_several(desk: Desk) -> list[Case]:
    customer = desk.busy()
    documents = [on_terms(desk, customer, desk.draw.randint(0, 8)) for _ in range(2)]
    documents += [on_terms(desk, customer, 5) for _ in range(desk.draw.randint(0, 3))]
    answer, reference = less_discount(*documents), listed(documents, desk.style, desk.draw)
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(6)
def discount_on_some_of_several(desk: Desk) -> list[Case]:
    """New ones less discount, old ones in full, in one payment."""
    customer = desk.busy()
    new = [on_terms(desk, customer, desk.draw.randint(0, 8)) for _ in range(2)]
    old = [desk.invoice(customer, day=desk.days_ago(desk.draw.randint(30, 90)))]
    answer = pays(*new, *old, discounts={d.id: d.discount for d in new})
    reference = listed([*new, *old], desk.style, desk.draw)
    return [desk.clear(desk.payer(customer), answer, reference)]


@situation(8)
def discount_without_reference(desk: Desk) -> list[Case]:
    customer = desk.quiet(0, 8)
    document = on_terms(desk, customer, desk.draw.randint(0, 8))
    answer = less_discount(document)
    return [desk.pay(desk.linked(customer), answer.amount, answer)]


@situation(45, only=FirmKind.TOLERANT)
def cents_short(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = desk.invoice(customer, max(desk.amount(customer), 20_000))
    short = desk.draw.choice((1, 2, 3, 5, 9, desk.draw.randint(1, 100)))
    answer = pays(document, write_offs={document.id: short})
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, answer, reference)]


@situation(30, only=FirmKind.TOLERANT)
def cents_over(desk: Desk) -> list[Case]:
    """Written off, or left on account: both keep the document right."""
    customer = desk.busy()
    document = desk.invoice(customer, max(desk.amount(customer), 20_000))
    over = desk.draw.randint(1, 100)
    amount = document.open + over
    kept = pays(document, unapplied=over)
    gone = pays(document, amounts={document.id: amount}, write_offs={document.id: -over})
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, amount, (gone, kept), reference=reference, readable=True)]


@situation(20, only=FirmKind.TOLERANT)
def short_within_amount_beyond_percent(desk: Desk) -> list[Case]:
    """Under a dollar, but more than two percent of a small document: nothing is written off."""
    customer = desk.busy()
    document = desk.invoice(customer, desk.draw.randrange(800, 3000))
    short = desk.draw.randint(document.open * 25 // 1000 + 1, min(95, document.open // 9))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, short_by(document, short), reference)]


@situation(20, only=FirmKind.TOLERANT)
def short_beyond_tolerance(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = desk.invoice(customer, max(desk.amount(customer), 20_000))
    short = desk.draw.randrange(101, 1900)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, short_by(document, short), reference)]


@situation(14, only=FirmKind.SHIPPED)
def cents_short_where_nothing_is_written_off(desk: Desk) -> list[Case]:
    """Under the rules as shipped, two cents stay open."""
    customer = desk.busy()
    document = desk.invoice(customer, max(desk.amount(customer), 20_000))
    short = desk.draw.randint(1, 90)
    tolerated = pays(document, write_offs={document.id: short}, auto_ok=False)
    answers = (short_by(document, short), tolerated)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, tolerated.amount, answers, reference=reference, readable=True)]


@situation(12, only=FirmKind.TOLERANT)
def cents_short_without_reference(desk: Desk) -> list[Case]:
    """A known payer, a few cents less than the one document: to be asked."""
    customer = desk.quiet(0, 4)
    document = desk.invoice(customer, desk.rare(customer) + 30_000)
    short = desk.draw.randint(1, 40)
    answer = pays(document, write_offs={document.id: short})
    answers = (answer, nothing(answer.amount))
    return [desk.pay(desk.linked(customer), answer.amount, answers)]


@situation(5)
def discount_off_by_a_cent(desk: Desk) -> list[Case]:
    """The payer rounded the other way: one cent less of discount than there was to take."""
    customer = desk.busy()
    document = on_terms(desk, customer, 5)
    answer = pays(document, discounts={document.id: document.discount - 1})
    open_cent = pays(
        document,
        amounts={document.id: answer.amount - 1},
        discounts={document.id: document.discount},
        unapplied=1,
    )
    tolerated = pays(
        document,
        amounts={document.id: answer.amount},
        discounts={document.id: document.discount},
        write_offs={document.id: -1},
    )
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    answers = (answer, open_cent, tolerated)
    return [desk.pay(payer, answer.amount, answers, reference=reference)]


@situation(5)
def a_cent_more_than_the_discount(desk: Desk) -> list[Case]:
    """Rounded up by the payer: the discount is taken, the cent stays open or is written off."""
    customer = desk.busy()
    document = on_terms(desk, customer, 5)
    amount, discounts = document.open - document.discount - 1, {document.id: document.discount}
    answers = [pays(document, discounts=discounts, amounts={document.id: amount})]
    answers.append(pays(document, discounts=discounts, write_offs={document.id: 1}))
    answers.append(pays(document, amounts={document.id: amount}, auto_ok=False))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, amount, answers, reference=reference)]
