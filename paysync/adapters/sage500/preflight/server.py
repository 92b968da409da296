"""Questions about the server and the database itself (reference 15 and 17)."""

from __future__ import annotations

from collections.abc import Iterator

from paysync.adapters.sage500.preflight.asking import Reader, block, passed, warn
from paysync.domain.ledger import Finding

#: SQL Server 2012: the level that the wrappers are written for.
LEAST_LEVEL = 110
SHOWN = 8

VERSION = """
    SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(40)), d.compatibility_level,
           CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS varchar(80)),
           d.is_read_committed_snapshot_on, DB_NAME()
      FROM sys.databases d WHERE d.name = DB_NAME()"""
SAGE_VERSION = "SELECT VersionNo FROM dbo.tsmModule WHERE ModuleNo = 5"
CODE_PAGE = "SELECT CAST(COLLATIONPROPERTY(CAST(? AS varchar(80)), 'CodePage') AS int)"
TRIGGERS = """
    SELECT o.name, t.name FROM sys.triggers t JOIN sys.objects o ON o.object_id = t.parent_id
     WHERE o.name IN ('tarCustPmtLog', 'tarPendCustPmt', 'tarPendCustPmtAppl', 'tarBatch',
                      'tciBatchLog')
     ORDER BY o.name, t.name"""
IMPORTS = """
    SELECT p.name FROM sys.procedures p
     WHERE p.name LIKE 'spARapi%' OR p.name LIKE 'sp%api%Ins'
     ORDER BY p.name"""
STAGING = "SELECT t.name FROM sys.tables t WHERE t.name LIKE 'Stg%' ORDER BY t.name"
NEWEST = """
    SELECT MAX(COALESCE(UpdateDate, CreateDate)), GETDATE(), CAST(SERVERPROPERTY('ServerName')
           AS varchar(128))
      FROM dbo.tarInvoice WHERE CompanyID = CAST(? AS varchar(3))"""
ADD_ONS = """
    SELECT p.name FROM sys.procedures p JOIN sys.schemas s ON s.schema_id = p.schema_id
     WHERE s.name = 'dbo' AND (p.name LIKE '%lockbox%' OR p.name LIKE '%autocash%'
           OR p.name LIKE '%creditcard%' OR p.name LIKE '%cashapp%')
     ORDER BY p.name"""


def ask_server(reader: Reader) -> Iterator[Finding]:
    """Version, collation, isolation."""
    product, level, collation, snapshot, name = reader.rows(VERSION)[0]
    yield level_of(str(product), int(level))
    yield collation_of(reader, str(collation))
    isolation = "row versions" if snapshot else "locks"
    yield passed("isolation", f"{name} reads under {isolation}; we read in short statements.")


def level_of(product: str, level: int) -> Finding:
    told = f"SQL Server {product}, compatibility level {level}."
    if level < LEAST_LEVEL:
        return block(
            "sql_server", told, f"The wrappers need level {LEAST_LEVEL} (SQL Server 2012) or more."
        )
    return passed("sql_server", told)


def collation_of(reader: Reader, collation: str) -> Finding:
    """Ids are compared without case, and text is Windows-1252 (both inferred: reference 2)."""
    page = reader.rows(CODE_PAGE, [collation])[0][0]
    if page is not None and int(page) != 1252:
        return block(
            "collation",
            f"The database's collation {collation} stores text in code page {page}.",
            "We send Windows-1252. Show this to the reseller before anything is written.",
        )
    if "_CI_" not in f"{collation}_".upper():
        return warn(
            "collation",
            f"The database's collation {collation} tells upper from lower case.",
            "Customer and invoice ids must be typed exactly; two that differ in case are two.",
        )
    return passed("collation", f"Collation {collation}.")


def sage_version(reader: Reader) -> Finding:
    rows = reader.rows(SAGE_VERSION)
    version = str(rows[0][0] or "").strip() if rows else ""
    if not version:
        return warn("sage_version", "Sage's version is not told.", "Ask the reseller for it.")
    return passed("sage_version", f"Accounts receivable {version}.")


def triggers(reader: Reader) -> Finding:
    """Sage's own are called tI_, tU_, tD_ and tR_ (certain); any other is somebody else's."""
    found = [(str(table), str(trigger)) for table, trigger in reader.rows(TRIGGERS)]
    own = ("ti_", "tu_", "td_", "tr_")
    strange = [f"{table}.{name}" for table, name in found if not name.lower().startswith(own)]
    if strange:
        return warn(
            "triggers",
            f"Triggers that are not Sage's own: {listed(strange)}.",
            "They run inside our receipts. Let the reseller say what they do.",
        )
    return passed("triggers", f"{len(found)} triggers on the tables we write, all by Sage's names.")


def surfaces(reader: Reader) -> Finding:
    """Whether the site has an import surface for receipts: none is publicly known (unknown)."""
    names = [str(row[0]) for row in reader.rows(STAGING) + reader.rows(IMPORTS)]
    likely = [name for name in names if "pmt" in name.lower() or "cashr" in name.lower()]
    if likely:
        return warn(
            "import_surface",
            f"There may be an import surface for receipts: {listed(likely)}.",
            "Ask the reseller whether it is better than our wrapper, which can call it instead.",
        )
    return passed("import_surface", f"{len(names)} import objects, none for receipts by its name.")


def add_ons(reader: Reader) -> Finding:
    names = [str(row[0]) for row in reader.rows(ADD_ONS)]
    if names:
        return warn(
            "add_ons",
            f"Procedures of a lockbox or card product: {listed(names)}.",
            "Make sure that it and paysync do not enter the same payments.",
        )
    return passed("add_ons", "No lockbox or card product is to be seen.")


def listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def freshness(reader: Reader, company_id: str) -> Finding:
    """On a read-only copy the newest change shows how far behind it is."""
    newest, now, name = reader.rows(NEWEST, [company_id])[0]
    if newest is None:
        return passed("freshness", f"{name} holds no invoice of {company_id} yet.")
    return passed(
        "freshness",
        f"The newest invoice change on {name} is of {newest:%Y-%m-%d %H:%M}; its clock says "
        f"{now:%Y-%m-%d %H:%M}.",
    )
