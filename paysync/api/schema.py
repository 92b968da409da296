"""What the OpenAPI document says of every endpoint alike."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from paysync.api.keys import CUSTOMER_HEADER
from paysync.api.paging import MOST, USUAL
from paysync.api.problems import MEDIA_TYPE, TITLES
from paysync.api.views import KeyView


class FieldProblem(serializers.Serializer[Any]):
    field = serializers.CharField(help_text='Such as "invoices.0.amount".')
    detail = serializers.CharField()
    code = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457. Branch on `code`, which is stable; `detail` is for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


PAGING = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
        description="So many at most.",
    ),
    OpenApiParameter(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"},
        description="next_cursor of the page before.",
    ),
]


def text_filter(name: str, longest: int, description: str) -> OpenApiParameter:
    # not only blanks, and no NUL: neither could be looked for
    schema = {"type": "string", "pattern": r"^[^\s\x00]+$", "maxLength": longest}
    return OpenApiParameter(name, schema, description=description)


def key_filter(name: str, description: str) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    return OpenApiParameter(name, schema, description=description)


CUSTOMER = (
    "The id of the one customer that this request is about. Nothing of anybody else exists for it "
    "then."
)
ALWAYS = (400, 401, 403, 422, 429)


def problems(*statuses: int) -> dict[Any, Any]:
    """The problem documents of an endpoint: those that any may answer, and its own."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(Problem, TITLES[status])
        for status in sorted({*ALWAYS, *statuses})
    }


def page_schema(answer: type[serializers.Serializer[Any]]) -> Any:
    """A page of these answers."""
    name = answer.__name__.removesuffix("Answer") + "Page"
    return inline_serializer(
        name,
        {
            "data": answer(many=True),
            "has_more": serializers.BooleanField(),
            "next_cursor": serializers.CharField(allow_null=True),
        },
    )


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "paysync.api.keys.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key: psk_test_… or psk_live_…",
        }


def only_keys(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """The document is for programs with a key: what people use in the console is left out."""
    return [one for one in endpoints if issubclass(one[3].cls, KeyView)]


def with_header(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every request may be narrowed to one customer."""
    schema = {"type": "string", "pattern": "^[0-9]{1,18}$"}
    header = {
        "in": "header",
        "name": CUSTOMER_HEADER,
        "schema": schema,
        "description": CUSTOMER,
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation.setdefault("parameters", []).append(header)
    return result


__all__ = ["PAGING", "key_filter", "page_schema", "problems", "text_filter"]
