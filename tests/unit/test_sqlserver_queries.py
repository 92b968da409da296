"""Our statements: names as Sage spells them, and lists of a few lengths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paysync.adapters.sage500 import queries
from paysync.adapters.sage500.preflight.expected import expected_tables
from paysync.adapters.sage500.quick_rows import ORDER
from paysync.adapters.sage500.site import rendered

STATEMENTS = {
    name: text
    for name, text in vars(queries).items()
    if name.isupper() and isinstance(text, str) and "SELECT" in text
}


OBJECT = r"(?:FROM|JOIN) ((?:dbo|\$\(Schema\))\.\w+)"


def test_every_name_is_spelled_as_sage_spells_it() -> None:
    """A database with a binary collation tells tables apart by case."""
    known = {name for columns in expected_tables().values() for name in columns}
    known |= set(expected_tables())
    spelled = {name.lower(): name for name in known}
    # Ours, or what the language itself has a word for.
    other = {"code", "status", "description", "name"}
    for statement, text in STATEMENTS.items():
        for word in set(re.findall(r"[A-Za-z_]\w+", text)):
            right = spelled.get(word.lower(), word)
            assert word == right or word in other, f"{statement}: {word} is {right}"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_whole_once_the_sites_names_are_in(name: str) -> None:
    text = rendered(STATEMENTS[name], {"Schema": "cash"})
    assert "$(" not in text and "ptx" not in text
    assert "NOLOCK" not in text and "SELECT *" not in text


def test_no_statement_writes() -> None:
    words = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|INTO)\b")
    assert not [name for name, text in STATEMENTS.items() if words.search(text)]


def test_every_table_we_read_is_granted() -> None:
    grants = (Path(queries.__file__).parent / "sql" / "90_grants.sql").read_text()
    granted = set(re.findall(r"GRANT SELECT ON (\S+)", grants))
    read = {name for text in STATEMENTS.values() for name in re.findall(OBJECT, text)}
    assert read - granted == set()


def test_the_quick_reader_knows_the_columns_of_an_invoice() -> None:
    head = queries.INVOICE.split("FROM dbo.tarInvoice")[0]
    places = [re.search(rf"\b{column}\b", head) for column in ORDER]
    assert all(places)
    asked = [found.start() for found in places if found]
    assert asked == sorted(asked)


@pytest.mark.parametrize(
    ("count", "length"), [(1, 1), (2, 10), (10, 10), (11, 100), (101, 500), (500, 500)]
)
def test_a_list_is_padded_so_that_the_server_keeps_few_plans(count: int, length: int) -> None:
    texts = [f"IN-{number}" for number in range(count)]
    sql, params = queries.listing(queries.NAMED_INVOICES, texts)
    assert len(params) == length and set(params) == set(texts)
    assert sql.count("CAST(? AS varchar(255))") == length + 1  # and the company
    assert "?*" not in sql
