"""What the rules of a company allow a person to write off, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reconciliation.models import GLMapping, MatchRuleSet
from reconciliation.queries.rules import set_in_force
from reconciliation.services.mappings import find_mapping


@dataclass(frozen=True, slots=True)
class HandLimits:
    """write_off: most of one document, 0 for none. account: GL number, "" where none is named."""

    write_off: Decimal = Decimal(0)
    account: str = ""


def hand_limits(company_id: int, on: date) -> HandLimits:
    row = set_in_force(company_id, on)
    if row is None:
        return HandLimits()
    account = account_of(row) or mapped_account(company_id, on)
    return HandLimits(row.write_off_limit.normalize(), account)


def write_off_account(company_id: int, on: date, strategy: str) -> str:
    """Where a residue goes that a rule of this strategy suggested; else any account of the set, or
    that of the GL mapping of the kind write-off.
    """
    row = set_in_force(company_id, on)
    return (account_of(row, strategy) if row else "") or mapped_account(company_id, on)


def mapped_account(company_id: int, on: date) -> str:
    """The GL mapping of the whole company; a write-off belongs to no merchant account."""
    found = find_mapping(company_id, 0, GLMapping.Kind.WRITE_OFF, "", on)
    return found.gl_account.number if found else ""


def account_of(row: MatchRuleSet, strategy: str = "") -> str:
    rules = sorted(row.rules.all(), key=lambda rule: (rule.strategy != strategy, rule.position))
    named = (str(rule.limits.get("write_off_account", "")).strip() for rule in rules)
    return next((account for account in named if account), "")
