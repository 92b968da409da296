"""What the integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paysync import views
from paysync.models import Company, Connection, MerchantAccount
from paysync.services import hints
from tests.factories import make_company, make_connection, make_merchant_account
from tests.integration.sage_company import account, dataset, erp, twin

__all__ = ["account", "dataset", "erp", "twin"]


@pytest.fixture(autouse=True)
def nothing_left_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No remembered secrets from another test, and no wake-up that outlives its test."""
    hints.forget_doors()
    monkeypatch.setattr(views, "wake_job", lambda: None)
    yield
    hints.forget_doors()


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection(slug="paytrace", name="PayTrace")


@pytest.fixture
def company(db: None) -> Company:
    return make_company(company_id="SOA", name="Software Associates")


@pytest.fixture
def merchant_account(company: Company, connection: Connection) -> MerchantAccount:
    return make_merchant_account(company=company, connection=connection)
