"""Proof and matches by API: what a monitoring system of the site asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from paysync.api.problems import problem
from paysync.domain.money import digits_of
from reconciliation.models import GatewayTransaction, ProofRun, ReconcilingItem
from reconciliation.queries.cards import CardOf, card_of_payment, find_payments
from reconciliation.queries.failures import decline_of, message_for_customer


class MaySeeProofs(BasePermission):
    """Whoever may see proofs in the console may read them here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.has_perm("reconciliation.view_proofrun"))


class LatestProof(APIView):
    """`GET /api/v1/proof/`: the newest result of the proof, as the dashboard shows it."""

    permission_classes = [MaySeeProofs]

    def get(self, request: Request) -> Response:
        """404 until the first proof has run."""
        proof = ProofRun.objects.first()
        if proof is None:
            return problem(404, "not_found", "No proof has run yet.")
        open_items = ReconcilingItem.objects.filter(state=ReconcilingItem.State.OPEN).count()
        return Response(
            {
                "at": proof.at,
                "holds": proof.holds,
                "checked": proof.checked,
                "violations": proof.violations,
                "open_items": open_items,
            }
        )


class MaySeePayments(BasePermission):
    """Staff who may see payments in the console may read them here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        wanted = "reconciliation.view_gatewaytransaction"
        return bool(request.user and request.user.is_staff and request.user.has_perm(wanted))


class PaymentStatus(APIView):
    """`GET /api/v1/payments/<gateway id or key>/`: where it stands, and what to tell the payer."""

    permission_classes = [MaySeePayments]

    def get(self, request: Request, name: str) -> Response:
        """404 for none; 409 where several have that gateway id, with their keys."""
        found = find_payments(name)
        if not found:
            return problem(404, "not_found", "There is no such payment.")
        if len(found) > 1:
            return several(found)
        return Response(status_of(found[0]))


class MaySeeMatches(BasePermission):
    """Staff who may see payments and their matches in the console may read them here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        wanted = ("reconciliation.view_gatewaytransaction", "reconciliation.view_match")
        return bool(request.user and request.user.is_staff and request.user.has_perms(wanted))


class PaymentMatch(APIView):
    """`GET /api/v1/payments/<gateway id or key>/match/`: the explain card, as people see it."""

    permission_classes = [MaySeeMatches]

    def get(self, request: Request, name: str) -> Response:
        """404 for an unknown payment; 409 where the gateway id is that of several."""
        found = find_payments(name)
        if not found:
            return problem(404, "not_found", "No payment has this gateway id or key.")
        if len(found) > 1:
            return several(found)
        return Response(to_answer(card_of_payment(found[0])))


def several(found: list[GatewayTransaction]) -> Response:
    keys = [row.pk for row in found]
    named = ", ".join(map(str, keys))
    message = f"Several payments have this gateway id: ask by key, one of {named}."
    return problem(409, "ambiguous", message, keys=keys)


def to_answer(found: CardOf) -> dict[str, Any]:
    payment, match = found.payment, found.match
    return {
        "payment": {
            "id": payment.pk,
            "gateway_id": payment.gateway_id,
            "company": payment.company.company_id,
            "customer": payment.customer.customer_id if payment.customer else None,
            "amount": plain(payment.amount, payment.currency),
            "currency": payment.currency,
            "state": payment.state,
            "needs_match": payment.needs_match,
        },
        "match": None
        if match is None
        else {
            "id": match.pk,
            "rule": match.rule,
            "rule_version": match.rule_version,
            "sentence": match.sentence,
            "made_by": match.actor,
            "made_at": match.made_at,
            "applied": plain(match.applied, match.currency),
            "unapplied": plain(match.unapplied, match.currency),
        },
        "card": found.card,
    }


def plain(amount: Decimal, currency: str) -> str:
    return f"{amount:.{digits_of(currency)}f}"


def status_of(row: GatewayTransaction) -> dict[str, Any]:
    """customer_message: "" unless it failed. same_again: whether the same card or account is worth
    another try; null where nobody can say.
    """
    explained = decline_of(row)
    return {
        "payment": row.gateway_id,
        "payment_key": row.pk,
        "state": row.state,
        "amount": plain(row.amount, row.currency),
        "currency": row.currency,
        "customer_message": message_for_customer(row),
        "same_again": explained.decline.same_again if explained else None,
        "return_code": row.return_code or None,
    }
