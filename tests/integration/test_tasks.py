"""Jobs over many companies: one that fails stops no other."""

from __future__ import annotations

import pytest

from paysync.models import Alert
from reconciliation.tasks import each

pytestmark = pytest.mark.django_db


def test_one_that_fails_is_alerted_and_stops_no_other() -> None:
    done: list[int] = []
    broken = {2}

    def call(pk: int) -> None:
        if pk in broken:
            raise ZeroDivisionError
        done.append(pk)

    each("match", [1, 2, 3], call)
    assert done == [1, 3]
    assert [alert.key for alert in Alert.objects.filter(closed_at=None)] == ["job:match:2"]
    broken.clear()
    each("match", [2], call)
    assert not Alert.objects.filter(closed_at=None).exists()
