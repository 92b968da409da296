"""Schedules and the results of jobs, in place of the queue's own pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.tasks import async_task
from unfold.widgets import UnfoldAdminSelectWidget

from paysync.admin.base import ConsoleAdmin, LedgerAdmin, require_permission
from paysync.schedules import DEFAULTS
from paysync.templatetags.console import ago, badge, took

for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A schedule of one of our jobs: a free function name would run whatever it names."""

    class Meta:
        model = Schedule
        fields = ("name", "func", "schedule_type", "minutes", "cron", "next_run", "repeats")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "func" in self.fields:
            self.fields["func"] = forms.ChoiceField(
                label="Job",
                choices=[(default.func, default.name) for default in DEFAULTS],
                widget=UnfoldAdminSelectWidget(),
            )


@admin.register(Schedule)
class ScheduleAdmin(ConsoleAdmin):
    form = ScheduleForm
    list_display = ("name", "how_often", "next_shown", "is_on")
    ordering = ("name",)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "func")}),
        ("When", {
            "fields": (("schedule_type", "minutes"), ("cron", "next_run"), "repeats"),
            "description": "Minutes count for the type “Minutes”, the cron text for “Cron”. "
            "Repeats: -1 for ever, 0 switches the schedule off.",
        }),
    )  # fmt: skip
    posts: ClassVar[dict[str, str]] = {"run": "run_now"}
    change_form_outer_before_template = "paysync/_schedule_run.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> list[str]:
        return ["func"] if obj else []

    def run_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Put the job in the queue at once; the schedule itself stays as it is."""
        require_permission(request, "django_q.change_schedule")
        schedule = Schedule.objects.filter(pk=object_id).first()
        if schedule is None:
            raise Http404("no such schedule")
        async_task(schedule.func, task_name=f"{schedule.name} by hand")
        self.message_user(request, f"“{schedule.name}” is queued and starts within seconds.")
        return redirect(self.page_of(object_id))

    @admin.display(description="Runs")
    def how_often(self, schedule: Schedule) -> str:
        if schedule.schedule_type == Schedule.MINUTES:
            minutes = schedule.minutes or 1
            return "every minute" if minutes == 1 else f"every {minutes} minutes"
        if schedule.schedule_type == Schedule.CRON:
            return f"cron {schedule.cron}"
        return str(schedule.get_schedule_type_display()).lower()

    @admin.display(description="Next run", ordering="next_run")
    def next_shown(self, schedule: Schedule) -> str:
        return ago(schedule.next_run)

    @admin.display(description="State")
    def is_on(self, schedule: Schedule) -> SafeString:
        if schedule.repeats == 0:
            return badge("Switched off", "neutral", "toggle_off")
        return badge("On", "good", "event_repeat")


class JobAdmin(LedgerAdmin):
    """Results of jobs. Their stored values are pickles: only their text is ever shown."""

    key_kind = "str"
    empty_text = "No job has ended this way lately."
    list_display = ("stopped_shown", "name", "func", "duration", "outcome")
    list_display_links = ("stopped_shown", "name")
    search_fields = ("name", "func")
    ordering = ("-stopped",)
    fields = (("name", "func"), ("started", "stopped"), "attempt_count", "result_shown")
    readonly_fields = ("result_shown",)

    @admin.display(description="Ended", ordering="stopped")
    def stopped_shown(self, task: Any) -> str:
        return ago(task.stopped)

    @admin.display(description="Took")
    def duration(self, task: Any) -> str:
        return took(task.started, task.stopped)

    @admin.display(description="Outcome")
    def outcome(self, task: Any) -> SafeString:
        return badge("Done", "good") if task.success else badge("Failed", "bad")

    @admin.display(description="Result")
    def result_shown(self, task: Any) -> SafeString:
        return format_html('<pre class="payload">{}</pre>', str(task.result or "–")[:4000])


@admin.register(Success)
class SuccessAdmin(JobAdmin):
    pass


@admin.register(Failure)
class FailureAdmin(JobAdmin):
    list_display = ("stopped_shown", "name", "func", "attempt_count", "error")
    change_form_outer_before_template = "paysync/_job_again.html"
    posts: ClassVar[dict[str, str]] = {"again": "run_again"}

    def run_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Queue the failed job once more. Every job of ours is safe to repeat."""
        require_permission(request, "django_q.change_failure")
        task = Failure.objects.filter(pk=object_id).first()
        if task is None:
            raise Http404("no such job")
        async_task(task.func, *(task.args or ()), task_name=task.name, **(task.kwargs or {}))
        self.message_user(request, f"“{task.name}” is queued again.")
        return redirect(self.page_of(object_id))

    @admin.display(description="Error")
    def error(self, task: Any) -> str:
        lines = str(task.result or "").strip().splitlines()
        return lines[-1][:120] if lines else "–"
