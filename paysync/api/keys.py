"""Sign-in of programs: a key as bearer token, and what it is for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from paysync.api.problems import FieldError, ProblemError
from paysync.domain.callers import Caller
from paysync.domain.scopes import Scope
from paysync.models import ApiClient, ApiKey
from paysync.services.api_keys import find_key, note_use

#: The request header that narrows a request to one customer, by the key that the API gives.
CUSTOMER_HEADER = "Paysync-Customer"
LONGEST_KEY = 100
NO_KEY = "Send a key: Authorization: Bearer psk_…"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer psk_…`. `request.auth` is the Caller, `request.user` its own user."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        """None where no bearer token is shown. One that does not work is refused."""
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"bearer" or not words[1].startswith(b"psk_"):
            return None
        key = working_key(words[1])
        note_use(key, timezone.now())
        return key.client.user, caller_of(key.client, request)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="paysync"'


def working_key(text: bytes) -> ApiKey:
    """Raises AuthenticationFailed, without saying more than the owner of the key needs."""
    key = find_key(text.decode("latin-1")) if len(text) <= LONGEST_KEY else None
    if key is None:
        raise exceptions.AuthenticationFailed("This key is not known.")
    if key.revoked_at is not None:
        raise exceptions.AuthenticationFailed(f"The key {key} was revoked.")
    if key.expires_at <= timezone.now():
        raise exceptions.AuthenticationFailed(f"The key {key} has expired.")
    if not key.client.is_active or not key.client.user.is_active:
        raise exceptions.AuthenticationFailed("This client is switched off.")
    return key


def caller_of(client: ApiClient, request: Request) -> Caller:
    through = ApiClient.companies.through.objects.filter(
        apiclient_id=client.pk, company__is_active=True
    )
    return Caller(
        client_id=client.pk,
        requests_a_minute=client.requests_a_minute,
        companies=frozenset(through.values_list("company_id", flat=True)),
        scopes=frozenset(Scope(scope) for scope in client.scopes if scope in set(Scope)),
        customer=customer_in(request, client),
    )


def customer_in(request: Request, client: ApiClient) -> int | None:
    """Whom the request is narrowed to. Raises where that cannot be read, or is missing. An empty
    header is an error of the caller, who would else see everybody.
    """
    text = request.headers.get(CUSTOMER_HEADER)
    if text is None:
        if client.requires_customer:
            raise ProblemError(
                403,
                "customer_needed",
                f"This client names one customer in each request: {CUSTOMER_HEADER}: 123.",
            )
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise FieldError(CUSTOMER_HEADER, "is the id of a customer, such as 123.", status=400)
    return int(text)


class HasScope(BasePermission):
    """The view names the scope of each method; a method without one is for nobody. HEAD tells
    what GET would, so it needs the same.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Caller):
            raise exceptions.NotAuthenticated(NO_KEY)
        method = "GET" if request.method == "HEAD" else request.method
        scope: Scope | None = view.scopes.get(method)
        if scope is None:  # the view itself answers: 405
            return not hasattr(view, str(method).lower()) or method == "OPTIONS"
        if scope in request.auth.scopes:
            return True
        raise ProblemError(403, "scope_needed", f"This key has not the scope {scope.value}.")


class Scoped:
    """What a view for keys says of itself: the scope of each method, and its parameters."""

    scopes: ClassVar[dict[str, Scope]] = {}
    parameters: ClassVar[tuple[str, ...]] = ()
