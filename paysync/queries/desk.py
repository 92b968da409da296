"""What the console shows of the desk: the work list, one receipt a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from paysync.domain.desk import DeskKind, DeskState, intent_of
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Application
from paysync.models import Company, Connection, DeskReceipt, DeskRecord

PART = 500
#: What each view of the work list shows.
VIEWS: dict[str, tuple[str, Q]] = {
    "waiting": ("To enter", Q(state=DeskState.WAITING)),
    "entered": (
        "Entered",
        Q(state__in=[DeskState.ENTERED, DeskState.EDITING, DeskState.POSTING,
                     DeskState.INTERRUPTED]),
    ),
    "asked": ("Questions", ~Q(question="")),
    "ended": (
        "Ended",
        Q(state__in=[DeskState.POSTED, DeskState.REJECTED, DeskState.DELETED,
                     DeskState.WITHDRAWN]),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """What somebody asked for. Unknown values find nothing rather than everything."""

    view: str = "waiting"
    company_id: str = ""
    cash_account_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WorkLine:
    """Everything that is keyed in, on one line. problem: why it must not be keyed in."""

    pk: int
    company_id: str
    customer_id: str
    customer_name: str
    tran_no: str
    tran_date: date
    post_date: date
    cash_account_id: str
    amount: Decimal
    currency: str
    applications: tuple[Application, ...]
    unapplied: Decimal
    comment: str
    state: DeskState
    sage_tran_id: str
    number_told: bool
    entered_by: str
    entered_at: datetime | None
    posted_on: date | None
    question: str
    problem: str = ""

    @property
    def is_waiting(self) -> bool:
        return self.state is DeskState.WAITING

    @property
    def may_be_undone(self) -> bool:
        return self.state is DeskState.ENTERED and bool(self.entered_by) and not self.number_told

    @property
    def is_entered(self) -> bool:
        return self.state is DeskState.ENTERED


def work_rows(asked: WorkFilter) -> QuerySet[DeskReceipt]:
    """The receipts of sites by hand that fit, in the order people enter them: batch by batch."""
    rows = DeskReceipt.objects.filter(connection__kind=Connection.Kind.SAGE500_MANUAL)
    rows = rows.filter(VIEWS[asked.view][1] if asked.view in VIEWS else Q(pk__in=[]))
    if asked.company_id:
        rows = rows.filter(company_id=asked.company_id)
    if asked.cash_account_id:
        rows = rows.filter(batch__cash_account_id=asked.cash_account_id)
    if asked.text:
        text = asked.text.strip().upper()
        rows = rows.filter(Q(tran_no=text) | Q(sage_tran_id=text) | Q(customer_id__startswith=text))
    order = ("company_id", "batch__cash_account_id", "batch__post_date", "pk")
    return rows.select_related("batch").order_by(*order)


def to_lines(rows: Iterable[DeskReceipt]) -> list[WorkLine]:
    found = list(rows)
    names = customer_names(found)
    return [to_line(row, names.get((row.company_id, row.customer_id), "")) for row in found]


def to_line(row: DeskReceipt, name: str) -> WorkLine:
    """One that nobody can read is shown too, with a warning instead of its parts."""
    links: tuple[Application, ...] = ()
    comment, problem = "", ""
    try:
        intent = intent_of(row.intent)
        links, comment = intent.applications, intent.comment
    except RecordError:
        problem = "Its parts cannot be read: do not enter it, show it to an engineer."
    return WorkLine(
        pk=row.pk,
        company_id=row.company_id,
        customer_id=row.customer_id,
        customer_name=name,
        tran_no=row.tran_no,
        tran_date=row.tran_date,
        post_date=row.batch.post_date,
        cash_account_id=row.batch.cash_account_id,
        amount=row.amount,
        currency=row.currency,
        applications=links,
        unapplied=row.amount - sum((link.amount.amount for link in links), Decimal(0)),
        comment=comment,
        state=DeskState(row.state),
        sage_tran_id=row.sage_tran_id,
        number_told=row.number_told,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        posted_on=row.posted_on,
        question=row.question,
        problem=problem,
    )


def customer_names(rows: Sequence[DeskReceipt]) -> Mapping[tuple[str, str], str]:
    keys = sorted({row.customer_id for row in rows})
    connections = {row.connection_id for row in rows}
    found = DeskRecord.objects.filter(connection_id__in=connections, kind=DeskKind.CUSTOMER)
    return {
        (one.company_id, one.key): str(one.data.get("name", ""))
        for start in range(0, len(keys), PART)
        for one in found.filter(key__in=keys[start : start + PART])
    }


def companies_by_hand() -> list[str]:
    rows = Company.objects.filter(erp_connection__kind=Connection.Kind.SAGE500_MANUAL)
    return list(rows.order_by("company_id").values_list("company_id", flat=True))


def cash_accounts_by_hand(view: str) -> list[str]:
    rows = work_rows(WorkFilter(view=view)).order_by("batch__cash_account_id")
    return list(rows.values_list("batch__cash_account_id", flat=True).distinct())


def view_counts() -> dict[str, int]:
    """How many lines each view has."""
    return {view: work_rows(WorkFilter(view=view)).order_by().count() for view in VIEWS}
