"""A draft of the rules: begun from a version, its settings changed, or given up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import transaction as database
from django.db.models import Max
from django.utils import timezone

from paysync.domain.errors import ConflictError, RecordError, RuleError
from paysync.domain.money import LIMIT, exact
from paysync.models import Company
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.matching.rules import DEFAULT_RULES
from reconciliation.models import MatchRule, MatchRuleSet
from reconciliation.queries.rules import set_in_force, to_rows, to_rule_set, with_rules

State = MatchRuleSet.State
#: Drafts of one company at the same time (chosen): more is a sign that nobody clears them up.
MOST_DRAFTS = 20
#: As wide as the column.
NOTE_CHARS = 300


def draft_rule_set(
    company: Company, *, from_version: int | None = None, actor: str
) -> MatchRuleSet:
    """A new version that decides nothing yet: a copy of what is in force, or of `from_version`.

    from_version: a version of the company, a draft of somebody else included; 0 as shipped.
    Raises RuleError where there is no such version.
    """
    today = timezone.localdate()
    with database.atomic():
        locked(Company.objects.all()).get(pk=company.pk)
        rows = MatchRuleSet.objects.filter(company=company)
        if rows.filter(state=State.DRAFT).count() >= MOST_DRAFTS:
            raise RuleError(f"There are {MOST_DRAFTS} drafts already: discard one first.")
        source = find_source(company, from_version, today)
        newest = rows.aggregate(newest=Max("version"))["newest"] or 0
        draft = MatchRuleSet.objects.create(
            company=company,
            version=newest + 1,
            write_off_limit=source.write_off_limit if source else Decimal(0),
            valid_from=today,
            drafted_by=actor,
            drafted_at=timezone.now(),
        )
        rules = to_rule_set(source) if source else DEFAULT_RULES
        MatchRule.objects.bulk_create(to_rows(draft, rules.rules))
        detail = {"version": draft.version, "from version": rules.version}
        record(actor, "rules drafted", draft, detail)
    return draft


def find_source(company: Company, version: int | None, on: date) -> MatchRuleSet | None:
    """The version to copy; None for the shipped one."""
    if version is None:
        return set_in_force(company.pk, on)
    if version == 0:
        return None
    rows = MatchRuleSet.objects.filter(company=company, version=version)
    source = with_rules(rows).first()
    if source is None:
        raise RuleError(f"{company} has no rules of version {version}.")
    return source


def save_settings(
    rule_set_id: int,
    *,
    note: str,
    valid_from: date,
    write_off_limit: Decimal,
    actor: str,
    expected_revision: int,
) -> MatchRuleSet:
    """What stands beside the rules of a draft. Raises RuleError where it may not be so."""
    note = " ".join(note.split())
    if len(note) > NOTE_CHARS or not note.isprintable():
        raise RuleError(f"The note must be plain text of at most {NOTE_CHARS} characters.")
    require_not_past(valid_from)
    require_amount(write_off_limit)
    with database.atomic():
        draft = lock_draft(rule_set_id, actor=actor, expected_revision=expected_revision)
        was = [draft.note, draft.valid_from, draft.write_off_limit]
        draft.note, draft.valid_from, draft.write_off_limit = note, valid_from, write_off_limit
        now = [note, valid_from, write_off_limit]
        save_change(draft, actor, "settings of rules changed", {"from": was, "to": now})
        draft.save(update_fields=["note", "valid_from", "write_off_limit"])
    return draft


def require_not_past(day: date) -> None:
    if day < timezone.localdate():
        raise RuleError(f"The first day, {day}, is past. Choose today or a later day.")


def require_amount(limit: Decimal) -> None:
    """An amount as the column holds it, not negative."""
    try:
        number = exact(limit)
    except RecordError as error:
        raise RuleError("The most that may be written off must be an amount.") from error
    if not number.is_finite() or not 0 <= number <= LIMIT or number != round(number, 3):
        raise RuleError("The most that may be written off must be 0 or more, in whole cents.")


def discard_draft(rule_set_id: int, *, actor: str) -> None:
    """Give a draft up, its replays included. Anybody who may draft may: its author may be gone."""
    with database.atomic():
        draft = MatchRuleSet.objects.select_for_update().get(pk=rule_set_id)
        if draft.state != State.DRAFT:
            raise RuleError("Only a draft can be discarded: this version decided about payments.")
        titles = list(draft.rules.values_list("title", flat=True))
        record(actor, "rules discarded", draft, {"version": draft.version, "rules": titles})
        draft.delete()


def lock_draft(rule_set_id: int, *, actor: str, expected_revision: int) -> MatchRuleSet:
    """The draft, locked, as its author saw it.

    Only the author changes a draft: whoever else did could put own rules in force alone.
    Raises ConflictError where it was changed meanwhile, RuleError for another person's.
    """
    draft = MatchRuleSet.objects.select_for_update().get(pk=rule_set_id)
    if draft.state != State.DRAFT:
        raise RuleError("These rules are, or were, in force: draft a new version to change them.")
    if draft.drafted_by != actor:
        raise RuleError(
            f"This is a draft of {draft.drafted_by}. Draft a version of your own from it."
        )
    require_revision(draft, expected_revision)
    return draft


def require_revision(rule_set: MatchRuleSet, expected: int) -> None:
    if rule_set.revision != expected:
        raise ConflictError(
            "These rules were changed since you opened the page. Look at them again first."
        )


def save_change(draft: MatchRuleSet, actor: str, action: str, detail: dict[str, object]) -> None:
    """Count the change, so that a replay of the rules before it proves nothing any more."""
    draft.revision += 1
    draft.save(update_fields=["revision"])
    record(actor, action, draft, {"version": draft.version, **detail})
