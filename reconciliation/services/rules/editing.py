"""The ordered rules of a draft: changed, moved, added, taken out. Others are never edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db import transaction as database

from paysync.domain.errors import RuleError
from reconciliation.domain.matching.rules import Rule, Strategy
from reconciliation.domain.rule_fields import check_rule
from reconciliation.models import MatchRule, MatchRuleSet
from reconciliation.queries.rules import to_rows, to_rule_set
from reconciliation.services.rules.drafting import lock_draft, save_change

#: Rules in one set (chosen): each is looked at for every payment.
MOST_RULES = 60

Rules = list[Rule]


def save_rules(
    rule_set_id: int, rules: Sequence[Rule], *, actor: str, expected_revision: int
) -> MatchRuleSet:
    """Replace all rules of a draft, in this order."""
    return change(rule_set_id, lambda _: list(rules), actor, expected_revision, "rules replaced")


def save_rule(
    rule_set_id: int, code: str, rule: Rule, *, actor: str, expected_revision: int
) -> MatchRuleSet:
    """Put `rule` where the rule of that code stands; its code and what it looks at stay."""

    def put(rules: Rules) -> Rules:
        place = place_of(rules, code)
        kept = replace(rule, code=code, strategy=rules[place].strategy)
        return [*rules[:place], kept, *rules[place + 1 :]]

    return change(rule_set_id, put, actor, expected_revision, "rule changed", code)


def move_rule(
    rule_set_id: int, code: str, *, by: int, actor: str, expected_revision: int
) -> MatchRuleSet:
    """Move a rule up (by -1) or down (by 1), as far as there is room."""

    def move(rules: Rules) -> Rules:
        place = place_of(rules, code)
        rule = rules.pop(place)
        rules.insert(max(place + by, 0), rule)
        return rules

    return change(rule_set_id, move, actor, expected_revision, "rule moved", code)


def add_rule(rule_set_id: int, rule: Rule, *, actor: str, expected_revision: int) -> MatchRuleSet:
    """Put a rule before the first one that looks at the same, as that one would win otherwise; at
    the end where none does. Its code is made here.
    """

    def add(rules: Rules) -> Rules:
        new = replace(rule, code=free_code(rules, rule.strategy))
        same = (place for place, one in enumerate(rules) if one.strategy is rule.strategy)
        rules.insert(next(same, len(rules)), new)
        return rules

    return change(rule_set_id, add, actor, expected_revision, "rule added", rule.title)


def remove_rule(rule_set_id: int, code: str, *, actor: str, expected_revision: int) -> MatchRuleSet:
    def remove(rules: Rules) -> Rules:
        rules.pop(place_of(rules, code))
        return rules

    return change(rule_set_id, remove, actor, expected_revision, "rule removed", code)


def change(
    rule_set_id: int,
    make: Callable[[Rules], Rules],
    actor: str,
    expected_revision: int,
    action: str,
    about: str = "",
) -> MatchRuleSet:
    """Change the rules of a draft in one piece. Nothing is written where they stay the same."""
    with database.atomic():
        draft = lock_draft(rule_set_id, actor=actor, expected_revision=expected_revision)
        before = list(to_rule_set(draft).rules)
        after = make(list(before))
        check_rules(after)
        if after != before:
            draft.rules.all().delete()
            MatchRule.objects.bulk_create(to_rows(draft, after))
            detail: dict[str, object] = {"rule": about} if about else {"rules": len(after)}
            save_change(draft, actor, action, detail | changed(before, after))
    return draft


def changed(before: Sequence[Rule], after: Sequence[Rule]) -> dict[str, object]:
    """What differs, for the audit trail: each rule as it was and as it is."""
    old = {rule.code: rule for rule in before}
    new = {rule.code: rule for rule in after}
    return {
        "was": {code: repr(rule) for code, rule in old.items() if new.get(code) != rule},
        "is": {code: repr(rule) for code, rule in new.items() if old.get(code) != rule},
        "order": [rule.code for rule in after],
    }


def check_rules(rules: Sequence[Rule]) -> None:
    """Raise RuleError unless this is a list that may be kept. Sense is asked for at activation."""
    if len(rules) > MOST_RULES:
        raise RuleError(f"A rule set has at most {MOST_RULES} rules.")
    for rule in rules:
        check_rule(rule)
    codes = [rule.code for rule in rules]
    twice = next((code for code in codes if codes.count(code) > 1), None)
    if twice:
        raise RuleError(f"Two rules have the code {twice}.")


def place_of(rules: Sequence[Rule], code: str) -> int:
    for place, rule in enumerate(rules):
        if rule.code == code:
            return place
    raise RuleError("This rule is not in the draft any more.")


def free_code(rules: Sequence[Rule], strategy: Strategy) -> str:
    """The strategy's own word, or the first of word_2, word_3 … that no rule has."""
    taken = {rule.code for rule in rules}
    names = [strategy.value, *(f"{strategy.value}_{n}" for n in range(2, MOST_RULES + 3))]
    return next(name for name in names if name not in taken)
