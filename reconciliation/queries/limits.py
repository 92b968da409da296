"""What the rules of a company allow a person to write off, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reconciliation.models import MatchRuleSet
from reconciliation.queries.rules import set_in_force


@dataclass(frozen=True, slots=True)
class HandLimits:
    """write_off: most of one document, 0 for none. account: GL number, "" where none is named."""

    write_off: Decimal = Decimal(0)
    account: str = ""


def hand_limits(company_id: int, on: date) -> HandLimits:
    row = set_in_force(company_id, on)
    if row is None:
        return HandLimits()
    return HandLimits(row.write_off_limit.normalize(), account_of(row))


def write_off_account(company_id: int, on: date, strategy: str) -> str:
    """Where a residue goes that a rule of this strategy suggested; any account of the set else."""
    row = set_in_force(company_id, on)
    return account_of(row, strategy) if row else ""


def account_of(row: MatchRuleSet, strategy: str = "") -> str:
    rules = sorted(row.rules.all(), key=lambda rule: (rule.strategy != strategy, rule.position))
    named = (str(rule.limits.get("write_off_account", "")).strip() for rule in rules)
    return next((account for account in named if account), "")
