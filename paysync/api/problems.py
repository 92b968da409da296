"""Errors as problem documents (RFC 9457), each with a stable code and the field it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from paysync.domain.errors import (
    ConflictError,
    ExternalError,
    OutcomeUnknownError,
    OverApplicationError,
    PaySyncError,
    RejectedError,
)
from paysync.logs import request_id

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "No key that works",
    403: "Not allowed",
    404: "Not found",
    405: "Not this method",
    406: "Not in this form",
    409: "In conflict with what is there",
    413: "Too large",
    415: "Not in this media type",
    422: "Not acceptable as it is",
    429: "Too many requests",
    503: "Not reached",
    504: "No clear answer",
}
#: Codes of our own for what the framework refuses.
CODES = {
    "parse_error": "unreadable",
    "permission_denied": "forbidden",
    "invalid": "invalid",
    "throttled": "too_many_requests",
}


class FieldError(PaySyncError):
    """A field of the request that cannot be used: which, and why."""

    code = "invalid"

    def __init__(self, field: str, detail: str, *, status: int = 422) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail, self.status = field, detail, status


class ProblemError(PaySyncError):
    """Any other answer that is no success."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


def body_of(
    status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:paysync:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id.get(),
    }
    if errors:
        body["errors"] = errors
    return body


def problem(
    status: int,
    code: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    **more: object,
) -> Response:
    """The answer of an endpoint. more: members beyond those of the standard."""
    body = body_of(status, code, detail, errors) | more
    return Response(body, status, content_type=MEDIA_TYPE)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """What DRF asks for an answer to an exception; None leaves it to Django, which logs it."""
    set_rollback()
    if isinstance(error, PaySyncError):
        return of_ours(error)
    if isinstance(error, (Http404, ObjectDoesNotExist)):
        return problem(404, "not_found", "There is no such record.")
    if isinstance(error, PermissionDenied):
        return problem(403, "forbidden", "Your role may not do this.")
    if isinstance(error, exceptions.ValidationError):
        errors = list(flat(error.detail))
        return problem(422, "invalid", "; ".join(sentence(one) for one in errors[:5]), errors)
    if isinstance(error, exceptions.APIException):
        return of_framework(error)
    return None


def of_ours(error: PaySyncError) -> Response:
    if isinstance(error, FieldError):
        one = {"field": error.field, "detail": error.detail, "code": error.code}
        return problem(error.status, error.code, str(error), [one])
    if isinstance(error, ProblemError):
        return problem(error.status, error.code, str(error))
    if isinstance(error, (ConflictError, OverApplicationError)):
        return problem(409, error.code, str(error))
    if isinstance(error, OutcomeUnknownError):
        return problem(504, error.code, str(error))
    if isinstance(error, ExternalError) and not isinstance(error, RejectedError):
        return problem(503, error.code, str(error))
    return problem(422, error.code, str(error))


def of_framework(error: exceptions.APIException) -> Response:
    code = str(error.get_codes()) if isinstance(error.detail, str) else error.default_code
    answer = problem(error.status_code, CODES.get(code, code), str(error.detail))
    if getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if (wait := getattr(error, "wait", None)) is not None:
        answer["Retry-After"] = str(max(1, int(wait)))
    return answer


def flat(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """{"lines": [{}, {"amount": ["no"]}]} as [{"field": "lines.1.amount", "detail": "no"}]."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from flat(inner, ".".join(part for part in (field, own) if part))
    elif isinstance(detail, list) and any(isinstance(one, (Mapping, list)) for one in detail):
        for number, inner in enumerate(detail):
            yield from flat(inner, f"{field}.{number}" if field else str(number))
    elif isinstance(detail, list):
        for one in detail:
            yield from flat(one, field)
    else:
        yield {"field": field, "detail": str(detail), "code": getattr(detail, "code", "invalid")}


def sentence(error: Mapping[str, str]) -> str:
    return f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]


def nothing_here(request: HttpRequest) -> JsonResponse:
    """An address of the API that does not exist."""
    body = body_of(404, "not_found", "There is nothing at this address.")
    return JsonResponse(body, status=404, content_type=MEDIA_TYPE)
