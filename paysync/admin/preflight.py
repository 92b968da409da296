"""Preflights: what each company of the ERP answered, with what to do about it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from paysync.admin.base import StoryAdmin, actor_of, require_permission
from paysync.models import Company, PreflightRun
from paysync.queries.preflight import latest_preflight, latest_preflights
from paysync.templatetags.console import ago, badge, counted

TONES = {"pass": "good", "warn": "warn", "block": "bad"}
WORDS = {"pass": "Pass", "warn": "Warning", "block": "Blocks"}
#: What needs a person comes first.
ORDER = {"block": 0, "warn": 1, "pass": 2}


@admin.register(PreflightRun)
class PreflightRunAdmin(StoryAdmin):
    list_display = ("when", "company", "result", "found", "asked_by")
    list_select_related = ("company",)
    list_filter = (("company", RelatedDropdownFilter), ("level", ChoicesDropdownFilter))
    ordering = ("-pk",)
    change_form_template = "paysync/preflight.html"
    list_before_template = "paysync/_preflight_ask.html"
    posts: ClassVar[dict[str, str]] = {"ask": "ask_again"}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Above the list: every company with a button to ask it now."""
        newest = latest_preflights()
        rows = [(one, newest.get(one.pk)) for one in Company.objects.filter(is_active=True)]
        return super().changelist_view(request, {**(extra_context or {}), "asked": rows})  # type: ignore[no-any-return]

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        run = PreflightRun.objects.select_related("company").filter(pk=object_id).first()
        if run is None:
            return {}
        findings = sorted(run.findings, key=lambda found: ORDER.get(found["level"], 0))
        rows = [
            {**found, "tone": TONES[found["level"]], "word": WORDS[found["level"]]}
            for found in findings
        ]
        return {"run": run, "findings": rows, "newest": latest_preflight(run.company_id)}

    def ask_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have the queue ask the company now. object_id: the company's."""
        require_permission(request, "paysync.change_connection")
        company = Company.objects.filter(pk=object_id, is_active=True).first()
        if company:
            async_task(
                "paysync.tasks.preflight_company",
                company.pk,
                actor_of(request),
                task_name=f"preflight {company.company_id}",
            )
            messages.info(
                request,
                f"{company.company_id} is being asked. Reload in a few seconds to see the answers.",
            )
        return redirect("admin:paysync_preflightrun_changelist")

    @admin.display(description="Asked", ordering="pk")
    def when(self, run: PreflightRun) -> str:
        return ago(run.at)

    @admin.display(description="Result", ordering="level")
    def result(self, run: PreflightRun) -> SafeString:
        return badge(run.get_level_display(), TONES[run.level])

    @admin.display(description="Findings")
    def found(self, run: PreflightRun) -> str:
        levels = [found["level"] for found in run.findings]
        parts = [counted(len(levels), "question")]
        parts += [
            counted(levels.count(level), word)
            for level, word in (("block", "block"), ("warn", "warning"))
            if levels.count(level)
        ]
        return ", ".join(parts)
