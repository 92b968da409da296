"""Which refunds wait for one person's yes or no."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from reconciliation.domain.refunds.states import RefundState
from reconciliation.models import RefundDecision, RefundRequest

APPROVES = "reconciliation.approve_refundrequest"
#: Beyond it the page only says that there are more.
MOST_COUNTED = 999


def decidable_by(
    rows: QuerySet[RefundRequest], user_id: int, now: datetime
) -> QuerySet[RefundRequest]:
    """Those of `rows` that this approver may decide: asked for by somebody else, not expired, and
    without a decision of theirs.
    """
    own = RefundDecision.objects.filter(request=OuterRef("pk"), approver_id=user_id)
    return rows.filter(
        ~Exists(own), state=RefundState.REQUESTED, expires_at__gt=now
    ).exclude(requested_by_id=user_id)  # fmt: skip


def count_decidable(user_id: int, now: datetime) -> int:
    """At most one more than MOST_COUNTED: nobody counts further."""
    rows = decidable_by(RefundRequest.objects.order_by(), user_id, now)
    return rows[: MOST_COUNTED + 1].count()
