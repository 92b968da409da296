"""What tests of notices share: people with addresses, notes to them, a run of the job."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.mail import get_connection

from paysync.services.notices import Post, notify, send_due
from tests.mail_server import MailServer
from tests.refunds import NOW
from tests.workbench import person


def post_at(port: int) -> Post:
    backend = get_connection(
        "django.core.mail.backends.smtp.EmailBackend", host="127.0.0.1", port=port, timeout=5
    )
    return Post(backend, "paysync <paysync@example.com>", "https://console.example.com")


def send(server: MailServer, at: datetime = NOW) -> int:
    return send_due(post_at(server.port), lambda: at)


def user(name: str, role: str = "Finance approver") -> User:
    return person(name, role, email=f"{name}@example.com")


def note(*people: User, key: str = "k", text: str = "It waits.", now: datetime = NOW) -> int:
    return notify(people, key=key, subject="Look", text=text, path="/x/", now=now)
