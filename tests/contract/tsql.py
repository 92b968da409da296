"""Our shipped T-SQL taken apart: statements and conditions, each for sqlglot to parse.

sqlglot parses statements of T-SQL, not its control flow, so BEGIN, IF, WHILE and the like are
followed here. Every statement of ours ends with a semicolon; one that does not runs into the next
and cannot be parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import ErrorLevel
from sqlglot.tokenizer_core import Token, TokenType

STARTS = frozenset(
    [
        "SELECT",
        "SET",
        "EXEC",
        "INSERT",
        "UPDATE",
        "DELETE",
        "BEGIN",
        "RETURN",
        "RAISERROR",
        "COMMIT",
        "ROLLBACK",
        "DROP",
        "CREATE",
        "GRANT",
        "DECLARE",
        "PRINT",
        "IF",
        "WHILE",
    ]
)
#: Control and administration that sqlglot keeps as plain text.
PLAIN = (
    "EXEC",
    "RAISERROR",
    "BEGIN TRAN",
    "COMMIT",
    "ROLLBACK",
    "GRANT",
    "CREATE ROLE",
    "DROP ROLE",
)


class Words(TSQL.Tokenizer):
    """T-SQL's words, none of them swallowing the rest of its line."""

    COMMANDS: ClassVar[set[TokenType]] = set()


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement, or the condition of an IF or a WHILE."""

    text: str
    is_condition: bool = False

    @property
    def verb(self) -> str:
        return "" if self.is_condition else self.text.split(None, 1)[0].upper()

    def parsed(self) -> exp.Expr:
        """Raises sqlglot's ParseError, and ValueError for what it only passes over."""
        text = self.text
        if self.is_condition:
            text = f"SELECT CASE WHEN {text} THEN 1 END"
        if self.verb == "RETURN":
            text = f"SELECT {text[6:] or 0}"
        found = sqlglot.parse_one(text, dialect="tsql", error_level=ErrorLevel.RAISE)
        if isinstance(found, exp.Command) and not text.startswith(PLAIN):
            raise ValueError(f"not understood: {text}")
        return found


def pieces(batch: str) -> list[Piece]:
    """The statements and conditions of a batch; of a procedure or function, those of its body."""
    tokens = Words().tokenize(batch)
    words = [word_of(token) for token in tokens]
    if words[:2] == ["CREATE", "VIEW"]:
        return [Piece(batch)]
    if words[:2] in (["CREATE", "PROCEDURE"], ["CREATE", "FUNCTION"]):
        tokens = tokens[body_at(words) :]
        if [word_of(t) for t in tokens[:2]] == ["RETURN", "SELECT"]:  # an inline function
            tokens = tokens[1:]
    return list(walk(batch, tokens))


def word_of(token: Token) -> str:
    """A word or sign of the language; "" for a text between quotes."""
    return "" if token.token_type is TokenType.STRING else token.text.upper()


def body_at(words: list[str]) -> int:
    """Just behind the AS between parameters and body."""
    depth = 0
    for place, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "AS" and depth == 0:
            return place + 1
    raise ValueError("no body")


def walk(batch: str, tokens: list[Token]) -> Iterator[Piece]:
    place = 0
    while place < len(tokens):
        word = word_of(tokens[place])
        after = word_of(tokens[place + 1]) if place + 1 < len(tokens) else ""
        if word in (";", "ELSE"):
            place += 1
        elif word in ("BEGIN", "END") and after != "TRANSACTION":
            place += 2 if after in ("TRY", "CATCH") else 1
        elif word in ("IF", "WHILE"):
            end = condition_end(tokens, place + 1)
            yield Piece(text_of(batch, tokens[place + 1 : end]), is_condition=True)
            place = end
        else:
            end = statement_end(tokens, place)
            yield Piece(text_of(batch, tokens[place:end]))
            place = end


def condition_end(tokens: list[Token], place: int) -> int:
    """Where the statement begins that the condition is for."""
    depth = 0
    while word_of(tokens[place]) not in STARTS or depth:
        depth += {"(": 1, ")": -1}.get(word_of(tokens[place]), 0)
        place += 1
    return place


def statement_end(tokens: list[Token], place: int) -> int:
    while place < len(tokens) and word_of(tokens[place]) != ";":
        place += 1
    return place


def text_of(batch: str, tokens: list[Token]) -> str:
    """As it is written, without comments before it."""
    return batch[tokens[0].start : tokens[-1].end + 1]


def target_of(statement: exp.Expr) -> str:
    """The table that an INSERT, UPDATE or DELETE writes; "" for other statements."""
    if not isinstance(statement, (exp.Insert, exp.Update, exp.Delete)):
        return ""
    target = statement.this
    if isinstance(target, exp.Schema):
        target = target.this
    name = str(target.sql(dialect="tsql"))
    for table in statement.find_all(exp.Table):
        if table.alias == name:  # UPDATE h ... FROM dbo.tarBatch AS h
            return f"{table.db}.{table.name}" if table.db else str(table.this.sql(dialect="tsql"))
    return name


def columns_of(statement: exp.Expr) -> set[str]:
    """The columns that an UPDATE sets."""
    found = statement.args.get("expressions") or []
    return {item.this.name for item in found if isinstance(item, exp.EQ)}
