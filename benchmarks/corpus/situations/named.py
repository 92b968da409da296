"""One document, named well, paid exactly."""

from __future__ import annotations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, pays
from benchmarks.corpus.writing import SMALL_TALK, any_way, plain, worded
from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.facts import Document


def named(desk: Desk, document: Document, reference: str, *texts: str) -> list[Case]:
    """Whoever pays: the reference and the exact amount say what for."""
    payer, answer = desk.payer(desk.owner(document)), pays(document)
    return [desk.pay(payer, document.open, answer, reference=reference, texts=texts, readable=True)]


def small_talk(desk: Desk) -> tuple[str, ...]:
    return tuple(filter(None, (desk.draw.choice(SMALL_TALK),)))


@situation(90)
def exact_id(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    return named(desk, document, document.tran_id, *small_talk(desk))


@situation(60)
def number_only(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    return named(desk, document, plain(document), *small_talk(desk))


@situation(60)
def words_before_the_number(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    return named(desk, document, worded(document, desk.style, desk.draw))


@situation(40)
def zeros_dropped_or_added(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    zeros = "0" * desk.draw.randrange(7)
    prefix = desk.draw.choice(("IN-", "IN", "", "Inv 00", "in-"))
    return named(desk, document, f"{prefix}{zeros}{plain(document)}")


@situation(30)
def lower_case_and_blanks(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy())
    ways = (
        f"  {document.tran_id.lower()} ",
        document.tran_id.replace("-", " - "),
        document.tran_id.replace("-", ""),
        document.tran_id.replace("-", "_").lower(),
        f"i n v {plain(document)}",
        f"\t{document.tran_id}\r\n",
        document.tran_id.replace("-", "\u2013"),
        f"{document.tran_id}.",
        f"'{plain(document)}'",
    )
    return named(desk, document, desk.draw.choice(ways))


@situation(8)
def full_width_digits(desk: Desk) -> list[Case]:
    """Typed on a keyboard that is set to another script."""
    document = desk.invoice(desk.busy())
    wide = plain(document).translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    return named(desk, document, f"invoice {wide}")


@situation(20)
def purchase_order(desk: Desk) -> list[Case]:
    order = (
        f"{desk.draw.choice(('PO', 'P', '4500', 'B-', 'REQ'))}{desk.draw.randrange(10**5, 10**6)}"
    )
    document = desk.invoice(desk.busy(), customer_po=order)
    word = desk.draw.choice(("", "PO ", "po# ", "your invoice for PO ", "P.O. "))
    return named(desk, document, f"{word}{order}")


@situation(8)
def purchase_order_of_several(desk: Desk) -> list[Case]:
    """A blanket order: one number, several deliveries, all paid at once."""
    customer, order = desk.busy(), f"BO-{desk.draw.randrange(10**4, 10**6)}"
    documents = [desk.invoice(customer, customer_po=order) for _ in range(desk.draw.randint(2, 4))]
    payer = desk.linked(customer)
    return [desk.clear(payer, pays(*documents), f"PO {order}")]


@situation(6)
def two_documents_of_one_number(desk: Desk) -> list[Case]:
    """A debit memo and an invoice share their number; the id or the amount tells them apart."""
    customer = desk.busy()
    invoice = desk.invoice(customer, desk.rare(customer))
    kind = desk.draw.choice((InvoiceType.DEBIT_MEMO, InvoiceType.FINANCE_CHARGE))
    other = desk.other(customer, kind, desk.rare(customer), number=int(invoice.tran_no))
    meant = desk.draw.choice((invoice, other))
    reference = desk.draw.choice((meant.tran_id, plain(meant)))
    return [desk.clear(desk.linked(customer), pays(meant), reference)]


@situation(6)
def memo_of_the_same_number(desk: Desk) -> list[Case]:
    """A credit memo has the same number, but nobody pays a credit memo."""
    customer = desk.busy()
    document = desk.invoice(customer)
    desk.other(
        desk.busy(), InvoiceType.CREDIT_MEMO, desk.amount(customer), number=int(document.tran_no)
    )
    return named(desk, document, any_way(document, desk.style, desk.draw))


@situation(6)
def finance_charge(desk: Desk) -> list[Case]:
    kind = desk.draw.choice((InvoiceType.DEBIT_MEMO, InvoiceType.FINANCE_CHARGE))
    document = desk.other(desk.busy(), kind, desk.draw.randrange(1500, 90000))
    return named(desk, document, desk.draw.choice((document.tran_id, document.tran_id.lower())))


@situation(8)
def learned_payer_with_reference(desk: Desk) -> list[Case]:
    customer = desk.busy()
    document = desk.invoice(customer)
    payer = desk.remembered(customer)
    reference = any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, pays(document), reference)]


@situation(8)
def very_old_document(desk: Desk) -> list[Case]:
    document = desk.invoice(desk.busy(), day=desk.days_ago(desk.draw.randint(200, 415)))
    return named(desk, document, any_way(document, desk.style, desk.draw))


@situation(5)
def somebody_pays_for_a_stranger(desk: Desk) -> list[Case]:
    """A known payer names another customer's document, to the cent. Asking is right as well."""
    document = desk.invoice(desk.busy())
    payer = desk.linked(desk.quiet())
    return [desk.pay(payer, document.open, pays(document), reference=document.tran_id)]
