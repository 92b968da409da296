"""What the views for staff share: bodies that are read strictly. Errors become problems."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.utils.dateparse import parse_date
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from paysync.domain.errors import RecordError, RuleError
from paysync.domain.money import Money

TEXT_LENGTH = 500


class StaffView(APIView):
    """For staff who are signed in; each service checks the permission of its own deed."""

    permission_classes = [IsAdminUser]

    def require(self, request: Request, permission: str) -> None:
        if not request.user.has_perm(permission):
            raise PermissionDenied


def who(request: Request) -> AbstractUser:
    """The person who is signed in. Raises PermissionDenied for nobody."""
    user = request.user
    if not isinstance(user, AbstractUser):
        raise PermissionDenied
    return user


def body_of(request: Request, *known: str) -> dict[str, Any]:
    """The object that was sent. Raises RuleError for anything else, and for a field we do not know:
    a typing error must not look like a field left out.
    """
    data = request.data
    if not isinstance(data, dict):
        raise RuleError("Send one JSON object.")
    if strange := sorted(set(data) - set(known)):
        raise RuleError(f"There is no field {strange[0][:40]!r}; there are: {', '.join(known)}.")
    return {str(name): value for name, value in data.items()}


def text_in(body: dict[str, Any], name: str, *, needed: bool = False) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > TEXT_LENGTH:
        raise RuleError(f"{name} is text of at most {TEXT_LENGTH} characters.")
    if needed and not value.strip():
        raise RuleError(f"{name} is needed.")
    return value.strip()


def money_in(body: dict[str, Any], name: str, currency: str) -> Money:
    """An amount as text, such as "12.50": a JSON number may have lost a cent on its way."""
    value = body.get(name)
    if not isinstance(value, str):
        raise RuleError(f'{name} is text, such as "12.50".')
    try:
        return Money.parse(value, currency)
    except RecordError as error:
        raise RuleError(f"{name}: {error}.") from error


def day_in(body: dict[str, Any], name: str) -> date | None:
    text = text_in(body, name)
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise RuleError(f"{name} is a day, such as 2026-11-23.")
    return day
