"""Disputes by API: for sites whose processor tells them of each."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from paysync.domain.errors import ConflictError, RuleError
from paysync.models import Company
from reconciliation.api.answers import StaffView, body_of, day_in, money_in, text_in, who
from reconciliation.api.reading import plain
from reconciliation.domain.disputes.codes import brand_of
from reconciliation.domain.disputes.facts import Claim, checked
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute
from reconciliation.services import disputing

SEES = "reconciliation.view_dispute"
FIELDS = ("company", "case_number", "payment", "amount", "currency", "opened_on", "brand",
          "reason_code", "evidence_due_on", "state", "fee")  # fmt: skip
MOST = 100


class Disputes(StaffView):
    """`GET`: the newest. `POST`: what the processor tells of a case, as often as it tells it."""

    def get(self, request: Request) -> Response:
        self.require(request, SEES)
        rows = Dispute.objects.select_related("company")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        return Response({"disputes": [to_answer(row) for row in rows.order_by("-pk")[:MOST]]})

    def post(self, request: Request) -> Response:
        """A new case is opened (201); of one that we have, what is news is taken over (200)."""
        self.require(request, disputing.OPENS)
        body = body_of(request, *FIELDS)
        name = text_in(body, "company", needed=True)
        company = Company.objects.filter(company_id=name, is_active=True).first()
        if company is None:
            raise RuleError("company is the id of an active company, such as SOA.")
        row, is_new = tell(request, company, claim_in(body, company))
        return Response(to_answer(row), status=201 if is_new else 200)


def tell(request: Request, company: Company, claim: Claim) -> tuple[Dispute, bool]:
    """Two that tell of one case at once: the second finds what the first has made."""
    now = timezone.now()
    number = checked(claim, timezone.localdate(now)).case_number
    rows = Dispute.objects.filter(company=company, case_number=number)
    held = rows.first()
    if held is None:
        try:
            source = Dispute.Source.API
            row = disputing.open_dispute(
                claim, company=company, source=source, user=who(request), now=now
            )
            return row, True
        except ConflictError:
            held = rows.get()
    disputing.follow_claim(held, checked(claim, timezone.localdate(now)), who(request), now)
    return rows.get(), False


class OneDispute(StaffView):
    """`GET`: where the case stands."""

    def get(self, request: Request, pk: int) -> Response:
        self.require(request, SEES)
        return Response(to_answer(Dispute.objects.select_related("company").get(pk=pk)))


class DisputeTurn(StaffView):
    """`POST {"state", "note"}`: move the case along."""

    def post(self, request: Request, pk: int) -> Response:
        body = body_of(request, "state", "note")
        row = disputing.change_state(
            pk,
            state_in(body, needed=True) or DisputeState.OPENED,
            user=who(request),
            now=timezone.now(),
            text=text_in(body, "note"),
        )
        return Response(to_answer(row))


def claim_in(body: dict[str, Any], company: Company) -> Claim:
    currency = text_in(body, "currency") or company.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise RuleError("currency is three capital letters, such as USD.")
    opened_on = day_in(body, "opened_on")
    if opened_on is None:
        raise RuleError("opened_on is needed.")
    return Claim(
        case_number=text_in(body, "case_number", needed=True),
        amount=money_in(body, "amount", currency),
        opened_on=opened_on,
        gateway_reference=text_in(body, "payment"),
        brand=brand_of(text_in(body, "brand")),
        reason_code=text_in(body, "reason_code"),
        evidence_due_on=day_in(body, "evidence_due_on"),
        state=state_in(body),
        fee=money_in(body, "fee", currency) if body.get("fee") else None,
    )


def state_in(body: dict[str, Any], *, needed: bool = False) -> DisputeState | None:
    text = text_in(body, "state", needed=needed)
    if not text:
        return None
    if text not in set(DisputeState):
        raise RuleError(f"state is one of: {', '.join(DisputeState)}.")
    return DisputeState(text)


def to_answer(row: Dispute) -> dict[str, Any]:
    return {
        "id": row.pk,
        "company": row.company.company_id,
        "case_number": row.case_number,
        "payment": row.gateway_reference or None,
        "payment_key": row.transaction_id,
        "amount": plain(row.amount, row.currency),
        "charged_back": plain(row.taken, row.currency),
        "fee": plain(row.fee, row.currency),
        "currency": row.currency,
        "brand": row.brand,
        "reason_code": row.reason_code,
        "state": row.state,
        "opened_on": row.opened_on,
        "evidence_due_on": row.evidence_due_on,
        "is_due_estimated": row.is_due_estimated,
    }
