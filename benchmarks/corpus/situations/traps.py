"""Payments that pay no document, though something about them looks as if they did."""

from __future__ import annotations

from benchmarks.corpus.desk import ORDER_WORDS, Desk
from benchmarks.corpus.people import Payer, company_name, person_name
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, nothing, pays, suggested
from benchmarks.corpus.writing import any_way, phone, plain


def about(desk: Desk, amount: int) -> int:
    """An amount near this one, and not this one."""
    percent = desk.draw.choice((desk.draw.randint(35, 80), desk.draw.randint(120, 190)))
    return max(1000, amount * percent // 100 + desk.draw.randint(1, 99))


@situation(12)
def nobody_we_know(desk: Desk) -> list[Case]:
    name = desk.draw.choice((person_name(desk.draw), company_name(desk.draw), ""))
    amount = about(desk, desk.amount(desk.busy()))
    reference = desk.draw.choice(("", "", "payment", "thanks", "donation", "order"))
    return [desk.pay(Payer(name=name), amount, nothing(amount), reference=reference)]


@situation(5)
def nobody_we_know_pays_an_amount_we_know(desk: Desk) -> list[Case]:
    """The amount is that of a document: worth a proposal, and no more."""
    document = desk.invoice(desk.busy())
    answers = suggested([pays(document), nothing(document.open)])
    return [desk.pay(Payer(name=person_name(desk.draw)), document.open, answers)]


@situation(8)
def order_paid_before_it_is_invoiced(desk: Desk) -> list[Case]:
    customer = desk.quiet(0, 6)
    amount = about(desk, desk.amount(customer))
    forms = (
        "SO-{}",
        "order {}",
        "Sales order {}",
        "quote Q{}",
        "web order #{}",
        "deposit order {}",
    )
    reference = desk.draw.choice(forms).format(desk.draw.randrange(10**6, 10**8))
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]


@situation(6)
def order_number_is_a_document_number(desk: Desk) -> list[Case]:
    """It says that it is an order; the number is also that of somebody's document."""
    other, customer = desk.invoice(desk.busy()), desk.quiet(0, 6)
    amount = about(desk, other.open)
    forms = ("SO {}", "order {}", "Sales Order #{}", "quote {}", "deposit for order {}")
    reference = desk.draw.choice(forms).format(plain(other))
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]


@situation(4)
def own_order_number_is_an_own_document_number(desk: Desk) -> list[Case]:
    """As before, and the document is the payer's own. Only the word tells."""
    customer = desk.busy()
    other = desk.invoice(customer)
    amount = about(desk, other.open)
    forms = ("sales order {}", "order {}", "deposit order #{}", "SO-{}")
    reference = desk.draw.choice(forms).format(plain(other))
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]


@situation(5)
def bare_order_number_is_a_document_number(desk: Desk) -> list[Case]:
    """A stranger pays an order in advance; its number, without a word, is also a document's."""
    document = desk.invoice(desk.busy())
    amount = about(desk, document.open)
    payer = desk.payer(desk.owner(document), desk.draw.choice(("person", "person", "nothing")))
    part = min(amount, document.open)
    named = pays(document, amounts={document.id: part}, unapplied=amount - part)
    answers = suggested([nothing(amount), named])
    return [desk.pay(payer, amount, answers, reference=plain(document))]


@situation(5)
def telephone_or_postcode_is_a_document_number(desk: Desk) -> list[Case]:
    """No reference at all, but a number in the text that is a stranger's document."""
    other = desk.invoice(desk.busy())
    amount = about(desk, other.open)
    forms = ("call {}", "ph. {}", "Springfield IL {}", "ext {}", "tel: {}", "ZIP {}", "PIN {}")
    text = desk.draw.choice(forms).format(plain(other))
    payer = desk.draw.choice((desk.linked(desk.quiet(0, 4)), Payer(name=person_name(desk.draw))))
    texts = (text, phone(desk.draw)) if desk.draw.random() < 0.4 else (text,)
    return [desk.pay(payer, amount, nothing(amount), texts=texts)]


@situation(4)
def customer_number_is_a_document_number(desk: Desk) -> list[Case]:
    """The payer writes its own customer number, as it stands on every letter of ours."""
    other = desk.invoice(desk.busy())
    customer = desk.quiet(0, 4, label=f"{int(other.tran_no):07d}")
    amount = about(desk, desk.amount(customer))
    reference = desk.draw.choice(("{}", "customer {}", "cust# {}", "acct {}")).format(
        customer.label
    )
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]


@situation(6)
def wrong_currency(desk: Desk) -> list[Case]:
    other = "EUR" if desk.currency != "EUR" else "USD"
    customer = desk.quiet(0, 4)
    document = desk.invoice(customer, currency=other)
    reference = any_way(document, desk.style, desk.draw)
    payer, answer = desk.payer(customer), nothing(document.open)
    return [desk.pay(payer, document.open, answer, reference=reference)]


@situation(6)
def other_currency_throughout(desk: Desk) -> list[Case]:
    """A firm with customers in two currencies: payment and document are in the second one."""
    other = "EUR" if desk.currency != "EUR" else "USD"
    customer = desk.quiet(0, 6, currency=other)
    document = desk.invoice(customer)
    reference = any_way(document, desk.style, desk.draw)
    case = desk.pay(
        desk.payer(customer),
        document.open,
        pays(document),
        reference=reference,
        currency=other,
        readable=True,
    )
    return [case]


@situation(6)
def document_in_dispute(desk: Desk) -> list[Case]:
    """It is named and would be paid, but a person settles the dispute first."""
    customer = desk.busy()
    document = desk.invoice(customer, in_dispute=True)
    answers = (pays(document, auto_ok=False), nothing(document.open))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, document.open, answers, reference=reference)]


@situation(4)
def customer_not_active(desk: Desk) -> list[Case]:
    """Sage 500 takes no receipt for it."""
    customer = desk.quiet(0, 3, is_active=False)
    document = desk.invoice(customer)
    answers = (pays(document, auto_ok=False), nothing(document.open))
    payer, reference = desk.payer(customer), any_way(document, desk.style, desk.draw)
    return [desk.pay(payer, document.open, answers, reference=reference)]


@situation(3)
def no_money(desk: Desk) -> list[Case]:
    """Zero, or less."""
    document = desk.invoice(desk.busy())
    amount = desk.draw.choice((0, 0, -document.open, -1))
    payer, reference = desk.linked(desk.owner(document)), document.tran_id
    return [desk.pay(payer, amount, nothing(amount), reference=reference)]


@situation(3)
def absurdly_much(desk: Desk) -> list[Case]:
    """Nine figures for a small document: to be paid and the rest on account, or to be asked."""
    document = desk.invoice(desk.busy())
    amount = desk.draw.choice((99_999_999_999, 10**13, 123_456_789_012))
    answers = (pays(document, unapplied=amount - document.open), nothing(amount))
    payer, reference = desk.linked(desk.owner(document)), document.tran_id
    return [desk.pay(payer, amount, answers, reference=reference)]


@situation(6)
def number_of_nothing(desk: Desk) -> list[Case]:
    """A number nobody issued, an amount nobody asked for."""
    customer = desk.quiet(0, 6)
    amount = about(desk, desk.amount(customer))
    number = desk.first_number + desk.per_day * 700 + desk.draw.randrange(9999)
    reference = desk.draw.choice((f"IN-{number:010d}", str(number), f"inv {number}"))
    return [desk.pay(desk.payer(customer), amount, nothing(amount), reference=reference)]


@situation(5)
def order_word_that_many_documents_have(desk: Desk) -> list[Case]:
    """VERBAL, STOCK: what buyers write where a purchase order should be. It names nothing."""
    customer = desk.quiet(0, 6)
    amount = about(desk, desk.amount(customer))
    word = desk.draw.choice(ORDER_WORDS)
    desk.invoice(desk.busy(), customer_po=word)
    reference = desk.draw.choice(("{}", "PO {}", "order {}")).format(word)
    return [desk.pay(desk.linked(customer), amount, nothing(amount), reference=reference)]
