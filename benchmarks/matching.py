"""How long does matching take, next to the least a database could do with the same data?

A run is everything: finding what waits, loading payments and documents, deciding, and writing
matches, applications, ledger entries, receipts, the audit trail and what is left over. Beside it,
in the same run and on the same rows: the bare SQL join of payments and invoices on (customer,
number, amount), and one bulk insert of the very rows that the run has written, each table by one
COPY (on SQLite: one INSERT … SELECT) into a copy of it with the same indexes and foreign keys.
"""

from __future__ import annotations

import resource
import time
from tempfile import TemporaryFile

from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from benchmarks.environment import scratch_database
from benchmarks.matching_data import EXACT, MIXED, Site, make_invoices, make_payments, make_site
from benchmarks.report import Figures, options_of, print_figures, rounded
from paysync.models import AuditEntry
from reconciliation.models import (
    Application,
    CashReceipt,
    Invoice,
    JournalEntry,
    JournalLine,
    Match,
    Proposal,
    ReconcilingItem,
)
from reconciliation.services.matching import match_company

#: Everything a run inserts, parents before children.
WRITTEN: tuple[type[Model], ...] = (
    Match, Application, JournalEntry, JournalLine, CashReceipt, AuditEntry, Proposal,
    ReconcilingItem,
)  # fmt: skip
BLOCK = 1 << 20
EXACT_FIGURES = (
    "seconds",
    "cpu_seconds",
    "baseline_seconds",
    "times_baseline",
    "peak_mib",
    "matched",
)


# --- beside it ----------------------------------------------------------------------------------

JOIN = """
    SELECT COUNT(*)
      FROM reconciliation_gatewaytransaction p
      JOIN reconciliation_invoice i
        ON i.company_id = p.company_id AND i.customer_id = p.customer_id
       AND i.tran_id = p.invoice_reference AND i.payable = p.amount
     WHERE p.needs_match AND i.is_open"""


def time_join() -> tuple[float, int]:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(JOIN)
        [(count,)] = cursor.fetchall()
    return time.perf_counter() - started, count


def highest_keys() -> dict[type[Model], int]:
    return {
        model: model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
        for model in WRITTEN
    }


def time_insert(before: dict[type[Model], int]) -> tuple[float, int]:
    """Seconds to insert what the run wrote once more, and nothing else; and how many rows."""
    seconds, rows = 0.0, 0
    for model in WRITTEN:
        spent, count = insert_again(model, before[model])
        seconds, rows = seconds + spent, rows + count
    return seconds, rows


def insert_again(model: type[Model], after: int) -> tuple[float, int]:
    table = model._meta.db_table
    copy = f"bench_{model._meta.model_name}"
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(f"CREATE TABLE {copy} AS SELECT * FROM {table} WHERE 0 = 1")  # noqa: S608
            started = time.perf_counter()
            again = f"INSERT INTO {copy} SELECT * FROM {table} WHERE id > %s"  # noqa: S608
            cursor.execute(again, [after])
            seconds, count = time.perf_counter() - started, cursor.rowcount
        else:
            cursor.execute(f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL)")
            for clause in foreign_keys(table):
                cursor.execute(f"ALTER TABLE {copy} ADD {clause}")
            with TemporaryFile() as kept:
                query = f"COPY (SELECT * FROM {table} WHERE id > {after:d}) TO STDOUT"  # noqa: S608
                with cursor.copy(query) as out:
                    for block in out:
                        kept.write(block)
                kept.seek(0)
                started = time.perf_counter()
                with cursor.copy(f"COPY {copy} FROM STDIN") as into:
                    while block := kept.read(BLOCK):
                        into.write(block)
                seconds, count = time.perf_counter() - started, cursor.rowcount
        cursor.execute(f"DROP TABLE {copy}")
    return seconds, count


def foreign_keys(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = %s::regclass",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


# --- the run ------------------------------------------------------------------------------------


def measure(site: Site, payments: int) -> Figures:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    join_seconds, joined = time_join()
    before = highest_keys()
    started, cpu = time.perf_counter(), time.process_time()
    run = match_company(site.company.pk, now=timezone.now(), limit=payments)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    if run.seen != payments or run.postponed:
        raise RuntimeError(f"{run} of {payments} payments")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    insert_seconds, rows = time_insert(before)
    return {
        "payments": payments,
        "invoices": Invoice.objects.count(),
        "matched": run.matched,
        "left": run.left,
        "joined": joined,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "payments_per_s": payments / seconds,
        "join_seconds": join_seconds,
        "rows_written": rows,
        "insert_seconds": insert_seconds,
        "baseline_seconds": join_seconds + insert_seconds,
        "times_baseline": seconds / (join_seconds + insert_seconds),
        "ratio": (join_seconds + insert_seconds) / seconds,
        "peak_mib": peak_mib,
    }


def main() -> None:
    options = options_of(
        __doc__,
        payments=(100_000, "payments"),
        invoices=(200_000, "open invoices, at least twice the payments"),
        exact=(0, "then so many payments against as many invoices, exact rules; three sizes"),
    )
    with scratch_database():
        figures = of_size(options.payments, max(options.invoices, options.payments * 2), MIXED)
        for share in (4, 2, 1) if options.exact else ():
            size = options.exact // share
            exact = of_size(size, size, EXACT)
            figures |= {f"exact_{name}_{size}": exact[name] for name in EXACT_FIGURES}
    print_figures("Matching", rounded(figures), as_json=options.json)


def of_size(payments: int, invoices: int, mix: dict[str, int]) -> Figures:
    """On empty tables."""
    call_command("flush", interactive=False, verbosity=0)
    site = make_site()
    make_invoices(site, invoices)
    make_payments(site, payments, mix)
    return measure(site, payments)


if __name__ == "__main__":
    main()
