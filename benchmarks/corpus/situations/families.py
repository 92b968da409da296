"""National accounts: a parent that pays for its children, and relatives that do."""

from __future__ import annotations

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.people import Customer
from benchmarks.corpus.situations.registry import situation
from benchmarks.corpus.truth import Case, nothing, pays
from benchmarks.corpus.writing import any_way, listed
from reconciliation.domain.matching.facts import Document


def family(desk: Desk, documents: int = 6) -> tuple[Customer, list[Customer]]:
    """A parent, mostly without documents of its own, and two to five branches."""
    parent = desk.customer(desk.draw.choice((0, 0, 2)))
    towns = desk.draw.sample(("Austin", "Boise", "Dayton", "Fresno", "Tampa", "Reno"), 5)
    children = [
        desk.quiet(0, documents, name=f"{parent.name} #{number} {town}", parent_id=parent.id)
        for number, town in enumerate(towns[: desk.draw.randint(2, 5)], 100)
    ]
    return parent, children


def open_of(desk: Desk, members: list[Customer]) -> list[Document]:
    return [document for member in members for document in desk.open.get(member.id, ())]


@situation(16)
def parent_names_a_childs_document(desk: Desk) -> list[Case]:
    parent, children = family(desk)
    document = desk.invoice(desk.draw.choice(children))
    payer = desk.payer(parent, desk.draw.choice(("linked", "linked", "name", "person")))
    reference = any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, pays(document), reference)]


@situation(8)
def parent_names_documents_of_several_children(desk: Desk) -> list[Case]:
    parent, children = family(desk)
    documents = [desk.invoice(child) for child in children]
    reference = listed(documents, desk.style, desk.draw)
    return [desk.clear(desk.linked(parent), pays(*documents), reference)]


@situation(8)
def parent_pays_one_document_unnamed(desk: Desk) -> list[Case]:
    parent, children = family(desk, 3)
    child = desk.draw.choice(children)
    amount = desk.rare(child)
    while any(document.open == amount for document in open_of(desk, [parent, *children])):
        amount = desk.rare(child)
    document = desk.invoice(child, amount)
    return [desk.pay(desk.linked(parent), document.open, (pays(document), nothing(document.open)))]


@situation(4)
def parent_pays_everything(desk: Desk) -> list[Case]:
    parent, children = family(desk, 3)
    desk.invoice(children[0])
    desk.invoice(children[1])
    documents = open_of(desk, [parent, *children])
    total = sum(document.open for document in documents)
    return [desk.pay(desk.linked(parent), total, pays(*documents))]


@situation(4)
def child_pays_for_its_sibling(desk: Desk) -> list[Case]:
    _, children = family(desk)
    document = desk.invoice(children[0])
    payer, reference = desk.linked(children[1]), document.tran_id
    return [desk.pay(payer, document.open, pays(document), reference=reference)]


@situation(4)
def part_payment_by_the_parent(desk: Desk) -> list[Case]:
    parent, children = family(desk)
    document = desk.invoice(children[0], desk.amount(children[0]) + 20_000)
    amount = document.open * desk.draw.randint(2, 8) // 10
    answer = pays(document, amounts={document.id: amount})
    payer, reference = desk.linked(parent), any_way(document, desk.style, desk.draw)
    return [desk.clear(payer, answer, reference)]
