"""What the pages of the workbench share: who may, how a page is answered, how an act ends."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from paysync import guarding
from paysync.domain.errors import ConflictError, PaySyncError
from paysync.models import Company
from paysync.ports import ErpLedger
from reconciliation.admin.workbench.asking import is_part
from reconciliation.admin.workbench.shown import last_step
from reconciliation.services.workbench import Deed

#: Who may decide at the workbench, and who may undo the matches of others.
PERMISSION = "reconciliation.change_reconcilingitem"
UNMATCH = "reconciliation.change_cashreceipt"
SEES = "reconciliation.view_gatewaytransaction"
FOLDER = "reconciliation/workbench"


class Bench:
    """Answers with a whole page, or, where htmx asks, with the workbench alone."""

    admin_site: AdminSite
    statuses: ClassVar[dict[type[PaySyncError], int]] = {ConflictError: 409}

    def show(
        self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        part = is_part(request)
        shell = {} if part else self.admin_site.each_context(request)
        own = {
            "base": f"{FOLDER}/{'part' if part else 'shell'}.html",
            "is_part": part,
            "may_work": request.user.has_perm(PERMISSION),
            "may_unmatch": request.user.has_perm(UNMATCH),
            "last_step": last_step(request),
            "today": timezone.localdate(),
        }
        answer = TemplateResponse(
            request, f"{FOLDER}/{name}.html", {**shell, **own, **context}, status=status
        )
        patch_vary_headers(answer, ["HX-Request"])
        return answer

    def status_of(self, error: PaySyncError) -> int:
        return self.statuses.get(type(error), 422)


def deed_of(request: HttpRequest) -> Deed:
    return Deed(request.user, timezone.now())  # type: ignore[arg-type]  # signed in: the site asks


def ledger_of(company: Company) -> ErpLedger:
    return guarding.ledger_for(company)


def to_queue(query: str) -> HttpResponse:
    url = reverse("admin:reconciliation_proposal_changelist")
    return redirect(f"{url}?{query}" if query else url)


def to_payment(pk: int, query: str) -> HttpResponse:
    url = reverse("admin:workbench_payment", args=[pk])
    return redirect(f"{url}?{query}" if query else url)


def tell_done(request: HttpRequest, text: str) -> None:
    messages.success(request, text)
