"""The inbox and the runs of the jobs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from paysync.admin.base import LedgerAdmin, StoryAdmin, actor_of
from paysync.models import InboundEvent, OutgoingCall, SyncRun
from paysync.services import inbox
from paysync.templatetags.console import ago, badge, took

EVENT = {
    InboundEvent.State.RECEIVED: ("Waiting", "wait", "schedule"),
    InboundEvent.State.DONE: ("Done", "good", "task_alt"),
    InboundEvent.State.FAILED: ("Failed, tried again", "warn", "replay"),
    InboundEvent.State.PARKED: ("Parked", "bad", "local_parking"),
}
RUN = {
    SyncRun.State.RUNNING: ("Running", "info", "sync"),
    SyncRun.State.DONE: ("Done", "good", "task_alt"),
    SyncRun.State.FAILED: ("Failed", "bad", "error"),
}


def event_state(event: InboundEvent) -> SafeString:
    return badge(*EVENT[InboundEvent.State(event.state)])


@admin.register(InboundEvent)
class InboundEventAdmin(StoryAdmin):
    list_display = ("received", "external_id", "source_shown", "connection", "state_shown",
                    "attempts", "error")  # fmt: skip
    list_display_links = ("received", "external_id")
    list_select_related = ("connection",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        ("connection", RelatedDropdownFilter),
    )
    search_fields = ("=external_id",)
    search_help_text = "The sender's id of the event"
    ordering = ("-pk",)
    change_form_template = "paysync/event.html"
    posts: ClassVar[dict[str, str]] = {"replay": "replay"}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and str(match.url_name).endswith("_changelist")
        return rows.defer("payload") if is_list else rows

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        rows = InboundEvent.objects.select_related("connection", "merchant_account")
        event = rows.filter(pk=object_id).first()
        may_replay = request.user.has_perm("paysync.change_inboundevent")
        state = event_state(event) if event else ""
        return {"event": event, "state": state, "may_replay": may_replay}

    def replay(self, request: HttpRequest, object_id: int) -> HttpResponse:
        may = request.user.has_perm("paysync.change_inboundevent")

        def again() -> None:
            event = InboundEvent.objects.get(pk=object_id)
            inbox.replay(event, actor=actor_of(request), user_may=may)
            async_task("reconciliation.tasks.process_hints", task_name=f"replay event {event.pk}")

        done = "The event is due again and is worked within a minute."
        return self.act(request, object_id, "paysync.change_inboundevent", again, done)

    @admin.display(description="Received", ordering="pk")
    def received(self, event: InboundEvent) -> str:
        return ago(event.received_at)

    @admin.display(description="Source", ordering="source")
    def source_shown(self, event: InboundEvent) -> str:
        return event.get_source_display()

    @admin.display(description="State", ordering="state")
    def state_shown(self, event: InboundEvent) -> SafeString:
        return event_state(event)


@admin.register(SyncRun)
class SyncRunAdmin(LedgerAdmin):
    list_display = ("started", "job_shown", "whose", "state_shown", "progress_shown", "read",
                    "written", "duration")  # fmt: skip
    list_select_related = ("company", "merchant_account")
    list_filter = (
        ("job", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("company", RelatedDropdownFilter),
    )
    ordering = ("-pk",)
    fields = (("job_shown", "state_shown"), ("started_at", "ended_at"), ("company",
              "merchant_account"), ("read", "written"), "progress", "error")  # fmt: skip
    readonly_fields = ("job_shown", "state_shown")

    @admin.display(description="Started", ordering="pk")
    def started(self, run: SyncRun) -> str:
        return ago(run.started_at)

    @admin.display(description="Job", ordering="job")
    def job_shown(self, run: SyncRun) -> str:
        return run.get_job_display()

    @admin.display(description="For")
    def whose(self, run: SyncRun) -> str:
        return str(run.merchant_account or run.company or "–")

    @admin.display(description="State", ordering="state")
    def state_shown(self, run: SyncRun) -> SafeString:
        return badge(*RUN[SyncRun.State(run.state)])

    @admin.display(description="How far")
    def progress_shown(self, run: SyncRun) -> str:
        return run.error or run.progress or "–"

    @admin.display(description="Took")
    def duration(self, run: SyncRun) -> str:
        return took(run.started_at, run.ended_at)


@admin.register(OutgoingCall)
class OutgoingCallAdmin(LedgerAdmin):
    list_display = ("when", "connection", "what", "error_code", "message")
    list_select_related = ("connection",)
    list_filter = (("connection", RelatedDropdownFilter),)
    ordering = ("-pk",)
    fields = ("at", "connection", "what", "error_code", "message")

    @admin.display(description="When", ordering="pk")
    def when(self, call: OutgoingCall) -> str:
        return ago(call.at)
