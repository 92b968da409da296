"""Matching rules: the versions of each company, and one from its draft to its end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction as database
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from django_q.tasks import async_task
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from paysync.admin.base import actor_of, chosen_day, require_permission
from paysync.domain.errors import RuleError
from paysync.models import Company
from paysync.templatetags.console import badge
from reconciliation.admin.rule_editing import DRAFT, RuleEditing, posted_number
from reconciliation.admin.rule_form import AmountField
from reconciliation.domain.matching.rules import DEFAULT_RULES, Strategy
from reconciliation.domain.rule_words import LOOKS_AT, plain
from reconciliation.models import MatchRuleSet
from reconciliation.queries.rule_pages import RuleStory, find_rule_story, table_of
from reconciliation.queries.rules import standings
from reconciliation.services import rules as service
from reconciliation.services.replaying import MOST_DAYS, UNDER_WAY, ask_replay
from reconciliation.tasks.names import REPLAY

ACTIVATE = "reconciliation.change_matchruleset"


@admin.register(MatchRuleSet)
class RuleSetAdmin(RuleEditing):
    list_display = ("title", "company", "state_shown", "valid_from", "drafted_by",
                    "activated_shown", "note_shown")  # fmt: skip
    list_select_related = ("company",)
    list_filter = (("company", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    search_fields = ("note",)
    ordering = ("company", "-version")
    empty_text = "Every company uses the rules as shipped. Draft a change above."
    change_form_template = "reconciliation/rules/version.html"
    list_before_template = "reconciliation/rules/_companies.html"
    posts: ClassVar[dict[str, str]] = RuleEditing.posts | {
        "activate": "activate", "discard": "discard", "replay": "replay", "settings": "settings",
        "copy": "copy",
    }  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "reconciliation_matchruleset"
        own = [
            path("company/<int:company_id>/shipped/", wrap(self.shipped), name=f"{name}_shipped"),
            path("company/<int:company_id>/draft/", wrap(require_POST(self.draft)),
                 name=f"{name}_draft"),
        ]  # fmt: skip
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Above the list: every company with what decides there today."""
        context = {"standings": standings(timezone.localdate()),
                   "may_draft": request.user.has_perm(DRAFT)}  # fmt: skip
        return super().changelist_view(request, {**(extra_context or {}), **context})  # type: ignore[no-any-return]

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        story = find_rule_story(object_id, timezone.localdate())
        return {"story": story} | (self.standing(request, story) if story else {})

    def standing(self, request: HttpRequest, story: RuleStory) -> dict[str, Any]:
        """What this person may do with the version, and why not."""
        row, actor = story.row, actor_of(request)
        is_draft = row.state == MatchRuleSet.State.DRAFT
        may_draft, may_activate = (request.user.has_perm(one) for one in (DRAFT, ACTIVATE))
        return {
            "version": row,
            "badge": state_of(row),
            "is_draft": is_draft,
            "may_draft": may_draft,
            "may_edit": is_draft and may_draft and row.drafted_by == actor,
            "may_replay": is_draft and (may_draft or may_activate),
            "may_activate": is_draft and may_activate,
            "obstacles": service.obstacles_to(row, actor) if is_draft else [],
            "replay": story.newest,
            "under_way": story.newest is not None and story.newest.state in UNDER_WAY,
            "write_off_limit": plain(row.write_off_limit),
            "days": story.newest.days if story.newest else 30,
            "most_days": MOST_DAYS,
            "today": timezone.localdate(),
            "strategies": [(one.value, LOOKS_AT[one]) for one in Strategy],
        }

    # --- a draft, from nothing to force -----------------------------------------------------------

    def shipped(self, request: HttpRequest, company_id: int) -> HttpResponse:
        """The rules of a company that has none of its own: read only."""
        if not self.has_view_permission(request):
            require_permission(request, "reconciliation.view_matchruleset")
        company = Company.objects.filter(pk=company_id).first()
        if company is None:
            raise Http404("no such company")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Rules as shipped",
            "company": company,
            "table": table_of(DEFAULT_RULES),
            "may_draft": request.user.has_perm(DRAFT),
        }
        return TemplateResponse(request, "reconciliation/rules/shipped.html", context)

    def draft(self, request: HttpRequest, company_id: int) -> HttpResponse:
        return self.draft_from(request, company_id, None)

    def copy(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = MatchRuleSet.objects.filter(pk=object_id).first()
        if row is None:
            raise Http404("no such version")
        return self.draft_from(request, row.company_id, row.version)

    def draft_from(
        self, request: HttpRequest, company_id: int, version: int | None
    ) -> HttpResponse:
        require_permission(request, DRAFT)
        made: list[MatchRuleSet] = []

        def call() -> None:
            company = Company.objects.get(pk=company_id)
            actor = actor_of(request)
            made.append(service.draft_rule_set(company, from_version=version, actor=actor))

        if not self.tell(request, call):
            return redirect("admin:reconciliation_matchruleset_changelist")
        messages.success(request, "A draft is made. It decides nothing until it is in force.")
        return redirect(self.page_of(made[0].pk))

    def settings(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            service.save_settings(
                object_id,
                note=request.POST.get("note", ""),
                valid_from=chosen_day(request.POST.get("valid_from", "")),
                write_off_limit=chosen_amount(request.POST.get("write_off_limit", "")),
                **self.as_seen(request),
            )

        return self.act(request, object_id, DRAFT, call, "The settings are saved.")

    def discard(self, request: HttpRequest, object_id: int) -> HttpResponse:
        require_permission(request, DRAFT)
        actor = actor_of(request)
        if self.tell(request, lambda: service.discard_draft(object_id, actor=actor)):
            messages.success(request, "The draft is discarded.")
            return redirect("admin:reconciliation_matchruleset_changelist")
        return redirect(self.page_of(object_id))

    def activate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        done = "The rules decide from their first day on. What waits is decided again then."
        return self.act(
            request,
            object_id,
            ACTIVATE,
            lambda: service.activate_rule_set(object_id, **self.as_seen(request)),
            done,
        )

    def replay(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for a replay and wake a worker; the sweep finds it where that message is lost."""
        may_activate = request.user.has_perm(ACTIVATE)

        def call() -> None:
            with database.atomic():
                replay = ask_replay(object_id, posted_number(request, "days"), actor_of(request))
                async_task(REPLAY, replay.pk, task_name=f"replay {replay.pk}")

        done = "The replay begins within seconds. Nothing is written by it."
        return self.act(request, object_id, ACTIVATE if may_activate else DRAFT, call, done)

    # --- the list ---------------------------------------------------------------------------------

    @admin.display(description="Version", ordering="version")
    def title(self, row: MatchRuleSet) -> str:
        return f"Version {row.version}"

    @admin.display(description="State", ordering="state")
    def state_shown(self, row: MatchRuleSet) -> SafeString:
        return state_of(row)

    @admin.display(description="Put in force by", ordering="activated_by")
    def activated_shown(self, row: MatchRuleSet) -> str:
        return row.activated_by or "–"

    @admin.display(description="Note")
    def note_shown(self, row: MatchRuleSet) -> str:
        return row.note or "–"


def state_of(row: MatchRuleSet) -> SafeString:
    """By the calendar: the stored state changes only when somebody acts."""
    today = timezone.localdate()
    if not row.activated_by:
        return badge("Draft", "warn", "edit_note")
    if row.ended_on and row.ended_on <= today:
        return badge("Ended", "neutral", "history")
    if row.valid_from > today:
        return badge(f"From {row.valid_from:%b %-d}", "info", "event_upcoming")
    return badge("In force", "good", "verified")


def chosen_amount(text: str) -> Decimal:
    """An amount out of a form. Raises RuleError for anything else."""
    try:
        return AmountField(required=True).clean(text)  # type: ignore[no-any-return]
    except forms.ValidationError as error:
        raise RuleError(f"Most that may be written off: {error.messages[0]}") from error
