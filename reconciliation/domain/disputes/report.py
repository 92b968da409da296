"""A processor's report of disputes: which column means what, and each row as a claim."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from paysync.domain.errors import PaySyncError, RuleError
from paysync.domain.money import Money
from reconciliation.domain.disputes.codes import brand_of
from reconciliation.domain.disputes.facts import Claim, checked
from reconciliation.domain.disputes.states import DisputeState

#: A row of such a report is some 200 characters: room enough for all of them.
MOST_BYTES = 1024 * 1024
MOST_ROWS = 5_000
CELL_LENGTH = 500
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
#: How reports write days; the year first is what nobody misreads.
DATE_FORMATS = {
    "%Y-%m-%d": "2026-11-23",
    "%m/%d/%Y": "11/23/2026",
    "%d/%m/%Y": "23/11/2026",
    "%d.%m.%Y": "23.11.2026",
    "%Y%m%d": "20261123",
    "%m-%d-%Y": "11-23-2026",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a claim that a column may hold. likely: how reports often head it."""

    name: str
    title: str
    is_required: bool = False
    likely: tuple[str, ...] = ()


FIELDS = (
    Field("case_number", "Case number", True, ("case number", "case id", "case", "chargeback id")),
    Field("amount", "Amount", True, ("amount", "dispute amount", "chargeback amount")),
    Field("opened_on", "Opened on", True, ("date", "opened", "received", "dispute date",
                                           "chargeback date", "received date")),
    Field("gateway_reference", "Payment's id in PayTrace", False,
          ("transaction id", "transaction", "gateway id", "reference")),
    Field("currency", "Currency", False, ("currency", "currency code")),
    Field("brand", "Card brand", False, ("brand", "card brand", "card type", "network")),
    Field("reason_code", "Reason code", False, ("reason code", "reason")),
    Field("evidence_due_on", "Evidence due", False, ("due date", "respond by", "deadline",
                                                     "evidence due")),
    Field("state", "State", False, ("status", "state", "outcome")),
    Field("fee", "Fee", False, ("fee", "chargeback fee")),
)  # fmt: skip
REQUIRED = tuple(one.name for one in FIELDS if one.is_required)
#: How reports call the states. What is not here is a problem of its row, never a guess.
STATES = {
    "open": DisputeState.OPENED, "opened": DisputeState.OPENED, "new": DisputeState.OPENED,
    "received": DisputeState.OPENED, "first chargeback": DisputeState.OPENED,
    "evidence due": DisputeState.EVIDENCE_DUE, "needs response": DisputeState.EVIDENCE_DUE,
    "pending response": DisputeState.EVIDENCE_DUE,
    "submitted": DisputeState.SUBMITTED, "under review": DisputeState.SUBMITTED,
    "responded": DisputeState.SUBMITTED,
    "won": DisputeState.WON, "reversed": DisputeState.WON,
    "lost": DisputeState.LOST, "accepted": DisputeState.ACCEPTED,
    "withdrawn": DisputeState.WITHDRAWN,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """columns: field -> name of the column."""

    columns: Mapping[str, str]
    date_format: str = "%Y-%m-%d"
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Sheet:
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]  #: (line, cells)


@dataclass(slots=True)
class Reading:
    """claims: (line, claim). problems: (line, column, reason)."""

    claims: list[tuple[int, Claim]] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)


def read_sheet(content: bytes, delimiter: str = ",") -> Sheet:
    """The cells of a file in UTF-8 or Windows-1252. Raises RuleError for what is no such file."""
    if len(content) > MOST_BYTES:
        raise RuleError(f"The file is larger than {MOST_BYTES // (1024 * 1024)} MB.")
    if b"\x00" in content:
        raise RuleError("This is no CSV file: there are zero bytes in it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise RuleError("The file is neither UTF-8 nor Windows-1252.") from error
    lines: list[tuple[int, tuple[str, ...]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, tuple(cell.strip() for cell in cells)))
            if len(lines) > MOST_ROWS + 1:
                raise RuleError(f"The file has more than {MOST_ROWS} rows.")
    except csv.Error as error:
        raise RuleError(f"Line {reader.line_num} is no CSV: {error}.") from error
    if len(lines) < 2:
        raise RuleError("The file has no row below its heading.")
    header = lines[0][1]
    named = [name.lower() for name in header if name]
    if len(named) != len(set(named)):
        raise RuleError("Two columns have the same name.")
    return Sheet(header, tuple(lines[1:]))


def suggest(header: Sequence[str]) -> dict[str, str]:
    """Which column each field probably is, by its name; a person confirms it."""
    names = {name.lower().replace("_", " ").strip(): name for name in header if name}
    found = {}
    for one in FIELDS:
        match = next((names[word] for word in one.likely if word in names), None)
        if match is not None:
            found[one.name] = match
    return found


def check_layout(layout: Layout, header: Sequence[str]) -> None:
    """Raise RuleError unless the columns are there and all that has to be told is told."""
    if missing := [one.title for one in FIELDS if one.is_required and
                   not layout.columns.get(one.name)]:  # fmt: skip
        raise RuleError(f"Choose a column for: {', '.join(missing)}.")
    if absent := [name for name in layout.columns.values() if name and name not in header]:
        raise RuleError(f"The file has no column {absent[0]}.")
    if layout.date_format not in DATE_FORMATS or layout.delimiter not in DELIMITERS:
        raise RuleError("Choose how days are written and what parts the columns.")


def read_claims(sheet: Sheet, layout: Layout, currency: str, today: date) -> Reading:
    """Each row as a claim; a row that cannot be read is a problem with its line and column.

    currency: what holds where no column tells one.
    """
    check_layout(layout, sheet.header)
    places = {name: sheet.header.index(column)
              for name, column in layout.columns.items() if column}  # fmt: skip
    found, seen = Reading(), set[str]()
    for line, cells in sheet.rows:
        row = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        problems = list(problems_of(line, row, layout))
        if problems:
            found.problems += problems
            continue
        try:
            claim = checked(to_claim(row, layout, currency), today)
        except PaySyncError as error:
            found.problems.append((line, "", str(error)))
            continue
        if claim.case_number in seen:
            found.problems.append((line, "Case number", "The case is in the file twice."))
            continue
        seen.add(claim.case_number)
        found.claims.append((line, claim))
    return found


def problems_of(
    line: int, row: Mapping[str, str], layout: Layout
) -> Iterator[tuple[int, str, str]]:
    for one in FIELDS:
        text = row.get(one.name, "")
        if len(text) > CELL_LENGTH:
            yield line, one.title, f"longer than {CELL_LENGTH} characters"
            continue
        if not text:
            if one.is_required:
                yield line, one.title, "empty"
            continue
        reason = ""
        if one.name in {"amount", "fee"} and amount_in(text) is None:
            reason = f"{text[:40]!r} is no amount"
        elif one.name in {"opened_on", "evidence_due_on"} and day_in(text, layout) is None:
            reason = f"{text[:40]!r} is no day like {DATE_FORMATS[layout.date_format]}"
        elif one.name == "state" and text.lower() not in STATES:
            reason = f"{text[:40]!r} is no state that we know"
        elif one.name == "currency" and not (len(text) == 3 and text.isascii() and text.isalpha()):
            reason = f"{text[:40]!r} is no currency"
        if reason:
            yield line, one.title, reason


def to_claim(row: Mapping[str, str], layout: Layout, currency: str) -> Claim:
    code = (row.get("currency") or currency).upper()
    amount, fee = amount_in(row["amount"]), amount_in(row.get("fee", ""))
    opened = day_in(row["opened_on"], layout)
    if amount is None or opened is None:
        raise RuleError("The row tells no amount or no day.")
    return Claim(
        case_number=row["case_number"],
        amount=Money(abs(amount), code),  # some reports write what leaves with a minus
        opened_on=opened,
        gateway_reference=row.get("gateway_reference", ""),
        brand=brand_of(row.get("brand", "")),
        reason_code=row.get("reason_code", ""),
        evidence_due_on=day_in(row.get("evidence_due_on", ""), layout),
        state=STATES.get(row.get("state", "").lower()),
        fee=Money(abs(fee), code) if fee else None,
    )


def amount_in(text: str) -> Decimal | None:
    """`1,234.50`, `$1,234.50`, `(12.00)` and `-12.00` are read; anything else is None."""
    plain = text.strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    plain = plain.replace("$", "").replace(",", "").replace(" ", "")
    if not plain.isascii() or "e" in plain.lower():
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def day_in(text: str, layout: Layout) -> date | None:
    try:
        return datetime.strptime(text.strip(), layout.date_format).date()
    except ValueError:
        return None
