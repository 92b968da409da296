"""What people do at the workbench: matched, parked, linked, and undone exactly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from customers.models import CustomerLink, PayerAlias
from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.ledger import ReceiptState
from paysync.models import AuditEntry, Company, MerchantAccount
from reconciliation.domain.matching.results import Share
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    ItemNote,
    Match,
    MatchRule,
    MatchRuleSet,
    Proposal,
    ReconcilingItem,
    WorkStep,
)
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.workbench import (
    Deed,
    Picked,
    Split,
    accept,
    apply_to_oldest,
    assign,
    digest_of,
    do_each,
    last_group,
    leave_on_account,
    link,
    look,
    match_by_hand,
    others_at,
    park,
    set_aside,
    undo,
    unmatch_payment,
    write_note,
)
from tests.books import NOW, make_customer, make_invoice
from tests.choosing import buckets, open_of, waiting_payment
from tests.factories import make_merchant_account
from tests.workbench import (
    account,
    ana,
    ben,
    deed,
    no_ledger,
    solution,
    suggest,
    two_ways,
    waits,
)

__all__ = ["account", "ana", "ben"]

pytestmark = pytest.mark.django_db
SOON = date(2099, 1, 1)


def fresh(row: GatewayTransaction) -> GatewayTransaction:
    return GatewayTransaction.objects.select_related("company", "customer").get(pk=row.pk)


class TestAccepting:
    def test_the_second_suggestion_is_matched_as_it_says(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, _, second = two_ways(account)
        accept(row.pk, deed(ana), rank=2)
        match = Match.objects.get()
        assert [a.invoice_id for a in match.applications.all()] == [second.pk]
        assert (match.actor, match.rule, match.card["chosen"]) == (
            "ana", "customer_and_exact_amount", 2)  # fmt: skip
        assert "suggestion 2 accepted" in match.sentence
        assert not fresh(row).needs_match
        assert not ReconcilingItem.objects.filter(state="open").exists()
        assert prove(now=NOW).violations == []

    def test_a_suggestion_that_was_made_anew_is_not_taken_for_the_one_seen(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, first, second = two_ways(account)
        seen = digest_of(Proposal.objects.get().card["solutions"][0])
        suggest(row, solution(second), solution(first, rank=2))
        with pytest.raises(ConflictError, match="made anew"):
            accept(row.pk, deed(ana), rank=1, digest=seen)
        assert not Match.objects.exists()

    @pytest.mark.parametrize("rank", [0, 3, -1])
    def test_there_is_no_such_suggestion(
        self, account: MerchantAccount, ana: User, rank: int
    ) -> None:
        row, *_ = two_ways(account)
        with pytest.raises(RuleError, match="no such suggestion"):
            accept(row.pk, deed(ana), rank=rank)

    def test_the_second_person_is_told_who_did_what(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        accept(row.pk, deed(ana), revision=row.revision)
        with pytest.raises(ConflictError, match="Ana, .*: Matched 100.00 USD of Acme Tools"):
            accept(row.pk, deed(ben), revision=row.revision)
        assert Match.objects.count() == 1

    def test_a_deed_that_fails_leaves_no_step(self, account: MerchantAccount, ana: User) -> None:
        row, first, second = two_ways(account)
        first.payable = Decimal("40.00")
        first.save()
        with pytest.raises(RuleError):
            accept(row.pk, deed(ana), rank=1)
        assert not WorkStep.objects.exists()
        assert not PayerAlias.objects.exists()


class TestUndoing:
    def test_a_match_undone_is_as_if_it_had_never_been(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        row, first, _ = two_ways(account)
        item = ReconcilingItem.objects.get()
        assign(row.pk, deed(ana), owner=ben)
        write_note(row.pk, deed(ana), text="Called them.")
        card = Proposal.objects.get().card
        before = (buckets(row), open_of(row.company, first), fresh(row).customer_id)
        accept(row.pk, deed(ana))
        [undone] = undo(last_group(ana), deed(ana), ledger_of=no_ledger)  # type: ignore[arg-type]
        assert undone.problem == ""
        assert (buckets(row), open_of(row.company, first), fresh(row).customer_id) == before
        assert fresh(row).needs_match
        item.refresh_from_db()
        assert (item.state, item.owner, item.notes.count()) == ("open", ben, 1)
        assert (item.reason, item.sentence) == (Reason.AMBIGUOUS, "Several invoices fit.")
        assert ReconcilingItem.objects.count() == 1
        assert CashReceipt.objects.get().state == ReceiptState.WITHDRAWN
        assert not PayerAlias.objects.exists()
        assert Proposal.objects.get(transaction=row).card == card
        assert prove(now=NOW).violations == []

    def test_it_is_undone_once(self, account: MerchantAccount, ana: User) -> None:
        row, *_ = two_ways(account)
        step = accept(row.pk, deed(ana))
        undo(step.group, deed(ana), ledger_of=no_ledger)
        with pytest.raises(RuleError, match="nothing of yours"):
            undo(step.group, deed(ana), ledger_of=no_ledger)
        assert last_group(ana) is None

    def test_only_ones_own_steps_are_undone(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        step = accept(row.pk, deed(ana))
        with pytest.raises(RuleError, match="nothing of yours"):
            undo(step.group, deed(ben), ledger_of=no_ledger)
        assert not fresh(row).needs_match

    def test_a_posted_receipt_cannot_be_undone_here(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, *_ = two_ways(account)
        step = accept(row.pk, deed(ana))
        CashReceipt.objects.update(
            state=ReceiptState.POSTED, posted_on=NOW.date(), erp_tran_id="CR-7", submitted_at=NOW
        )
        [undone] = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert "CR-7 was posted in Sage 500 on Nov 20, 2026" in undone.problem
        assert last_group(ana) == step.group
        assert not fresh(row).needs_match

    def test_a_match_that_somebody_else_undid_is_a_conflict(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        step = accept(row.pk, deed(ana))
        unmatch_payment(row.pk, deed(ben), ledger_of=no_ledger)
        [undone] = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert "ben undid the match" in undone.problem

    def test_an_unmatch_undone_matches_exactly_as_before(
        self, account: MerchantAccount, ana: User
    ) -> None:
        customer = make_customer(account.company)
        invoice = make_invoice(account.company, "90.00", customer=customer, discount="1.80")
        row = waiting_payment(account, "100.00")
        waits(row)
        split = Split((Share(invoice.pk, 8_820, discount=180),), may_rest=True)
        match_by_hand(row.pk, deed(ana), split=split)
        before = facts_of(Match.objects.get())
        step = unmatch_payment(row.pk, deed(ana), ledger_of=no_ledger)
        assert fresh(row).needs_match
        undo(step.group, deed(ana), ledger_of=no_ledger)
        again = Match.objects.get(ended_at__isnull=True)
        assert facts_of(again) == before
        assert prove(now=NOW).violations == []

    def test_a_bulk_action_is_undone_as_a_whole_and_what_cannot_be_is_named(
        self, account: MerchantAccount, ana: User
    ) -> None:
        rows = [two_ways(account)[0] for _ in range(3)]
        together = deed(ana)
        do_each(
            [Picked(row.pk, row.revision) for row in rows],
            lambda pk, revision: accept(pk, together, revision=revision),
        )
        CashReceipt.objects.filter(transaction=rows[1]).update(
            state=ReceiptState.POSTED, posted_on=NOW.date()
        )
        done = undo(together.group, deed(ana), ledger_of=no_ledger)
        assert [bool(one.problem) for one in done] == [False, True, False]
        assert [fresh(row).needs_match for row in rows] == [True, False, True]


def facts_of(match: Match) -> tuple[object, ...]:
    rows = Application.objects.filter(match=match).order_by("pk")
    parts = rows.values_list("invoice", "amount", "discount", "write_off", "write_off_account")
    return (match.customer_id, match.rule, match.sentence, match.card, match.applied,
            match.unapplied, list(parts))  # fmt: skip


class TestSplitting:
    @pytest.fixture
    def row(self, account: MerchantAccount) -> GatewayTransaction:
        row = waiting_payment(account, "100.00")
        waits(row)
        return row

    def limits(self, company: Company, limit: str, account: str = "1010-000") -> None:
        rules = MatchRuleSet.objects.create(
            company=company, version=1, state="active", write_off_limit=limit,
            valid_from=date(2026, 1, 1), drafted_by="ada", drafted_at=NOW, activated_by="bob",
            activated_at=NOW,
        )  # fmt: skip
        MatchRule.objects.create(
            rule_set=rules, position=1, code="tolerance", title="A few cents off",
            strategy="reference_tolerance", allowed="suggest",
            limits={"write_off_account": account} if account else {},
        )  # fmt: skip

    def test_what_is_left_is_said_and_nothing_is_written(
        self, row: GatewayTransaction, ana: User
    ) -> None:
        invoice = make_invoice(row.company, "60.00")
        with pytest.raises(RuleError, match="40.00 USD is left"):
            match_by_hand(row.pk, deed(ana), split=Split((Share(invoice.pk, 6_000),)))
        with pytest.raises(RuleError, match="10.00 USD more than the payment holds"):
            match_by_hand(row.pk, deed(ana), split=Split((Share(invoice.pk, 11_000),)))
        assert not Match.objects.exists()

    def test_a_write_off_within_the_limit_goes_to_the_named_account(
        self, row: GatewayTransaction, ana: User
    ) -> None:
        self.limits(row.company, "0.50")
        invoice = make_invoice(row.company, "100.40")
        match_by_hand(row.pk, deed(ana), split=Split((Share(invoice.pk, 10_000, write_off=40),)))
        paid = Application.objects.get()
        assert (paid.write_off, paid.write_off_account) == (Decimal("0.40"), "1010-000")

    @pytest.mark.parametrize(
        ("limit", "number", "said"),
        [
            ("0.39", "1010-000", "at most 0.39 USD may be written off"),
            ("0", "1010-000", "allow no write-off by hand"),
            ("0.50", "", "name no account"),
        ],
    )
    def test_a_write_off_beyond_the_limit_is_refused(
        self, row: GatewayTransaction, ana: User, limit: str, number: str, said: str
    ) -> None:
        self.limits(row.company, limit, number)
        invoice = make_invoice(row.company, "100.40")
        split = Split((Share(invoice.pk, 10_000, write_off=40),))
        with pytest.raises(RuleError, match=said):
            match_by_hand(row.pk, deed(ana), split=split)

    def test_a_short_payment_keeps_its_reason(self, row: GatewayTransaction, ana: User) -> None:
        invoice = make_invoice(row.company, "130.00")
        split = Split((Share(invoice.pk, 10_000),), short_pay_reason="damaged")
        match_by_hand(row.pk, deed(ana), split=split)
        assert Application.objects.get().short_pay_reason == "damaged"
        assert open_of(row.company, invoice) == [3_000]

    def test_documents_of_strangers_are_not_paid_together(
        self, row: GatewayTransaction, ana: User
    ) -> None:
        one, two = make_invoice(row.company, "50.00"), make_invoice(row.company, "50.00")
        split = Split((Share(one.pk, 5_000), Share(two.pk, 5_000)))
        with pytest.raises(RuleError, match="different customers"):
            match_by_hand(row.pk, deed(ana), split=split)

    def test_a_parent_pays_for_its_children(self, row: GatewayTransaction, ana: User) -> None:
        parent = make_customer(row.company, "PARENT")
        children = [make_customer(row.company, national_parent_id="PARENT") for _ in range(2)]
        one, two = (make_invoice(row.company, "50.00", customer=child) for child in children)
        split = Split((Share(one.pk, 5_000), Share(two.pk, 5_000)))
        match_by_hand(row.pk, deed(ana), split=split)
        assert Match.objects.get().customer == parent


class TestOldestAndOnAccount:
    def test_the_oldest_documents_take_what_there_is(
        self, account: MerchantAccount, ana: User
    ) -> None:
        customer = make_customer(account.company)
        late, early, disputed, middle = (
            make_invoice(account.company, "60.00", customer=customer, due_date=due, **more)
            for due, more in (
                (date(2026, 12, 1), {}), (date(2026, 9, 1), {}),
                (date(2026, 8, 1), {"in_dispute": True}), (date(2026, 10, 1), {}))
        )  # fmt: skip
        row = waiting_payment(account, "100.00")
        GatewayTransaction.objects.update(customer=customer)
        waits(row)
        apply_to_oldest(row.pk, deed(ana))
        paid = Application.objects.order_by("pk").values_list("invoice", "amount")
        assert list(paid) == [(early.pk, Decimal(60)), (middle.pk, Decimal(40))]

    def test_an_unknown_payer_has_no_oldest_document_and_no_account(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, *_ = two_ways(account)
        for act in (apply_to_oldest, leave_on_account):
            with pytest.raises(RuleError, match="link a customer first"):
                act(row.pk, deed(ana))

    def test_on_account_for_a_customer_that_was_named(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, first, _ = two_ways(account)
        leave_on_account(row.pk, deed(ana), customer_id=first.customer_id)
        assert buckets(row) == {"captured": "100.00", "unapplied": "100.00"}
        assert Match.objects.get().unapplied == 100


class TestLinking:
    def test_the_payer_is_known_and_undone_unknown_again(
        self, account: MerchantAccount, ana: User
    ) -> None:
        customer = make_customer(account.company)
        invoice = make_invoice(account.company, "100.00", customer=customer)
        row = waiting_payment(account, "100.00", gateway_customer_id="web-77")
        waits(row)
        step = link(row.pk, deed(ana), customer_id=customer.pk, remember=True)
        assert fresh(row).customer == customer
        assert buckets(row) == {"captured": "100.00", "unapplied": "100.00"}
        assert CustomerLink.objects.get().customer == customer
        best = Proposal.objects.get().card["solutions"][0]
        assert [share["document"] for share in best["shares"]] == [invoice.pk]
        undo(step.group, deed(ana), ledger_of=no_ledger)
        assert fresh(row).customer is None
        assert buckets(row) == {"captured": "100.00", "unidentified": "100.00"}
        assert not CustomerLink.objects.exists()
        assert not PayerAlias.objects.exists()
        assert prove(now=NOW).violations == []

    def test_the_next_payment_of_a_remembered_customer_is_matched_by_itself(
        self, account: MerchantAccount, ana: User
    ) -> None:
        customer = make_customer(account.company)
        row = waiting_payment(account, "100.00", gateway_customer_id="web-77")
        link(row.pk, deed(ana), customer_id=customer.pk, remember=True)
        make_invoice(account.company, "41.00", customer=customer)
        late = waiting_payment(account, "41.00", gateway_customer_id="web-77")
        match_company(account.company_id, now=NOW)
        assert not fresh(late).needs_match

    def test_a_link_made_before_is_restored(self, account: MerchantAccount, ana: User) -> None:
        old, new = make_customer(account.company), make_customer(account.company)
        row = waiting_payment(account, gateway_customer_id="web-77")
        CustomerLink.objects.create(
            merchant_account=account, gateway_customer_id="web-77", customer=old, made_by="key",
            actor="paysync", made_at=NOW,
        )  # fmt: skip
        step = link(row.pk, deed(ana), customer_id=new.pk, remember=True)
        undo(step.group, deed(ana), ledger_of=no_ledger)
        made = CustomerLink.objects.get()
        assert (made.customer, made.made_by) == (old, "key")

    def test_a_customer_of_another_company_is_refused(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row = waiting_payment(account)
        stranger = make_customer(make_merchant_account().company)
        with pytest.raises(RuleError, match="one of the customers"):
            link(row.pk, deed(ana), customer_id=stranger.pk)


class TestLearning:
    def test_a_payer_nobody_knew_is_remembered_as_a_suggestion(
        self, account: MerchantAccount, ana: User
    ) -> None:
        row, first, _ = two_ways(account, description="Order of Acme", customer_reference="AC-9")
        accept(row.pk, deed(ana))
        rows = PayerAlias.objects.filter(customer=first.customer).order_by("kind", "text")
        assert list(rows.values_list("kind", "text")) == [
            ("gateway", "AC9"), ("name", "ACMETOOLS"), ("text", "ACME")]  # fmt: skip
        assert AuditEntry.objects.filter(action="payer alias taught").exists()

    def test_a_known_payer_teaches_nothing(self, account: MerchantAccount, ana: User) -> None:
        row, first, _ = two_ways(account)
        GatewayTransaction.objects.update(customer=first.customer)
        accept(row.pk, deed(ana))
        assert not PayerAlias.objects.exists()

    def test_undo_takes_back_one_choice_not_the_choices_of_others(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        customer = make_customer(account.company)
        rows = [waiting_payment(account, billing_name="Acme Tools") for _ in range(2)]
        for row, user in zip(rows, (ben, ana), strict=True):
            leave_on_account(row.pk, deed(user), customer_id=customer.pk)
        assert PayerAlias.objects.get().times == 2
        undo(last_group(ana), deed(ana), ledger_of=no_ledger)  # type: ignore[arg-type]
        alias = PayerAlias.objects.get()
        assert (alias.times, alias.taught_by) == (1, "ben")


class TestTending:
    @pytest.fixture
    def row(self, account: MerchantAccount) -> GatewayTransaction:
        row = waiting_payment(account)
        waits(row)
        return row

    def test_parked_and_back(self, row: GatewayTransaction, ana: User) -> None:
        step = park(row.pk, deed(ana), due_on=SOON, reason=" waits for\nthe payer ")
        item = ReconcilingItem.objects.get()
        assert (item.due_on, item.park_reason) == (SOON, "waits for the payer")
        undo(step.group, deed(ana), ledger_of=no_ledger)
        item.refresh_from_db()
        assert (item.due_on, item.park_reason) == (None, "")

    def test_a_park_needs_a_reason_and_a_day_to_come(
        self, row: GatewayTransaction, ana: User
    ) -> None:
        with pytest.raises(RuleError, match="what the payment waits for"):
            park(row.pk, deed(ana), due_on=SOON, reason=" ")
        past = timezone.localdate() - timedelta(days=1)
        with pytest.raises(RuleError, match="in the past"):
            park(row.pk, deed(ana), due_on=past, reason="later")

    def test_what_a_colleague_changed_since_is_not_undone(
        self, row: GatewayTransaction, ana: User, ben: User
    ) -> None:
        step = park(row.pk, deed(ana), due_on=SOON, reason="ours")
        park(row.pk, deed(ben), due_on=SOON, reason="theirs")
        [undone] = undo(step.group, deed(ana), ledger_of=no_ledger)
        assert "Ben" in undone.problem and "theirs" in undone.problem
        assert ReconcilingItem.objects.get().park_reason == "theirs"

    def test_assigned_to_a_colleague_and_back(
        self, row: GatewayTransaction, ana: User, ben: User
    ) -> None:
        step = assign(row.pk, deed(ana), owner=ben)
        assert ReconcilingItem.objects.get().owner == ben
        undo(step.group, deed(ana), ledger_of=no_ledger)
        assert ReconcilingItem.objects.get().owner is None

    def test_set_aside_and_back(self, row: GatewayTransaction, ana: User) -> None:
        step = set_aside(row.pk, deed(ana), note="Refund follows")
        assert ReconcilingItem.objects.get().state == "resolved"
        undo(step.group, deed(ana), ledger_of=no_ledger)
        item = ReconcilingItem.objects.get()
        assert (item.state, item.resolved_at, item.resolution) == ("open", None, "")

    def test_a_note_is_kept_and_needs_words(self, row: GatewayTransaction, ana: User) -> None:
        write_note(row.pk, deed(ana), text="<b>They</b> call back")
        assert ItemNote.objects.get().author == "ana"
        for text, said in ((" ", "empty"), ("x" * 1001, "longer")):
            with pytest.raises(RuleError, match=said):
                write_note(row.pk, deed(ana), text=text)

    def test_a_payment_without_an_item_gets_one(self, account: MerchantAccount, ana: User) -> None:
        row = waiting_payment(account)
        park(row.pk, deed(ana), due_on=SOON, reason="new here")
        item = ReconcilingItem.objects.get(transaction=row)
        assert (item.reason, item.due_on) == (Reason.UNIDENTIFIED, SOON)


class TestBulk:
    def test_one_that_fails_stops_no_other(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        rows = [two_ways(account)[0] for _ in range(3)]
        accept(rows[1].pk, deed(ben))
        together = deed(ana)
        results = do_each(
            [Picked(row.pk, row.revision) for row in rows],
            lambda pk, revision: accept(pk, together, revision=revision),
        )
        assert [bool(one.problem) for one in results] == [False, True, False]
        assert "Ben" in results[1].problem
        assert WorkStep.objects.filter(group=together.group).count() == 2

    @pytest.mark.parametrize(("count", "said"), [(0, "Tick"), (201, "At most 200")])
    def test_none_and_too_many(self, db: None, count: int, said: str) -> None:
        with pytest.raises(RuleError, match=said):
            do_each([Picked(1, 0)] * count, lambda pk, revision: pytest.fail("called"))


class TestPresence:
    def test_colleagues_are_seen_for_a_minute(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        row = waiting_payment(account)
        look(row.pk, user=ana, now=NOW)
        assert look(row.pk, user=ben, now=NOW + timedelta(seconds=59)) == ["Ana"]
        assert others_at(row.pk, user=ben, now=NOW + timedelta(seconds=60)) == []
        assert others_at(row.pk, user=ana, now=NOW + timedelta(seconds=60)) == ["Ben"]

    def test_who_goes_on_to_another_payment_has_left(
        self, account: MerchantAccount, ana: User, ben: User
    ) -> None:
        one, two = waiting_payment(account), waiting_payment(account)
        look(one.pk, user=ana, now=NOW)
        look(two.pk, user=ana, now=NOW)
        assert others_at(one.pk, user=ben, now=NOW) == []


def test_a_deed_groups_what_is_done_together(ana: User) -> None:
    assert Deed(ana, NOW).group != Deed(ana, NOW).group
