"""The PayTrace twin: V1 and V3 on one port, over one database.

It follows docs where PayTrace documents something; what it makes up carries `X-Sim-Invented: 1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paysync.sandbox.messages import Request, Response
from paysync.sandbox.paytrace.controls import PayTraceControls
from paysync.sandbox.paytrace.engine import Engine
from paysync.sandbox.paytrace.store import Store
from paysync.sandbox.paytrace.tokens import INVALID_TOKEN, TokenRoutes
from paysync.sandbox.paytrace.v1 import V1Routes
from paysync.sandbox.paytrace.v3 import V3Cards
from paysync.sandbox.paytrace.v3_ach import V3Ach
from paysync.sandbox.twin import Twin

SECTION = """<p>{payments} payments, {batches} batches.</p>
<form method="post" action="/_twin/settle"><button>Settle the open batch</button></form>
<form method="post" action="/_twin/advance"><button>Move ACH payments one status on</button></form>
"""


class PayTraceTwin(Twin):
    """`database`: a file, or ":memory:". `settings`: see account.Settings."""

    cards = {
        "code_103": "A sale is approved and voided at once, success true all the same",
        "answer_code": "A sale answers another response code (code, default 104)",
        "ach_422_created": "An ACH payment is made but answered 422 path/record_id",
        "bare_success": "A V3 capture, void or refund answers success and no code",
        "partial_authorization": "A sale is approved for half of the amount",
        "batch_recycled": "The next settlement uses the last batch number again (number)",
        "late_record": "A payment is missing from lists at first (lists, minutes)",
        "duplicate_hint": "A hint is sent twice",
        "reordered_hints": "A hint is overtaken by the next one",
        "clock_skew": "The gateway's clock is fast for one change (minutes, default 7)",
        "ach_return": "An ACH payment is returned instead of settled (code, default R01)",
    }

    def __init__(self, port: int = 0, database: str | Path = ":memory:", **settings: Any) -> None:
        super().__init__("PayTrace", port)
        self.store = Store(str(database))
        self.engine = Engine(self.store, self.clock, self.faults)
        self.engine.settings.change(settings)
        self.tokens = TokenRoutes(self.engine)
        for holder in (
            self.tokens,
            V1Routes(self.engine, self.tokens),
            V3Cards(self.engine, self.tokens),
            V3Ach(self.engine, self.tokens),
            PayTraceControls(self.engine, self.tokens),
        ):
            self.add_routes(holder)

    def before(self, request: Request) -> None:
        self.engine.settle_if_due()

    def token_expired(self, request: Request) -> Response:
        return Response(dict(INVALID_TOKEN), 401)

    def health(self) -> dict[str, Any]:
        sql = (
            "SELECT (SELECT COUNT(*) FROM payments) payments,(SELECT COUNT(*) FROM batches) batches"
        )
        return self.store.one(sql) or {}

    def control_sections(self) -> str:
        return SECTION.format(**self.health())

    def stop(self) -> None:
        super().stop()
        self.engine.hints.close()
        self.store.close()
