"""A version of the rules, and a replay of it, with everything their pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from paysync.domain.errors import RuleError
from reconciliation.domain.matching.rules import DEFAULT_RULES, Rule, RuleSet
from reconciliation.domain.rule_words import LOOKS_AT, Compared, compare, limits_in_words
from reconciliation.models import MatchRuleSet, Replay, ReplayLine
from reconciliation.queries.rules import set_in_force, to_rule_set, with_rules


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the table shows it, beside the version it is compared with."""

    compared: Compared
    looks_at: str
    limits: list[str]

    @property
    def rule(self) -> Rule:
        return self.compared.rule


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules of a version in order. base: the version they are compared with, None for none."""

    rows: list[RuleRow]
    gone: list[Rule]
    base: int | None

    @property
    def differs(self) -> bool:
        return bool(self.gone) or any(
            row.compared.is_new or row.compared.moved or row.compared.changes for row in self.rows
        )


def table_of(rules: RuleSet, base: RuleSet | None = None) -> RuleTable:
    against = base.rules if base else rules.rules
    rows, gone = compare(against, rules.rules)
    shown = [RuleRow(row, LOOKS_AT[row.rule.strategy], limits_in_words(row.rule)) for row in rows]
    return RuleTable(shown, gone, base.version if base else None)


@dataclass(frozen=True, slots=True)
class RuleStory:
    """A version with its rules in words. unreadable: why they cannot be shown, "" if they can."""

    row: MatchRuleSet
    table: RuleTable
    unreadable: str
    replays: list[Replay]

    @property
    def newest(self) -> Replay | None:
        return self.replays[0] if self.replays else None


def find_rule_story(pk: int, on: date) -> RuleStory | None:
    """A draft is compared with what is in force, others with what was in force before them."""
    rows = with_rules(MatchRuleSet.objects.select_related("company"))
    row = rows.filter(pk=pk).first()
    if row is None:
        return None
    replays = list(Replay.objects.filter(rule_set=row).order_by("-pk")[:10])
    try:
        table = table_of(to_rule_set(row), base_of(row, on))
    except RuleError as error:
        return RuleStory(row, RuleTable([], [], None), str(error), replays)
    return RuleStory(row, table, "", replays)


def base_of(row: MatchRuleSet, on: date) -> RuleSet:
    if not row.activated_by:
        base = set_in_force(row.company_id, on)
    else:
        earlier = MatchRuleSet.objects.filter(
            company_id=row.company_id, activated_at__lt=row.activated_at
        )
        base = with_rules(earlier.exclude(activated_by="")).order_by("-activated_at").first()
    return to_rule_set(base) if base else DEFAULT_RULES


# --- replays --------------------------------------------------------------------------------------

#: The kinds in the order in which somebody who decides wants to read them.
KINDS = (
    (ReplayLine.Kind.CONFLICT, "bad", "gavel"),
    (ReplayLine.Kind.LOST, "warn", "link_off"),
    (ReplayLine.Kind.CHANGED, "info", "swap_horiz"),
    (ReplayLine.Kind.GAINED, "good", "add_link"),
)
Sum = tuple[str, Decimal]


@dataclass(frozen=True, slots=True)
class KindOfLines:
    """How many payments of one kind a replay found. more: counted, but not kept as lines."""

    kind: str
    title: str
    tone: str
    icon: str
    count: int
    more: int
    money: list[Sum]


def find_replay(pk: int) -> Replay | None:
    return Replay.objects.select_related("rule_set__company").filter(pk=pk).first()


def kinds_of(replay: Replay) -> list[KindOfLines]:
    """None before it is done."""
    found = replay.summary.get("kinds") or {}
    if replay.state != Replay.State.DONE:
        return []
    return [
        KindOfLines(
            kind.value, str(kind.label), tone, icon, one.get("count", 0), one.get("more", 0),
            sums_of(one.get("money")),
        )
        for kind, tone, icon in KINDS
        for one in [found.get(kind.value) or {}]
    ]  # fmt: skip


def sums_of(money: Any) -> list[Sum]:
    """{"USD": "12.50"} as the pages show it."""
    return [(code, Decimal(amount)) for code, amount in sorted((money or {}).items())]


def lines_of(replay: Replay, kinds: Sequence[str] = ()) -> QuerySet[ReplayLine]:
    rows = ReplayLine.objects.filter(replay=replay).select_related("transaction")
    return (rows.filter(kind__in=list(kinds)) if kinds else rows).order_by("pk")
