"""Tell people by e-mail: noted in the transaction of the change, sent afterwards, at least once."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import SystemRandom

from django.contrib.auth.models import AbstractUser
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.db import transaction as database

from paysync.domain.redaction import redact
from paysync.models import Notice
from paysync.services.alerts import close_alert, raise_alert

SUBJECT_LENGTH, TEXT_LENGTH = 120, 2000
#: A worker that died while it sent: the next one sends again after this.
LEASE = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
#: News of yesterday is no news: then nobody is told, and an alert says so.
GIVE_UP_AFTER = timedelta(days=1)
MOST = 200
#: The next run goes on: the job is started every minute, and the queue stops what takes too long.
LONGEST_RUN = timedelta(seconds=45)
CODE = "mail_failing"
UNTRIED = "a day old before it could be sent"
GONE = "the person is not active any more"
jitter = SystemRandom()


class Problem(Enum):
    """What a failure is about: this notice, or the server and so every other one."""

    NOTICE = "notice"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Post:
    """Where mail goes out. site_url: of the console, without a slash at its end."""

    backend: BaseEmailBackend
    sender: str
    site_url: str = ""


def notify(
    users: Iterable[AbstractUser], *, key: str, subject: str, text: str, path: str, now: datetime
) -> int:
    """Note one e-mail for each person who is active and has an address. Returns how many are new.

    Call it in the transaction of the change. Card data is taken out; a line break ends a subject.
    """
    people = {user.pk: user for user in users if user.is_active and user.email}
    held = Notice.objects.filter(key=key, recipient__in=people)
    for pk in held.values_list("recipient_id", flat=True):
        del people[pk]
    rows = [
        Notice(
            recipient_id=user.pk,
            address=user.email,
            key=key,
            subject=str(redact(" ".join(subject.split()))[0])[:SUBJECT_LENGTH],
            text=str(redact(text)[0])[:TEXT_LENGTH],
            path=path[:200],
            made_at=now,
            due_at=now,
        )
        for user in people.values()
    ]
    Notice.objects.bulk_create(rows, batch_size=100)
    return len(rows)


def send_due(post: Post, clock: Callable[[], datetime]) -> int:
    """Send what is due, the oldest first. Returns how many went out.

    One is claimed at a time, so that two workers send no notice twice; a worker that dies between
    sending and noting it makes a second mail, under the same Message-ID. A server that is not
    reached, or takes nothing now, ends the run; so does the time, long before the queue would.
    """
    began, sent = clock(), 0
    lapsed = lapse(began)
    try:
        for _ in range(MOST):
            notice = claim(clock()) if clock() - began < LONGEST_RUN else None
            if notice is None:
                break
            problem = deliver(notice, post, clock)
            sent += problem is None
            if problem is Problem.SERVER:
                break
    finally:
        hang_up(post)
    if sent and not lapsed:
        close_alert(CODE, actor="paysync")
    return sent


def deliver(notice: Notice, post: Post, clock: Callable[[], datetime]) -> Problem | None:
    """Send one and note what became of it; the connection serves all that follow."""
    try:
        post.backend.open()
        post.backend.send_messages([mail_of(notice, post)])
    except smtplib.SMTPRecipientsRefused as error:
        refused(notice, error, clock())
        return Problem.NOTICE
    except (smtplib.SMTPException, OSError) as error:
        hang_up(post)
        fail(notice, str(error) or type(error).__name__, clock())
        content = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        return Problem.NOTICE if content else Problem.SERVER
    except ValueError as error:  # an address, or a sender, that no mail can carry
        fail(notice, f"no mail can be written: {error}", clock())
        return Problem.NOTICE
    Notice.objects.filter(pk=notice.pk).update(sent_at=clock(), last_error="")
    return None


def hang_up(post: Post) -> None:
    with suppress(smtplib.SMTPException, OSError):
        post.backend.close()


def lapse(now: datetime) -> int:
    """Give up what is a day old, tried or not, and what is for people who are gone. Returns how
    many are too old; one alert tells of all of them.
    """
    due = Notice.objects.filter(sent_at__isnull=True, given_up_at__isnull=True, due_at__lte=now)
    due.filter(recipient__is_active=False).update(given_up_at=now, last_error=GONE)
    with database.atomic():
        old = due.filter(made_at__lt=now - GIVE_UP_AFTER)
        tried = old.exclude(last_error="").order_by("pk")
        why = tried.values_list("last_error", flat=True).first() or UNTRIED
        count = old.filter(last_error="").update(given_up_at=now, last_error=UNTRIED)
        count += old.update(given_up_at=now)
        if count:
            alert(CODE, f"{count} of the notices were not sent for a day: {why}.", now)
    return count


def waiting() -> int:
    """How many were never sent."""
    return Notice.objects.filter(sent_at__isnull=True, given_up_at__isnull=True).count()


def claim(now: datetime) -> Notice | None:
    with database.atomic():
        rows = Notice.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        notice = (
            rows.filter(sent_at__isnull=True, given_up_at__isnull=True, due_at__lte=now)
            .order_by("due_at", "pk")
            .first()
        )
        if notice is not None:
            notice.attempts += 1
            notice.due_at = now + LEASE
            notice.save(update_fields=["attempts", "due_at"])
    return notice


def mail_of(notice: Notice, post: Post) -> EmailMessage:
    link = f"{post.site_url}{notice.path}" if post.site_url and notice.path else ""
    body = f"{notice.text}\n\n{link}".strip() + "\n"
    host = post.sender.rpartition("@")[2].strip("> ") or "paysync"
    headers = {
        "Message-ID": f"<paysync-notice-{notice.pk}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(
        notice.subject, body, post.sender, [notice.address], connection=post.backend,
        headers=headers,
    )  # fmt: skip


def refused(notice: Notice, error: smtplib.SMTPRecipientsRefused, now: datetime) -> None:
    """The server knows no such address (5xx), or not now (4xx)."""
    codes = [code for code, _ in error.recipients.values()]
    if codes and all(code >= 500 for code in codes):
        key = f"{CODE}:{notice.recipient_id}"
        give_up(notice, f"the mail server refuses {notice.address}", now, key)
    else:
        fail(notice, f"the mail server does not take {notice.address} now", now)


def fail(notice: Notice, why: str, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(notice.attempts - 1, 10), LONGEST_PAUSE)
    due = now + pause * jitter.uniform(0.75, 1.25)
    Notice.objects.filter(pk=notice.pk).update(due_at=due, last_error=why[:200])


def give_up(notice: Notice, why: str, now: datetime, key: str) -> None:
    """key: of the alert. It is about an address, and stays until somebody has seen to it."""
    with database.atomic():
        Notice.objects.filter(pk=notice.pk).update(given_up_at=now, last_error=why[:200])
        alert(key, f"A notice could not be sent: {why}.", now)


def alert(key: str, message: str, now: datetime) -> None:
    raise_alert(
        CODE,
        key,
        message,
        advice="Look at EMAIL_URL and at the person's address; the notices are in the console.",
        now=now,
    )
