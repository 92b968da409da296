"""How fast is Sage 500 read and written over ODBC, next to the least that pyodbc could do?

Against the T-SQL server that SAGE500_TEST_URL names, on a site of the tests with many open
invoices. Reading: `open_invoices` of the SQL Server mode, to domain values, next to a bare
`fetchmany` loop over the same columns of the same invoices that keeps nothing. Writing: receipts
with three applications each through the wrapper, next to the same rows inserted by bare pyodbc in
one transaction a receipt, unchecked. Both take turns, a portion each. Reading runs in a process of
its own for each side, so that the peak of memory is its own; the connection is open by then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.report import Figures, options_of, print_figures, rounded

# ruff: isort: split
from django.db.utils import load_backend
from django.utils import timezone

from paysync.adapters.sage500.odbc import Limits
from paysync.adapters.sage500.sqlserver import SqlServerConfig, SqlServerLedger
from paysync.domain.ledger import Application, Invoice, ReceiptIntent, SubmitCode
from paysync.domain.money import Money
from paysync.mssql_url import sqlserver
from paysync.sandbox.company import PROFILES, company_data, demo_data
from tests.mssql.engine import VARIABLE, Engine
from tests.mssql.site import SageSite, the_site
from tests.tds.drivers import register_drivers

COMPANY, CASH = "SOA", "MERCH-USD"
LINKS = 3
ROUNDS = 5
PAGE = 1000
BARE_READ = """
    SELECT i.InvcKey, i.CompanyID, i.TranID, i.TranNo, i.TranType, i.CustKey, c.CustID, i.TranDate,
           i.DueDate, i.TranAmt, i.Balance, i.CurrID, i.Status, i.InDispute, i.CustPONo,
           i.UpdateDate, i.UpdateCounter,
           (SELECT SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC)
              FROM dbo.tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS Pending,
           i.DiscDate,
           CASE WHEN i.DiscDate IS NOT NULL AND i.DiscAmt > i.DiscTakenAmt
                THEN i.DiscAmt - i.DiscTakenAmt
                     - (SELECT COALESCE(SUM(a.DiscTakenAmtIC), 0)
                          FROM dbo.tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey)
           END AS DiscLeft
      FROM dbo.tarInvoice i JOIN dbo.tarCustomer c ON c.CustKey = i.CustKey
     WHERE i.CompanyID = ? AND i.Status = 1 AND i.Balance <> 0
     ORDER BY i.CustKey, i.InvcKey"""
LOG = """
    INSERT INTO dbo.tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo,
                                   TranStatus, TranType) VALUES (?, ?, ?, ?, ?, ?, 2, 511)"""
PENDING = """
    INSERT INTO dbo.tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CreateType, CreateUserID,
        CurrExchRate, CurrID, CustKey, PmtRcptDate, SeqNo, TranAmt, TranAmtHC, TranCmnt, TranDate,
        TranID, TranNo, TranType) VALUES (?, ?, ?, 2, 'bare', 1, 'USD', ?, ?, ?, ?, ?, ?, ?, ?, ?,
        511)"""
APPLICATION = """
    INSERT INTO dbo.tarPendCustPmtAppl (BatchKey, SeqNo, AppliedAtCreation, ApplyFromPmtKey,
        ApplyFromTranDate, ApplyFromTranID, ApplyToInvcKey, ApplyToTranDate, ApplyToTranID,
        CreateDate, CreateUserID, CurrExchRate, PmtAmt, PmtAmtIC)
        VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 'bare', 1, ?, ?)"""
OURS = """
    INSERT INTO ptx.Receipt (IdemKey, CompanyID, GatewayRef, PayloadHash, CustPmtKey, BatchKey,
        BatchID, CustKey, TranID, TranDate, PostDate, CurrID, TranAmt, CreateDate, UpdateDate)
        VALUES (?, ?, ?, 'bare', ?, ?, 'ARCR-BARE', ?, ?, ?, ?, 'USD', ?, ?, ?)"""
SENT = """
    INSERT INTO ptx.ReceiptAppl (IdemKey, SeqNo, InvcKey, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt)
        VALUES (?, ?, ?, ?, ?, 0, 0)"""
TOTAL = """
    UPDATE dbo.tciBatchLog SET BatchTotal = BatchTotal + ?, NextSeqNo = NextSeqNo + 4
     WHERE BatchKey = ?"""


def site_of(invoices: int) -> SageSite:
    """The tests' site, loaded with one company's open invoices. Ends the program without one."""
    site = the_site()
    if site is None:
        sys.exit(f"{VARIABLE} names no T-SQL server: set it to one whose database may be dropped.")
    site.load(data_of(invoices))
    return site


def data_of(invoices: int) -> dict[str, Any]:
    """The first demo company alone."""
    today = timezone.localdate()
    data = demo_data(today, customers=2, invoices=1)
    company = company_data(
        PROFILES[0], today, customers=max(20, invoices // 50), invoices=invoices, random=Random(1)
    )
    return data | {"companies": [company]}


def ledger_of(site: SageSite) -> SqlServerLedger:
    settings = sqlserver(VARIABLE, site.url, query_timeout_s=120)
    if "Driver" in settings["OPTIONS"].get("driver", ""):
        settings["OPTIONS"]["extra_params"] = "Encrypt=no;TrustServerCertificate=yes"
    connection = load_backend("mssql").DatabaseWrapper(settings, "sage500")
    limits = Limits(read_timeout_s=120, submit_timeout_s=120)
    return SqlServerLedger(
        connection, SqlServerConfig(zone="UTC", user_id="paysync", limits=limits)
    )


# --- reading ------------------------------------------------------------------------------------


def reader_by_port(site: SageSite) -> Callable[[], int]:
    erp = ledger_of(site)
    erp.cash_accounts(COMPANY)
    return lambda: sum(1 for _ in erp.open_invoices(COMPANY))


def bare_reader(site: SageSite) -> Callable[[], int]:
    cursor = site.connect(timeout_s=300).cursor()
    cursor.execute("SELECT CashAcctID FROM dbo.tcmCashAcct WHERE CompanyID = ?", COMPANY).fetchall()

    def read() -> int:
        cursor.execute(BARE_READ, COMPANY)
        count = 0
        while rows := cursor.fetchmany(PAGE):
            count += len(rows)
        return count

    return read


#: Each opens its connection and asks something small: what that costs is not counted.
READERS: dict[str, Callable[[SageSite], Callable[[], int]]] = {
    "port": reader_by_port,
    "bare": bare_reader,
}


def read_alone(side: str) -> None:
    """In a process of its own: read everything once, say the seconds and the peak of memory.

    cpu: seconds of this process alone, which others on the machine change less.
    """
    engine = Engine.from_environment()
    assert engine is not None
    site = SageSite(engine, engine.address.database)  # built and loaded by the process before us
    read = READERS[side](site)
    started, used = time.perf_counter(), time.process_time()
    count = read()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"rows": count, "seconds": seconds, "cpu": cpu, "peak_mib": peak_mib()}))


def peak_mib() -> float:
    """The most memory this process has had. Not getrusage, which keeps a forking parent's peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def reading() -> Figures:
    """Sides take turns; the median of the rounds counts."""
    found: dict[str, list[dict[str, float]]] = {"port": [], "bare": []}
    for _ in range(ROUNDS):
        for side in found:
            command = [sys.executable, "-m", "benchmarks.erp", "--side", side]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
            found[side].append(json.loads(done.stdout.strip().splitlines()[-1]))
    port, bare = (median(one["seconds"] for one in found[side]) for side in ("port", "bare"))
    rows = found["port"][0]["rows"]
    if {one["rows"] for side in found.values() for one in side} != {rows}:
        sys.exit("the two sides did not read the same rows")
    return {
        "invoices": int(rows), "read_per_s": rows / port, "bare_read_per_s": rows / bare,
        "read_ratio": bare / port,
        "read_cpu_s": median(one["cpu"] for one in found["port"]),
        "bare_read_cpu_s": median(one["cpu"] for one in found["bare"]),
        "read_peak_mib": max(one["peak_mib"] for one in found["port"]),
        "bare_read_peak_mib": max(one["peak_mib"] for one in found["bare"]),
    }  # fmt: skip


# --- writing ------------------------------------------------------------------------------------


def intents(invoices: list[Invoice], count: int, prefix: str) -> Iterator[ReceiptIntent]:
    """Receipts that pay three invoices of one customer each, a cent of every one."""
    today, cent = timezone.localdate(), Money(Decimal("0.01"))
    zero = Money.zero("USD")
    for number in range(1, count + 1):
        three = invoices[(number * LINKS) % (len(invoices) - LINKS) :][:LINKS]
        yield ReceiptIntent(
            idempotency_key=f"PT{prefix}{number}-1-bench",
            company_id=COMPANY,
            customer_id=three[0].customer_id,
            cash_account_id=CASH,
            post_date=today,
            tran_date=today,
            tran_no=f"{prefix}{number}",
            amount=Money(Decimal("0.03")),
            comment=f"PT {prefix}{number} 4242",
            gateway_reference=f"bench:{prefix}{number}",
            applications=tuple(Application(one.tran_id, cent, zero, zero) for one in three),
        )


def one_customers_invoices(erp: SqlServerLedger) -> list[Invoice]:
    """Open invoices of the customer who has most of them."""
    by_customer: dict[str, list[Invoice]] = {}
    for invoice in erp.open_invoices(COMPANY):
        if invoice.payable.currency == "USD" and invoice.payable.amount > 20:
            by_customer.setdefault(invoice.customer_id, []).append(invoice)
    return max(by_customer.values(), key=len)


def submit_all(erp: SqlServerLedger, wanted: list[ReceiptIntent]) -> float:
    started = time.perf_counter()
    for intent in wanted:
        result = erp.submit_receipt(intent)
        if result.code is not SubmitCode.CREATED:
            sys.exit(f"a receipt was refused: {result.reason}: {result.message}")
    return time.perf_counter() - started


def insert_all(
    connection: Any, wanted: list[ReceiptIntent], keys: dict[str, tuple[int, datetime]], place: int
) -> float:
    """The same rows as the wrapper writes, each receipt in a transaction, nothing looked at."""
    batch, customer = connection.execute(
        "SELECT TOP 1 BatchKey, CustKey FROM ptx.Receipt ORDER BY CustPmtKey"
    ).fetchone()
    started = time.perf_counter()
    cursor = connection.cursor()
    for intent in wanted:
        place += 4
        insert_one(cursor, intent, keys, (place, batch, customer))
        connection.commit()
    return time.perf_counter() - started


def insert_one(
    cursor: Any,
    intent: ReceiptIntent,
    keys: dict[str, tuple[int, datetime]],
    at: tuple[int, int, int],
) -> None:
    place, batch, customer = at
    now = datetime.now().replace(microsecond=0)
    day, amount, tran_id = intent.tran_date, intent.amount.amount, f"CR-{intent.tran_no}"[:13]
    key = -place  # below every key of the counter, which has to stay above all
    cursor.execute(LOG, key, COMPANY, amount, day, tran_id, intent.tran_no)
    cursor.execute(PENDING, key, batch, now, customer, day, place, amount, amount, intent.comment,
                   day, tran_id, intent.tran_no)  # fmt: skip
    cursor.execute(OURS, intent.idempotency_key, COMPANY, intent.gateway_reference, key, batch,
                   customer, tran_id, day, day, amount, now, now)  # fmt: skip
    for number, link in enumerate(intent.applications, 1):
        invoice, made = keys[link.invoice_tran_id]
        money = link.amount.amount
        cursor.execute(APPLICATION, batch, place + number, key, day, tran_id, invoice, made,
                       link.invoice_tran_id, now, money, money)  # fmt: skip
        cursor.execute(SENT, intent.idempotency_key, number, invoice, link.invoice_tran_id,
                       link.amount.amount)  # fmt: skip
    cursor.execute(TOTAL, amount, batch)


def writing(site: SageSite, receipts: int) -> Figures:
    """Sides take turns; the median of the rounds counts."""
    erp = ledger_of(site)
    invoices = one_customers_invoices(erp)
    keys = {one.tran_id: (int(one.key), midnight(one.tran_date)) for one in invoices}
    connection = site.connect(timeout_s=120)
    submit_all(erp, list(intents(invoices, 3, "W")))  # the batch, the plans
    connection.autocommit = False
    portion = max(1, receipts // ROUNDS)
    ours, bare = [], []
    for number in range(ROUNDS):
        ours.append(submit_all(erp, list(intents(invoices, portion, f"A{number}x"))))
        some = list(intents(invoices, portion, f"B{number}x"))
        bare.append(insert_all(connection, some, keys, 100_000 + number * portion * 4))
    return {
        "receipts": portion * ROUNDS, "submit_per_s": portion / median(ours),
        "bare_insert_per_s": portion / median(bare), "submit_ratio": median(bare) / median(ours),
    }  # fmt: skip


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(0)


def main() -> None:
    register_drivers()
    if "--side" in sys.argv:
        read_alone(sys.argv[sys.argv.index("--side") + 1])
        return
    options = options_of(
        __doc__,
        invoices=(100_000, "open invoices to read"),
        receipts=(1000, "receipts to submit, with three applications each"),
    )
    site = site_of(options.invoices)
    figures = {"engine": site.engine.version.splitlines()[0], **reading()}
    figures |= writing(site, options.receipts)
    print_figures("Sage 500 over ODBC", rounded(figures), as_json=options.json)


if __name__ == "__main__":
    main()
