"""The matching rules of a company: those in force on a day, and a rule as row and as value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, Q, QuerySet

from paysync.domain.errors import RuleError
from paysync.models import Company
from reconciliation.domain.matching.rules import DEFAULT_RULES, Allowed, Rule, RuleSet, Strategy
from reconciliation.domain.rule_fields import (
    from_conditions,
    from_limits,
    one_of,
    to_conditions,
    to_limits,
)
from reconciliation.models import MatchRule, MatchRuleSet

State = MatchRuleSet.State


def rules_in_force(company_id: int, on: date) -> RuleSet:
    """What decides on that day; as shipped where the company has nothing of its own.

    Raises RuleError, which names rule and field, where a stored rule cannot be read: then nothing
    is decided rather than by other rules than people see.
    """
    row = set_in_force(company_id, on)
    return to_rule_set(row) if row else DEFAULT_RULES


def set_in_force(company_id: int, on: date) -> MatchRuleSet | None:
    """The newest version that was put in force and holds on that day, with its rules."""
    rows = MatchRuleSet.objects.filter(company_id=company_id, valid_from__lte=on)
    rows = rows.exclude(activated_by="").filter(Q(ended_on__isnull=True) | Q(ended_on__gt=on))
    return with_rules(rows).order_by("-version").first()


def with_rules(rows: QuerySet[MatchRuleSet]) -> QuerySet[MatchRuleSet]:
    """The sets with their rules in order, in one further query for any number of them."""
    return rows.prefetch_related(Prefetch("rules", MatchRule.objects.order_by("position", "pk")))


def to_rule_set(row: MatchRuleSet) -> RuleSet:
    rules = sorted(row.rules.all(), key=lambda rule: (rule.position, rule.pk))
    return RuleSet(tuple(to_rule(rule) for rule in rules), row.version)


def to_rule(row: MatchRule) -> Rule:
    """Raises RuleError that names rule and field."""
    try:
        one_of("strategy", row.strategy, Strategy)
        one_of("allowed", row.allowed, Allowed)
        return Rule(
            row.code,
            row.title,
            Strategy(row.strategy),
            Allowed(row.allowed),
            to_limits(row.limits),
            to_conditions(row.conditions),
        )
    except RuleError as error:
        raise RuleError(f'Rule "{row.title or row.code}": {error}') from error


def to_rows(rule_set: MatchRuleSet, rules: Iterable[Rule]) -> list[MatchRule]:
    """The rules as unsaved rows, in order from position 1."""
    return [
        MatchRule(
            rule_set=rule_set,
            position=position,
            code=rule.code,
            title=rule.title,
            strategy=rule.strategy,
            allowed=rule.allowed,
            limits=from_limits(rule.limits),
            conditions=from_conditions(rule.conditions),
        )
        for position, rule in enumerate(rules, 1)
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """A company with what decides there today, and what waits: row None is as shipped."""

    company: Company
    in_force: MatchRuleSet | None
    drafts: tuple[MatchRuleSet, ...]


def standings(on: date) -> list[Standing]:
    """Every active company, in two queries."""
    rows = MatchRuleSet.objects.filter(company__is_active=True).order_by("-version")
    current = Q(state=State.DRAFT) | Q(ended_on__isnull=True) | Q(ended_on__gt=on)
    by_company: dict[int, list[MatchRuleSet]] = {}
    for row in rows.filter(current):
        by_company.setdefault(row.company_id, []).append(row)
    return [
        standing(company, by_company.get(company.pk, []), on)
        for company in Company.objects.filter(is_active=True).order_by("company_id", "pk")
    ]


def standing(company: Company, rows: list[MatchRuleSet], on: date) -> Standing:
    put = (row for row in rows if row.activated_by and row.valid_from <= on)
    drafts = tuple(row for row in rows if not row.activated_by)
    return Standing(company, next(put, None), drafts)
