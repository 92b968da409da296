"""The common case without detours: the reference is a document's id, and the amount is exact."""

from __future__ import annotations

from collections.abc import Iterator

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import RulesOf
from reconciliation.domain.matching.contest import Claims
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.names import name_key
from reconciliation.domain.matching.payers import SIGNALS, Standing, payer_of
from reconciliation.domain.matching.references import Quality
from reconciliation.domain.matching.results import Decision, Outcome, Share, Solution
from reconciliation.domain.matching.rules import Allowed, Limits, Rule, Strategy
from reconciliation.domain.matching.solutions import signals as say

STRATEGY = Strategy.INVOICE_REFERENCE
NAMED, EXACT = say.OF_QUALITY[Quality.EXACT], say.EXACT
#: The signals of a solution by what is known of the payer; shared by all payments.
EVIDENCE = {
    standing: (NAMED, *([SIGNALS[standing]] if standing in SIGNALS else []), EXACT)
    for standing in Standing
}


class FastPath:
    """Holds the payments it can take; whatever is unusual goes the long way."""

    def __init__(self, book: Book, rules: RulesOf | None, claims: Claims) -> None:
        self.book, self.claims = book, claims
        self.rule = plain_rule(rules)
        self.held: list[tuple[OpenPayment, Document]] = []

    def takes(self, payment: OpenPayment) -> bool:
        """Whether the reference is the id of a document that the amount pays exactly."""
        if self.rule is None:
            return False
        document = self.book.by_tran_id.get(payment.reference.strip().upper())
        if document is None or document.open != payment.amount or payment.texts:
            return False
        if document.currency != payment.currency or not is_fine(document):
            return False
        self.held.append((payment, document))
        self.claims.count(document.id)
        return True

    def decide(self, decisions: dict[int, Decision]) -> Iterator[OpenPayment]:
        """Decide what nobody else names; gives back the others."""
        rule = self.rule
        for payment, document in self.held:
            standing = self.standing(payment, document)
            if rule is None or standing < 0 or not self.claims.is_alone(document.id):
                yield payment
                continue
            share = Share(document.id, payment.amount, 0, 0, document.open)
            evidence = EVIDENCE[standing]
            solution = Solution(STRATEGY, document.customer_id, (share,), 0, evidence)
            self.book.take(document.id, payment.amount)
            decisions[payment.id] = Decision(
                payment.id,
                Outcome.AUTO,
                sentence_of(document),
                (solution,),
                rule,
                None,
                document.customer_id,
            )

    def standing(self, payment: OpenPayment, document: Document) -> Standing:
        customer = payment.customer_id
        if customer is not None:
            if customer == document.customer_id:
                return Standing.LINKED
            is_child = customer == document.parent_customer_id
            return Standing.FAMILY if is_child else Standing.AGAINST
        if not payment.payer_label and not payment.payer_name and not payment.aliases:
            return Standing.UNKNOWN
        payer = payer_of(payment, self.book)
        return payer.standing(document, name_key(document.customer_name))


def is_fine(document: Document) -> bool:
    return (
        document.open > 0
        and document.is_payable
        and document.customer_is_active
        and not document.in_dispute
    )


def plain_rule(rules: RulesOf | None) -> Rule | None:
    """The rule for a named invoice, if it applies to everything and asks for no more than two."""
    rule = rules.get(STRATEGY, (None,))[0] if rules else None
    if rule is None or rule.allowed is not Allowed.AUTO:
        return None
    return rule if rule.limits == Limits() else None


def sentence_of(document: Document) -> str:
    return f"Pays {document.tran_id} of {document.customer_label[:40]}, named by the reference."
