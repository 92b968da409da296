"""The first of the REST API: what a monitoring system of the site asks for."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reconciliation.models import ProofRun, ReconcilingItem


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
            return Response({"code": "not_found", "message": "No proof has run yet."}, status=404)
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
