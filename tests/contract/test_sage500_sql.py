"""The shipped T-SQL, file by file, without a server: it parses, and keeps to our rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlglot.errors import ParseError

from paysync.adapters.sage500 import script
from paysync.adapters.sage500.script import Part, batches_of, parts, uninstall_script
from tests.contract.tsql import Piece, columns_of, pieces, target_of

ADAPTER = Path(script.__file__).parent
PARTS = [*parts(), Part("uninstall.sql", uninstall_script())]
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
WORDS = re.compile(r"'(?:[^']|'')*'")

#: Above SQL Server 2012, dynamic, or not for money (reference 15).
FORBIDDEN = re.compile(
    r"\bMERGE\b|\bEXEC(UTE)?\s*\(\s*@|sp_executesql|STRING_AGG|OPENJSON|JSON_VALUE|CREATE\s+OR\s+ALTER"
    r"|DROP\s+\w+\s+IF\s+EXISTS|NOLOCK|READUNCOMMITTED|\bTRIM\s*\(|CONCAT_WS|STRING_SPLIT"
    r"|OUTPUT\s+INSERTED|xp_|OPENROWSET|OPENQUERY|\bDISABLE\s+TRIGGER|IDENTITY_INSERT|\bTRUNCATE\b",
    re.IGNORECASE,
)
#: What may be written, and of existing rows which columns (reference 4.4).
WRITABLE = {
    "dbo.tarCustPmtLog": {"TranStatus"},
    "dbo.tarPendCustPmt": set[str](),
    "dbo.tarPendCustPmtAppl": set[str](),
    "dbo.tarBatch": {"CashAcctKey", "Hold", "HoldReason", "TranCtrl", "UpdateCounter"},
    "dbo.tciBatchLog": {"BatchTotal", "NextSeqNo", "UpdateCounter"},
    "dbo.StgCustomer": set[str](),
}
#: The procedures that are Sage's or the site's own; everything else that is run is ours.
FOREIGN = {
    "dbo.spGetNextSurrogateKey", "dbo.spGetNextBatch", "dbo.spGetBatchStatus",
    "dbo.spARapiCustomerIns", "sp_getapplock",
}  # fmt: skip
CALLED = re.compile(r"\bEXEC\s+(?:@\w+\s*=\s*)?([\w.]+)", re.IGNORECASE)
#: Names in Python that are asked about, not read.
NOT_READ = {"dbo.tglTransaction"}
TABLE = re.compile(r"\bdbo\.[tv][A-Za-z]+")


def named(part: Part) -> str:
    return part.name


def bare(text: str) -> str:
    """Without comments and texts."""
    return WORDS.sub("''", COMMENT.sub("", text))


def statements(part: Part) -> list[Piece]:
    return [piece for batch in batches_of(part.text) for piece in pieces(batch)]


def procedures() -> list[tuple[str, str]]:
    batches = [batch for part in PARTS for batch in batches_of(part.text)]
    found = [(re.search(r"^CREATE PROCEDURE (\S+)", batch, re.M), batch) for batch in batches]
    return [(match.group(1), batch) for match, batch in found if match]


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_every_statement_parses(part: Part) -> None:
    for piece in statements(part):
        try:
            piece.parsed()
        except Exception as error:
            raise AssertionError(f"{part.name}: {piece.text}") from error


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT 1 FROM;", "IF @a = SELECT 1;", "SELECT 1 SET @a = 2;", "SELECT a b c FROM t;",
        "UPDATE t SET a = 1 b = 2;", "INSERT INTO t (a VALUES (1);", "DELETE t WHERE;",
        "SELECT CASE WHEN 1 = 1 THEN 2;", "SELECT @a = 1 UPDATE t SET a = 1;", "MERGE INTO t;",
    ],
)  # fmt: skip
def test_a_mistake_would_be_found(wrong: str) -> None:
    with pytest.raises((ParseError, ValueError)):
        for piece in pieces(wrong):
            piece.parsed()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (
            "UPDATE i SET Balance = 0 FROM dbo.tarInvoice i JOIN dbo.x x ON x.a = i.a;",
            "dbo.tarInvoice",
        ),
        ("UPDATE l SET a = 0 FROM @Link l JOIN dbo.tarInvoice i ON i.a = l.a;", "@Link"),
        ("DELETE FROM dbo.tarCustPmt WHERE a = 1;", "dbo.tarCustPmt"),
        ("INSERT INTO dbo.tglPosting (a, b) SELECT a, b FROM @Link;", "dbo.tglPosting"),
        ("SELECT 1;", ""),
    ],
)
def test_what_a_statement_writes_is_seen(text: str, target: str) -> None:
    assert target_of(pieces(text)[0].parsed()) == target


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_nothing_forbidden_is_used(part: Part) -> None:
    assert FORBIDDEN.search(bare(part.text)) is None
    assert part.text.isascii() and "\t" not in part.text


def test_the_only_text_that_is_run_is_the_making_of_the_schema() -> None:
    found = [
        line.strip()
        for part in PARTS
        for line in COMMENT.sub("", part.text).splitlines()
        if re.search(r"\bEXEC(UTE)?\s*\(", line, re.IGNORECASE)
    ]
    assert found == ["EXEC ('CREATE SCHEMA ptx AUTHORIZATION dbo');"]


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_only_what_may_be_written_is_written(part: Part) -> None:
    for piece in statements(part):
        if piece.verb not in ("INSERT", "UPDATE", "DELETE"):
            continue
        statement = piece.parsed()
        target = target_of(statement)
        if target.startswith(("ptx.", "@")):
            continue
        assert target in WRITABLE, f"{part.name}: {piece.text}"
        if piece.verb == "UPDATE":
            assert columns_of(statement) and columns_of(statement) <= WRITABLE[target], piece.text


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_only_known_procedures_are_run(part: Part) -> None:
    called = set(CALLED.findall(bare(part.text)))
    assert {name for name in called if not name.startswith("ptx.")} <= FOREIGN


@pytest.mark.parametrize(("name", "text"), procedures(), ids=[n for n, _ in procedures()])
def test_every_procedure_is_silent_and_all_or_nothing(name: str, text: str) -> None:
    assert re.search(r"^BEGIN\s+SET NOCOUNT ON;\s+SET XACT_ABORT ON;", text, re.M)


@pytest.mark.parametrize(("name", "text"), procedures(), ids=[n for n, _ in procedures()])
def test_a_procedure_with_a_transaction_catches_and_ends_it(name: str, text: str) -> None:
    code = bare(text)
    if "BEGIN TRANSACTION" in code:
        caught = code.split("BEGIN CATCH", 1)[1]
        assert re.search(r"IF @@TRANCOUNT > 0\s+ROLLBACK TRANSACTION;", caught)
        assert "THROW" not in code and "@oRetVal" in caught


def test_the_schema_belongs_to_dbo_so_that_ownership_chains() -> None:
    assert "AUTHORIZATION dbo" in PARTS[0].text
    assert not any("EXECUTE AS" in bare(part.text).upper() for part in PARTS)


def test_what_is_granted_is_what_is_read_and_run() -> None:
    grants = next(part.text for part in PARTS if part.name == "90_grants.sql")
    granted = set(re.findall(r"GRANT SELECT ON (dbo\.\w+)", grants))
    files = [*ADAPTER.glob("*.py"), *(ADAPTER / "preflight").glob("*.py")]
    read = {name for path in files for name in TABLE.findall(path.read_text())} - NOT_READ
    assert granted == read
    assert not re.search(r"GRANT (INSERT|UPDATE|DELETE|ALTER|CONTROL|ALL)", grants)
    run = set(re.findall(r"GRANT EXECUTE ON ptx\.(\w+)", grants))
    assert run == {
        "ReceiptSubmit", "ReceiptWithdraw", "ReceiptFind", "ReceiptStatus", "ReversalSubmit",
        "GLEntrySubmit", "CustomerUpdate",
    }  # fmt: skip


def test_no_comment_line_could_be_taken_for_the_end_of_a_batch() -> None:
    for path in (ADAPTER / "sql").glob("*.sql"):
        for batch in path.read_text().split("\nGO\n"):
            assert not re.search(r"^\s*GO\s*$", batch, re.M | re.I), path.name
        assert path.read_text().endswith("GO\n"), path.name
