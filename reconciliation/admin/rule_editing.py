"""The rules of a draft in the console: moved, changed, added, taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from paysync.admin.base import StoryAdmin, actor_of, require_permission
from paysync.domain.errors import RuleError
from reconciliation.admin.rule_form import RuleForm, new_rule
from reconciliation.domain.matching.rules import Rule, Strategy
from reconciliation.domain.rule_words import LOOKS_AT
from reconciliation.models import MatchRuleSet
from reconciliation.queries.rules import to_rule_set
from reconciliation.services import rules as service

DRAFT = "reconciliation.add_matchruleset"
#: Digits of a whole number in a form: more is no number we know.
DIGITS = 9


class RuleEditing(StoryAdmin):
    """What the author of a draft does to its rules, one at a time."""

    posts: ClassVar[dict[str, str]] = {"move": "move", "remove": "remove"}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "reconciliation_matchruleset"
        own = [
            path("<int:object_id>/rule/", wrap(self.edit), name=f"{name}_rule"),
            path("<int:object_id>/rule/add/", wrap(self.add), name=f"{name}_rule_add"),
        ]
        return [*own, *super().get_urls()]

    def move(self, request: HttpRequest, object_id: int) -> HttpResponse:
        by = -1 if request.POST.get("to") == "up" else 1
        code = request.POST.get("code", "")
        return self.act(
            request,
            object_id,
            DRAFT,
            lambda: service.move_rule(object_id, code, by=by, **self.as_seen(request)),
            "The order is changed.",
        )

    def remove(self, request: HttpRequest, object_id: int) -> HttpResponse:
        code = request.POST.get("code", "")
        return self.act(
            request,
            object_id,
            DRAFT,
            lambda: service.remove_rule(object_id, code, **self.as_seen(request)),
            "The rule is taken out.",
        )

    def edit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """One rule of a draft. The code comes with the address: it may hold any character."""
        row, rules = self.draft_to_edit(request, object_id)
        code = request.GET.get("code", "")
        rule = next((one for one in rules if one.code == code), None)
        if rule is None:
            messages.error(request, "This rule is not in the draft any more.")
            return redirect(self.page_of(object_id))

        def save(changed: Rule) -> object:
            return service.save_rule(object_id, code, changed, **self.as_seen(request))

        return self.form_page(request, row, rule, save, f"Change rule “{rule.title}”")

    def add(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row, _ = self.draft_to_edit(request, object_id)
        strategy = request.GET.get("strategy", "")
        if strategy not in set(Strategy):
            messages.error(request, "Choose what the rule looks at.")
            return redirect(self.page_of(object_id))

        def save(rule: Rule) -> object:
            return service.add_rule(object_id, rule, **self.as_seen(request))

        return self.form_page(request, row, new_rule(Strategy(strategy)), save, "Add a rule")

    def draft_to_edit(
        self, request: HttpRequest, object_id: int
    ) -> tuple[MatchRuleSet, tuple[Rule, ...]]:
        require_permission(request, DRAFT)
        row = MatchRuleSet.objects.select_related("company").filter(pk=object_id).first()
        if row is None:
            raise Http404("no such version")
        try:
            return row, to_rule_set(row).rules
        except RuleError as error:
            raise Http404(str(error)) from error

    def form_page(
        self,
        request: HttpRequest,
        row: MatchRuleSet,
        rule: Rule,
        save: Callable[[Rule], object],
        title: str,
    ) -> HttpResponse:
        data = request.POST if request.method == "POST" else None
        form = RuleForm(data, rule=rule, company=row.company)
        if data is not None and form.is_valid():
            if self.tell(request, lambda: save(form.to_rule())):
                messages.success(request, "The rule is saved.")
            return redirect(self.page_of(row.pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "version": row,
            "rule": rule,
            "form": form,
            "looks_at": LOOKS_AT[rule.strategy],
            "revision": request.POST.get("revision", row.revision),
            "is_mine": row.drafted_by == actor_of(request) and not row.activated_by,
        }
        template, status = "reconciliation/rules/rule.html", 422 if form.errors else 200
        return TemplateResponse(request, template, context, status=status)

    def as_seen(self, request: HttpRequest) -> dict[str, Any]:
        """Who acts, and on which revision: what changed since it was shown is told, not lost."""
        return {
            "actor": actor_of(request),
            "expected_revision": posted_number(request, "revision"),
        }


def posted_number(request: HttpRequest, name: str) -> int:
    """A whole number out of a form; -1, which fits nowhere, for anything else."""
    text = request.POST.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else -1
