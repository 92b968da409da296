"""The console: who sees what, what each page costs, and what people can do in it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer, CustomerLink
from paysync.domain.errors import RuleError
from paysync.domain.ledger import ReceiptState
from paysync.models import (
    Alert,
    AuditEntry,
    Company,
    Connection,
    InboundEvent,
    MerchantAccount,
    OutgoingCall,
    SyncRun,
)
from paysync.services.audit import record
from paysync.services.vault import reveal_secret, store_secret
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    CashAccount,
    CashReceipt,
    CompletenessCheck,
    ErpBatch,
    FiscalPeriod,
    GatewayTransaction,
    GLAccount,
    GLMapping,
    Invoice,
    JournalEntry,
    JournalLine,
    Match,
    PostingAttempt,
    ProofRun,
    ReconcilingItem,
    StateObservation,
)
from reconciliation.queries.dashboard import AGES, age_bounds, start_of
from reconciliation.services.items import assign_item, park_item, resolve_item
from reconciliation.services.mappings import activate_mapping, draft_mapping
from reconciliation.services.roles import ensure_roles

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
SECRET = "s3cret-that-must-never-show"
EVIL = "<script>alert('x')</script>"


class Books:
    """One company with everything a payment can become."""

    def __init__(self, company: Company, account: MerchantAccount) -> None:
        self.company = company
        self.account = account
        self.now = timezone.now()
        self.today = timezone.localdate()
        self.gl = self.gl_account("1020-00")
        self.cash = CashAccount.objects.create(
            company=company, erp_key="1", cash_account_id="MERCH", currency="USD",
            gl_account=self.gl, read_at=self.now,
        )  # fmt: skip
        self.customer = Customer.objects.create(
            company=company, customer_id="ACME", erp_key="1", name="Acme", read_at=self.now
        )
        self.number = 0

    def gl_account(self, number: str, **fields: Any) -> GLAccount:
        return GLAccount.objects.create(
            **({"company": self.company, "erp_key": number, "number": number,
                "formatted": number, "read_at": self.now} | fields)
        )  # fmt: skip

    def invoice(self) -> Invoice:
        tran_id = f"IN-{self.number:010d}"
        return Invoice.objects.create(
            company=self.company, customer=self.customer, erp_key=str(self.number),
            tran_id=tran_id, tran_no=tran_id[3:], tran_type=501, tran_date=self.today,
            currency="USD", total=100, balance=100, payable=100, read_at=self.now,
        )  # fmt: skip

    def event(self) -> InboundEvent:
        return InboundEvent.objects.create(
            source="poll", connection=self.account.connection, merchant_account=self.account,
            external_id=f"e{self.number}", digest=str(self.number), received_at=self.now,
            payload={"note": EVIL},
        )  # fmt: skip

    def payment(self, **fields: Any) -> GatewayTransaction:
        self.number += 1
        values = {
            "merchant_account": self.account, "company": self.company,
            "gateway_id": str(5000 + self.number), "kind": "sale", "method": "card",
            "state": "captured", "currency": "USD", "amount": Decimal("100.10"),
            "created_at": self.now, "business_date": self.today, "first_seen_at": self.now,
            "updated_at": self.now, "card_brand": "visa", "last4": "4242",
            "billing_name": "Acme",
        }  # fmt: skip
        return GatewayTransaction.objects.create(**(values | fields))

    def matched(self, state: str = ReceiptState.POSTED, **fields: Any) -> CashReceipt:
        """A payment that was matched, and its receipt in that state."""
        payment = self.payment(customer=self.customer)
        seen = self.event()
        StateObservation.objects.create(
            transaction=payment, state="captured", effect="first", event=seen, seen_at=self.now
        )
        entry = JournalEntry.objects.create(
            transaction=payment, event_key=f"capture:{payment.pk}", what="capture", at=self.now,
            on=self.today,
        )  # fmt: skip
        lines = {"captured": -payment.amount, "applied": Decimal(100), "unapplied": Decimal("0.10")}
        for bucket, amount in lines.items():
            JournalLine.objects.create(
                entry=entry, transaction=payment, bucket=bucket, currency="USD", amount=amount
            )
        match = Match.objects.create(
            transaction=payment, customer=self.customer, rule="exact", rule_version=1,
            signals=["the reference names the invoice"], sentence="It pays the invoice.",
            actor="paysync", currency="USD", applied=100, unapplied=Decimal("0.10"),
            made_at=self.now,
        )  # fmt: skip
        Application.objects.create(match=match, invoice=self.invoice(), amount=100)
        values = {
            "company": self.company, "merchant_account": self.account, "transaction": payment,
            "match": match, "customer": self.customer, "cash_account": self.cash,
            "idempotency_key": f"PT{payment.pk}", "tran_no": f"C{payment.gateway_id}",
            "comment": "PT", "currency": "USD", "amount": payment.amount,
            "tran_date": self.today, "post_date": self.today, "state": state,
            "due_at": self.now, "made_at": self.now, "posted_on": self.today,
        }  # fmt: skip
        receipt = CashReceipt.objects.create(**(values | fields))
        PostingAttempt.objects.create(
            receipt=receipt, number=1, worker="w", started_at=self.now, ended_at=self.now,
            outcome="submitted", code=1,
        )  # fmt: skip
        return receipt

    def item(self, reason: Reason = Reason.UNIDENTIFIED, **fields: Any) -> ReconcilingItem:
        payment = fields.pop("transaction", None) or self.payment(
            needs_match=True, billing_name=EVIL
        )
        values = {
            "company": self.company, "key": f"match:{payment.pk}", "reason": reason,
            "sentence": "Nobody is known by that name.", "transaction": payment,
            "currency": "USD", "amount": payment.amount, "opened_at": self.now,
        }  # fmt: skip
        return ReconcilingItem.objects.create(**(values | fields))

    def one_of_each(self) -> None:
        """At least one row on every list."""
        self.matched()
        self.matched(ReceiptState.HELD, held_because="proposal")
        self.item()
        CustomerLink.objects.create(
            merchant_account=self.account, gateway_customer_id=f"g{self.number}",
            customer=self.customer, made_by="key", actor="paysync", made_at=self.now,
        )  # fmt: skip
        ErpBatch.objects.create(
            company=self.company, erp_key=str(self.number), batch_id=f"B{self.number}",
            cash_account=self.cash, post_date=self.today, first_seen_at=self.now,
        )  # fmt: skip
        FiscalPeriod.objects.create(
            company=self.company, year="2026", period=self.number, start=self.today,
            end=self.today, is_open=True, read_at=self.now,
        )  # fmt: skip
        GLMapping.objects.create(
            company=self.company, cash_account=self.cash, gl_account=self.gl,
            valid_from=self.today, drafted_by="mia", drafted_at=self.now, version=self.number,
        )  # fmt: skip
        ProofRun.objects.create(at=self.now, seconds=1, holds=True, checked=7)
        CompletenessCheck.objects.create(
            merchant_account=self.account, day=self.today, at=self.now, listed=1, held=1,
            missing=0, late=0,
        )  # fmt: skip
        SyncRun.objects.create(job="poll", merchant_account=self.account, started_at=self.now)
        Alert.objects.create(
            code="parked", key=f"k{self.number}", message="Look here", raised_at=self.now,
            last_seen_at=self.now, connection=self.account.connection,
        )  # fmt: skip
        OutgoingCall.objects.create(
            connection=self.account.connection, what="poll", error_code="unavailable",
            message="no", at=self.now,
        )  # fmt: skip
        record("mia", "looked", self.company)


@pytest.fixture
def books(company: Company, merchant_account: MerchantAccount) -> Books:
    return Books(company, merchant_account)


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", "boss@example.com", PASSWORD)


@pytest.fixture
def as_boss(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def sign_in(role: str) -> Client:
    """A browser of a user who has just that role."""
    ensure_roles()
    user = User.objects.create_user(role.lower().replace(" ", "-"), password=PASSWORD)
    user.is_staff = True
    user.save()
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def models() -> list[type[Any]]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model: type[Any], page: str, *args: Any) -> str:
    name = f"{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(f"admin:{name}", args=args)


# --- pages ----------------------------------------------------------------------------------------


def test_every_list_page_and_form_opens(as_boss: Client, books: Books) -> None:
    books.one_of_each()
    for model in models():
        answer = as_boss.get(address(model, "changelist"))
        assert answer.status_code == 200, model
        first = model._default_manager.first()
        if first is not None:
            page = as_boss.get(address(model, "change", first.pk))
            assert page.status_code == 200, model
        add = as_boss.get(address(model, "add"))
        may_add = admin.site._registry[model].has_add_permission(answer.wsgi_request)
        assert add.status_code == (200 if may_add else 403), model


def test_a_missing_record_leads_back_and_does_not_break(as_boss: Client) -> None:
    for model in models():
        assert as_boss.get(address(model, "change", "999999")).status_code == 302, model


def test_the_lists_cost_the_same_however_many_rows(as_boss: Client, books: Books) -> None:
    def costs() -> dict[str, int]:
        found = {}
        for model in models():
            with CaptureQueriesContext(
                database,
            ) as queries:
                as_boss.get(address(model, "changelist"))
            found[model._meta.label] = len(queries)
        return found

    books.one_of_each()
    costs()
    before = costs()
    for _ in range(4):
        books.today += timedelta(days=1)
        books.one_of_each()
    assert costs() == before


def test_the_first_page_costs_the_same_however_many_rows(
    as_boss: Client, books: Books, django_assert_num_queries: Any
) -> None:
    books.one_of_each()
    with CaptureQueriesContext(database) as before:
        as_boss.get(reverse("admin:index"))
    today = books.today
    for _ in range(4):
        books.today += timedelta(days=1)
        books.one_of_each()
    books.today = today
    with django_assert_num_queries(len(before)):
        as_boss.get(reverse("admin:index"))


def test_nobody_sees_a_page_without_signing_in(client: Client, books: Books) -> None:
    pages = [reverse("admin:index"), *[address(model, "changelist") for model in models()]]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("admin:login"))


def test_signing_in_leads_to_the_first_page(client: Client, boss: User) -> None:
    where = reverse("admin:login")
    home = reverse("admin:index")
    assert f'name="next" value="{home}"' in client.get(where).content.decode()
    fields = {"username": "boss", "password": PASSWORD, "next": home}
    assert client.post(where, fields).headers["Location"] == home


def test_what_the_outside_writes_is_escaped(as_boss: Client, books: Books) -> None:
    item = books.item()
    event = books.event()
    pages = [
        address(GatewayTransaction, "changelist"),
        address(GatewayTransaction, "change", item.transaction_id),
        address(ReconcilingItem, "changelist"),
        address(ReconcilingItem, "change", item.pk),
        address(InboundEvent, "change", event.pk),
    ]
    for page in pages:
        text = as_boss.get(page).content.decode()
        assert "alert(" in text, page
        assert EVIL not in text, page


def test_a_payment_that_is_not_given_by_its_id_says_so(as_boss: Client, books: Books) -> None:
    page = address(GatewayTransaction, "change", books.payment().pk)
    assert "did not give" not in as_boss.get(page).content.decode()
    failed = books.payment(look_error=f"not found {EVIL}", looked_at=books.now)
    text = as_boss.get(address(GatewayTransaction, "change", failed.pk)).content.decode()
    assert "PayTrace did not give this payment" in text
    assert "not found &lt;" in text and EVIL not in text


# --- the first page -------------------------------------------------------------------------------


def test_an_empty_site_says_what_to_do_first(as_boss: Client) -> None:
    text = as_boss.get(reverse("admin:index")).content.decode()
    assert "Set up paysync" in text
    assert reverse("admin:paysync_connection_add") in text


def test_the_money_of_today_is_exact(as_boss: Client, books: Books) -> None:
    for _ in range(3):
        books.matched()
    books.item()
    answer = as_boss.get(reverse("admin:index"))
    (purse,) = answer.context["purses"]
    assert (purse.captured, purse.payments) == (Decimal("400.400"), 4)
    assert (purse.posted, purse.receipts) == (Decimal("300.300"), 3)
    assert (purse.waiting, purse.waiting_count) == (Decimal("100.100"), 1)
    assert "$400.40" in answer.content.decode()


def test_one_company_can_be_looked_at_alone(as_boss: Client, books: Books) -> None:
    books.matched()
    from tests.factories import make_company, make_merchant_account

    other = make_company(company_id="ZZZ", name="Other")
    Books(other, make_merchant_account(company=other)).matched()
    both = as_boss.get(reverse("admin:index")).context["purses"]
    one = as_boss.get(reverse("admin:index"), {"company": "ZZZ"}).context
    assert [purse.captured for purse in both] == [Decimal("200.200")]
    assert [purse.captured for purse in one["purses"]] == [Decimal("100.100")]
    assert one["company"] == other


def test_a_broken_proof_is_told_first(as_boss: Client, books: Books) -> None:
    books.matched()
    violation = {"invariant": 1, "name": "negative bucket", "record": "7", "message": "x"}
    proof = ProofRun.objects.create(
        at=books.now, seconds=1, holds=False, checked=7, violations=[violation]
    )
    text = as_boss.get(reverse("admin:index")).content.decode()
    assert "The books do not add up: 1 violation" in text
    assert address(ProofRun, "change", proof.pk) in text


def test_items_fall_into_the_ages_they_have(as_boss: Client, books: Books) -> None:
    for days in (0, 1, 2, 7, 8, 30, 31):
        books.item(opened_at=start_of(books.today - timedelta(days=days)))
    (row,) = as_boss.get(reverse("admin:index")).context["items"]
    assert [count for _, count in row.ages] == [2, 2, 2, 1]
    listed = as_boss.get(address(ReconcilingItem, "changelist"), {"age": "8-30"})
    assert len(listed.context["cl"].result_list) == 2


def test_the_ages_leave_no_gap_between_them() -> None:
    today = date(2026, 11, 23)
    bounds = [age_bounds(age.key, today) for age in AGES]
    for newer, older in zip(bounds, bounds[1:], strict=False):
        assert newer is not None and older is not None
        assert newer[0] == older[1]


# --- roles ----------------------------------------------------------------------------------------


def test_an_auditor_sees_everything_and_changes_nothing(books: Books) -> None:
    books.one_of_each()
    item, receipt = ReconcilingItem.objects.get(), CashReceipt.objects.get(state="held")
    event, alert = InboundEvent.objects.all()[0], Alert.objects.get()
    auditor = sign_in("Auditor")
    for seen in (GatewayTransaction, CashReceipt, ReconcilingItem, AuditEntry, Connection):
        assert auditor.get(address(seen, "changelist")).status_code == 200, seen
    for model, what, pk in [
        (ReconcilingItem, "take", item.pk),
        (ReconcilingItem, "park", item.pk),
        (ReconcilingItem, "resolve", item.pk),
        (CashReceipt, "release", receipt.pk),
        (GatewayTransaction, "unmatch", receipt.transaction_id),
        (InboundEvent, "replay", event.pk),
        (Alert, "close", alert.pk),
        (Connection, "test", books.account.connection_id),
        (GLMapping, "activate", GLMapping.objects.get().pk),
    ]:
        assert auditor.post(address(model, what, pk), {"note": "x"}).status_code == 403, what
    assert auditor.get(address(Company, "add")).status_code == 403
    page = auditor.get(address(Connection, "change", books.account.connection_id)).content.decode()
    assert 'name="secret_password"' not in page


def test_a_clerk_works_on_items_and_sees_no_connection(books: Books) -> None:
    item = books.item()
    clerk = sign_in("Finance clerk")
    assert clerk.get(address(Connection, "changelist")).status_code == 403
    account = books.account.connection_id
    assert clerk.get(address(Connection, "change", account)).status_code == 403
    assert clerk.get(address(InboundEvent, "changelist")).status_code == 403
    home = clerk.get(reverse("admin:index")).content.decode()
    assert address(Connection, "changelist") not in home
    clerk.post(address(ReconcilingItem, "take", item.pk))
    item.refresh_from_db()
    assert item.owner is not None and item.owner.username == "finance-clerk"
    release = address(CashReceipt, "release", books.matched(ReceiptState.HELD).pk)
    assert clerk.post(release).status_code == 403


def test_an_operator_sees_no_money(books: Books) -> None:
    books.matched()
    operator = sign_in("Operator")
    home = operator.get(reverse("admin:index")).content.decode()
    assert "$100.10" not in home
    assert operator.get(address(GatewayTransaction, "changelist")).status_code == 403
    assert operator.get(address(Connection, "changelist")).status_code == 200


def test_roles_can_be_ensured_twice() -> None:
    first = {group.name: group.permissions.count() for group in ensure_roles()}
    second = {group.name: group.permissions.count() for group in ensure_roles()}
    assert first == second
    assert all(first.values())
    auditor = Group.objects.get(name="Auditor")
    assert not auditor.permissions.exclude(codename__startswith="view_").exists()


# --- items ----------------------------------------------------------------------------------------


def test_an_item_is_assigned_once_and_written_down(books: Books, boss: User) -> None:
    item = books.item()
    assign_item(item.pk, owner=boss, actor="mia")
    assign_item(item.pk, owner=boss, actor="mia")
    item.refresh_from_db()
    assert item.owner == boss
    entry = AuditEntry.objects.get(action="item assigned")
    assert (entry.actor, entry.detail) == ("mia", {"from": "", "to": "boss"})


def test_an_item_is_resolved_once_with_a_note(books: Books) -> None:
    item = books.item(Reason.STATE_CONFLICT, transaction=books.matched().transaction)
    with pytest.raises(RuleError, match="note"):
        resolve_item(item.pk, actor="mia", note="  ")
    resolve_item(item.pk, actor="mia", note="PayTrace says settled.")
    item.refresh_from_db()
    assert (item.state, item.resolved_by) == ("resolved", "mia")
    with pytest.raises(RuleError, match="already"):
        resolve_item(item.pk, actor="mia", note="again")
    with pytest.raises(RuleError, match="already"):
        assign_item(item.pk, owner=None, actor="mia")
    assert AuditEntry.objects.filter(action="item resolved").count() == 1


def test_an_item_that_paysync_still_works_on_stays_open(books: Books) -> None:
    unknown = books.matched(ReceiptState.UNKNOWN)
    told = books.item(
        Reason.OUTCOME_UNKNOWN, transaction=unknown.transaction, receipt=unknown,
        key=f"receipt:{unknown.pk}",
    )  # fmt: skip
    with pytest.raises(RuleError, match="still asking"):
        resolve_item(told.pk, actor="mia", note="gone")


def test_an_item_is_not_parked_into_the_past(books: Books) -> None:
    item = books.item()
    with pytest.raises(RuleError, match="past"):
        park_item(item.pk, due_on=books.today - timedelta(days=1), actor="mia")
    park_item(item.pk, due_on=books.today, actor="mia")
    item.refresh_from_db()
    assert item.due_on == books.today


def test_a_refused_action_is_explained_on_the_page(as_boss: Client, books: Books) -> None:
    item = books.item()
    page = as_boss.post(address(ReconcilingItem, "resolve", item.pk), {"note": ""}, follow=True)
    assert "Write a note first" in page.content.decode()
    page = as_boss.post(address(ReconcilingItem, "park", item.pk), {"due_on": "soon"}, follow=True)
    assert "That is no date" in page.content.decode()
    assert as_boss.get(address(ReconcilingItem, "resolve", item.pk)).status_code == 405
    assert as_boss.post(address(ReconcilingItem, "take", 999_999)).status_code == 404


def test_the_list_shows_open_items_unless_asked(as_boss: Client, books: Books) -> None:
    books.item()
    books.item(state="resolved")
    page = address(ReconcilingItem, "changelist")
    for asked, count in ({}, 1), ({"state": "resolved"}, 1), ({"state": "all"}, 2):
        assert len(as_boss.get(page, asked).context["cl"].result_list) == count


def test_selected_items_are_assigned_to_me(as_boss: Client, books: Books, boss: User) -> None:
    items = [books.item(), books.item()]
    chosen = {"action": "take_selected", "_selected_action": [str(item.pk) for item in items]}
    as_boss.post(address(ReconcilingItem, "changelist"), chosen)
    assert ReconcilingItem.objects.filter(owner=boss).count() == 2


# --- receipts -------------------------------------------------------------------------------------


def test_an_approver_releases_a_proposed_receipt(books: Books) -> None:
    Company.objects.filter(pk=books.company.pk).update(mode="propose")
    receipt = books.matched(ReceiptState.HELD, held_because="proposal")
    approver = sign_in("Finance approver")
    page = address(CashReceipt, "change", receipt.pk)
    assert "Release to Sage 500" in approver.get(page).content.decode()
    approver.post(address(CashReceipt, "release", receipt.pk))
    receipt.refresh_from_db()
    assert receipt.state == ReceiptState.DUE
    again = approver.post(address(CashReceipt, "release", receipt.pk), follow=True)
    assert again.status_code == 200
    receipt.refresh_from_db()
    assert receipt.state == ReceiptState.DUE


def test_nothing_is_released_from_shadow(as_boss: Client, books: Books) -> None:
    receipt = books.matched(ReceiptState.HELD, held_because="shadow")
    page = as_boss.post(address(CashReceipt, "release", receipt.pk), follow=True)
    assert "shadow mode" in page.content.decode()
    receipt.refresh_from_db()
    assert receipt.state == ReceiptState.HELD


# --- connections and their secrets ----------------------------------------------------------------


def form_of(connection: Connection, **fields: str) -> dict[str, str]:
    return {
        "name": connection.name, "environment": connection.environment,
        "base_url": connection.base_url, "is_active": "on", "options": "{}",
    } | fields  # fmt: skip


def test_a_secret_is_stored_and_never_shown(as_boss: Client, connection: Connection) -> None:
    page = address(Connection, "change", connection.pk)
    as_boss.post(page, form_of(connection, secret_password=SECRET))
    assert reveal_secret(connection, "password", keys=settings.VAULT_KEYS) == SECRET
    shown = as_boss.get(page).content.decode()
    assert "Set on" in shown
    pages = [page, address(Connection, "changelist"), address(AuditEntry, "changelist")]
    pages += [address(AuditEntry, "change", entry.pk) for entry in AuditEntry.objects.all()]
    for one in pages:
        assert SECRET not in as_boss.get(one).content.decode()


def test_a_secret_is_not_shown_when_the_form_is_wrong(
    as_boss: Client, connection: Connection
) -> None:
    page = address(Connection, "change", connection.pk)
    fields = form_of(connection, base_url="http://elsewhere.example", secret_password=SECRET)
    answer = as_boss.post(page, fields)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "https://" in text and SECRET not in text


def test_an_empty_field_keeps_the_secret(as_boss: Client, connection: Connection) -> None:
    store_secret(connection, "password", SECRET, keys=settings.VAULT_KEYS, actor="boss")
    as_boss.post(address(Connection, "change", connection.pk), form_of(connection, name="New"))
    connection.refresh_from_db()
    assert connection.name == "New"
    assert reveal_secret(connection, "password", keys=settings.VAULT_KEYS) == SECRET


def test_secrets_do_not_follow_a_connection_to_another_address(
    as_boss: Client, connection: Connection
) -> None:
    store_secret(connection, "password", SECRET, keys=settings.VAULT_KEYS, actor="boss")
    fields = form_of(connection, base_url="https://evil.example")
    answer = as_boss.post(address(Connection, "change", connection.pk), fields)
    assert "The address changed" in answer.content.decode()
    connection.refresh_from_db()
    assert "evil" not in connection.base_url


def test_a_new_connection_asks_for_its_credentials_next(as_boss: Client) -> None:
    fields = {
        "name": "Sage", "slug": "sage", "kind": "sage500_http_api", "environment": "sandbox",
        "base_url": "https://sage.example", "is_active": "on", "options": "{}",
    }  # fmt: skip
    answer = as_boss.post(address(Connection, "add"), fields, follow=True)
    text = answer.content.decode()
    assert 'name="secret_api_key"' in text
    assert 'name="secret_password"' not in text


@pytest.mark.parametrize(
    ("kind", "url", "complaint"),
    [
        ("sage500_http_api", "", "needs its address"),
        ("sage500_sqlserver", "https://erp.example", "has no address"),
        ("sage500_manual", "", ""),
    ],
)
def test_an_address_is_given_where_there_is_one(
    as_boss: Client, kind: str, url: str, complaint: str
) -> None:
    fields = {"name": "Sage", "slug": "sage-x", "kind": kind, "environment": "sandbox",
              "base_url": url, "options": "{}", "is_active": "on"}  # fmt: skip
    text = as_boss.post(address(Connection, "add"), fields, follow=True).content.decode()
    assert (complaint in text) if complaint else Connection.objects.filter(kind=kind).exists()


def test_testing_a_connection_queues_the_check(as_boss: Client, connection: Connection) -> None:
    from django_q.models import OrmQ

    as_boss.post(address(Connection, "test", connection.pk))
    (message,) = OrmQ.objects.all()
    assert message.func() == "paysync.tasks.check_connection"


def test_a_schedule_runs_only_jobs_of_ours(as_boss: Client) -> None:
    fields = {
        "name": "x", "func": "os.system", "schedule_type": "I", "minutes": "5", "repeats": "-1",
        "next_run_0": "2026-11-23", "next_run_1": "10:00:00",
    }  # fmt: skip
    from django_q.models import Schedule

    answer = as_boss.post(address(Schedule, "add"), fields)
    assert answer.status_code == 200
    assert not Schedule.objects.filter(name="x").exists()


def test_a_parked_event_can_be_replayed(as_boss: Client, books: Books) -> None:
    event = books.event()
    InboundEvent.objects.filter(pk=event.pk).update(state="parked", attempts=8)
    as_boss.post(address(InboundEvent, "replay", event.pk))
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("received", 0)


def test_an_alert_is_closed_by_a_person(as_boss: Client, books: Books) -> None:
    books.one_of_each()
    alert = Alert.objects.get()
    as_boss.post(address(Alert, "close", alert.pk))
    alert.refresh_from_db()
    assert alert.closed_by == "boss"


# --- GL mappings ----------------------------------------------------------------------------------


def draft(books: Books, **fields: Any) -> GLMapping:
    values = {
        "company": books.company, "merchant_account": None, "kind": GLMapping.Kind.SALE,
        "card_brand": "", "cash_account": books.cash, "gl_account": books.gl,
        "valid_from": books.today, "actor": "mia",
    }  # fmt: skip
    return draft_mapping(**(values | fields))


def test_the_drafter_does_not_activate(books: Books) -> None:
    mapping = draft(books)
    with pytest.raises(RuleError, match="other than"):
        activate_mapping(mapping.pk, actor="mia")
    activate_mapping(mapping.pk, actor="boss")
    with pytest.raises(RuleError, match="already"):
        activate_mapping(mapping.pk, actor="boss")


def test_a_new_version_ends_the_one_before(books: Books) -> None:
    first = activate_mapping(draft(books).pk, actor="boss")
    starts = books.today + timedelta(days=5)
    second = activate_mapping(draft(books, valid_from=starts).pk, actor="boss")
    first.refresh_from_db()
    assert (first.ended_on, second.version) == (starts, 2)


def test_accounts_that_do_not_fit_are_refused(books: Books) -> None:
    other = books.gl_account("6400-00")
    with pytest.raises(RuleError, match="Choose that one"):
        draft(books, gl_account=other)
    CashAccount.objects.filter(pk=books.cash.pk).update(is_active=False)
    books.cash.refresh_from_db()
    with pytest.raises(RuleError, match="inactive"):
        draft(books)
    CashAccount.objects.filter(pk=books.cash.pk).update(is_active=True, currency="CAD")
    books.cash.refresh_from_db()
    with pytest.raises(RuleError, match="CAD"):
        draft(books, merchant_account=books.account)


def test_a_mapping_is_drafted_in_the_form_and_activated_by_another(
    as_boss: Client, books: Books
) -> None:
    fields = {
        "company": books.company.pk, "merchant_account": "", "kind": "sale", "card_brand": "visa",
        "cash_account": books.cash.pk, "gl_account": "", "valid_from": "2026-11-01",
    }  # fmt: skip
    as_boss.post(address(GLMapping, "add"), fields)
    mapping = GLMapping.objects.get()
    assert (mapping.gl_account, mapping.drafted_by, mapping.version) == (books.gl, "boss", 1)
    refused = as_boss.post(address(GLMapping, "activate", mapping.pk), follow=True)
    assert "has to activate it" in refused.content.decode()
    sign_in("Finance admin").post(address(GLMapping, "activate", mapping.pk))
    mapping.refresh_from_db()
    assert mapping.activated_by == "finance-admin"


def test_the_form_tells_which_accounts_sage_has(as_boss: Client, books: Books) -> None:
    chosen = {"cash_account": str(books.cash.pk), "gl_account": "", "kind": "sale"}
    text = as_boss.get(reverse("admin:reconciliation_glmapping_check"), chosen).content.decode()
    assert "Sage 500 has this cash account" in text
    assert "Sage 500 has this GL account" in text


# --- Sage 500 on SQL Server -----------------------------------------------------------------------


def test_site_settings_are_shown_with_how_sure_they_are(as_boss: Client) -> None:
    sage = Connection.objects.create(
        slug="sage", name="Sage", kind="sage500_sqlserver", options={"site": {"BatchType": "599"}}
    )
    text = as_boss.get(address(Connection, "change", sage.pk)).content.decode()
    assert "PaymentKeyName" in text and "inferred" in text and "instead of 503" in text


@pytest.mark.parametrize(
    "site", ['{"BatchType": "503; DROP TABLE x"}', '{"Nonsense": "1"}', '["BatchType"]']
)
def test_a_site_setting_of_another_form_is_refused(as_boss: Client, site: str) -> None:
    sage = Connection.objects.create(slug="sage", name="Sage", kind="sage500_sqlserver")
    fields = form_of(sage, base_url="", options=f'{{"site": {site}}}')
    answer = as_boss.post(address(Connection, "change", sage.pk), fields)
    sage.refresh_from_db()
    assert answer.status_code == 200 and sage.options == {}


# --- Sage 500 by files and by hand ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sage500_flat_file", "sage500_manual"])
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ('{"desk": {"max_write_off": 5}}', "desk.max_write_off"),
        ('{"desk": {"close_after": 15}}', "desk.close_after"),
        ('{"files": {"delimiter": "ab"}}', "files.delimiter"),
        ('{"files": {"columns": {"bills": {"balance": "Open"}}}}', "bills"),
        ('{"files": {"columns": {"invoices": {"saldo": "Open"}}}}', "saldo"),
        ('{"files": {"partial": ["customer"]}}', "files.partial"),
        ('{"files": {"date_format": "%Q-%m"}}', "files.date_format"),
        ('{"files": {"date_format": "%m/%d"}}', "files.date_format"),
        ('{"file": {"delimiter": ";"}}', "&quot;file&quot;"),
    ],
)
def test_an_option_of_files_that_could_not_be_used_is_refused_at_once(
    as_boss: Client, kind: str, options: str, complaint: str
) -> None:
    fields = {"name": "Sage", "slug": "sage-x", "kind": kind, "environment": "sandbox",
              "base_url": "", "options": options, "is_active": "on"}  # fmt: skip
    text = as_boss.post(address(Connection, "add"), fields).content.decode()
    assert complaint in text and "the option" in text
    assert not Connection.objects.filter(slug="sage-x").exists()


def test_options_of_files_that_can_be_used_are_kept(as_boss: Client) -> None:
    desk = Connection.objects.create(slug="desk", name="Sage", kind="sage500_flat_file")
    files = '{"delimiter": ";", "date_format": "%d.%m.%Y", "partial": ["customers"], '
    files += '"columns": {"invoices": {"balance": "Open amount"}}}'
    as_boss.post(
        address(Connection, "change", desk.pk),
        form_of(desk, base_url="", options=f'{{"files": {files}}}'),
    )
    desk.refresh_from_db()
    assert desk.options["files"]["date_format"] == "%d.%m.%Y"
    refused = as_boss.post(
        address(Connection, "change", desk.pk),
        form_of(desk, base_url="", options='{"files": {"delimiter": ""}}'),
    )
    desk.refresh_from_db()
    assert "files.delimiter" in refused.content.decode() and desk.options["files"]
