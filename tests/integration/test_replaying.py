"""The rule time machine: what other rules would have done, and that nothing is written by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core import serializers
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from paysync.domain.errors import RuleError
from paysync.domain.money import Money
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Share
from reconciliation.domain.matching.rules import Allowed, Limits, Strategy
from reconciliation.models import (
    GatewayTransaction,
    Invoice,
    MatchRuleSet,
    Replay,
    ReplayLine,
    ShadowComparison,
)
from reconciliation.queries.rules import to_rule_set
from reconciliation.services import rules
from reconciliation.services.matching import apply_solution, match_company
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from reconciliation.services.replaying import (
    LEASE,
    ask_replay,
    due_replays,
    run_replay,
    running,
    take_back_lost,
    tally,
)
from reconciliation.services.replaying.asking import LostClaimError, claim, tell_progress
from reconciliation.tasks import replay_all
from tests.books import NOW, TODAY, make_customer, make_invoice, ready, refund, sale
from tests.factories import make_merchant_account
from tests.workers import ROOT, in_threads, url_of_test_database

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def merchant_account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


@pytest.fixture
def draft(company: Company) -> MatchRuleSet:
    return rules.draft_rule_set(company, actor="ada")


def paid(amount: str, invoice: Invoice, gateway_id: str = "", **fields: Any) -> Any:
    """A payment by the invoice's customer that names the invoice."""
    values = {"invoice_reference": invoice.tran_id,
              "gateway_customer_id": invoice.customer.customer_id}  # fmt: skip
    return sale(gateway_id, amount, **(values | fields))


def live(account: MerchantAccount, *records: Any) -> None:
    record_transactions(account, records, now=NOW)
    match_company(account.company_id, now=NOW)


def row_of(gateway_id: str) -> GatewayTransaction:
    return GatewayTransaction.objects.get(gateway_id=gateway_id)


def by_hand(gateway_id: str, invoice: Invoice, minor: int, rest: int = 0) -> None:
    apply_solution(
        row_of(gateway_id).pk, customer_id=invoice.customer_id, shares=[Share(invoice.pk, minor)],
        unapplied=rest, rule="by_hand", rule_version=0, sentence="By hand.", card={},
        actor="mia", now=NOW,
    )  # fmt: skip


def allow(draft: MatchRuleSet, strategy: Strategy, allowed: Allowed) -> None:
    draft.refresh_from_db()
    rule = next(r for r in to_rule_set(draft).rules if r.strategy is strategy)
    rules.save_rule(
        draft.pk, rule.code, replace(rule, allowed=allowed), actor="ada",
        expected_revision=draft.revision,
    )  # fmt: skip


def replayed(draft: MatchRuleSet, days: int = 30) -> Replay:
    replay = ask_replay(draft.pk, days, "ada")
    run_replay(replay.pk, now=NOW)
    replay.refresh_from_db()
    assert replay.state == "done", replay.error
    return replay


def counts(replay: Replay) -> dict[str, int]:
    kinds = replay.summary["kinds"]
    return {kind: one["count"] for kind, one in kinds.items() if one["count"]}


def everything_but_replays() -> str:
    """Every row of every table, but those that a replay may write."""
    rows = [
        row
        for model in apps.get_models()
        if model not in {Replay, ReplayLine} and model._meta.managed
        for row in model._default_manager.order_by("pk")
    ]
    return str(serializers.serialize("json", rows))


# --- what it finds --------------------------------------------------------------------------------


def test_the_same_rules_change_nothing(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    one, two = make_invoice(company, "100.00"), make_invoice(company, "70.00")
    live(merchant_account, paid("100.00", one), paid("30.00", two), paid("40.00", two), sale())
    replay = replayed(draft)
    assert counts(replay) == {}
    assert replay.summary["payments"] == {"count": 4, "money": {"USD": "270.00"}}
    assert replay.summary["before"] == replay.summary["after"]
    assert replay.summary["before"]["money"] == {"USD": "170.00"}
    assert (replay.total, replay.done, replay.revision) == (4, 4, 0)
    assert not ReplayLine.objects.exists()


def test_a_stricter_rule_loses_a_match_that_was_made(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    invoice = make_invoice(company, "100.00")
    live(merchant_account, paid("100.00", invoice, "801"))
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    replay = replayed(draft)
    assert counts(replay) == {"lost": 1}
    line = ReplayLine.objects.get()
    assert (line.transaction.gateway_id, line.kind, line.amount) == ("801", "lost", Decimal(100))
    assert line.before == f"{invoice.tran_id} 100.00 (Names the invoice, exact amount)"
    assert line.after
    assert replay.summary["moved"] == {"USD": "100.00"}
    assert replay.summary["kinds"]["lost"]["money"] == {"USD": "100.00"}


def test_a_wider_rule_gains_a_match(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    rules.activate_rule_set(draft.pk, actor="bob", expected_revision=1)
    invoice = make_invoice(company, "100.00")
    record_transactions(merchant_account, [paid("100.00", invoice, "801")], now=NOW)
    wider = rules.draft_rule_set(company, from_version=0, actor="ada")
    replay = replayed(wider)
    assert counts(replay) == {"gained": 1}
    assert replay.summary["against"] == 1
    assert ReplayLine.objects.get().after.startswith(f"{invoice.tran_id} 100.00")


def test_money_that_would_be_used_otherwise_is_a_change(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    """Two cents short: a part now; under the draft the two cents are written off."""
    invoice = make_invoice(company, "100.00")
    live(merchant_account, paid("99.98", invoice, "801"))
    rule = next(r for r in to_rule_set(draft).rules if r.code == "reference_tolerance")
    limits = Limits(
        tolerance_under=Decimal("0.05"), tolerance_percent=Decimal(1), write_off_account="6050"
    )
    rules.save_rule(
        draft.pk, rule.code, replace(rule, limits=limits), actor="ada", expected_revision=0
    )
    assert counts(replayed(draft)) == {"changed": 1}
    line = ReplayLine.objects.get()
    assert line.before.startswith(f"{invoice.tran_id} 99.98 (")
    assert line.after.startswith(f"{invoice.tran_id} 99.98 with 0.02 written off (")


def test_what_a_person_decided_otherwise_is_a_conflict(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    customer = make_customer(company, "ACME")
    named = make_invoice(company, "100.00", customer=customer)
    other = make_invoice(company, "500.00", customer=customer)
    record_transactions(merchant_account, [paid("100.00", named, "801")], now=NOW)
    by_hand("801", other, 10_000)
    allow(draft, Strategy.REFERENCE_PARTIAL, Allowed.NEVER)
    replay = replayed(draft)
    assert counts(replay) == {"conflict": 1}
    line = ReplayLine.objects.get()
    assert line.before == f"mia matched {other.tran_id} 100.00"
    assert line.after.startswith(f"{named.tran_id} 100.00")
    assert replay.summary["conflicts_before"] == 1


def test_what_a_person_did_the_same_way_is_gained_and_counted(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    rules.activate_rule_set(draft.pk, actor="bob", expected_revision=1)
    invoice = make_invoice(company, "100.00")
    record_transactions(merchant_account, [paid("100.00", invoice, "801")], now=NOW)
    by_hand("801", invoice, 10_000)
    replay = replayed(rules.draft_rule_set(company, from_version=0, actor="ada"))
    assert counts(replay) == {"gained": 1}
    assert replay.summary["as_people_did"] == 1


def test_repeating_what_a_person_undid_is_a_conflict(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    invoice = make_invoice(company, "100.00")
    live(merchant_account, paid("100.00", invoice, "801"))
    unmatch(row_of("801").pk, actor="mia", reason="wrong", now=NOW)
    replay = replayed(draft)
    assert counts(replay) == {"conflict": 1}
    assert ReplayLine.objects.get().before == f"mia undid {invoice.tran_id} 100.00"
    assert replay.summary["conflicts_before"] == 1


def test_only_other_suggestions_are_counted_apart(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    customer = make_customer(company, "ACME")
    make_invoice(company, "40.00", customer=customer)
    make_invoice(company, "90.00", customer=customer)
    live(merchant_account, sale("801", "55.00", gateway_customer_id="ACME"))
    for strategy in (Strategy.OLDEST_FIRST, Strategy.ON_ACCOUNT):
        allow(draft, strategy, Allowed.NEVER)
    replay = replayed(draft)
    assert counts(replay) == {}
    assert replay.summary["suggestions"] == 1


def test_documents_are_open_again_by_what_the_payments_took(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    """Posted in Sage long ago: the mirror shows the invoice paid and closed."""
    invoice = make_invoice(company, "100.00")
    live(merchant_account, paid("100.00", invoice, "801"))
    receipts = row_of("801").receipts
    receipts.update(state="posted", submitted_at=NOW - timedelta(days=1))
    Invoice.objects.filter(pk=invoice.pk).update(balance=0, payable=0, is_open=False, read_at=NOW)
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    assert counts(replayed(draft)) == {"lost": 1}


def test_what_sage_deleted_gives_nothing_back(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    """Its payment gives the document back once, never beyond its total."""
    invoice = make_invoice(company, "100.00")
    live(merchant_account, paid("100.00", invoice, "801"))
    row_of("801").receipts.update(state="deleted_in_erp")
    live(merchant_account, paid("100.00", invoice, "802"))
    replay = replayed(draft)
    assert replay.summary["before"]["count"] == 1
    assert counts(replay) == {}


def test_the_staffs_own_receipts_are_taken_off_in_shadow_mode(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    invoice = make_invoice(company, "100.00")
    record_transactions(merchant_account, [paid("100.00", invoice, "801")], now=NOW)
    Invoice.objects.filter(pk=invoice.pk).update(balance=0, payable=0, is_open=False, read_at=NOW)
    assert replayed(draft).summary["before"]["count"] == 0
    ShadowComparison.objects.create(
        company=company, transaction=row_of("801"), business_date=TODAY, verdict="only_staff",
        currency="USD", amount=100, theirs=[[invoice.tran_id, "100.00"], ["x"], None],
        explanation="-", compared_at=NOW,
    )  # fmt: skip
    assert replayed(draft).summary["before"]["count"] == 1


def test_a_payer_that_only_the_match_told_is_unknown_again(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    invoice = make_invoice(company, "123.45")
    record_transactions(merchant_account, [sale("801", "123.45")], now=NOW)
    by_hand("801", invoice, 12_345)
    assert row_of("801").customer_id == invoice.customer_id
    replay = replayed(draft)
    assert replay.summary["after"]["count"] == 0
    assert counts(replay) == {}


def test_only_the_days_asked_for_and_money_that_is_held_are_replayed(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    old = TODAY - timedelta(days=7)
    one = make_invoice(company, "10.00")
    live(
        merchant_account,
        paid("10.00", one, business_date=old, created_at=NOW - timedelta(days=7)),
        sale("802", "20.00"),
        sale("803", "30.00"),
        refund("803", "30.00"),
    )
    assert replayed(draft, 7).summary["payments"] == {"count": 1, "money": {"USD": "20.00"}}
    assert replayed(draft, 8).summary["payments"]["count"] == 2
    assert replayed(draft, 8).summary["first"] == str(old)


def test_currencies_are_not_added_up(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    records = [sale("801", "20.00"), replace(sale("802"), amount=Money(Decimal(500), "JPY"))]
    record_transactions(merchant_account, records, now=NOW)
    assert replayed(draft).summary["payments"]["money"] == {"JPY": "500", "USD": "20.00"}


# --- what it writes -------------------------------------------------------------------------------


def test_nothing_but_the_replay_and_its_lines_is_written(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    one, two = make_invoice(company, "100.00"), make_invoice(company, "70.00")
    live(
        merchant_account, paid("100.00", one, "801"), paid("30.00", two, "802"),
        sale("803", "9.99"), sale("804", "70.00", gateway_customer_id="NOBODY"),
    )  # fmt: skip
    unmatch(row_of("802").pk, actor="mia", reason="no", now=NOW)
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    replay = ask_replay(draft.pk, 366, "ada")
    before = everything_but_replays()
    with CaptureQueriesContext(database) as queries:
        run_replay(replay.pk, now=NOW)
    assert everything_but_replays() == before
    replay.refresh_from_db()
    assert counts(replay) == {"lost": 1, "conflict": 1}
    verbs = ("INSERT", "UPDATE", "DELETE")
    written = [q["sql"] for q in queries.captured_queries if q["sql"].startswith(verbs)]
    assert written
    assert all("reconciliation_replay" in sql for sql in written)


def test_the_summary_is_plain_json_without_floats(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    live(merchant_account, sale("801", "0.10"), sale("802", "0.20"))

    def refuse(text: str) -> float:
        raise AssertionError(text)

    summary = replayed(draft).summary
    assert json.loads(json.dumps(summary), parse_float=refuse)["payments"]["money"] == {
        "USD": "0.30"
    }


def test_lines_are_bounded_and_the_rest_is_counted(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(tally, "MOST_LINES", 2)
    live(merchant_account, *(paid("10.00", make_invoice(company, "10.00")) for _ in range(5)))
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    replay = replayed(draft)
    assert replay.summary["kinds"]["lost"] == {"count": 5, "money": {"USD": "50.00"}, "more": 3}
    assert ReplayLine.objects.count() == 2


def test_parts_see_what_the_parts_before_them_took(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(running, "LEAST", 1)
    monkeypatch.setattr(running, "MOST", 1)
    invoice = make_invoice(company, "100.00")
    live(
        merchant_account,
        *(paid("60.00", invoice, created_at=NOW + timedelta(seconds=n)) for n in range(3)),
    )
    replay = replayed(draft)
    assert replay.summary["before"] == replay.summary["after"]
    assert replay.done == 3
    applied = sum(match.applied for row in GatewayTransaction.objects.all()
                  for match in row.matches.all())  # fmt: skip
    assert applied <= 100


def test_the_newest_replay_keeps_its_lines(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    live(merchant_account, paid("10.00", make_invoice(company, "10.00")))
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    first, second = replayed(draft), replayed(draft)
    assert counts(first) == counts(second) == {"lost": 1}
    assert [line.replay_id for line in ReplayLine.objects.all()] == [second.pk]


def test_the_cost_does_not_grow_with_the_payments(
    merchant_account: MerchantAccount, company: Company, draft: MatchRuleSet
) -> None:
    def cost() -> int:
        replay = ask_replay(draft.pk, 30, "ada")
        with CaptureQueriesContext(database) as queries:
            run_replay(replay.pk, now=NOW)
        return len(queries)

    live(merchant_account, paid("10.00", make_invoice(company, "10.00")), sale())
    before = cost()
    live(merchant_account, *(paid("10.00", make_invoice(company, "10.00")) for _ in range(30)))
    assert cost() == before


# --- asked for, lost, found again -----------------------------------------------------------------


@pytest.mark.parametrize("days", [0, -1, 367, True, "30", 1.5, None])
def test_days_out_of_bounds_are_refused(draft: MatchRuleSet, days: Any) -> None:
    with pytest.raises(RuleError, match="from 1 to 366 days"):
        ask_replay(draft.pk, days, "ada")


def test_one_replay_of_a_draft_at_a_time_and_none_of_rules_in_force(
    company: Company, draft: MatchRuleSet
) -> None:
    ask_replay(draft.pk, 366, "ada")
    with pytest.raises(RuleError, match="under way"):
        ask_replay(draft.pk, 1, "bob")
    active = rules.draft_rule_set(company, actor="ada")
    rules.activate_rule_set(active.pk, actor="bob", expected_revision=0)
    with pytest.raises(RuleError, match="Only a draft"):
        ask_replay(active.pk, 1, "ada")


def test_a_finished_replay_is_not_run_again(draft: MatchRuleSet) -> None:
    replay = replayed(draft)
    assert run_replay(replay.pk, now=NOW) is None
    assert run_replay(replay.pk + 99, now=NOW) is None


def test_it_looks_at_the_rules_as_they_are_when_it_begins(draft: MatchRuleSet) -> None:
    replay = ask_replay(draft.pk, 1, "ada")
    allow(draft, Strategy.SUBSET, Allowed.NEVER)
    run_replay(replay.pk, now=NOW)
    replay.refresh_from_db()
    assert replay.revision == 1


def test_a_replay_whose_worker_died_is_begun_again_and_given_up_at_last(
    draft: MatchRuleSet,
) -> None:
    replay = ask_replay(draft.pk, 1, "ada")
    later = NOW
    for _ in range(3):
        assert claim(replay.pk, later) is not None
        assert take_back_lost(later + LEASE) == 0  # it may live still
        later += LEASE + timedelta(seconds=1)
        assert take_back_lost(later) == 1
    replay.refresh_from_db()
    assert (replay.state, due_replays()) == ("failed", [])
    assert "stopped 3 times" in replay.error
    ask_replay(draft.pk, 1, "ada")  # and another may be asked for


def test_the_sweep_runs_what_waits(draft: MatchRuleSet) -> None:
    replay = ask_replay(draft.pk, 1, "ada")
    replay_all()
    replay.refresh_from_db()
    assert replay.state == "done"


def test_a_worker_that_was_taken_for_dead_writes_nothing_more(
    merchant_account: MerchantAccount, draft: MatchRuleSet
) -> None:
    record_transactions(merchant_account, [sale()], now=NOW)
    replay = ask_replay(draft.pk, 30, "ada")
    claimed = claim(replay.pk, NOW)
    assert claimed is not None
    later = NOW + LEASE + timedelta(seconds=1)
    take_back_lost(later)
    run_replay(replay.pk, now=later)
    with pytest.raises(LostClaimError):
        tell_progress(claimed, now=later, done=0)
    replay.refresh_from_db()
    assert (replay.state, replay.done) == ("done", 1)


def test_a_clock_that_ticks_keeps_a_long_replay_alive(draft: MatchRuleSet) -> None:
    replay = ask_replay(draft.pk, 1, "ada")
    claimed = claim(replay.pk, NOW)
    assert claimed is not None
    tell_progress(claimed, now=NOW + LEASE, total=9)
    assert take_back_lost(NOW + LEASE + LEASE) == 0


def test_rules_that_cannot_be_read_fail_with_the_reason(draft: MatchRuleSet) -> None:
    draft.rules.filter(strategy="subset").update(limits={"max_documents": "many"})
    replay = ask_replay(draft.pk, 1, "ada")
    run_replay(replay.pk, now=NOW)
    replay.refresh_from_db()
    assert replay.state == "failed"
    assert "Most documents at once must be" in replay.error


def test_what_nobody_foresaw_is_marked_and_raised(
    draft: MatchRuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "documents_then", lambda company, first: 1 / 0)
    replay = ask_replay(draft.pk, 1, "ada")
    with pytest.raises(ZeroDivisionError):
        run_replay(replay.pk, now=NOW)
    replay.refresh_from_db()
    assert (replay.state, replay.error[:23]) == ("failed", "It stopped unexpectedly")


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_run_one_replay(
    merchant_account: MerchantAccount, company: Company
) -> None:
    draft = rules.draft_rule_set(company, actor="ada")
    live(merchant_account, paid("10.00", make_invoice(company, "10.00")))
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    replay = ask_replay(draft.pk, 30, "ada")
    results = in_threads(2, lambda n: run_replay(replay.pk, now=NOW))
    assert sorted(one is None for one in results) == [False, True]
    assert ReplayLine.objects.count() == 1


CHILD = """
import time, sys
import django; django.setup()
from datetime import datetime
from reconciliation.services.replaying import running
running.LEAST = running.MOST = 1
tell = running.tell_progress
def slowly(*args, **fields):
    tell(*args, **fields)
    print("told", flush=True)
    time.sleep(0.3)
running.tell_progress = slowly
now = datetime.fromisoformat(sys.argv[2])
running.run_replay(int(sys.argv[1]), now=now, clock=lambda: now)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_that_is_counted_twice(
    merchant_account: MerchantAccount, company: Company
) -> None:
    draft = rules.draft_rule_set(company, actor="ada")
    live(merchant_account, *(paid("10.00", make_invoice(company, "10.00")) for _ in range(8)))
    allow(draft, Strategy.INVOICE_REFERENCE, Allowed.SUGGEST)
    replay = ask_replay(draft.pk, 30, "ada")
    worker = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(replay.pk), NOW.isoformat()],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DATABASE_URL": url_of_test_database()},
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        for _ in range(4):
            assert worker.stdout.readline() == "told\n"
    finally:
        worker.kill()
        worker.wait()
    replay.refresh_from_db()
    assert (replay.state, replay.total) == ("running", 8)
    assert 1 <= replay.done < 8
    assert ReplayLine.objects.count() == replay.done
    with time_machine.travel(NOW + LEASE + timedelta(seconds=1), tick=False):
        replay_all()
    replay.refresh_from_db()
    assert (replay.state, counts(replay), replay.done) == ("done", {"lost": 8}, 8)
    assert ReplayLine.objects.count() == 8
