"""Papers, reports and reminders of disputes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from paysync.domain.errors import ConflictError, RecordError, RuleError
from paysync.models import Alert, AuditEntry, MerchantAccount
from reconciliation.domain.disputes.report import Layout, read_sheet
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, DisputeDocument, GatewayTransaction, RefundRequest
from reconciliation.services import disputing
from reconciliation.services.disputing import documents
from reconciliation.services.proof import prove
from tests.choosing import buckets
from tests.disputes import LATER, NOW, disputed, turned
from tests.integration.sage_company import pay
from tests.refunds import ask
from tests.workbench import person

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 proof of delivery"
COLUMNS = {"case_number": "Case", "gateway_reference": "Payment", "amount": "Amount",
           "opened_on": "Day", "state": "State"}  # fmt: skip
LAYOUT = Layout(COLUMNS)


@pytest.fixture
def clara(db: None) -> User:
    return person("clara")


@pytest.fixture
def arthur(db: None) -> User:
    return person("arthur", "Finance approver")


@pytest.fixture
def payment(account: MerchantAccount) -> GatewayTransaction:
    [row] = pay(account, 1)
    return row


def report(*rows: str) -> bytes:
    return "\n".join(("Case,Payment,Amount,Day,State", *rows, "")).encode()


class TestPapers:
    def test_a_paper_is_kept_once_and_read_by_who_may(
        self, payment: GatewayTransaction, clara: User, tmp_path: Path
    ) -> None:
        case = disputed(payment, clara)
        made = disputing.add_document(
            case.pk, "proof.pdf", PDF, folder=tmp_path, user=clara, now=NOW
        )
        again = disputing.add_document(
            case.pk, "proof (1).pdf", PDF, folder=tmp_path, user=clara, now=NOW
        )
        assert again == made and len(list(tmp_path.iterdir())) == 1
        [file] = tmp_path.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600 and "proof" not in file.name
        row, content = disputing.read_document(made.pk, folder=tmp_path, user=clara, now=NOW)
        assert (row, content) == (made, PDF)
        assert AuditEntry.objects.filter(action="dispute document read", actor="clara").exists()

    def test_who_may_not(self, payment: GatewayTransaction, clara: User, tmp_path: Path) -> None:
        case = disputed(payment, clara)
        operator = person("otto", "Operator")
        with pytest.raises(PermissionDenied):
            disputing.add_document(case.pk, "a.pdf", PDF, folder=tmp_path, user=operator, now=NOW)
        made = disputing.add_document(case.pk, "a.pdf", PDF, folder=tmp_path, user=clara, now=NOW)
        with pytest.raises(PermissionDenied):
            disputing.read_document(made.pk, folder=tmp_path, user=operator, now=NOW)

    def test_a_paper_that_was_changed_or_is_gone_is_not_given_out(
        self, payment: GatewayTransaction, clara: User, tmp_path: Path
    ) -> None:
        case = disputed(payment, clara)
        made = disputing.add_document(case.pk, "a.pdf", PDF, folder=tmp_path, user=clara, now=NOW)
        file = tmp_path / made.stored_as
        file.write_bytes(PDF + b"!")
        with pytest.raises(RecordError, match="not the document that was kept"):
            disputing.read_document(made.pk, folder=tmp_path, user=clara, now=NOW)
        file.unlink()
        with pytest.raises(RecordError, match="any more"):
            disputing.read_document(made.pk, folder=tmp_path, user=clara, now=NOW)

    def test_limits(
        self,
        payment: GatewayTransaction,
        clara: User,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        case = disputed(payment, clara)
        with pytest.raises(RuleError, match="no PDF"):
            disputing.add_document(
                case.pk, "setup.pdf", b"MZ\x90", folder=tmp_path, user=clara, now=NOW
            )
        monkeypatch.setattr(documents, "MOST_DOCUMENTS", 1)
        disputing.add_document(case.pk, "a.pdf", PDF, folder=tmp_path, user=clara, now=NOW)
        with pytest.raises(RuleError, match="1 papers at most"):
            disputing.add_document(
                case.pk, "b.pdf", PDF + b"2", folder=tmp_path, user=clara, now=NOW
            )
        blocked = tmp_path / "file"
        blocked.write_text("")
        monkeypatch.setattr(documents, "MOST_DOCUMENTS", 9)
        with pytest.raises(RuleError, match="the disk said no"):
            disputing.add_document(
                case.pk, "c.pdf", PDF + b"3", folder=blocked, user=clara, now=NOW
            )
        assert DisputeDocument.objects.count() == 1


class TestReports:
    def take(self, payment: GatewayTransaction, user: User, *rows: str) -> str:
        sheet = read_sheet(report(*rows))
        return str(disputing.take_report(payment.company, sheet, LAYOUT, user=user, now=NOW))

    def test_a_report_opens_cases_once_and_moves_them_on(
        self, payment: GatewayTransaction, arthur: User
    ) -> None:
        row = f"A1,{payment.gateway_id},{payment.amount:.2f},2026-11-19,open"
        assert self.take(payment, arthur, row) == "1 opened, 0 moved on, 0 known already"
        assert self.take(payment, arthur, row) == "0 opened, 0 moved on, 1 known already"
        won = row.replace("open", "won")
        assert self.take(payment, arthur, won) == "0 opened, 1 moved on, 0 known already"
        assert buckets(payment)["applied"] == f"{payment.amount:.2f}"
        assert self.take(payment, arthur, row) == "0 opened, 0 moved on, 1 known already"
        lost = row.replace("open", "lost")
        assert self.take(payment, arthur, lost) == "0 opened, 1 moved on, 0 known already"
        assert buckets(payment)["charged_back"] == f"{payment.amount:.2f}"
        assert Dispute.objects.count() == 1 and prove(now=LATER).violations == []
        remembered = disputing.layout_of(payment.company)
        assert remembered is not None and remembered.columns == COLUMNS

    def test_a_file_with_a_bad_row_changes_nothing(
        self, payment: GatewayTransaction, arthur: User
    ) -> None:
        good = f"A1,{payment.gateway_id},1.00,2026-11-19,open"
        with pytest.raises(RuleError, match="Nothing was taken. Line 3, Amount: 'x' is no amount"):
            self.take(payment, arthur, good, "A2,1,x,2026-11-19,open")
        assert not Dispute.objects.exists()
        assert disputing.layout_of(payment.company) is None

    def test_a_row_that_does_not_fit_holds_up_no_other(
        self, payment: GatewayTransaction, arthur: User
    ) -> None:
        much = f"A1,{payment.gateway_id},9999999.00,2026-11-19,open"
        stranger = "A2,123,1.00,2026-11-19,open"
        good = f"A3,{payment.gateway_id},1.00,2026-11-19,open"
        sheet = read_sheet(report(much, stranger, good))
        taken = disputing.take_report(payment.company, sheet, LAYOUT, user=arthur, now=NOW)
        assert str(taken) == "2 opened, 0 moved on, 0 known already, 1 rows not taken"
        [(line, _, why)] = taken.problems
        assert line == 2 and "more than the payment" in why

    def test_a_clerk_opens_but_ends_no_case(self, payment: GatewayTransaction, clara: User) -> None:
        row = f"A1,{payment.gateway_id},1.00,2026-11-19,open"
        self.take(payment, clara, row)
        told = self.take(payment, clara, row.replace("open", "won"))
        assert told == "0 opened, 0 moved on, 0 known already, 1 rows not taken"
        with pytest.raises(PermissionDenied):
            self.take(payment, person("audrey", "Auditor"), row)

    def test_another_amount_is_told(self, payment: GatewayTransaction, clara: User) -> None:
        row = f"A1,{payment.gateway_id},1.00,2026-11-19,open"
        self.take(payment, clara, row)
        assert "1 rows not taken" in self.take(payment, clara, row.replace("1.00", "2.00"))


class TestReminders:
    def test_each_step_is_told_once_and_closed_when_done(
        self, payment: GatewayTransaction, clara: User
    ) -> None:
        case = disputed(payment, clara, evidence_due_on=NOW.date() + timedelta(days=14))
        told = [disputing.remind(now=NOW + timedelta(days=day)) for day in range(19)]
        assert sum(told) == 5 and told[0] == 0  # five, two, one, none left, passed
        alert = Alert.objects.get(code="dispute_due", closed_at__isnull=True)
        assert alert.times == 5 and "has passed" in alert.message
        turned(case, clara, DisputeState.SUBMITTED)
        assert disputing.remind(now=NOW + timedelta(days=20)) == 0
        assert not Alert.objects.filter(code="dispute_due", closed_at__isnull=True).exists()


class TestWithRefunds:
    def test_nothing_can_be_asked_for_while_a_case_is_open(
        self, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        case = disputed(payment, clara)
        with pytest.raises(RuleError, match=r"charged back"):
            ask(payment, "1.00", clara)
        turned(case, arthur, DisputeState.WON)
        assert ask(payment, "1.00", clara).pk

    def test_what_a_refund_under_way_takes_is_taken_later_if_it_fails(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User
    ) -> None:
        request = ask(payment, "5.00", clara)
        RefundRequest.objects.filter(pk=request.pk).update(state="unknown")
        case = disputed(payment, clara)
        assert buckets(payment)["charged_back"] == f"{payment.amount - 5:.2f}"
        assert disputing.take_missing(account.company_id, now=NOW) == 0
        RefundRequest.objects.filter(pk=request.pk).update(state="failed")
        assert disputing.take_missing(account.company_id, now=NOW) == 1
        case.refresh_from_db()
        assert case.taken == payment.amount and prove(now=LATER).violations == []

    def test_a_second_case_takes_what_the_first_gives_back(
        self, account: MerchantAccount, payment: GatewayTransaction, clara: User, arthur: User
    ) -> None:
        first, second = disputed(payment, clara), disputed(payment, clara)
        turned(first, arthur, DisputeState.WON)
        assert disputing.take_missing(account.company_id, now=NOW) == 1
        assert buckets(payment)["charged_back"] == f"{payment.amount:.2f}"
        turned(second, arthur, DisputeState.WON)
        assert buckets(payment)["applied"] == f"{payment.amount:.2f}"
        assert prove(now=LATER).violations == []

    def test_a_case_that_was_linked_meanwhile_is_not_linked_twice(
        self, payment: GatewayTransaction, clara: User
    ) -> None:
        case = disputed(payment, clara)
        with pytest.raises(ConflictError):
            disputing.name_payment(case.pk, payment.gateway_id, user=clara, now=NOW)
