"""A second person puts a draft in force, after it was tried on the past."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction as database
from django.db.models import Q
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.models import Company
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.matching.rules import Rule, contradictions
from reconciliation.models import GatewayTransaction, GLAccount, MatchRuleSet, Replay
from reconciliation.queries.rules import set_in_force, to_rule_set, with_rules
from reconciliation.services.rules.drafting import require_revision
from reconciliation.services.rules.editing import check_rules

State = MatchRuleSet.State


def activate_rule_set(rule_set_id: int, *, actor: str, expected_revision: int) -> MatchRuleSet:
    """Put a draft in force from its first day; every other version ends that day at the latest.

    expected_revision: the draft as this person saw it. Raises RuleError, with every reason, for
    its author, for rules that contradict themselves, that name an account Sage 500 does not have,
    or that were not replayed as they are; ConflictError where they changed meanwhile. Doing it
    twice is refused, never repeated.
    """
    with database.atomic():
        company = Company.objects.get(rule_sets=rule_set_id)
        locked(Company.objects.all()).get(pk=company.pk)
        MatchRuleSet.objects.select_for_update().get(pk=rule_set_id)
        draft = with_rules(MatchRuleSet.objects.select_related("company")).get(pk=rule_set_id)
        require_draft(draft)
        require_revision(draft, expected_revision)
        if obstacles := obstacles_to(draft, actor):
            raise RuleError(" ".join(obstacles))
        end_others(draft)
        draft.state, draft.activated_by = State.ACTIVE, actor
        draft.activated_at = timezone.now()
        draft.save(update_fields=["state", "activated_by", "activated_at"])
        record(actor, "rules put in force", draft, proof_of(draft, find_proof(draft)))
    return draft


def require_draft(rule_set: MatchRuleSet) -> None:
    if rule_set.activated_by:
        raise ConflictError(
            f"Version {rule_set.version} was put in force by {rule_set.activated_by} already."
        )


def obstacles_to(draft: MatchRuleSet, actor: str) -> list[str]:
    """Why this person cannot put the draft in force as it is, one sentence each."""
    found = []
    if draft.drafted_by == actor:
        found.append("Somebody other than the person who drafted it has to put it in force.")
    if draft.valid_from < timezone.localdate():
        found.append(f"Its first day, {draft.valid_from}, is past. Choose today or a later day.")
    found += objections_to(draft)
    if missing := missing_proof(draft):
        found.append(missing)
    return found


def objections_to(rule_set: MatchRuleSet) -> list[str]:
    """Why these rules cannot decide, one sentence each; none for sound ones."""
    try:
        rules = to_rule_set(rule_set).rules
        check_rules(rules)
    except RuleError as error:
        return [str(error)]
    if not rules:
        return ["There is no rule in it: nothing would be matched."]
    return [*contradictions(rules), *missing_accounts(rule_set.company, rules)]


def missing_accounts(company: Company, rules: Sequence[Rule]) -> list[str]:
    """Write-off accounts that Sage 500 does not have, or marks as inactive."""
    names = sorted({rule.limits.write_off_account for rule in rules} - {""})
    if not names:
        return []
    rows = GLAccount.objects.filter(company=company, is_active=True)
    rows = rows.filter(Q(number__in=names) | Q(formatted__in=names))
    found = {name for row in rows.values_list("number", "formatted") for name in row}
    return [
        f"Sage 500 has no active GL account {name} for what is written off."
        for name in names
        if name not in found
    ]


def find_proof(draft: MatchRuleSet) -> Replay | None:
    """The newest finished replay of just these rules."""
    rows = Replay.objects.filter(rule_set=draft, revision=draft.revision, state=Replay.State.DONE)
    return rows.order_by("-pk").first()


def missing_proof(draft: MatchRuleSet) -> str:
    """What is missing of the replay that somebody has to have seen; "" for nothing.

    A company without a payment has no past to look at.
    """
    replay = find_proof(draft)
    if replay is None:
        if GatewayTransaction.objects.filter(company=draft.company_id).exists():
            return "Replay these rules first: nobody has seen yet what they change."
        return ""
    now = set_in_force(draft.company_id, timezone.localdate())
    version = now.version if now else 0
    if replay.summary.get("against") != version:
        return f"Version {version} came into force since the replay. Replay again."
    return ""


def end_others(draft: MatchRuleSet) -> None:
    """Whatever was in force, or was to be, ends the day this begins."""
    others = MatchRuleSet.objects.filter(company=draft.company).exclude(activated_by="")
    later = Q(ended_on__isnull=True) | Q(ended_on__gt=draft.valid_from)
    others.filter(later).update(ended_on=draft.valid_from)
    over = others.filter(ended_on__lte=timezone.localdate())
    over.update(state=State.RETIRED)


def proof_of(draft: MatchRuleSet, replay: Replay | None) -> dict[str, object]:
    """What the audit trail keeps of an activation: the diff that this person saw."""
    detail: dict[str, object] = {
        "version": draft.version,
        "revision": draft.revision,
        "from": draft.valid_from,
    }
    if replay is None:
        return detail | {"replay": "none: the company has no payments"}
    return detail | {"replay": replay.pk, "days": replay.days, "diff": replay.summary}
