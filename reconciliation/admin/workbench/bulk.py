"""Several payments of the queue at once: one action, one line of result for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from paysync.admin.base import require_permission
from paysync.domain.errors import PaySyncError, RuleError
from reconciliation.admin.workbench.asking import asked_of
from reconciliation.admin.workbench.doors import PERMISSION, deed_of
from reconciliation.admin.workbench.typed import read_day, read_owner, read_picked
from reconciliation.models import WorkStep
from reconciliation.queries.workbench import Asked
from reconciliation.services import workbench as services

Each = Callable[[int, int], WorkStep]


class BulkMixin:
    """The queue's POST."""

    show_queue: Callable[..., HttpResponse]
    status_of: Callable[[PaySyncError], int]

    def bulk(self, request: HttpRequest) -> HttpResponse:
        """Answers with the queue and the results above it; what failed stays ticked."""
        require_permission(request, PERMISSION)
        asked, picked = asked_of(request.GET), read_picked(request.POST)
        try:
            results = services.do_each(picked, self.each(request))
        except PaySyncError as error:
            ticked = {one.payment_id for one in picked}
            return self.refuse(request, asked, error, ticked)
        ticked = {one.payment.pk for one in results if one.problem}
        done = sum(not one.problem for one in results)
        return self.show_queue(request, asked, results=results, ticked=ticked, done_count=done)

    def refuse(
        self, request: HttpRequest, asked: Asked, error: PaySyncError, ticked: set[int]
    ) -> HttpResponse:
        more: dict[str, Any] = {"problem": str(error), "ticked": ticked, "values": request.POST}
        return self.show_queue(request, asked, status=self.status_of(error), **more)

    def each(self, request: HttpRequest) -> Each:
        """What is to be done to each payment, as the form says."""
        deed, values = deed_of(request), request.POST
        act = values.get("act", "")
        if act == "accept":
            return lambda pk, revision: services.accept(pk, deed, revision=revision)
        if act == "account":
            return lambda pk, revision: services.leave_on_account(pk, deed, revision=revision)
        if act == "assign":
            owner = read_owner(values)
            return lambda pk, revision: services.assign(pk, deed, owner=owner, revision=revision)
        if act == "park":
            due_on, reason = read_day(values), values.get("reason", "")
            return lambda pk, revision: services.park(
                pk, deed, due_on=due_on, reason=reason, revision=revision
            )
        raise RuleError("Choose what is to be done.")
