"""The dispute pages: who sees what, who may do what, and the report in two steps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.models import MerchantAccount
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, DisputeDocument, GatewayTransaction
from tests.books import make_customer, make_invoice
from tests.choosing import buckets, choose, waiting_payment
from tests.disputes import claim, disputed
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reconciliation_dispute_changelist")
REPORT = reverse("admin:dispute_report")
ROLES = ("Finance clerk", "Finance approver", "Finance admin", "Auditor", "Operator")
SEE = set(ROLES) - {"Operator"}
WORK = SEE - {"Auditor"}
DECIDE = WORK - {"Finance clerk"}
PDF = b"%PDF-1.7 signed delivery note"


@pytest.fixture(autouse=True)
def papers(settings: Any, tmp_path: Path) -> Path:
    settings.DOCUMENTS_DIR = tmp_path
    return tmp_path


@pytest.fixture
def row(account: MerchantAccount) -> GatewayTransaction:
    customer = make_customer(account.company)
    made = waiting_payment(account, gateway_customer_id=customer.customer_id)
    choose(made, make_invoice(account.company, "100.00", customer=customer))
    return made


@pytest.fixture
def case(row: GatewayTransaction) -> Dispute:
    return disputed(row, person("opener"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def new(row: GatewayTransaction) -> str:
    return f"{reverse('admin:dispute_new')}?payment={row.pk}"


def act(case: Dispute, name: str = "change") -> str:
    return reverse(f"admin:reconciliation_dispute_{name}", args=[case.pk])


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def form(row: GatewayTransaction, **more: str) -> dict[str, str]:
    told = claim(row)
    return {
        "case_number": told.case_number,
        "amount": f"{told.amount.amount}",
        "opened_on": f"{timezone.localdate()}",
        "brand": "visa",
        "reason_code": "10.4",
    } | more


def test_a_case_is_opened_on_the_payments_page(row: GatewayTransaction) -> None:
    clerk = signed_in(person("clara"))
    page = reverse("admin:reconciliation_gatewaytransaction_change", args=[row.pk])
    assert "Dispute …" in text(clerk.get(page))
    shown = text(clerk.get(new(row)))
    assert "every document that this payment paid is open again" in shown
    assert "Mastercard</option>" in shown
    answer = clerk.post(new(row), form(row, fee="25.00"), follow=True)
    shown = text(answer)
    assert "Other fraud: card absent" in shown and "Fee of 25.00 USD" in shown
    assert "by the mapping of payments: none is for Chargeback." in shown
    assert "our estimate" in shown and "These documents are open again" in shown
    case = Dispute.objects.get()
    assert buckets(row)["charged_back"] == "100.00" and case.source == "manual"
    assert case.case_number in text(clerk.get(page)) and case.case_number in text(clerk.get(LIST))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"amount": "abc"}, "is no amount"),
        ({"amount": "100.01"}, "more than the payment"),
        ({"amount": "0"}, "more than zero"),
        ({"amount": "9" * 29}, "is no amount"),
        ({"opened_on": "yesterday"}, "no date"),
        ({"evidence_due_on": "2999-01-01"}, "no deadline"),
        ({"case_number": "<script>"}, "case number"),
        ({"fee": "-1"}, "not less than zero"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    row: GatewayTransaction, wrong: dict[str, str], why: str
) -> None:
    clerk = signed_in(person("clara"))
    page = text(clerk.post(new(row), form(row, reason_code="13.1") | wrong))
    assert why in page and 'value="13.1"' in page and '<script>"' not in page
    assert not Dispute.objects.exists()


def test_a_payment_that_is_not_there(row: GatewayTransaction) -> None:
    clerk = signed_in(person("clara"))
    for key in ("", "abc", "99999999", "9" * 30):
        text(clerk.get(f"{reverse('admin:dispute_new')}?payment={key}"), 404)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(role: str, row: GatewayTransaction, case: Dispute, papers: Path) -> None:
    client = signed_in(person("who", role))
    seen = 200 if role in SEE else 403
    assert client.get(LIST).status_code == seen
    assert client.get(act(case)).status_code == (200 if role in SEE else 403)
    works = 302 if role in WORK else 403
    assert client.get(new(row)).status_code == (200 if role in WORK else 403)
    assert client.get(REPORT).status_code == (200 if role in WORK else 403)
    posts: dict[str, dict[str, Any]] = {
        "note": {"text": "called"}, "answer": {"text": "delivered"}, "fee": {"fee": "25.00"},
        "deadline": {"due": "2026-12-10"}, "owner": {"owner": ""},
        "payment": {"gateway_id": "1"}, "state": {"state": "submitted"},
        "paper": {"file": SimpleUploadedFile("a.pdf", PDF)},
    }  # fmt: skip
    for name, data in posts.items():
        assert client.post(act(case, name), data).status_code == works, name
    client.post(act(case, "state"), {"state": "won"})
    case.refresh_from_db()
    expected = "won" if role in DECIDE else "submitted" if role in WORK else "opened"
    assert case.state == expected
    document = DisputeDocument.objects.first()
    if document is not None:
        download = reverse("admin:dispute_paper", args=[document.pk])
        assert client.get(download).status_code == seen


def test_papers_are_only_ever_downloads(case: Dispute) -> None:
    clerk = signed_in(person("clara"))
    name = 'proof"\u202e<b>.pdf'
    clerk.post(act(case, "paper"), {"file": SimpleUploadedFile(name, PDF)})
    document = DisputeDocument.objects.get()
    answer = clerk.get(reverse("admin:dispute_paper", args=[document.pk]))
    assert answer.content == PDF and answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Client().get(reverse("admin:dispute_paper", args=[document.pk])).status_code == 302
    assert clerk.get(reverse("admin:dispute_paper", args=[9999])).status_code == 404


def test_an_executable_by_another_name_is_refused(case: Dispute) -> None:
    clerk = signed_in(person("clara"))
    file = SimpleUploadedFile("invoice.pdf", b"MZ\x90\x00")
    page = text(clerk.post(act(case, "paper"), {"file": file}, follow=True))
    assert "is no PDF, PNG, JPEG or TIFF, whatever its name says" in page
    assert "Choose a file first" in text(clerk.post(act(case, "paper"), {}, follow=True))
    assert not DisputeDocument.objects.exists()


def test_somebody_was_quicker(case: Dispute) -> None:
    ann = signed_in(person("ann", "Finance approver"))
    seen = Dispute.objects.get(pk=case.pk).revision
    ann.post(act(case, "note"), {"text": "called the bank"})
    page = text(ann.post(act(case, "state"), {"state": "won", "revision": seen}, follow=True))
    assert "The case was changed meanwhile by ann: called the bank" in page
    assert Dispute.objects.get().state == DisputeState.OPENED


def upload(row: GatewayTransaction, *more: str) -> SimpleUploadedFile:
    day = f"{timezone.localdate():%m/%d/%Y}"
    head = "Case Number,Transaction ID,Amount,Date,Status"
    lines = (head, f"A1,{row.gateway_id},100.00,{day},open", *more, "")
    return SimpleUploadedFile("report.csv", "\n".join(lines).encode())


def hidden(page: str) -> dict[str, str]:
    """The form as a browser would send it again."""
    found = {"content": str(re.search(r'name="content" value="([^"]+)"', page)[1])}  # type: ignore[index]
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', page):
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", options)
        if chosen:
            found[name] = chosen[1] if chosen[1] is not None else chosen[2]
    return found


def test_a_report_is_looked_at_then_taken_in_and_its_columns_are_remembered(
    row: GatewayTransaction,
) -> None:
    clerk = signed_in(person("clara"))
    company = str(row.company_id)
    page = text(clerk.post(REPORT, {"company": company, "file": upload(row)}))
    assert "is no day like 2026-11-23" in page and "Take 1 row" not in page
    again = hidden(page) | {"company": company, "date_format": "%m/%d/%Y", "do": "look"}
    assert again["column_case_number"] == "Case Number"
    page = text(clerk.post(REPORT, again))
    assert "Take 1 row in" in page and not Dispute.objects.exists()
    page = text(clerk.post(REPORT, hidden(page) | {"company": company, "do": "take"}))
    assert "1 opened, 0 moved on, 0 known already" in page
    assert Dispute.objects.get().source == "file" and buckets(row)["charged_back"] == "100.00"
    page = text(clerk.post(REPORT, {"company": company, "file": upload(row)}))
    assert "Take 1 row in" in page  # the columns and the days are remembered


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "Choose a company"),
        ({"company": "9" * 30}, "Choose a company"),
        ({"company": "ok"}, "Choose a file first"),
        ({"company": "ok", "content": "%%%"}, "Choose the file again"),
        ({"company": "ok", "file": SimpleUploadedFile("a.csv", b"\x00")}, "zero bytes"),
        ({"company": "ok", "file": SimpleUploadedFile("a.csv", b"x" * 1_048_577)}, "1 MB"),
    ],
)
def test_what_is_no_report_is_said(row: GatewayTransaction, data: dict[str, Any], why: str) -> None:
    clerk = signed_in(person("clara"))
    if data.get("company") == "ok":
        data = data | {"company": str(row.company_id)}
    assert why in text(clerk.post(REPORT, data))


def test_the_list_asks_the_same_for_many(row: GatewayTransaction) -> None:
    ann = person("ann", "Finance approver")
    client = signed_in(ann)

    def count() -> int:
        with CaptureQueriesContext(database) as seen:
            text(client.get(LIST))
        return len(seen)

    disputed(row, ann, "1.00")
    few = count()
    for _ in range(12):
        disputed(row, ann, "1.00")
    assert count() <= few + 1


def test_a_page_that_is_not_there_says_so() -> None:
    client = signed_in(person("ann", "Finance approver"))
    answer = client.get(reverse("admin:reconciliation_dispute_change", args=[404]), follow=True)
    assert answer.status_code in {200, 404}
