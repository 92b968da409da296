"""What a site tells of receipts: rows of its receipts export, and acknowledgements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from paysync.domain.desk.entries import Shown
from paysync.domain.desk.states import DeskState
from paysync.domain.ledger import Application
from paysync.domain.money import Money


class AckStatus(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    POSTED = "posted"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One line of an acknowledgement file. line: where it stands there."""

    line: int
    idempotency_key: str
    status: AckStatus
    tran_id: str = ""
    batch_id: str = ""
    post_date: date | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class SageReceipt:
    """One receipt of Sage's list, ours or not. customer_id is "" of a deleted one.

    applications: None where the export has none; an application's write_off None where it has no
    such column, as posted ones have not (certain).
    """

    line: int
    company_id: str
    tran_no: str
    tran_id: str
    tran_date: date
    customer_id: str
    amount: Money
    unapplied: Money | None
    comment: str
    batch_id: str
    state: DeskState
    post_date: date | None
    applications: tuple[tuple[str, Money, Money, Money | None], ...] | None = None

    def shown(self, sent: tuple[Application, ...]) -> Shown:
        """What it shows, with the write-offs that we sent where the list cannot tell them."""
        if self.applications is None:
            return Shown(self.amount, self.unapplied)
        ours = {link.invoice_tran_id: link.write_off for link in sent}
        zero = Money.zero(self.amount.currency)
        links = tuple(
            Application(name, paid, discount, ours.get(name, zero) if lost is None else lost)
            for name, paid, discount, lost in self.applications
        )
        return Shown(self.amount, self.unapplied, links)


@dataclass(frozen=True, slots=True)
class News:
    """What is new of one receipt of ours. as_of: how it was at least at this instant.

    seen_at: how it was at most at this instant, so that a list of invoices made later has it.
    """

    state: DeskState
    as_of: datetime
    seen_at: datetime
    tran_id: str = ""
    batch_id: str = ""
    post_date: date | None = None
    message: str = ""
    shown: Shown | None = None
    number_told: bool = True

    @property
    def is_acceptance(self) -> bool:
        """Somebody took the file in: nothing of Sage's own list is behind it."""
        return self.state is DeskState.ENTERED and self.shown is None


class Kept(StrEnum):
    """What an import left behind."""

    IMPORTED = "imported"
    REPEATED = "repeated"
    OLDER = "older"
    REJECTED = "rejected"
