"""How the workbench and the explain card put things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from customers.models import Customer
from paysync.templatetags.console import badge
from reconciliation.domain.marks import marked, names_in
from reconciliation.domain.reasons import Reason
from reconciliation.domain.short_pay import find_short_pay
from reconciliation.models import GatewayTransaction, Match, ReconcilingItem

register = template.Library()

STRATEGIES = {
    "invoice_reference": "Names the invoice",
    "several_references": "Names several invoices",
    "reference_discount": "Names the invoice, less discount",
    "reference_tolerance": "Names the invoice, a few cents off",
    "reference_partial": "Names the invoice, pays a part",
    "reference_overpaid": "Names the invoice, pays more",
    "remittance_text": "Read from the text",
    "customer_and_exact_amount": "Exact amount",
    "customer_and_discount": "Exact less discount",
    "customer_and_tolerance": "A few cents off",
    "account_balance": "Everything open",
    "subset": "A set that adds up",
    "instalments": "Instalment",
    "payer_alias": "Learned payer",
    "oldest_first": "Oldest first",
    "on_account": "On account",
    "by_hand": "By hand",
}


@register.filter
def strategy_title(strategy: str) -> str:
    return STRATEGIES.get(strategy, strategy.replace("_", " ").capitalize())


@register.filter
def reason_badge(reason: str) -> SafeString:
    return badge(Reason(reason).heading, "warn", "assignment_late")


@register.filter
def with_customers(card: dict[str, Any]) -> dict[str, Any]:
    """The card with the names of customers that no document of a suggestion tells. One query, and
    only where a name is missing.
    """
    solutions = card.get("solutions", ())
    nameless = {one["customer"]["id"] for one in solutions if not one["customer"].get("label")}
    if not nameless:
        return card
    rows = Customer.objects.in_bulk(nameless)
    return card | {"solutions": [with_customer(one, rows) for one in solutions]}


def with_customer(solution: dict[str, Any], rows: Mapping[int, Customer]) -> dict[str, Any]:
    row = rows.get(solution["customer"]["id"])
    if row is None or solution["customer"].get("label"):
        return solution
    return solution | {"customer": {"id": row.pk, "label": row.customer_id, "name": row.name}}


@register.filter
def with_marks(text: str, card: Mapping[str, Any]) -> SafeString:
    """A text of the payment with what was recognised in it marked; everything is escaped."""
    pieces = []
    for part in marked(text, names_in(card)):
        if not part.names:
            pieces.append(format_html("{}", part.text))
            continue
        hint = part.names if part.is_sure else f"nearly {part.names}"
        kind = "sure" if part.is_sure else "near"
        pieces.append(
            format_html('<mark class="mark-{}" title="{}">{}</mark>', kind, hint, part.text)
        )
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def at(items: Sequence[Any], rank: int) -> Any:
    """The n-th of a list, counted from one; "" beyond it."""
    return items[rank - 1] if 0 < rank <= len(items) else ""


@register.filter
def weight(value: int) -> str:
    """A weight with its sign, as people read it."""
    return f"+{value}" if value > 0 else f"−{-value}" if value < 0 else "0"


@register.filter
def is_nonzero(amount: str) -> bool:
    """Whether an amount of a card is more than nothing."""
    return bool(amount) and amount.strip("0.-") != ""


@register.filter
def short_pay_title(word: str) -> str:
    found = find_short_pay(word)
    return found.heading if found else word


@register.filter
def initials(user: Any) -> str:
    """Two letters for a person, in the list."""
    if user is None:
        return ""
    names = [user.first_name, user.last_name]
    letters = "".join(name[0] for name in names if name)
    return (letters or user.get_username()[:2]).upper()


@register.filter
def age_short(instant: Any) -> str:
    """Whole days since: "today", "3 d"."""
    days = (timezone.localdate() - timezone.localdate(instant)).days
    return "today" if days < 1 else f"{days} d"


@register.filter
def the_item(payment: GatewayTransaction) -> ReconcilingItem | None:
    items: Sequence[ReconcilingItem] = getattr(payment, "match_items", ())
    return items[0] if items else None


@register.filter
def the_match(payment: GatewayTransaction) -> Match | None:
    matches: Sequence[Match] = getattr(payment, "active_matches", ())
    return matches[0] if matches else None


@register.filter
def value_of(values: Mapping[str, Any] | None, name: str) -> str:
    """What was typed into a field before, for a form that was refused."""
    return str(values.get(name, "")) if values else ""


@register.filter
def for_field(line: Any, name: str) -> str:
    return str(line.typed.get(name, ""))
