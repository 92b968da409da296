"""The undo stack: what a person did last, and undoing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from paysync.admin.base import LedgerAdmin, require_permission
from paysync.domain.errors import PaySyncError
from paysync.templatetags.console import counted
from reconciliation.admin.workbench.asking import asked_of, query_of
from reconciliation.admin.workbench.doors import (
    PERMISSION,
    SEES,
    Bench,
    deed_of,
    ledger_of,
    to_payment,
    to_queue,
)
from reconciliation.models import WorkStep
from reconciliation.queries import workbench as queries
from reconciliation.services.workbench import Undoing, last_group, undo


@admin.register(WorkStep)
class StepAdmin(Bench, LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo))
        return [path("undo/", view, name="workbench_undo"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(SEES))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """My last steps."""
        require_permission(request, SEES)
        groups = queries.last_steps(request.user.pk)  # type: ignore[arg-type]  # signed in
        context = {"title": "My last steps", "groups": groups, "now": timezone.now()}
        return self.show(request, "steps", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A step has no page of its own."""
        require_permission(request, SEES)
        return redirect("admin:reconciliation_workstep_changelist")

    def undo(self, request: HttpRequest) -> HttpResponse:
        """Undo the group that is named, or the last one; then back to its payment."""
        require_permission(request, PERMISSION)
        query = query_of(asked_of(request.GET))
        group = read_group(request) or last_group(request.user)  # type: ignore[arg-type]
        if group is None:
            messages.info(request, "There is nothing of yours to undo.")
            return to_queue(query)
        try:
            done = undo(group, deed_of(request), ledger_of=ledger_of)
        except PaySyncError as error:
            messages.error(request, str(error))
            return to_queue(query)
        tell(request, done)
        only = done[0].step.transaction_id if len(done) == 1 else None
        return to_payment(only, query) if only else to_queue(query)


def read_group(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("group", ""))
    except ValueError:
        return None


def tell(request: HttpRequest, done: list[Undoing]) -> None:
    """One sentence for what is undone, one for each step that is not."""
    undone = [one for one in done if not one.problem]
    if len(undone) == 1:
        messages.success(request, f"Undone: {undone[0].step.title}")
    elif undone:
        messages.success(request, f"{counted(len(undone), 'step')} undone.")
    for one in done:
        if one.problem:
            messages.error(request, f"Not undone: {one.step.title} {one.problem}")
