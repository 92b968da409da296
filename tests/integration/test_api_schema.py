"""The OpenAPI document: as committed, and kept by every answer, whatever is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from paysync.models import ApiClient
from tests.books import make_customer, make_invoice
from tests.factories import make_company
from tests.portal import Program, program

#: For each operation. More in a run by hand: API_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "60"))
COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.json"


def generated() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


def test_the_committed_document_is_what_the_code_does() -> None:
    """A change of the API is meant: `make openapi` writes it, and a review sees it."""
    now = json.loads(json.dumps(generated(), default=str))
    assert json.loads(COMMITTED.read_text("utf-8")) == now


def test_every_operation_says_how_it_fails_and_who_may(client: Any) -> None:
    served = client.get("/api/v1/openapi.json").json()
    assert served["paths"].keys() == generated()["paths"].keys() and len(served["paths"]) >= 5
    for address, operations in served["paths"].items():
        for verb, operation in operations.items():
            assert operation["security"] == [{"key": []}], (address, verb)
            assert {"400", "401", "403", "422", "429"} <= operation["responses"].keys()
            assert operation["description"] and operation["tags"]


SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def portal(db: None) -> Iterator[Program]:
    cache.clear()
    for signal in (request_started, request_finished):  # as Django's own test client does
        signal.disconnect(close_old_connections)
    company = make_company()
    for number in range(3):
        make_invoice(company, customer=make_customer(company, f"C{number}"))
    made = program(company)
    ApiClient.objects.update(requests_a_minute=100_000)
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    cache.clear()


@pytest.mark.slow
@SCHEMA.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_input_breaks_an_operation(case: schemathesis.Case[Any], portal: Program) -> None:
    """No 5xx, and every answer is one that the document names. That all it allows is accepted is
    not asked: a cursor of the right form may be none of ours.
    """
    left_out: list[Any] = [positive_data_acceptance]
    case.call_and_validate(headers=portal.headers(), excluded_checks=left_out)
