"""What the pages of the workbench show, put together from queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from customers.domain.parties import Party
from customers.models import Customer
from customers.queries.candidates import find_candidates
from paysync.domain.errors import PaySyncError
from paysync.models import Company
from reconciliation.admin.workbench.asking import query_of
from reconciliation.admin.workbench.typed import Typed, lines_of, total_of, typed_from
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Solution
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.short_pay import ShortPay
from reconciliation.models import WorkStep
from reconciliation.queries import open_documents as documents
from reconciliation.queries import workbench as queries
from reconciliation.queries.amounts import from_minor, to_minor
from reconciliation.queries.candidates import documents_by_id
from reconciliation.queries.limits import hand_limits
from reconciliation.queries.preview import Preview, preview_of
from reconciliation.queries.workbench import Asked, Work
from reconciliation.services.workbench import digest_of, others_at
from reconciliation.services.workbench.choosing import held_of, to_credit, to_share


def filters(asked: Asked) -> dict[str, Any]:
    """What the queue can be narrowed down by."""
    return {
        "views": [(key, title, query_of(view_only(asked, key))) for key, title in
                  queries.VIEWS.items()],
        "companies": list(Company.objects.filter(is_active=True).order_by("company_id")),
        "people": queries.people(),
        "reasons": queries.reasons(),
        "payers": queries.PAYERS.items(),
        "ages": queries.ages(),
        "orders": [(key, title) for key, (title, *_) in queries.ORDERS.items()],
    }  # fmt: skip


def view_only(asked: Asked, view: str) -> Asked:
    return Asked(view=view, company=asked.company, order=asked.order)


def payment_parts(request: HttpRequest, work: Work, asked: Asked) -> dict[str, Any]:
    """A payment with its suggestions, its neighbours in the queue and who else looks at it."""
    payment, user, now = work.payment, request.user, timezone.now()
    beside = queries.neighbours(
        asked, payment, user_id=user.pk, today=timezone.localdate()  # type: ignore[arg-type]
    )  # fmt: skip
    return {
        "work": work,
        "payment": payment,
        "card": work.card,
        "held": from_minor(held_of(payment), payment.currency),
        "digests": [digest_of(one) for one in work.card.get("solutions", ())],
        "beside": beside,
        "others": others_at(payment.pk, user=user, now=now),  # type: ignore[arg-type]
        "people": queries.people(),
    }


def preview_for(work: Work, rank: int, now: datetime) -> Preview | None:
    """The receipt that a suggestion leads to, or that the match has led to; None for neither."""
    try:
        if work.match is not None:
            return preview_of(work.payment, work.match, now=now) if work.receipt else None
        solutions = work.card.get("solutions", ())
        if not 1 <= rank <= len(solutions):
            return None
        return preview_of(work.payment, solution_of(work, solutions[rank - 1]), now=now)
    except PaySyncError:
        return None


def solution_of(work: Work, part: Mapping[str, Any]) -> Solution:
    currency = work.payment.currency
    return Solution(
        strategy=Strategy(part["strategy"]),
        customer_id=part["customer"]["id"],
        shares=tuple(to_share(share, currency) for share in part["shares"]),
        unapplied=to_minor(Decimal(part["unapplied"]), currency),
        signals=(),
        credits=tuple(to_credit(credit, currency) for credit in part.get("credits", ())),
    )


# --- a split --------------------------------------------------------------------------------------


def split_parts(work: Work, typed: Typed) -> dict[str, Any]:
    """The lines to type into, and what is left of the payment."""
    payment = work.payment
    held = from_minor(held_of(payment), payment.currency)
    limits = hand_limits(payment.company_id, timezone.localdate())
    return {
        "typed": typed,
        "lines": lines_of(documents_for(work, typed), typed),
        "left": held - total_of(typed),
        "limits": limits,
        "may_write_off": bool(limits.write_off and limits.account),
        "short_pays": list(ShortPay),
    }


def documents_for(work: Work, typed: Typed) -> list[Document]:
    """What is typed already, what was searched for, what is suggested, what the payer owes."""
    payment = work.payment
    company, currency = payment.company, payment.currency
    found = list(documents_by_id(company, typed.lines).values())
    found += documents.find_documents(company, currency, typed.find)
    suggested = {
        int(share["document"])
        for solution in work.card.get("solutions", ())
        for share in solution["shares"]
    }
    found += documents_by_id(company, suggested).values()
    if payment.customer_id is not None:
        found += documents.open_documents(company, payment.customer_id, currency)
    return list({one.id: one for one in found if one.open > 0 or one.id in typed.lines}.values())


def typed_of(work: Work, rank: int) -> Typed:
    """The form as it opens: empty, or with a suggestion in it."""
    solutions = work.card.get("solutions", ())
    return typed_from(solutions[rank - 1]) if 1 <= rank <= len(solutions) else Typed({})


# --- a link ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A customer that may have paid. why: how alike the two are, "" where nobody compared them."""

    customer: Customer
    why: str = ""
    strength: str = ""


def link_parts(work: Work, find: str) -> dict[str, Any]:
    """Customers to choose from: those that were searched for; else those of the suggested matches,
    then those whose name or number is like the payer's, with what speaks for each.
    """
    payment = work.payment
    if find:
        found = documents.find_customers(payment.company, find)
        return {"find": find, "choices": [Choice(row) for row in found]}
    ids = {int(one["customer"]["id"]) for one in work.card.get("solutions", ())}
    choices = {row.pk: Choice(row) for row in documents.customers_of(payment.company, ids)}
    payer = Party("", name=payment.billing_name, customer_id=payment.gateway_customer_id)
    for one in find_candidates(payment.company, payer):
        why = (one.candidate.sentence, one.candidate.strength.value)
        choices[one.customer.pk] = Choice(one.customer, *why)
    return {"find": "", "choices": list(choices.values())[:10]}


def last_step(request: HttpRequest) -> WorkStep | None:
    """What `undo` would undo."""
    user: Any = request.user
    rows = WorkStep.objects.filter(user=user, undone_at__isnull=True)
    return rows.order_by("-pk").first()
