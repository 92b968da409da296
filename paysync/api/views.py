"""The base of every endpoint for keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from paysync.api.keys import HasScope, KeyAuthentication, Scoped
from paysync.api.limits import ClientRate
from paysync.api.problems import FieldError, ProblemError
from paysync.domain.callers import Caller

#: Of a request body, though nothing reads one yet: it is refused before it is looked at.
MOST_BYTES = 256 * 1024


class AlwaysJSON(DefaultContentNegotiation):
    """There is one form, whatever the caller would rather have."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


@method_decorator(conditional_page, name="dispatch")
class KeyView(Scoped, APIView):
    """For programs with a key. `scopes` names the scope of each method. Reads carry an ETag."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [ClientRate]
    parser_classes = [JSONParser]
    content_negotiation_class = AlwaysJSON

    @property
    def caller(self) -> Caller:
        auth = self.request.auth
        assert isinstance(auth, Caller)  # noqa: S101 - HasScope lets nobody else through
        return auth

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        require_size(request)
        super().initial(request, *args, **kwargs)
        require_known(request, self.parameters)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        done = super().finalize_response(request, response, *args, **kwargs)
        if rate := getattr(self.request._request, "rate", None):
            done["RateLimit-Limit"], done["RateLimit-Remaining"], done["RateLimit-Reset"] = map(
                str, rate
            )
        done["Cache-Control"] = "private, no-cache"
        return done


def require_size(request: Request) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise ProblemError(413, "too_large", f"A body has at most {MOST_BYTES} bytes.")


def require_known(request: Request, names: Sequence[str]) -> None:
    """A parameter misspelt would be a filter left out, and show more than was meant."""
    for name, values in request.query_params.lists():
        if name not in names:
            there = f"there are: {', '.join(names)}." if names else "there is none."
            raise FieldError(name[:40].replace("\0", " "), f"is no parameter here; {there}")
        if len(values) > 1:
            raise FieldError(name, "is given more than once.")
        if "\0" in values[0]:
            raise FieldError(name, "has a NUL character in it.")


def text_in_query(request: Request, name: str, longest: int) -> str:
    """A filter of the query; "" where it is left out. Raises FieldError, also for an empty one:
    taken for no filter, it would show more than was meant.
    """
    if name not in request.query_params:
        return ""
    text = request.query_params[name].strip()
    if not text:
        raise FieldError(name, "is empty: leave it out.")
    if len(text) > longest:
        raise FieldError(name, f"has at most {longest} characters.")
    return text


def key_in_query(request: Request, name: str) -> int | None:
    """A filter by a key of ours. Raises FieldError."""
    text = text_in_query(request, name, 18)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise FieldError(name, "is an id, such as 123.")
    return int(text)
