"""Matching rules: drafted, changed, put in force by a second person, found on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.models import AuditEntry, Company, MerchantAccount
from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    Allowed,
    Limits,
    Rule,
    RuleSet,
    Strategy,
)
from reconciliation.models import GLAccount, GLMapping, MatchRule, MatchRuleSet, Replay
from reconciliation.queries.limits import write_off_account
from reconciliation.queries.rules import rules_in_force, standings, to_rule_set
from reconciliation.services import rules
from reconciliation.services.recording import record_transactions
from reconciliation.services.replaying import ask_replay, run_replay
from tests.books import NOW, make_mapping, sale
from tests.factories import make_company
from tests.workers import in_threads

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def draft(company: Company) -> MatchRuleSet:
    return rules.draft_rule_set(company, actor="ada")


def today() -> Any:
    return timezone.localdate()


def rules_of(row: MatchRuleSet) -> tuple[Rule, ...]:
    return to_rule_set(MatchRuleSet.objects.get(pk=row.pk)).rules


def codes_of(row: MatchRuleSet) -> list[str]:
    return [rule.code for rule in rules_of(row)]


def again(row: MatchRuleSet) -> MatchRuleSet:
    row.refresh_from_db()
    return row


def activate(row: MatchRuleSet, actor: str = "bob") -> MatchRuleSet:
    return rules.activate_rule_set(row.pk, actor=actor, expected_revision=again(row).revision)


def change_limits(row: MatchRuleSet, strategy: Strategy, **limits: Any) -> MatchRuleSet:
    old = next(rule for rule in rules_of(row) if rule.strategy is strategy)
    new = replace(old, limits=replace(old.limits, **limits))
    return rules.save_rule(
        row.pk, old.code, new, actor=row.drafted_by, expected_revision=again(row).revision
    )


def begin(row: MatchRuleSet, days_from_now: int) -> None:
    rules.save_settings(
        row.pk, note="", valid_from=today() + days_from_now * DAY, write_off_limit=Decimal(0),
        actor=row.drafted_by, expected_revision=again(row).revision,
    )  # fmt: skip


# --- what is in force -----------------------------------------------------------------------------


def test_a_company_without_rules_has_those_that_ship(company: Company) -> None:
    assert rules_in_force(company.pk, today()) == DEFAULT_RULES
    [standing] = standings(today())
    assert (standing.company, standing.in_force, standing.drafts) == (company, None, ())


def test_a_draft_is_a_copy_and_decides_nothing(company: Company, draft: MatchRuleSet) -> None:
    assert rules_of(draft) == DEFAULT_RULES.rules
    assert (draft.version, draft.state, draft.drafted_by) == (1, "draft", "ada")
    assert rules_in_force(company.pk, today()) == DEFAULT_RULES
    assert [standing.drafts for standing in standings(today())] == [(draft,)]


def test_rules_hold_from_their_first_day_until_the_next_version(company: Company) -> None:
    first = rules.draft_rule_set(company, actor="ada")
    begin(first, 1)
    activate(first)
    second = rules.draft_rule_set(company, actor="ada")
    change_limits(second, Strategy.SUBSET, max_documents=3)
    begin(second, 5)
    activate(second)
    versions = [rules_in_force(company.pk, today() + n * DAY).version for n in (0, 1, 4, 5, 99)]
    assert versions == [0, 1, 1, 2, 2]
    assert again(first).ended_on == today() + 5 * DAY
    subset = rules_in_force(company.pk, today() + 5 * DAY).rules[11]
    assert (subset.strategy, subset.limits.max_documents) == (Strategy.SUBSET, 3)


def test_what_was_to_begin_later_gives_way_to_what_is_put_in_force_now(company: Company) -> None:
    later = rules.draft_rule_set(company, actor="ada")
    begin(later, 7)
    activate(later)
    now = rules.draft_rule_set(company, actor="ada")
    activate(now)
    assert rules_in_force(company.pk, today()).version == now.version
    assert rules_in_force(company.pk, today() + 30 * DAY).version == now.version
    assert again(later).state == "retired"


def test_the_companies_do_not_share_rules(company: Company) -> None:
    other = make_company()
    activate(rules.draft_rule_set(company, actor="ada"))
    assert rules_in_force(other.pk, today()) == DEFAULT_RULES
    assert rules.draft_rule_set(other, actor="ada").version == 1


def test_stored_rules_that_cannot_be_read_are_named_and_decide_nothing(
    company: Company, draft: MatchRuleSet
) -> None:
    activate(draft)
    MatchRule.objects.filter(rule_set=draft, strategy="subset").update(
        limits={"max_documents": "NaN"}
    )
    with pytest.raises(RuleError, match='"Known payer, a set that adds up": Most documents'):
        rules_in_force(company.pk, today())


# --- drafts ---------------------------------------------------------------------------------------


def test_a_draft_may_begin_from_any_version(company: Company, draft: MatchRuleSet) -> None:
    change_limits(draft, Strategy.SUBSET, max_documents=3)
    copy = rules.draft_rule_set(company, from_version=1, actor="bob")
    assert rules_of(copy) == rules_of(draft)
    assert (copy.version, copy.drafted_by) == (2, "bob")
    activate(draft)
    assert rules_of(rules.draft_rule_set(company, actor="bob")) == rules_of(draft)
    assert rules_of(rules.draft_rule_set(company, from_version=0, actor="b")) == DEFAULT_RULES.rules
    with pytest.raises(RuleError, match="no rules of version 99"):
        rules.draft_rule_set(company, from_version=99, actor="bob")


def test_drafts_that_nobody_clears_up_are_bounded(company: Company) -> None:
    for _ in range(20):
        rules.draft_rule_set(company, actor="ada")
    with pytest.raises(RuleError, match="discard one first"):
        rules.draft_rule_set(company, actor="ada")


def test_a_rule_is_changed_moved_added_and_taken_out(draft: MatchRuleSet) -> None:
    new = Rule("any", "ACH exact", Strategy.EXACT_AMOUNT, Allowed.SUGGEST)
    rules.add_rule(draft.pk, new, actor="ada", expected_revision=0)
    place = codes_of(draft).index("customer_and_exact_amount_2")
    assert codes_of(draft)[place + 1] == "customer_and_exact_amount"
    code = "customer_and_exact_amount_2"
    rules.move_rule(draft.pk, code, by=1, actor="ada", expected_revision=1)
    assert codes_of(draft).index(code) == place + 1
    rules.move_rule(draft.pk, "invoice_reference", by=-1, actor="ada", expected_revision=2)
    assert again(draft).revision == 2  # it is the first already
    rules.remove_rule(draft.pk, code, actor="ada", expected_revision=2)
    assert rules_of(draft) == DEFAULT_RULES.rules
    assert again(draft).revision == 3
    with pytest.raises(RuleError, match="not in the draft any more"):
        rules.remove_rule(draft.pk, code, actor="ada", expected_revision=3)
    positions = list(draft.rules.values_list("position", flat=True))
    assert positions == list(range(1, len(DEFAULT_RULES.rules) + 1))


def test_a_saved_rule_keeps_its_code_and_what_it_looks_at(draft: MatchRuleSet) -> None:
    other = Rule("evil", "Renamed", Strategy.ON_ACCOUNT, Allowed.NEVER, Limits(grace_days=2))
    rules.save_rule(draft.pk, "subset", other, actor="ada", expected_revision=0)
    found = rules_of(draft)[11]
    assert (found.code, found.strategy) == ("subset", Strategy.SUBSET)
    assert (found.title, found.allowed, found.limits.grace_days) == ("Renamed", Allowed.NEVER, 2)


def test_the_whole_list_is_replaced_in_order(draft: MatchRuleSet) -> None:
    turned = tuple(reversed(DEFAULT_RULES.rules))
    rules.save_rules(draft.pk, turned, actor="ada", expected_revision=0)
    assert rules_of(draft) == turned


def test_two_rules_of_one_code_and_too_many_rules_are_refused(draft: MatchRuleSet) -> None:
    one = DEFAULT_RULES.rules[0]
    with pytest.raises(RuleError, match="Two rules have the code invoice_reference"):
        rules.save_rules(draft.pk, [one, one], actor="ada", expected_revision=0)
    many = [replace(one, code=f"c{n}") for n in range(61)]
    with pytest.raises(RuleError, match="at most 60"):
        rules.save_rules(draft.pk, many, actor="ada", expected_revision=0)
    assert again(draft).revision == 0
    assert rules_of(draft) == DEFAULT_RULES.rules


def test_only_its_author_changes_a_draft(draft: MatchRuleSet) -> None:
    one = DEFAULT_RULES.rules[0]
    with pytest.raises(RuleError, match="a draft of ada"):
        rules.save_rule(draft.pk, one.code, one, actor="bob", expected_revision=0)
    with pytest.raises(RuleError, match="a draft of ada"):
        rules.save_settings(
            draft.pk, note="", valid_from=today(), write_off_limit=Decimal(0), actor="bob",
            expected_revision=0,
        )  # fmt: skip


def test_the_second_of_two_changes_at_once_is_told(draft: MatchRuleSet) -> None:
    change_limits(draft, Strategy.SUBSET, max_documents=3)
    with pytest.raises(ConflictError, match="changed since you opened"):
        rules.move_rule(draft.pk, "subset", by=-1, actor="ada", expected_revision=0)


@pytest.mark.parametrize("limit", ["-0.01", "NaN", "Infinity", "0.0001", "1000000000000"])
def test_a_limit_that_is_no_amount_is_refused(draft: MatchRuleSet, limit: str) -> None:
    with pytest.raises(RuleError, match="most that may be written off"):
        rules.save_settings(
            draft.pk, note="", valid_from=today(), write_off_limit=Decimal(limit), actor="ada",
            expected_revision=0,
        )  # fmt: skip


def test_settings_are_kept_and_counted(draft: MatchRuleSet) -> None:
    rules.save_settings(
        draft.pk, note="  why\nand how ", valid_from=today() + DAY, write_off_limit=Decimal("5.5"),
        actor="ada", expected_revision=0,
    )  # fmt: skip
    again(draft)
    assert (draft.note, draft.write_off_limit, draft.revision) == ("why and how", Decimal("5.5"), 1)
    for note, day, message in (("x" * 301, today(), "300"), ("a\x00b", today(), "plain text"),
                               ("", today() - DAY, "is past")):  # fmt: skip
        with pytest.raises(RuleError, match=message):
            rules.save_settings(
                draft.pk, note=note, valid_from=day, write_off_limit=Decimal(0), actor="ada",
                expected_revision=1,
            )  # fmt: skip


def test_a_draft_is_discarded_and_nothing_else_is(draft: MatchRuleSet, company: Company) -> None:
    rules.discard_draft(draft.pk, actor="bob")
    assert not MatchRuleSet.objects.exists()
    assert AuditEntry.objects.filter(action="rules discarded", actor="bob").count() == 1
    active = activate(rules.draft_rule_set(company, actor="ada"))
    with pytest.raises(RuleError, match="Only a draft"):
        rules.discard_draft(active.pk, actor="ada")
    with pytest.raises(RuleError, match="draft a new version"):
        rules.move_rule(active.pk, "subset", by=1, actor="ada", expected_revision=0)


# --- putting in force -----------------------------------------------------------------------------


def test_a_second_person_puts_a_draft_in_force_once(company: Company, draft: MatchRuleSet) -> None:
    with pytest.raises(RuleError, match="Somebody other"):
        activate(draft, "ada")
    active = activate(draft)
    assert (active.state, active.activated_by) == ("active", "bob")
    with pytest.raises(ConflictError, match="put in force by bob already"):
        activate(draft, "eve")
    entry = AuditEntry.objects.get(action="rules put in force")
    assert (entry.actor, entry.detail["version"]) == ("bob", 1)


def test_the_database_refuses_the_author_as_second_person(draft: MatchRuleSet) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchRuleSet.objects.filter(pk=draft.pk).update(activated_by="ada", state="active")


def test_what_changed_since_it_was_seen_is_not_put_in_force(draft: MatchRuleSet) -> None:
    seen = draft.revision
    change_limits(draft, Strategy.SUBSET, max_documents=3)
    with pytest.raises(ConflictError, match="changed since"):
        rules.activate_rule_set(draft.pk, actor="bob", expected_revision=seen)


def test_a_first_day_that_went_by_is_refused(draft: MatchRuleSet) -> None:
    MatchRuleSet.objects.filter(pk=draft.pk).update(valid_from=today() - DAY)
    with pytest.raises(RuleError, match="is past"):
        activate(draft)


def test_a_set_without_rules_is_refused(draft: MatchRuleSet) -> None:
    rules.save_rules(draft.pk, [], actor="ada", expected_revision=0)
    with pytest.raises(RuleError, match="no rule in it"):
        activate(draft)


def test_rules_that_contradict_themselves_are_refused_with_the_reason(draft: MatchRuleSet) -> None:
    change_limits(draft, Strategy.REFERENCE_TOLERANCE, tolerance_under=Decimal("0.50"),
                  tolerance_percent=Decimal(1))  # fmt: skip
    with pytest.raises(RuleError):  # nowhere to write it off to
        activate(draft)
    assert again(draft).state == "draft"


@pytest.mark.parametrize("name", ["6050000", "6050-000"])
def test_write_offs_need_an_active_account_of_the_company(
    company: Company, draft: MatchRuleSet, name: str
) -> None:
    change_limits(draft, Strategy.REFERENCE_TOLERANCE, tolerance_under=Decimal("0.50"),
                  tolerance_percent=Decimal(1), write_off_account=name)  # fmt: skip
    account = GLAccount.objects.create(
        company=make_company(), erp_key="1", number="6050000", formatted="6050-000", read_at=NOW
    )
    with pytest.raises(RuleError, match=f"no active GL account {name}"):
        activate(draft)
    GLAccount.objects.filter(pk=account.pk).update(company=company, is_active=False)
    with pytest.raises(RuleError, match="no active GL account"):
        activate(draft)
    GLAccount.objects.filter(pk=account.pk).update(is_active=True)
    assert activate(draft).state == "active"


def test_rules_are_replayed_as_they_are_before_they_decide(
    merchant_account: MerchantAccount, draft: MatchRuleSet
) -> None:
    record_transactions(merchant_account, [sale()], now=NOW)
    with pytest.raises(RuleError, match="Replay these rules first"):
        activate(draft)
    replay = ask_replay(draft.pk, 30, "ada")
    with pytest.raises(RuleError, match="Replay these rules first"):
        activate(draft)
    run_replay(replay.pk, now=NOW)
    change_limits(draft, Strategy.SUBSET, max_documents=3)
    with pytest.raises(RuleError, match="Replay these rules first"):
        activate(draft)
    replay = ask_replay(draft.pk, 30, "ada")
    run_replay(replay.pk, now=NOW)
    activate(draft)
    detail = AuditEntry.objects.get(action="rules put in force").detail
    assert (detail["replay"], detail["days"]) == (replay.pk, 30)
    assert detail["diff"]["payments"]["count"] == 1
    assert Replay.objects.get(pk=replay.pk).summary == detail["diff"]


def test_a_replay_against_other_rules_proves_nothing(
    merchant_account: MerchantAccount, draft: MatchRuleSet, company: Company
) -> None:
    record_transactions(merchant_account, [sale()], now=NOW)
    other = rules.draft_rule_set(company, actor="ada")
    for row in (draft, other):
        run_replay(ask_replay(row.pk, 1, "ada").pk, now=NOW)
    activate(draft)
    with pytest.raises(RuleError, match="Version 1 came into force since the replay"):
        activate(other)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_puts_it_in_force(company: Company) -> None:
    draft = rules.draft_rule_set(company, actor="ada")

    def put(number: int) -> object:
        return rules.activate_rule_set(draft.pk, actor=f"p{number}", expected_revision=0)

    results = in_threads(2, put)
    assert sorted(type(one).__name__ for one in results) == ["ConflictError", "MatchRuleSet"]
    assert AuditEntry.objects.filter(action="rules put in force").count() == 1


def test_a_stored_set_is_what_was_saved(draft: MatchRuleSet) -> None:
    assert to_rule_set(draft) == RuleSet(DEFAULT_RULES.rules, 1)


def test_what_no_rule_names_an_account_for_goes_where_the_gl_mapping_says(
    company: Company,
) -> None:
    assert write_off_account(company.pk, NOW.date(), "") == ""
    mapping = make_mapping(company, kind=GLMapping.Kind.WRITE_OFF)
    assert write_off_account(company.pk, NOW.date(), "") == mapping.gl_account.number
