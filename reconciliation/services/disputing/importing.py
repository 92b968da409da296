"""Take in a processor's report: every row once, however often the file comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.models import Company
from paysync.services.audit import record
from reconciliation.domain.disputes.facts import Claim, is_news
from reconciliation.domain.disputes.report import Layout, Reading, Sheet, read_claims
from reconciliation.domain.disputes.states import DISPUTE_EDGES, OPEN_DISPUTES, DisputeState
from reconciliation.models import Dispute, DisputeColumns
from reconciliation.services.disputing.deciding import DECIDES, locked_case, move_to
from reconciliation.services.disputing.opening import OPENS, open_dispute


@dataclass(slots=True)
class Taken:
    """What a report did. problems: (line, column, reason)."""

    opened: int = 0
    moved: int = 0
    same: int = 0
    problems: list[tuple[int, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        left = f", {len(self.problems)} rows not taken" if self.problems else ""
        return f"{self.opened} opened, {self.moved} moved on, {self.same} known already{left}"


def layout_of(company: Company) -> Layout | None:
    """How the company's reports are written, as it was remembered."""
    row = DisputeColumns.objects.filter(company=company).first()
    return Layout(row.columns, row.date_format, row.delimiter) if row else None


def remember_layout(
    company: Company, layout: Layout, *, user: AbstractUser, now: datetime
) -> DisputeColumns:
    if not user.has_perm(OPENS):
        raise PermissionDenied
    row, _ = DisputeColumns.objects.update_or_create(
        company=company,
        defaults={
            "columns": dict(layout.columns),
            "date_format": layout.date_format,
            "delimiter": layout.delimiter,
            "saved_by": user.get_username(),
            "saved_at": now,
        },
    )
    record(str(user.get_username()), "dispute columns", row, {"columns": dict(layout.columns)})
    return row


def look_at_report(company: Company, sheet: Sheet, layout: Layout, now: datetime) -> Reading:
    """What the report says, without writing anything."""
    return read_claims(sheet, layout, company.currency, timezone.localdate(now))


def take_report(
    company: Company, sheet: Sheet, layout: Layout, *, user: AbstractUser, now: datetime
) -> Taken:
    """Open the cases that are new, move on those that have moved.

    A file with a row that cannot be read is not taken at all. Else each row counts by itself: what
    one row cannot do is told with its line and holds up no other. Taken twice, a report has no
    second effect. Raises PermissionDenied, RuleError.
    """
    if not user.has_perm(OPENS):
        raise PermissionDenied
    reading = look_at_report(company, sheet, layout, now)
    if reading.problems:
        line, column, reason = reading.problems[0]
        more = f" (and {len(reading.problems) - 1} more)" if len(reading.problems) > 1 else ""
        raise RuleError(f"Nothing was taken. Line {line}, {column or 'row'}: {reason}{more}.")
    remember_layout(company, layout, user=user, now=now)
    taken = Taken()
    for line, claim in reading.claims:
        try:
            take_row(company, claim, taken, user, now)
        except RuleError as error:
            taken.problems.append((line, "", str(error)))
    return taken


def take_row(
    company: Company, claim: Claim, taken: Taken, user: AbstractUser, now: datetime
) -> None:
    held = Dispute.objects.filter(company=company, case_number=claim.case_number).first()
    if held is None:
        open_dispute(claim, company=company, source=Dispute.Source.FILE, user=user, now=now)
        taken.opened += 1
    elif follow_claim(held, claim, user, now):
        taken.moved += 1
    else:
        taken.same += 1


def follow_claim(dispute: Dispute, claim: Claim, user: AbstractUser, now: datetime) -> bool:
    """What a report or a feed says of a case that we have. Returns whether it was news.

    Raises ConflictError where it tells another amount, or a state that cannot follow.
    """
    if (claim.amount.amount, claim.amount.currency) != (dispute.amount, dispute.currency):
        raise ConflictError(f"{dispute} is over {dispute.amount:.2f}, not {claim.amount}.")
    old, new = DisputeState(dispute.state), claim.state
    if new is None or not is_news(old, new):
        return False
    if new not in DISPUTE_EDGES[old]:
        raise ConflictError(f"{dispute} is {old} here and cannot become {new}.")
    if new not in OPEN_DISPUTES and not user.has_perm(DECIDES):
        raise RuleError(f"{dispute} is {new} by the report: an approver has to take it in.")
    with locked_case(dispute.pk, dispute.revision) as (held, row):
        move_to(held, row, new, str(user.get_username()), now, "By the processor's report.")
    return True
