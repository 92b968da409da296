"""The job that sends notices: what a mail server can do to it, and how much it does at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from paysync import tasks
from paysync.models import Alert, Notice
from paysync.services.notices import GIVE_UP_AFTER, LONGEST_RUN, UNTRIED, send_due, waiting
from tests.mail_server import MailServer
from tests.notices import note, post_at, send, user
from tests.refunds import NOW

pytestmark = pytest.mark.django_db
LATE = NOW + GIVE_UP_AFTER + timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def use(settings: Any, port: int) -> None:
    """What EMAIL_URL makes of the settings."""
    settings.SENDS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def failing() -> list[Alert]:
    return list(Alert.objects.filter(code="mail_failing", closed_at=None))


def test_the_job_outlives_a_dead_server_and_sends_when_it_is_back(
    server: MailServer, settings: Any
) -> None:
    now = timezone.now()
    note(user("ann"), now=now)
    with MailServer() as gone:
        port = gone.port
    use(settings, port)
    tasks.send_notices()
    notice = Notice.objects.get()
    assert notice.attempts == 1 and notice.last_error and notice.due_at > now
    assert waiting() == 1 and failing() == []
    Notice.objects.update(due_at=now)
    use(settings, server.port)
    tasks.send_notices()
    assert waiting() == 0 and len(server.mails) == 1


def test_many_go_over_one_connection(server: MailServer) -> None:
    note(*(user(f"u{n}") for n in range(5)))
    assert send(server) == 5 and server.calls == 1


def test_an_address_that_no_mail_can_carry_holds_up_no_other(server: MailServer) -> None:
    ann, bea = user("ann"), user("bea")
    note(ann, bea)
    Notice.objects.filter(recipient=ann).update(address="ann\nBcc: all@example.com")
    assert send(server) == 1
    assert [mail["To"] for mail in server.mails] == [bea.email]
    assert "no mail can be written" in Notice.objects.get(recipient=ann).last_error


def test_a_mail_whose_content_is_refused_holds_up_no_other(server: MailServer) -> None:
    ann, bea = user("ann"), user("bea")
    server.contents = {ann.email: 554}
    note(ann, bea)
    assert send(server) == 1 and waiting() == 1
    server.contents = {}
    assert send(server, NOW + timedelta(minutes=2)) == 1 and waiting() == 0


def test_a_server_that_takes_nothing_now_is_left_alone_until_the_next_run(
    server: MailServer,
) -> None:
    people = [user(name) for name in ("ann", "bea", "cleo")]
    server.contents = {one.email: 452 for one in people}
    note(*people)
    assert send(server) == 0
    assert Notice.objects.filter(attempts=0).count() == 2
    server.contents = {}
    assert send(server, NOW + timedelta(minutes=2)) == 3


def test_news_of_yesterday_is_never_sent_however_it_waited(server: MailServer) -> None:
    note(user("ann"), user("bea"))  # while no mail server was set, or no worker ran
    assert send(server, LATE) == 0 and server.calls == 0
    assert set(Notice.objects.values_list("given_up_at", "last_error")) == {(LATE, UNTRIED)}
    [alert] = failing()
    assert alert.times == 1 and alert.message.startswith("2 of the notices")


def test_the_alert_outlives_the_run_that_raised_it(server: MailServer) -> None:
    note(user("ann"))
    note(user("bea"), now=LATE)
    assert send(server, LATE) == 1 and len(failing()) == 1
    note(user("cleo"), now=LATE)
    assert send(server, LATE) == 1 and failing() == []


def test_who_has_left_hears_nothing_more(server: MailServer) -> None:
    ann, bea = user("ann"), user("bea")
    note(ann, bea)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert send(server) == 1 and waiting() == 0 and failing() == []
    assert Notice.objects.get(recipient=ann).given_up_at == NOW


def test_a_run_ends_long_before_the_queue_would_stop_it(server: MailServer) -> None:
    note(user("ann"), user("bea"))
    times = iter([NOW, NOW, NOW, NOW, *[NOW + LONGEST_RUN] * 20])
    assert send_due(post_at(server.port), lambda: next(times)) == 1
    assert send(server) == 1


def test_five_hundred_are_written_at_once_and_sent_in_three_runs(server: MailServer) -> None:
    User.objects.bulk_create(
        User(username=f"u{n}", email=f"u{n}@example.com", is_staff=True) for n in range(500)
    )
    people = list(User.objects.order_by("pk"))
    with CaptureQueriesContext(database) as seen:
        assert note(*people) == 500
    assert len(seen.captured_queries) <= 10  # SQLite takes fewer parameters than the others
    assert [send(server) for _ in range(4)] == [200, 200, 100, 0]
    assert server.calls == 3
    assert len({mail["To"] for mail in server.mails}) == 500
    assert len({mail["Message-ID"] for mail in server.mails}) == 500
