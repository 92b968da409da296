"""The pages of the matching rules and of their replays: who may do what, and what each costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.rules import Allowed, Limits, Rule, Strategy
from reconciliation.models import MatchRuleSet, Replay, ReplayLine
from reconciliation.queries.rules import to_rule_set
from reconciliation.services import rules
from reconciliation.services.matching import match_company
from reconciliation.services.recording import record_transactions
from reconciliation.services.replaying import ask_replay, run_replay
from reconciliation.services.roles import ensure_roles
from tests.books import NOW, make_customer, make_invoice, ready, sale
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db
EVIL = "<script>alert('x')</script>"
NAME = "reconciliation_matchruleset"


@pytest.fixture
def merchant_account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def sign_in(role: str, name: str = "") -> Client:
    ensure_roles()
    user = User.objects.create_user(name or role.lower().replace(" ", "-"), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada() -> Client:
    return sign_in("Finance admin", "ada")


@pytest.fixture
def draft(company: Company) -> MatchRuleSet:
    return rules.draft_rule_set(company, actor="ada")


def at(page: str, *args: Any, name: str = NAME) -> str:
    return reverse(f"admin:{name}_{page}", args=args)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def said(answer: Any) -> str:
    """The message on the page that an action led to."""
    return " ".join(str(one) for one in answer.context["messages"])


def rules_of(draft: MatchRuleSet) -> tuple[Rule, ...]:
    return to_rule_set(MatchRuleSet.objects.get(pk=draft.pk)).rules


def revision(draft: MatchRuleSet) -> int:
    return MatchRuleSet.objects.values_list("revision", flat=True).get(pk=draft.pk)


def form_of(draft: MatchRuleSet, **fields: Any) -> dict[str, Any]:
    return {
        "revision": revision(draft), "title": "A few cents", "allowed": "auto", "max_documents": 12,
        "second_signals": 1, "max_amount": "", "window_days": "", "amount_from": "",
        "amount_to": "", "currencies": "", "customer_ids": "", "tolerance_under": "",
        "tolerance_over": "", "tolerance_percent": "", "write_off_account": "",
    } | fields  # fmt: skip


def save(client: Client, draft: MatchRuleSet, code: str, **fields: Any) -> Any:
    page = f"{at('rule', draft.pk)}?code={code}"
    return client.post(page, form_of(draft, **fields), follow=True)


# --- reading --------------------------------------------------------------------------------------


def test_a_company_without_rules_shows_those_that_ship(ada: Client, company: Company) -> None:
    page = text_of(ada.get(at("changelist")))
    assert "Version 0, as shipped" in page
    assert page.count("Draft a change") == 1 + page.count("Draft a change above")
    shipped = text_of(ada.get(at("shipped", company.pk)))
    assert "Names the invoice, exact amount" in shipped
    assert "The payer is known and pays everything open." in shipped
    assert "Move up" not in shipped
    assert ada.get(at("shipped", company.pk + 99)).status_code == 404


def test_a_draft_shows_what_differs_from_what_is_in_force(ada: Client, draft: MatchRuleSet) -> None:
    page = text_of(ada.get(at("change", draft.pk)))
    assert "The same as version 0" in page
    subset = next(rule for rule in rules_of(draft) if rule.code == "subset")
    changed = Rule(
        "subset", subset.title, subset.strategy, Allowed.SUGGEST, Limits(max_documents=3)
    )
    rules.save_rule(draft.pk, "subset", changed, actor="ada", expected_revision=0)
    rules.remove_rule(draft.pk, "on_account", actor="ada", expected_revision=1)
    new = Rule("", "ACH only", Strategy.EXACT_AMOUNT, Allowed.SUGGEST)
    rules.add_rule(draft.pk, new, actor="ada", expected_revision=2)
    rules.move_rule(draft.pk, "instalments", by=-1, actor="ada", expected_revision=3)
    page = " ".join(text_of(ada.get(at("change", draft.pk))).split())
    assert "<del>Applies by itself</del> <ins>Suggests</ins>" in page
    assert "<del>at most 6 documents; 2 further signals</del>" in page
    assert "Taken out" in page and "<del>Known payer, on account</del>" in page
    assert page.count(">add</span>New</span>") == 1
    assert page.count("swap_vert</span>Moved</span>") == 1


@pytest.mark.parametrize("role", ["Auditor", "Finance clerk"])
def test_who_only_reads_sees_all_and_changes_nothing(
    role: str, company: Company, draft: MatchRuleSet
) -> None:
    client = sign_in(role)
    page = text_of(client.get(at("change", draft.pk)))
    assert "Names the invoice, exact amount" in page
    for word in ("Put in force", "Discard", "Move up", "Save settings", ">Replay<", "Draft from"):
        assert word not in page.replace("Before it can be put in force", ""), word
    assert client.get(at("changelist")).status_code == 200
    assert client.get(at("shipped", company.pk)).status_code == 200
    posts = ["activate", "discard", "replay", "settings", "move", "remove", "copy"]
    for post in posts:
        assert client.post(at(post, draft.pk), {"revision": 0}).status_code == 403, post
    assert client.post(at("draft", company.pk)).status_code == 403
    assert client.get(f"{at('rule', draft.pk)}?code=subset").status_code == 403
    assert client.post(f"{at('rule_add', draft.pk)}?strategy=subset").status_code == 403
    assert MatchRuleSet.objects.count() == 1


def test_an_operator_and_a_stranger_see_nothing(
    client: Client, company: Company, draft: MatchRuleSet
) -> None:
    replay = ask_replay(draft.pk, 1, "ada")
    pages = [
        at("changelist"), at("change", draft.pk), at("shipped", company.pk),
        f"{at('rule', draft.pk)}?code=subset",
        *(at(page, replay.pk, name="reconciliation_replay") for page in ("change", "csv", "state")),
    ]  # fmt: skip
    operator = sign_in("Operator")
    for page in pages:
        assert client.get(page).status_code == 302, page
        assert operator.get(page).status_code in {403, 404}, page


def test_pages_cost_the_same_however_many_rules_and_replays(
    ada: Client, company: Company, draft: MatchRuleSet
) -> None:
    def cost(page: str) -> int:
        ada.get(page)
        with CaptureQueriesContext(database) as queries:
            assert ada.get(page).status_code == 200
        return len(queries)

    run_replay(ask_replay(draft.pk, 1, "ada").pk, now=NOW)
    pages = [at("changelist"), at("change", draft.pk)]
    before = [cost(page) for page in pages]
    for number in range(20):
        rules.add_rule(
            draft.pk, Rule("", "More", Strategy.SUBSET, Allowed.NEVER), actor="ada",
            expected_revision=number,
        )  # fmt: skip
    for _ in range(4):
        run_replay(ask_replay(draft.pk, 1, "ada").pk, now=NOW)
        rules.draft_rule_set(company, actor="ada")
    assert [cost(page) for page in pages] == before


def test_stored_rules_that_cannot_be_read_are_told_on_the_page(
    ada: Client, draft: MatchRuleSet
) -> None:
    draft.rules.filter(code="subset").update(limits={"max_documents": EVIL})
    page = text_of(ada.get(at("change", draft.pk)))
    assert "These rules cannot be read" in page
    assert EVIL not in page
    assert "Put in force<" not in page
    assert ada.get(f"{at('rule', draft.pk)}?code=subset").status_code == 404


def test_what_people_write_is_escaped(ada: Client, company: Company, draft: MatchRuleSet) -> None:
    save(ada, draft, "subset", title=EVIL)
    data = {"revision": 1, "note": EVIL, "valid_from": timezone.localdate(), "write_off_limit": "1"}
    ada.post(at("settings", draft.pk), data)
    for page in (at("changelist"), at("change", draft.pk), f"{at('rule', draft.pk)}?code=subset"):
        text = text_of(ada.get(page))
        assert EVIL not in text and "&lt;script&gt;" in text, page


# --- drafting -------------------------------------------------------------------------------------


def test_a_finance_admin_drafts_and_changes(ada: Client, company: Company) -> None:
    answer = ada.post(at("draft", company.pk), follow=True)
    draft = MatchRuleSet.objects.get()
    assert (draft.drafted_by, draft.version) == ("ada", 1)
    assert "A draft is made" in said(answer)
    answer = save(ada, draft, "subset", title=" Sets ", max_amount="1,500.50", max_documents="3",
                  customer_ids="", currencies="usd, cad", methods=["ach"])  # fmt: skip
    assert "The rule is saved" in said(answer)
    rule = next(rule for rule in rules_of(draft) if rule.code == "subset")
    assert (rule.title, str(rule.limits.max_amount), rule.limits.max_documents) == (
        "Sets", "1500.50", 3,
    )  # fmt: skip
    assert rule.conditions.currencies == {"USD", "CAD"}
    assert rule.conditions.methods == {"ach"}
    shown = text_of(ada.get(f"{at('rule', draft.pk)}?code=subset"))
    assert 'value="1500.50"' in shown and 'value="CAD, USD"' in shown


def test_an_unchanged_form_changes_nothing(ada: Client, draft: MatchRuleSet) -> None:
    before = rules_of(draft)
    for rule in before:
        page = f"{at('rule', draft.pk)}?code={rule.code}"
        form = ada.get(page).context["form"]
        data = {name: form[name].value() or "" for name in form.fields}
        ada.post(page, data | {"revision": revision(draft)})
    assert rules_of(draft) == before
    assert revision(draft) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": ""}, "Give the rule a title."),
        ({"title": "x" * 81}, "at most 80 characters"),
        ({"title": "a\x00b"}, "Null characters"),
        ({"allowed": "always"}, "Select a valid choice"),
        ({"max_amount": "a lot"}, "Write an amount in plain digits"),
        ({"max_amount": "NaN"}, "Write an amount in plain digits"),
        ({"max_amount": "1e5"}, "Write an amount in plain digits"),
        ({"max_amount": "-5"}, "An amount below zero"),
        ({"max_amount": "0"}, "above 0"),
        ({"max_amount": "9" * 30}, "more than any column holds"),
        ({"max_amount": "0.0001"}, "three digits behind the point"),
        ({"max_documents": "0"}, "Write a number from 1 to 50."),
        ({"max_documents": "51"}, "Write a number from 1 to 50."),
        ({"max_documents": "9" * 5000}, "Write a"),
        ({"window_days": "soon"}, "Write a whole number."),
        ({"second_signals": "9"}, "Write a number from 0 to 3."),
        ({"currencies": "dollars"}, "codes such as USD"),
        ({"customer_ids": "NOBODY"}, "Sage 500 has no customer NOBODY."),
        ({"customer_ids": "\n".join(f"C{n}" for n in range(501))}, "At most 500 customers."),
        ({"amount_from": "5", "amount_to": "4"}, "is more than"),
        ({"methods": ["cash"]}, "Select a valid choice"),
        ({"tolerance_percent": "11"}, "At most 10."),
        ({"write_off_account": "6050"}, "Sage 500 has no active GL account 6050."),
        ({"write_off_account": EVIL}, "no active GL account &lt;script&gt;"),
    ],
)
def test_a_wrong_value_is_explained_beside_its_field(
    ada: Client, draft: MatchRuleSet, fields: dict[str, Any], message: str
) -> None:
    answer = save(ada, draft, "reference_tolerance", **fields)
    assert answer.status_code == 422
    assert message in text_of(answer)
    assert revision(draft) == 0


def test_customers_are_found_as_sage_writes_them(
    ada: Client, company: Company, draft: MatchRuleSet
) -> None:
    make_customer(company, "ACME")
    make_customer(company, "BETA")
    save(ada, draft, "subset", customer_ids="acme, BETA\nacme")
    rule = next(rule for rule in rules_of(draft) if rule.code == "subset")
    assert rule.conditions.customer_ids == {"ACME", "BETA"}


def test_rules_are_moved_taken_out_and_added(ada: Client, draft: MatchRuleSet) -> None:
    data = {"revision": 0, "code": "several_references", "to": "up"}
    ada.post(at("move", draft.pk), data)
    assert rules_of(draft)[0].code == "several_references"
    ada.post(at("move", draft.pk), data | {"revision": 1, "to": "down"})
    assert rules_of(draft)[1].code == "several_references"
    ada.post(at("remove", draft.pk), {"revision": 2, "code": "several_references"})
    assert len(rules_of(draft)) == 15
    answer = ada.post(at("remove", draft.pk), {"revision": 3, "code": EVIL}, follow=True)
    assert "not in the draft any more" in said(answer)
    page = f"{at('rule_add', draft.pk)}?strategy=several_references"
    assert "Several" in text_of(ada.get(page)) or ada.get(page).status_code == 200
    ada.post(page, form_of(draft, allowed="suggest"))
    assert "several_references" in [rule.code for rule in rules_of(draft)]
    answer = ada.get(f"{at('rule_add', draft.pk)}?strategy=magic", follow=True)
    assert "Choose what the rule looks at" in said(answer)
    assert "any more" in said(ada.get(f"{at('rule', draft.pk)}?code=gone", follow=True))


def test_a_page_that_is_out_of_date_changes_nothing(ada: Client, draft: MatchRuleSet) -> None:
    rules.remove_rule(draft.pk, "on_account", actor="ada", expected_revision=0)
    for revision_sent in ("0", "", "-1", "x", "9" * 40, "²"):
        answer = ada.post(
            at("move", draft.pk), {"revision": revision_sent, "code": "subset", "to": "up"},
            follow=True,
        )  # fmt: skip
        assert "changed since you opened" in said(answer), revision_sent
    assert revision(draft) == 1


def test_settings_are_saved_or_explained(ada: Client, draft: MatchRuleSet) -> None:
    good = {"revision": 0, "note": "Why", "valid_from": "2999-01-01", "write_off_limit": "2.50"}
    for wrong, message in (
        ({"valid_from": "soon"}, "no date"),
        ({"valid_from": "2001-01-01"}, "is past"),
        ({"write_off_limit": "much"}, "Write an amount in plain digits"),
        ({"write_off_limit": "-1"}, "below zero"),
        ({"note": "x" * 301}, "300"),
    ):
        answer = ada.post(at("settings", draft.pk), good | wrong, follow=True)
        assert message in said(answer), wrong
    assert "saved" in said(ada.post(at("settings", draft.pk), good, follow=True))
    draft.refresh_from_db()
    assert (draft.note, str(draft.write_off_limit)) == ("Why", "2.500")


def test_another_admin_may_look_copy_and_discard_but_not_change(draft: MatchRuleSet) -> None:
    eve = sign_in("Finance admin", "eve")
    page = text_of(eve.get(at("change", draft.pk)))
    assert "Move up" not in page and "Draft from this" in page
    answer = save(eve, draft, "subset", title="Mine")
    assert "a draft of ada" in said(answer)
    form = text_of(eve.get(f"{at('rule', draft.pk)}?code=subset"))
    assert "This is a draft of ada" in form
    eve.post(at("copy", draft.pk))
    assert MatchRuleSet.objects.get(version=2).drafted_by == "eve"
    answer = eve.post(at("discard", draft.pk), follow=True)
    assert "discarded" in said(answer)
    assert eve.post(at("discard", draft.pk)).status_code == 404


# --- the second person ----------------------------------------------------------------------------


def test_the_drafter_sees_why_not_and_an_approver_puts_it_in_force(
    ada: Client, draft: MatchRuleSet
) -> None:
    page = text_of(ada.get(at("change", draft.pk)))
    assert "Somebody other than the person who drafted it" in page
    assert "Put in force</button>" not in page
    answer = ada.post(at("activate", draft.pk), {"revision": 0}, follow=True)
    assert "Somebody other" in said(answer)
    approver = sign_in("Finance approver")
    page = text_of(approver.get(at("change", draft.pk)))
    assert "Put in force</button>" in page and "Move up" not in page
    assert approver.post(at("settings", draft.pk), {"revision": 0}).status_code == 403
    answer = approver.post(at("activate", draft.pk), {"revision": 0}, follow=True)
    assert "decide from their first day" in said(answer)
    again = approver.post(at("activate", draft.pk), {"revision": 0}, follow=True)
    assert "put in force by finance-approver already" in said(again)
    page = text_of(approver.get(at("change", draft.pk)))
    assert "In force" in page and "Put in force</button>" not in page


def test_contradictions_are_shown_before_anybody_asks(ada: Client, draft: MatchRuleSet) -> None:
    save(ada, draft, "subset", second_signals="0")
    assert "applies by itself on one signal alone" in text_of(ada.get(at("change", draft.pk)))


def test_actions_are_posts(ada: Client, company: Company, draft: MatchRuleSet) -> None:
    for post in ("activate", "discard", "replay", "settings", "move", "remove", "copy"):
        assert ada.get(at(post, draft.pk)).status_code == 405, post
    assert ada.get(at("draft", company.pk)).status_code == 405


# --- replays --------------------------------------------------------------------------------------


@pytest.fixture
def found(merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet) -> Replay:
    """A replay with one lost match of a payment with a hostile payer."""
    invoice = make_invoice(company, "1234.50")
    record_transactions(
        merchant_account,
        [sale("801", "1234.50", invoice_reference=invoice.tran_id, billing_name="=1+1",
              gateway_customer_id=invoice.customer.customer_id,
              business_date=timezone.localdate())],
        now=NOW,
    )  # fmt: skip
    match_company(company.pk, now=NOW)
    rule = rules_of(draft)[0]
    stricter = Rule(rule.code, rule.title, rule.strategy, Allowed.SUGGEST)
    rules.save_rule(draft.pk, rule.code, stricter, actor="ada", expected_revision=0)
    replay = ask_replay(draft.pk, 366, "ada")
    run_replay(replay.pk, now=timezone.now())
    replay.refresh_from_db()
    assert replay.state == "done", replay.error
    return replay


def replay_at(page: str, replay: Replay) -> str:
    return at(page, replay.pk, name="reconciliation_replay")


def test_a_replay_is_asked_for_and_followed(ada: Client, draft: MatchRuleSet) -> None:
    answer = ada.post(at("replay", draft.pk), {"days": "30"}, follow=True)
    assert "begins within seconds" in said(answer)
    replay = Replay.objects.get()
    assert (replay.days, replay.asked_by, replay.state) == (30, "ada", "waiting")
    part = ada.get(replay_at("state", replay))
    assert "hx-trigger" in text_of(part) and "HX-Refresh" not in part.headers
    assert "hx-trigger" in text_of(ada.get(at("change", draft.pk)))
    Replay.objects.filter(pk=replay.pk).update(state="running", total=5000, done=1200)
    page = text_of(ada.get(replay_at("state", replay)))
    assert "1,200 of 5,000 payments" in page and 'value="1200" max="5000"' in page
    Replay.objects.filter(pk=replay.pk).update(state="failed", error=EVIL, ended_at=NOW)
    part = ada.get(replay_at("state", replay))
    assert part.headers["HX-Refresh"] == "true"
    assert EVIL not in text_of(part)
    for days in ("0", "367", "-3", "many", "", "9" * 30, "²"):
        answer = ada.post(at("replay", draft.pk), {"days": days}, follow=True)
        assert "from 1 to 366 days" in said(answer), days


def test_an_approver_may_ask_for_a_replay_too(draft: MatchRuleSet) -> None:
    approver = sign_in("Finance approver")
    approver.post(at("replay", draft.pk), {"days": "7"})
    assert Replay.objects.get().asked_by == "finance-approver"


def test_what_a_replay_found_is_read_and_filtered(ada: Client, found: Replay) -> None:
    page = text_of(ada.get(replay_at("change", found)))
    assert "$1,234.50" in page and "801" in page
    assert "Would no longer be matched" in page
    lost = text_of(ada.get(replay_at("change", found) + "?kind=lost"))
    assert "801" in lost
    gained = text_of(ada.get(replay_at("change", found) + "?kind=gained"))
    assert ">801<" not in gained
    for query in ("?kind=evil", "?page=99", "?page=x", "?kind=lost&page=-1"):
        assert ada.get(replay_at("change", found) + query).status_code == 200


def test_the_file_holds_the_lines_and_runs_nothing(ada: Client, found: Replay) -> None:
    answer = ada.get(replay_at("csv", found))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    head, line = answer.content.decode("utf-8-sig").strip().split("\r\n")
    assert head.startswith("kind,payment,paid on,payer")
    assert line.startswith("lost,801,")
    assert ",'=1+1," in line and ",USD,1234.500," in line
    empty = ada.get(replay_at("csv", found) + "?kind=gained").content.decode("utf-8-sig")
    assert len(empty.strip().split("\r\n")) == 1


def test_the_page_of_a_replay_costs_the_same_however_many_lines(ada: Client, found: Replay) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            ada.get(replay_at("change", found))
        return len(queries)

    cost()
    before = cost()
    line = ReplayLine.objects.get()
    ReplayLine.objects.bulk_create(
        ReplayLine(
            replay=found, transaction=line.transaction, kind="lost", currency="USD", amount=1
        )
        for _ in range(90)
    )
    assert cost() == before


def test_a_replay_of_other_rules_says_so(ada: Client, draft: MatchRuleSet, found: Replay) -> None:
    assert "were changed since" not in text_of(ada.get(replay_at("change", found)))
    rules.remove_rule(draft.pk, "on_account", actor="ada", expected_revision=revision(draft))
    assert "were changed since" in text_of(ada.get(replay_at("change", found)))
    page = text_of(ada.get(at("change", draft.pk)))
    assert "Replay again." in page and "Replay these rules first" in page


def test_what_is_not_listed_is_counted(ada: Client, found: Replay) -> None:
    summary = found.summary
    summary["kinds"]["lost"]["more"] = 1234
    Replay.objects.filter(pk=found.pk).update(summary=summary)
    page = ada.get(replay_at("change", found))
    assert "And 1,234 payments more" in text_of(page)
    assert "1,234 payments more" not in text_of(
        ada.get(replay_at("change", found) + "?kind=gained")
    )
