"""Open items: what a person has to decide."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import StoryAdmin, actor_of, chosen_day, require_permission
from paysync.templatetags.console import badge, counted, days_old, is_past
from paysync.templatetags.money import amount
from reconciliation.domain.reasons import Reason
from reconciliation.models import ReconcilingItem
from reconciliation.queries import stories
from reconciliation.queries.dashboard import AGES, age_bounds
from reconciliation.services.items import assign_item, park_item, resolve_item
from reconciliation.templatetags.states import payer

PERMISSION = "reconciliation.change_reconcilingitem"
State = ReconcilingItem.State


class StateFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """Open items unless somebody asks for the rest."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("resolved", "Resolved"), ("all", "All")]

    def value(self) -> str:
        return super().value() or "open"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.filter(state=self.value())


class AgeFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "age"
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(age.key, age.title) for age in AGES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        bounds = age_bounds(self.value() or "", timezone.localdate())
        if bounds is None:
            return queryset
        start, end = bounds
        rows = queryset.filter(opened_at__lt=end)
        return rows.filter(opened_at__gte=start) if start else rows


class OwnerFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Me, nobody, and whoever may work on items at all."""
        people = User.objects.filter(is_active=True, is_staff=True).order_by("username")[:100]
        rows = [(str(user.pk), user.get_full_name() or user.username) for user in people]
        return [("me", "Me"), ("nobody", "Nobody"), *rows]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "me":
            return queryset.filter(owner_id=request.user.pk)
        if value == "nobody":
            return queryset.filter(owner__isnull=True)
        return queryset.filter(owner_id=value) if value and value.isdecimal() else queryset


class DueFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "due date"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Due or without a date"), ("later", "Parked for later")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate()
        if self.value() == "later":
            return queryset.filter(due_on__gt=today)
        return queryset.exclude(due_on__gt=today) if self.value() == "now" else queryset


@admin.register(ReconcilingItem)
class ItemAdmin(StoryAdmin):
    list_display = ("reason_shown", "sentence_shown", "money_amount", "payer_shown", "age",
                    "owner_shown", "due")  # fmt: skip
    list_display_links = ("reason_shown", "sentence_shown")
    list_select_related = ("transaction__customer", "owner")
    list_filter = (
        StateFilter,
        ("reason", ChoicesDropdownFilter),
        AgeFilter,
        ("company", RelatedDropdownFilter),
        OwnerFilter,
        DueFilter,
        ("amount", RangeNumericFilter),
    )
    search_fields = ("=transaction__gateway_id", "=transaction__invoice_reference",
                     "transaction__billing_name__istartswith", "=receipt__tran_no")  # fmt: skip
    search_help_text = "Gateway id, invoice, payer or receipt"
    ordering = ("opened_at", "pk")
    empty_text = "Nothing left to decide. What cannot go on by itself appears here."
    change_form_template = "reconciliation/item.html"
    actions = ("take_selected",)
    posts: ClassVar[dict[str, str]] = {"take": "take", "drop": "drop", "park": "park",
                                       "resolve": "resolve"}  # fmt: skip

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        item = stories.find_item(object_id)
        return {
            "item": item,
            "may_work": request.user.has_perm(PERMISSION) and bool(item and item.state == "open"),
            "today": timezone.localdate(),
            "is_mine": bool(item and item.owner_id == request.user.pk),
            "may_see_events": request.user.has_perm("paysync.view_inboundevent"),
        }

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    def take(self, request: HttpRequest, object_id: int) -> HttpResponse:
        user = request.user
        return self.act(
            request,
            object_id,
            PERMISSION,
            lambda: assign_item(object_id, owner=user, actor=actor_of(request)),  # type: ignore[arg-type]
            "The item is yours.",
        )

    def drop(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self.act(
            request,
            object_id,
            PERMISSION,
            lambda: assign_item(object_id, owner=None, actor=actor_of(request)),
            "The item belongs to nobody now.",
        )

    def park(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            park_item(object_id, due_on=read_day(request), actor=actor_of(request))

        return self.act(request, object_id, PERMISSION, call, "The due date is set.")

    def resolve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        note = request.POST.get("note", "")
        return self.act(
            request,
            object_id,
            PERMISSION,
            lambda: resolve_item(object_id, actor=actor_of(request), note=note),
            "The item is resolved.",
        )

    @admin.action(description="Assign to me", permissions=["work"])
    def take_selected(self, request: HttpRequest, queryset: Any) -> None:
        require_permission(request, PERMISSION)
        keys = list(queryset.values_list("pk", flat=True))
        taken = sum(self.take_one(request, pk) for pk in keys)
        if taken:
            messages.success(request, f"{counted(taken, 'item')} assigned to you.")

    def take_one(self, request: HttpRequest, pk: int) -> bool:
        owner: Any = request.user
        return self.tell(request, lambda: assign_item(pk, owner=owner, actor=actor_of(request)))

    @admin.display(description="Reason", ordering="reason")
    def reason_shown(self, item: ReconcilingItem) -> SafeString:
        if item.state == State.RESOLVED:
            return badge(Reason(item.reason).heading, "neutral", "task_alt")
        return badge(Reason(item.reason).heading, "warn", "assignment_late")

    @admin.display(description="What is left over")
    def sentence_shown(self, item: ReconcilingItem) -> SafeString:
        under_way = format_html("<small>{}</small>", item.progress) if item.progress else ""
        return format_html('<span class="sentence">{}{}</span>', item.sentence, under_way)

    @admin.display(description="Amount", ordering="amount")
    def money_amount(self, item: ReconcilingItem) -> SafeString | str:
        return amount(item.amount, item.currency) if item.currency else "–"

    @admin.display(description="Payer")
    def payer_shown(self, item: ReconcilingItem) -> str:
        return payer(item.transaction) or "–"

    @admin.display(description="Age", ordering="opened_at")
    def age(self, item: ReconcilingItem) -> str:
        days = days_old(item.opened_at)
        return "today" if days < 1 else counted(days, "day")

    @admin.display(description="Owner", ordering="owner")
    def owner_shown(self, item: ReconcilingItem) -> str:
        return (item.owner.get_full_name() or item.owner.username) if item.owner else "–"

    @admin.display(description="Due", ordering="due_on")
    def due(self, item: ReconcilingItem) -> SafeString | str:
        if item.due_on is None:
            return "–"
        if is_past(item.due_on) and item.state == State.OPEN:
            return badge(f"{item.due_on:%b %-d}", "bad", "event_busy")
        return f"{item.due_on:%b %-d, %Y}"


def read_day(request: HttpRequest) -> date | None:
    """The day in the form; nothing takes the due date away. Raises RuleError on anything else."""
    text = request.POST.get("due_on", "").strip()
    return chosen_day(text) if text else None
