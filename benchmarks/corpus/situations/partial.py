"""The document is named, and the amount is another: parts, instalments, too much, twice."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Answer, Case, nothing, pays
from benchmarks.corpus.writing import any_way, plain, swaps
from reconciliation.domain.matching.facts import Document

REASONS = (
    "less damaged goods", "short shipped 2 cases", "minus freight as agreed", "1 pallet returned",
    "deduction see claim", "price difference", "part payment", "rest next week", "",
)  # fmt: skip


def part_of(document: Document, amount: int) -> Answer:
    return pays(document, amounts={document.id: amount})


def large(desk: Desk, customer: Customer) -> int:
    return max(desk.amount(customer), 20_000) + desk.draw.randrange(0, 5000)


@situation(30)
def part_payment(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = desk.invoice(customer, large(desk, customer))
    ways = (document.open // 2, document.open // 3, document.open * 4 // 10, 10_000)
    amount = desk.draw.choice((*ways, desk.draw.randrange(5000, document.open * 9 // 10)))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, part_of(document, amount), reference)]


@situation(12)
def deduction(desk: Desk) -> list[Case]:
    """Short by something the payer took off; what is short stays open until it is settled."""
    customer = desk.busy()
    document = desk.invoice(customer, large(desk, customer))
    short = document.open * desk.draw.randint(40, 250) // 1000
    amount, texts = document.open - short, (desk.draw.choice(REASONS),)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    answer = part_of(document, amount)
    return [desk.pay(payer, amount, answer, reference=reference, texts=texts, readable=True)]


@situation(15)
def later_instalment(desk: Desk) -> list[Case]:
    """Some of it was paid before; now another part, or the rest."""
    customer = desk.busy()
    rate = desk.draw.randrange(5000, 80_000)
    count = desk.draw.randint(2, 6)
    still = desk.draw.randint(1, count - 1)
    document = desk.invoice(customer, rate * count, left=rate * still)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    nth = desk.draw.choice((f"{count - still + 1} of {count}", "", "final" if still == 1 else ""))
    case = desk.pay(
        payer,
        rate,
        part_of(document, rate),
        reference=f"{reference} {nth}".strip(),
        readable=True,
    )
    return [case]


@situation(8)
def instalments_at_once(desk: Desk) -> list[Case]:
    """Two or three payments of one day for one document, each naming it."""
    customer = desk.busy()
    rate, count = desk.draw.randrange(5000, 80_000), desk.draw.randint(2, 3)
    document = desk.invoice(customer, rate * count + desk.draw.choice((0, 1, 0)))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    amounts = [rate] * (count - 1) + [document.open - rate * (count - 1)]
    return [desk.clear(payer, part_of(document, amount), reference) for amount in amounts]


@situation(15)
def overpaid(desk: Desk) -> list[Case]:
    """More than is open: the rest is the customer's, on account."""
    customer = desk.busy()
    document = desk.invoice(customer, large(desk, customer))
    rounded_up = 100_200 - document.open % 100_000
    over = desk.draw.choice((rounded_up, 10**9, 900, desk.draw.randrange(110, 50_000)))
    over = min(over, document.open)  # twice the amount, at the most
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    answer = pays(document, unapplied=over)
    return [desk.clear(payer, answer, reference)]


@situation(4)
def paid_without_the_earlier_part(desk: Desk) -> list[Case]:
    """The payer forgot that a part was paid already and pays the printed total."""
    customer = desk.busy()
    total = large(desk, customer)
    document = desk.invoice(customer, total, left=total * desk.draw.randint(3, 8) // 10)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    answer = pays(document, unapplied=total - document.open)
    return [desk.clear(payer, answer, reference)]


@situation(10)
def paid_twice_at_once(desk: Desk) -> list[Case]:
    """The button was pressed twice. The second payment pays nothing else."""
    customer = desk.busy()
    document = desk.invoice(customer)
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    amount, texts = document.open, ("Web shop",)
    paid, again = pays(document), nothing(document.open)
    return [
        desk.pay(payer, amount, paid, reference=reference, texts=texts, readable=True),
        desk.pay(payer, amount, again, reference=reference, texts=texts),
    ]


@situation(12)
def paid_meanwhile(desk: Desk) -> list[Case]:
    customer = desk.busy()
    paid = desk.invoice(customer, left=0)
    payer, reference = desk.payer(customer), any_way(paid, desk.style, desk.draw)
    return [desk.pay(payer, paid.total, nothing(paid.total), reference=reference)]


@situation(6)
def paid_meanwhile_and_one_like_it_is_open(desk: Desk) -> list[Case]:
    """Paid twice, while another document of exactly that amount is open: it is not meant."""
    customer = desk.busy()
    amount = desk.rare(customer)
    paid = desk.invoice(customer, amount, left=0, day=desk.days_ago(desk.draw.randint(30, 60)))
    desk.invoice(customer, amount, day=desk.days_ago(desk.draw.randint(4, 20)))
    payer, reference = desk.linked(customer), any_way(paid, desk.style, desk.draw)
    return [desk.pay(payer, amount, nothing(amount), reference=reference)]


@situation(6)
def instalments_unnamed(desk: Desk) -> list[Case]:
    """Equal payments without a word, which together pay the one large document."""
    customer = desk.quiet(0, 3)
    rate, count = desk.draw.randrange(30_000, 300_000), desk.draw.randint(2, 3)
    document = desk.invoice(customer, rate * count, day=desk.style.today - timedelta(days=25))
    payer = desk.linked(customer)
    answers = (part_of(document, rate), nothing(rate))
    return [desk.pay(payer, rate, answers) for _ in range(count)]


@situation(6)
def amount_mistyped(desk: Desk) -> list[Case]:
    """Two digits of the amount are swapped; the reference is right, and the money is what it is."""
    customer = desk.busy()
    document = desk.invoice(customer, large(desk, customer))
    wrong = [a for a in swaps(document.open) if abs(a - document.open) > 2000]
    if not wrong:
        return []
    amount = desk.draw.choice(wrong)
    over = max(0, amount - document.open)
    answer = pays(document, unapplied=over) if over else part_of(document, amount)
    reference = any_way(document, desk.style, desk.draw)
    return [desk.clear(desk.linked(customer), answer, reference)]


@situation(6)
def part_with_its_amount_in_the_text(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = desk.invoice(customer, large(desk, customer))
    amount = desk.draw.randint(1, document.open // 10_000) * 5000
    forms = ("{a} of invoice {n}", "paying {a} on inv {n}, rest follows", "inv {n}: {a} partial")
    money = desk.draw.choice((f"${amount / 100:,.2f}", f"${amount // 100}", f"{amount / 100:.2f}"))
    reference = desk.draw.choice(forms).format(a=money, n=plain(document))
    return [desk.clear(desk.linked(customer), part_of(document, amount), reference)]
