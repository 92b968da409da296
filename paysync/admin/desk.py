"""Files of sites that exchange some with us: what was taken in, and what left."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from paysync.admin.base import StoryAdmin, actor_of, require_permission
from paysync.domain.desk import Problem, error_file
from paysync.domain.errors import RuleError
from paysync.models import Connection, DeskBatch, DeskImport, DeskReceipt
from paysync.services.desk.batches import close_batch
from paysync.templatetags.console import ago, badge

OUTCOMES = {
    DeskImport.Outcome.WAITING: ("wait", "hourglass_empty"),
    DeskImport.Outcome.IMPORTED: ("good", "task_alt"),
    DeskImport.Outcome.REPEATED: ("neutral", "content_copy"),
    DeskImport.Outcome.OLDER: ("neutral", "history"),
    DeskImport.Outcome.REJECTED: ("bad", "error"),
}
BATCHES = {
    DeskBatch.State.OPEN: ("wait", "edit_note"),
    DeskBatch.State.CLOSING: ("info", "sync"),
    DeskBatch.State.STAGED: ("info", "sync"),
    DeskBatch.State.CLOSED: ("good", "task_alt"),
}


@admin.register(DeskImport)
class ImportAdmin(StoryAdmin):
    list_display = ("file_name", "kind", "outcome_shown", "rows", "changed", "when", "message")
    list_filter = (
        ("outcome", ChoicesDropdownFilter),
        ("connection", RelatedDropdownFilter),
    )
    search_fields = ("file_name__istartswith",)
    ordering = ("-pk",)
    empty_text = "Files that a site puts into its inbox folder appear here."
    change_form_template = "paysync/import.html"

    def get_urls(self) -> list[URLPattern]:
        errors = path(
            "<int:object_id>/errors/",
            self.admin_site.admin_view(self.errors),
            name="paysync_deskimport_errors",
        )
        return [errors, *super().get_urls()]

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        row = DeskImport.objects.select_related("connection").filter(pk=object_id).first()
        return {"file": row, "tone": OUTCOMES[DeskImport.Outcome(row.outcome)] if row else None}

    def errors(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The error file of a rejected one: line, column, value and reason."""
        require_permission(request, "paysync.view_deskimport")
        row = DeskImport.objects.filter(pk=object_id).first()
        if row is None or not row.errors:
            raise Http404("no such error file")
        content = error_file(Problem(**error) for error in row.errors).encode("utf-8-sig")
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="errors-{row.pk}.csv"'
        return response

    @admin.display(description="Outcome", ordering="outcome")
    def outcome_shown(self, row: DeskImport) -> SafeString:
        return badge(row.get_outcome_display(), *OUTCOMES[DeskImport.Outcome(row.outcome)])

    @admin.display(description="When", ordering="pk")
    def when(self, row: DeskImport) -> str:
        return ago(row.ended_at or row.seen_at)


@admin.register(DeskBatch)
class BatchAdmin(StoryAdmin):
    list_display = ("reference", "company_id", "cash_account_id", "post_date", "currency",
                    "count", "state_shown", "file_name")  # fmt: skip
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("connection", RelatedDropdownFilter),
    )
    search_fields = ("=file_name", "=company_id", "=cash_account_id")
    ordering = ("-pk",)
    empty_text = "Receipts for sites by files or by hand are put into batches here."
    change_form_template = "paysync/desk_batch.html"
    posts: ClassVar[dict[str, str]] = {"close": "close_now"}

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        row = DeskBatch.objects.select_related("connection").filter(pk=object_id).first()
        if row is None:
            return {}
        receipts = DeskReceipt.objects.filter(batch=row).order_by("pk")[:500]
        is_open = row.state == DeskBatch.State.OPEN
        by_file = row.connection.kind == Connection.Kind.SAGE500_FLAT_FILE
        may = request.user.has_perm("paysync.change_deskbatch")
        return {"batch": row, "receipts": receipts, "tone": BATCHES[DeskBatch.State(row.state)],
                "may_close": may and is_open and by_file}  # fmt: skip

    def close_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Hand the batch over without waiting for more receipts."""

        def call() -> None:
            row = DeskBatch.objects.get(
                pk=object_id, connection__kind=Connection.Kind.SAGE500_FLAT_FILE
            )
            if not close_batch(row.pk, now=timezone.now(), actor=actor_of(request)):
                raise RuleError("There is nothing in this batch that waits.")
            async_task(
                "paysync.tasks.exchange", row.connection_id, task_name=f"files {row.reference}"
            )

        done = "The file is being written. Reload in a few seconds to see it leave."
        return self.act(request, object_id, "paysync.change_deskbatch", call, done)

    @admin.display(description="Batch", ordering="pk")
    def reference(self, row: DeskBatch) -> str:
        return row.reference

    @admin.display(description="State", ordering="state")
    def state_shown(self, row: DeskBatch) -> SafeString:
        return badge(row.get_state_display(), *BATCHES[DeskBatch.State(row.state)])
