"""Jobs that other jobs wake, as the queue knows them, and who runs them."""

from __future__ import annotations

import os
import socket

from paysync.models import Company

MATCH = "reconciliation.tasks.match"
POST = "reconciliation.tasks.post"
REFUND = "reconciliation.tasks.refund"
REPLAY = "reconciliation.tasks.replay"


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def active_companies() -> list[Company]:
    return list(Company.objects.filter(is_active=True).select_related("erp_connection"))
