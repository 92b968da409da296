"""The reference is somewhere in a text, among other numbers or among rubbish."""

from __future__ import annotations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.situations.named import named
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case
from benchmarks.corpus.writing import address, any_way, hostile, phone, plain, worded, written_date

NOTES = (
    "hi, this is for {}, sorry it is late!", "thx for the great service!! {} paid in full",
    "please apply to {} - call me with questions", "{} (approved by Karen)", "PAYMENT {} THX",
    "as discussed w/ your Mr. Lee we pay {} today", "2nd reminder!! {} is now paid", "re {}",
    "card ending 4242, {}", "{} only, NOT the other one",
)  # fmt: skip


@situation(30)
def in_the_description(desk: Desk) -> list[Case]:
    """The field for it is empty, or holds something else that is no number."""
    document = desk.invoice(desk.busy())
    field = desk.draw.choice(("", "", "n/a", "see memo", "invoice"))
    return named(desk, document, field, worded(document, desk.style, desk.draw))


@situation(25)
def card_holders_note(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    text = desk.draw.choice(NOTES).format(worded(document, desk.style, desk.draw))
    fields = ("", text) if desk.draw.random() < 0.5 else (text,)
    return named(desk, document, *fields)


@situation(25)
def among_other_numbers(desk: Desk) -> list[Case]:
    """Telephone, address, date and amount stand beside it; it is the one called an invoice."""
    document, draw = desk.invoice(desk.busy()), desk.draw
    name = draw.choice((document.tran_id, f"Invoice {plain(document)}", f"INV# {plain(document)}"))
    others = [phone(draw), address(draw), written_date(draw), f"${document.open / 100:,.2f}"]
    words = [name, *draw.sample(others, draw.randint(1, 3))]
    draw.shuffle(words)
    text = draw.choice((" ", ", ", "; ", "\n")).join(words)
    return named(desk, document, *((text,) if draw.random() < 0.5 else ("", text)))


@situation(8)
def postcode_is_another_document(desk: Desk) -> list[Case]:
    """The document is named; the post code beside it happens to be somebody else's document."""
    document, other = desk.invoice(desk.busy()), desk.invoice(desk.busy())
    code = plain(other)[-9:]
    text = f"Invoice {plain(document)}, {desk.draw.choice(('Chicago IL', 'Austin TX'))} {code}"
    return named(desk, document, text)


@situation(10)
def customer_number_beside_it(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    label = document.customer_label
    forms = (
        "Cust {} Inv {}",
        "{} / {}",
        "acct {} invoice {}",
        "customer no. {}, inv. {}",
        "{} IN-{}",
    )
    return named(desk, document, desk.draw.choice(forms).format(label, plain(document)))


@situation(12)
def hostile_text(desk: Desk) -> list[Case]:
    """Emoji, markup, statements, ten thousand characters: the reference still counts."""
    document = desk.invoice(desk.busy())
    parts = [any_way(document, desk.style, desk.draw), hostile(desk.draw)]
    reference = desk.draw.choice((" ", "\n")).join(parts)
    return named(desk, document, reference, hostile(desk.draw))


@situation(6)
def named_in_both_fields(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    text = worded(document, desk.style, desk.draw)
    return named(desk, document, any_way(document, desk.style, desk.draw), text)


@situation(8)
def with_its_purchase_order(desk: Desk) -> list[Case]:
    """Both numbers of one document, and the order's is sometimes another document's number."""
    other = desk.invoice(desk.busy())
    order = desk.draw.choice((plain(other), str(desk.draw.randrange(10**4, 10**7))))
    document = desk.invoice(desk.busy(), customer_po=order)
    forms = ("PO {o} INV {n}", "inv {n} / po {o}", "Invoice {n} (your PO# {o})", "po#{o}, inv#{n}")
    text = desk.draw.choice(forms).format(o=order, n=plain(document))
    return named(desk, document, text)


@situation(6)
def card_or_year_is_another_document(desk: Desk) -> list[Case]:
    """Card digits or a year stand beside it; in a firm with short numbers they hit documents."""
    document, draw = desk.invoice(desk.busy()), desk.draw
    digits = draw.choice((f"{draw.randrange(10**4):04d}", plain(desk.invoice(desk.busy()))[-4:]))
    forms = (
        "Invoice {n} card ending {d}",
        "inv {n} visa *{d}",
        "IN-{n} March 2026",
        "INV {n} xxxx{d}",
    )
    return named(desk, document, draw.choice(forms).format(n=plain(document), d=digits))
