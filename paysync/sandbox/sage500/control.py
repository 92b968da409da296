"""The twin's control API: data sets, the clerk, what others do, and the truth for the proof.

POST /_twin/load         a data set (load.py); {"replace": true} empties the database first
POST /_twin/invoices     {"company_id", "invoices": […]}
POST /_twin/clerk        {"action": post, interrupt, resume, open, close, enter, edit, delete,
                          reverse, unapply or auto,
                          "batch_key" or "company_id" or "all": true, …}
POST /_twin/pay-invoice  {"company_id", "tran_id", "amount" (all of it when left out)}
POST /_twin/period       {"company_id", "date", "action": open, close or lock}
GET  /_twin/receipts     every receipt of ours, with state and applications
GET  /_twin/batches      every cash receipt batch
GET  /_twin/ledger       sums of the general ledger lines by batch, account and currency
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from paysync.sandbox.control import control, refuse
from paysync.sandbox.messages import Request, Response, route
from paysync.sandbox.sage500.amounts import text_of
from paysync.sandbox.sage500.follow import list_all
from paysync.sandbox.sage500.load import add_invoices, load
from paysync.sandbox.sage500.site import pay_invoice, set_period

if TYPE_CHECKING:
    from paysync.sandbox.sage500.twin import SageTwin

BATCHES = """
    SELECT l.BatchKey, l.BatchID, l.SourceCompanyID, l.Status, l.PostStatus, l.PostDate,
           l.BatchTotal, k.CashAcctID
      FROM tciBatchLog l
      JOIN tarBatch h ON h.BatchKey = l.BatchKey
      LEFT JOIN tcmCashAcct k ON k.CashAcctKey = h.CashAcctKey
     WHERE l.BatchType = 503 ORDER BY l.BatchKey"""
LEDGER = """
    SELECT t.BatchKey, g.CompanyID, g.GLAcctNo, t.CurrID, SUM(t.PostAmt) AS Amount,
           SUM(t.PostAmtHC) AS AmountHC, COUNT(*) AS Lines
      FROM tglTransaction t JOIN tglAccount g ON g.GLAcctKey = t.GLAcctKey
     GROUP BY t.BatchKey, g.CompanyID, g.GLAcctNo, t.CurrID
     ORDER BY t.BatchKey, g.GLAcctNo"""
FACT = "<tr><td>{}</td><td>{}</td></tr>"


class ControlRoutes:
    """What a test or a demo may do to the site behind the API."""

    def __init__(self, twin: SageTwin) -> None:
        self._twin = twin
        self._store = twin.store

    @route("POST", "/_twin/load")
    def load(self, request: Request) -> Response:
        data = request.data()
        return control(tried(lambda: load(self._store, data, self._twin.clock.now())), 201)

    @route("POST", "/_twin/invoices")
    def invoices(self, request: Request) -> Response:
        data, now = request.data(), self._twin.clock.now()

        def add() -> dict[str, int]:
            with self._store.write():
                rows = data["invoices"]
                return {"invoices": add_invoices(self._store, data["company_id"], rows, now)}

        return control(tried(add), 201)

    @route("POST", "/_twin/clerk")
    def clerk(self, request: Request) -> Response:
        """One action, or {"action": "auto", "every_s": 5, "older_than_s": 10}; 0 ends it."""
        order = request.data()
        if order.get("action") == "auto":
            return control(self._rounds(order))
        found = tried(lambda: self._twin.clerk.act(order, self._twin.clock.now()))
        return control({"results": found})

    @route("POST", "/_twin/pay-invoice")
    def pay_invoice(self, request: Request) -> Response:
        data, now = request.data(), self._twin.clock.now()
        return control(
            tried(
                lambda: pay_invoice(
                    self._store, data["company_id"], data["tran_id"], now, data.get("amount")
                )
            )
        )

    @route("POST", "/_twin/period")
    def period(self, request: Request) -> Response:
        data = request.data()
        return control(tried(lambda: set_period(self._store, data)))

    @route("GET", "/_twin/receipts")
    def receipts(self, _: Request) -> Response:
        return control({"items": list_all(self._store)})

    @route("GET", "/_twin/batches")
    def batches(self, _: Request) -> Response:
        rows = self._store.rows(BATCHES)
        return control({"items": [
            {"batch_key": str(row["BatchKey"]), "batch_id": row["BatchID"],
             "company_id": row["SourceCompanyID"], "status": row["Status"],
             "post_status": row["PostStatus"], "post_date": row["PostDate"],
             "total": text_of(row["BatchTotal"]), "cash_account_id": row["CashAcctID"]}
            for row in rows
        ]})  # fmt: skip

    @route("GET", "/_twin/ledger")
    def ledger(self, _: Request) -> Response:
        rows = self._store.rows(LEDGER)
        return control({"items": [
            {"batch_key": str(row["BatchKey"]), "company_id": row["CompanyID"],
             "gl_account": row["GLAcctNo"], "currency": row["CurrID"],
             "amount": text_of(row["Amount"]), "amount_home": text_of(row["AmountHC"]),
             "lines": row["Lines"]}
            for row in rows
        ]})  # fmt: skip

    def _rounds(self, order: dict[str, Any]) -> dict[str, float]:
        every_s = float(order.get("every_s", 0))
        if every_s > 0:
            self._twin.rounds.begin(every_s, float(order.get("older_than_s", 0)))
        else:
            self._twin.rounds.end()
        return self._twin.rounds.described()


def tried(action: Callable[[], Any]) -> Any:
    """Run it; what cannot be understood or found ends the request with 422."""
    try:
        return action()
    except (KeyError, LookupError, TypeError, ValueError) as error:
        raise refuse(f"{type(error).__name__}: {error}") from error


def page_sections(facts: dict[str, Any]) -> str:
    """The site's state for the control page."""
    rows = "".join(FACT.format(escape(str(k)), escape(str(v))) for k, v in facts.items())
    return f"<h2>The site</h2><table>{rows}</table>"
