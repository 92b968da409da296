"""Questions about tables, procedures and rights (reference 15 and 17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from paysync.adapters.sage500.preflight.asking import Reader, block, passed, warn
from paysync.adapters.sage500.preflight.expected import INSERTED, expected_tables
from paysync.adapters.sage500.preflight.server import listed
from paysync.domain.ledger import Finding

COLUMNS = """
    SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,
           NUMERIC_SCALE, IS_NULLABLE, COLUMN_DEFAULT
      FROM INFORMATION_SCHEMA.COLUMNS
     WHERE TABLE_SCHEMA = 'dbo' AND (TABLE_NAME LIKE 'ta%' OR TABLE_NAME LIKE 'tc%'
           OR TABLE_NAME LIKE 'tg%' OR TABLE_NAME LIKE 'tm%' OR TABLE_NAME LIKE 'ts%')
     ORDER BY TABLE_NAME, ORDINAL_POSITION"""
PARAMETERS = """
    SELECT o.name, p.parameter_id, t.name, p.is_output
      FROM sys.all_parameters p JOIN sys.objects o ON o.object_id = p.object_id
      JOIN sys.types t ON t.user_type_id = p.user_type_id
     WHERE o.name IN (?, ?, ?) AND p.parameter_id > 0
     ORDER BY o.name, p.parameter_id"""
CARDS = """
    SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS
     WHERE TABLE_SCHEMA = 'dbo' AND TABLE_NAME LIKE 'tar%CustPmt%'
       AND (COLUMN_NAME LIKE '%Tender%' OR COLUMN_NAME LIKE '%CrCard%'
            OR COLUMN_NAME LIKE '%CreditCard%')
     ORDER BY TABLE_NAME, COLUMN_NAME"""
MAY = "SELECT HAS_PERMS_BY_NAME(?, 'OBJECT', ?)"
NEVER = ("dbo.tarInvoice", "dbo.tarCustPmt", "dbo.tarPendCustPmt", "dbo.tglTransaction")

#: Parameters of Sage's procedures that we call, by position (certain: reference 2.4 and 4.1).
KEY, BATCH, STATUS = 2, 11, 3

Shown = Mapping[str, Mapping[str, tuple[Any, ...]]]


def ask_columns(reader: Reader, used: Collection[str]) -> Iterator[Finding]:
    """Do the tables look as we know them? used: the names that our SQL speaks of."""
    shown = shown_tables(reader)
    missing: list[str] = []
    other: list[str] = []
    for table, columns in expected_tables().items():
        if table not in used:
            continue
        have = shown.get(table.lower())
        if have is None:
            missing.append(table)
            continue
        for column in columns.values():
            found = have.get(column.name.lower())
            if found is None and column.name in used:
                missing.append(f"{table}.{column.name}")
            elif found is not None and type_of(found) != column.type:
                other.append(f"{table}.{column.name} is {type_of(found)}, not {column.type}")
    yield from columns_found(missing, other)
    yield unfilled(shown)


def columns_found(missing: list[str], other: list[str]) -> Iterator[Finding]:
    if missing:
        yield block(
            "columns",
            f"Not there, or not readable by this login: {listed(missing)}.",
            "Grant SELECT by the shipped script. Where the site's Sage names them otherwise, "
            "change the shipped SQL with the reseller first.",
        )
    else:
        yield passed("columns", "Every table and column that we use is there.")
    if other:
        yield warn(
            "column_types",
            f"Of another type than we know: {listed(other)}.",
            "Compare with the reseller: longer text is cut nowhere, but shorter text is refused.",
        )


def unfilled(shown: Shown) -> Finding:
    """Columns that must be filled and that our insert does not know."""
    known = expected_tables()
    strange = [
        f"{table}.{row[1]}"
        for table in sorted(INSERTED)
        for name, row in shown.get(table.lower(), {}).items()
        if name not in {column.lower() for column in known[table]}
        and row[6] == "NO"
        and row[7] is None
    ]
    if strange:
        return block(
            "unknown_columns",
            f"Must be filled, and we do not know them: {listed(strange)}.",
            "This Sage is newer or changed. The wrapper has to be extended first.",
        )
    return passed("unknown_columns", "No column that must be filled is unknown to the wrappers.")


def shown_tables(reader: Reader) -> Shown:
    shown: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for row in reader.rows(COLUMNS):
        shown[str(row[0]).lower()][str(row[1]).lower()] = row
    return shown


def type_of(row: tuple[Any, ...]) -> str:
    """The type as the expected tables write it."""
    kind = str(row[2]).lower()
    if kind in {"varchar", "char", "nvarchar", "nchar"}:
        return f"{kind}({'max' if row[3] in {-1, None} else row[3]})"
    if kind in {"decimal", "numeric"}:
        return f"decimal({row[4]},{row[5]})"
    return kind


def ask_procedures(reader: Reader, key: str, batch: str, status: str) -> Finding:
    """Sage's own procedures that the wrappers call, by number of parameters."""
    counts: dict[str, int] = defaultdict(int)
    for name, *_ in reader.rows(PARAMETERS, [key, batch, status]):
        counts[str(name).lower()] += 1
    wrong = [
        f"{name} has {counts.get(name.lower(), 0)} parameters, not {wanted}"
        for name, wanted in ((key, KEY), (batch, BATCH), (status, STATUS))
        if counts.get(name.lower()) != wanted
    ]
    if wrong:
        return block(
            "procedures",
            f"Sage's procedures are not as we know them: {listed(wrong)}.",
            "They are called by position. Set their names in the connection's options, or ask "
            "the reseller what changed.",
        )
    return passed("procedures", f"{key}, {batch} and {status} take what we give them.")


def may_execute(reader: Reader, submit: str) -> Finding:
    if may(reader, submit, "EXECUTE"):
        return passed("may_execute", f"This login may run {submit}.")
    return block(
        "may_execute",
        f"This login may not run {submit}, or it is not installed.",
        "Have the DBA install the script of `manage.py sage500_sql --print` and put the login "
        "into its role.",
    )


def least_privilege(reader: Reader) -> Finding:
    """The login must not be able to write Sage's own tables."""
    writable = [
        f"{verb} on {table}"
        for table in NEVER
        for verb in ("INSERT", "UPDATE", "DELETE")
        if may(reader, table, verb)
    ]
    if writable:
        return warn(
            "least_privilege",
            f"This login could write Sage's own tables: {listed(writable)}.",
            "Give paysync a login of its own that is only in the role of the shipped script.",
        )
    return passed("least_privilege", "This login cannot write a table of Sage.")


def card_columns(reader: Reader) -> Finding:
    """Newer versions may keep tender or card columns; which is unknown."""
    names = [f"{table}.{column}" for table, column in reader.rows(CARDS)]
    if names:
        return passed(
            "card_columns", f"Tender or card columns, none of them ours: {listed(names)}."
        )
    return passed("card_columns", "No tender or card columns on the receipt tables.")


def may(reader: Reader, what: str, verb: str) -> bool:
    return bool(reader.rows(MAY, [what, verb])[0][0])
