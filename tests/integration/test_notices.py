"""Notices by e-mail, over a mail server on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from paysync import tasks
from paysync.models import Alert, MerchantAccount, Notice
from paysync.services.notices import GIVE_UP_AFTER, LEASE, claim, notify, send_due, waiting
from reconciliation.models import GatewayTransaction, RefundPolicy
from reconciliation.services import disputing
from reconciliation.services.refunding import approve, reject
from reconciliation.services.refunding.answers import note_unknown
from reconciliation.services.refunding.telling import tell_approvers
from tests.choosing import waiting_payment
from tests.disputes import disputed
from tests.mail_server import MailServer
from tests.notices import note, post_at, send, user
from tests.refunds import NOW, ask
from tests.workbench import account, person
from tests.workers import in_threads

__all__ = ["account"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def row(account: MerchantAccount) -> GatewayTransaction:
    return waiting_payment(account)


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("pk").values_list("recipient__username", "subject"))


def test_approvers_hear_of_a_request_and_whoever_asked_of_its_end(
    server: MailServer, row: GatewayTransaction
) -> None:
    ann, bea = user("ann"), user("bea")
    person("mute", "Finance approver")  # without an address
    clara = user("clara", "Finance clerk")
    request = ask(row, "40.00", ann)
    assert told() == [("bea", "A refund of 40.00 USD waits for approval")]
    reject(request.pk, user=bea, now=NOW, note="no receipt")
    assert told()[1] == ("ann", "The refund of 40.00 USD is rejected")
    assert send(server) == 2 and waiting() == 0 and send(server) == 0
    first, second = server.mails
    assert first["To"] == "bea@example.com" and "waits for approval" in first["Subject"]
    link = f"https://console.example.com/reconciliation/refundrequest/{request.pk}/change/"
    assert link in first.get_payload() and "no receipt" in second.get_payload()
    assert first["Message-ID"] == f"<paysync-notice-{Notice.objects.earliest('pk').pk}@example.com>"
    assert clara.notices.count() == 0


def test_a_second_approver_hears_when_the_first_has_agreed(row: GatewayTransaction) -> None:
    RefundPolicy.objects.create(company=row.company, one_up_to="1.00")
    ann, bea, cleo = user("ann"), user("bea"), user("cleo")
    request = ask(row, "40.00", person("clara"))
    assert len(told()) == 3
    approve(request.pk, user=ann, now=NOW)
    again = Notice.objects.filter(key=f"refund:{request.pk}:second approval")
    assert {one.recipient for one in again} == {bea, cleo}


def test_an_unknown_outcome_is_told_to_approvers_too_and_of_each_try(
    row: GatewayTransaction,
) -> None:
    ann, bea = user("ann"), user("bea")
    request = ask(row, "40.00", user("clara", "Finance clerk"))
    approve(request.pk, user=ann, now=NOW)
    Notice.objects.all().delete()
    for tries in (1, 2):
        request.state, request.attempts_made = "sending", tries
        note_unknown(request, "no answer", NOW)
        note_unknown(request, "still no answer", NOW)
        assert len(told()) == 3 * tries
    subject = "The refund of 40.00 USD is not known to be made"
    assert set(told()) == {("clara", subject), (ann.username, subject), (bea.username, subject)}


def test_every_approver_is_told_with_a_bounded_number_of_queries(row: GatewayTransaction) -> None:
    admins = [
        User(username=f"u{n}", email=f"u{n}@example.com", is_superuser=True) for n in range(500)
    ]
    User.objects.bulk_create(admins)
    request = ask(row, "40.00", person("clara"))
    Notice.objects.all().delete()
    with CaptureQueriesContext(connection) as seen:
        tell_approvers(request, NOW)
    assert Notice.objects.count() == 500 and len(seen.captured_queries) <= 12


def test_the_owner_of_a_case_hears_of_its_deadline(row: GatewayTransaction) -> None:
    ann = user("ann")
    user("bea")
    case = disputed(row, ann, evidence_due_on=NOW.date() + timedelta(days=4))
    disputing.set_owner(case.pk, ann, user=ann, now=NOW)
    assert disputing.remind(now=NOW) == 1
    [(name, subject)] = told()
    assert name == "ann" and subject == f"Evidence in Dispute {case.case_number} is due 2026-11-24"


def test_a_notice_goes_with_its_change_or_not_at_all(db: None) -> None:
    ann = user("ann")
    with pytest.raises(RuntimeError), transaction.atomic():
        note(ann)
        raise RuntimeError
    assert not Notice.objects.exists()
    assert (note(ann), note(ann)) == (1, 0)


def test_card_data_and_line_breaks_never_leave(server: MailServer) -> None:
    ann = user("ann")
    notify(
        [ann],
        key="k",
        subject="A\r\nBcc: all@example.com 4111 1111 1111 1111",
        text="card 4111111111111111",
        path="",
        now=NOW,
    )
    send(server)
    [mail] = server.mails
    assert mail["Bcc"] is None and "4111" not in mail.as_string()


def test_a_dead_server_loses_nothing(server: MailServer) -> None:
    ann = user("ann")
    assert note(ann) + note(ann, key="l") == 2
    with MailServer() as gone:
        port = gone.port
    assert send_due(post_at(port), lambda: NOW) == 0
    first = Notice.objects.earliest("pk")
    assert first.last_error and first.due_at > NOW and Notice.objects.latest("pk").attempts == 0
    assert send(server, NOW + timedelta(minutes=2)) == 2
    assert not Notice.objects.exclude(last_error="").exists()


def test_a_refused_address_holds_up_no_other(server: MailServer) -> None:
    ann, bea = user("ann"), user("bea")
    server.refusals = {ann.email: 550, bea.email: 451}
    note(ann, bea, user("cleo"))
    send(server)
    assert Notice.objects.get(recipient=ann).given_up_at is not None
    alert = Alert.objects.get(code="mail_failing", closed_at=None)
    assert ann.email in alert.message
    server.refusals = {}
    assert send(server, NOW + timedelta(minutes=5)) >= 1 and waiting() == 0
    assert Alert.objects.filter(code="mail_failing", closed_at=None).count() == 1
    assert {mail["To"] for mail in server.mails} == {bea.email, "cleo@example.com"}


def test_after_a_day_nobody_is_told_any_more(server: MailServer) -> None:
    note(user("ann"))
    with MailServer() as gone:
        port = gone.port
    late = NOW + GIVE_UP_AFTER + timedelta(minutes=1)
    send_due(post_at(port), lambda: late)
    assert Notice.objects.get().given_up_at == late and send(server, late) == 0


def test_a_worker_that_died_is_followed_by_the_next(server: MailServer) -> None:
    note(user("ann"))
    assert claim(NOW) is not None  # and then it was killed
    assert send(server, NOW + timedelta(minutes=1)) == 0
    assert send(server, NOW + LEASE) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_notice_once(server: MailServer) -> None:
    people = [user(f"u{n}") for n in range(12)]
    note(*people)
    done = in_threads(3, lambda n: send(server))
    assert sum(done) == 12 and len(server.mails) == 12
    assert len({mail["To"] for mail in server.mails}) == 12


def test_without_a_server_they_are_kept_and_said_to_be(db: None) -> None:
    note(user("ann"))
    tasks.send_notices()
    assert waiting() == 1
    client = Client()
    client.force_login(person("boss", "Finance admin"))
    page = client.get(reverse("admin:paysync_notice_changelist"))
    assert "no mail server is set" in page.content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [("Finance admin", 200), ("Auditor", 200), ("Operator", 200), ("Finance clerk", 403)],
)
def test_who_may_see_them(role: str, status: int) -> None:
    note(user("ann"))
    client = Client()
    client.force_login(person("who", role))
    assert client.get(reverse("admin:paysync_notice_changelist")).status_code == status
    one = reverse("admin:paysync_notice_change", args=[Notice.objects.get().pk])
    assert client.get(one).status_code == status
    assert client.post(one, {"subject": "x"}).status_code == 403


def test_the_list_is_filtered_by_state(server: MailServer) -> None:
    note(user("ann"))
    send(server)
    note(user("bea"))
    client = Client()
    client.force_login(person("who", "Auditor"))
    page = reverse("admin:paysync_notice_changelist")
    for state, names in (("waits", ["bea"]), ("sent", ["ann"]), ("given_up", [])):
        rows = client.get(page, {"state": state}).context["cl"].result_list
        assert [row.recipient.username for row in rows] == names
