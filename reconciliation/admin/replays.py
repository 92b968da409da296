"""Replays: how far one is, what it found, as a page and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from paysync.admin.base import StoryAdmin
from paysync.domain.desk.problems import safe_cell
from paysync.templatetags.console import ago, badge, counted
from reconciliation.models import Replay, ReplayLine
from reconciliation.queries.rule_pages import find_replay, kinds_of, lines_of, sums_of

STATES = {
    Replay.State.WAITING: ("wait", "hourglass_empty"),
    Replay.State.RUNNING: ("info", "sync"),
    Replay.State.DONE: ("good", "task_alt"),
    Replay.State.FAILED: ("bad", "error"),
}
PER_PAGE = 100
HEADINGS = ("kind", "payment", "paid on", "payer", "reference", "currency", "amount", "now",
            "under the draft")  # fmt: skip


@admin.register(Replay)
class ReplayAdmin(StoryAdmin):
    list_display = ("what", "state_shown", "found", "asked_by", "when")
    list_select_related = ("rule_set__company",)
    list_filter = (("state", ChoicesDropdownFilter),)
    ordering = ("-pk",)
    empty_text = "A draft of the rules is replayed on its own page; the results appear here."
    change_form_template = "reconciliation/rules/replay.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "reconciliation_replay"
        own = [
            path("<int:object_id>/state/", wrap(self.progress), name=f"{name}_state"),
            path("<int:object_id>/csv/", wrap(self.export), name=f"{name}_csv"),
        ]
        return [*own, *super().get_urls()]

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        replay = find_replay(object_id)
        if replay is None:
            return {"replay": None}
        kinds = kinds_of(replay)
        chosen = chosen_kind(request)
        shown = [one for one in kinds if one.kind == chosen] or kinds
        pages = Paginator(lines_of(replay, [chosen] if chosen else []), PER_PAGE)
        return {
            "replay": replay,
            "badge": state_of(replay),
            "kinds": kinds,
            "chosen": chosen,
            "page": pages.get_page(request.GET.get("page")),
            "more": sum(one.more for one in shown),
            "moved": sums_of(replay.summary.get("moved")),
            "seen": sums_of((replay.summary.get("payments") or {}).get("money")),
            "is_old": replay.revision != replay.rule_set.revision,
        }

    def progress(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """How far it is, as a part of the page; once it has ended the page is read again."""
        replay = self.visible(request, object_id)
        answer = render(request, "reconciliation/rules/_replay_state.html", {"replay": replay})
        if replay.state in {Replay.State.DONE, Replay.State.FAILED}:
            answer["HX-Refresh"] = "true"
        return answer

    def export(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The kept lines as a file for a spreadsheet."""
        replay = self.visible(request, object_id)
        chosen = chosen_kind(request)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(HEADINGS)
        for line in lines_of(replay, [chosen] if chosen else []).iterator(chunk_size=2_000):
            writer.writerow(safe_cell(cell) for cell in cells_of(line))
        content = out.getvalue().encode("utf-8-sig")
        answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
        name = f"replay-{replay.pk}{'-' + chosen if chosen else ''}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def visible(self, request: HttpRequest, object_id: int) -> Replay:
        """Raises Http404 where there is none, or this person may not see any."""
        replay = find_replay(object_id) if self.has_view_permission(request) else None
        if replay is None:
            raise Http404("no such replay")
        return replay

    @admin.display(description="Replay", ordering="pk")
    def what(self, replay: Replay) -> str:
        rules = replay.rule_set
        days = counted(replay.days, "day")
        return f"{days} of {rules.company.company_id} under version {rules.version}"

    @admin.display(description="State", ordering="state")
    def state_shown(self, replay: Replay) -> SafeString:
        return state_of(replay)

    @admin.display(description="Found")
    def found(self, replay: Replay) -> str:
        kinds = [one for one in kinds_of(replay) if one.count]
        return ", ".join(f"{one.count:,} {one.kind}" for one in kinds) or "–"

    @admin.display(description="When", ordering="pk")
    def when(self, replay: Replay) -> str:
        return ago(replay.ended_at or replay.asked_at)


def state_of(replay: Replay) -> SafeString:
    return badge(replay.get_state_display(), *STATES[Replay.State(replay.state)])


def chosen_kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "")
    return kind if kind in ReplayLine.Kind.values else ""


def cells_of(line: ReplayLine) -> list[str]:
    payment = line.transaction
    return [
        line.kind, payment.gateway_id, payment.business_date.isoformat(), payment.billing_name,
        payment.invoice_reference, line.currency, f"{line.amount:f}", line.before, line.after,
    ]  # fmt: skip
