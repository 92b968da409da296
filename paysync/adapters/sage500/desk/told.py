"""Exports of receipts and applications, and acknowledgement files -> news of our receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from paysync.adapters.sage500.desk.importing import Import, Values, checked
from paysync.domain.desk import Acknowledgement, AckStatus, DeskState, SageReceipt
from paysync.domain.money import Money

#: tciBatchLog.Status and PostStatus (certain), TranStatus 5 = void (inferred for receipts).
IN_USE, POSTING, POSTED, INTERRUPTED = 1, 5, 6, 7
BATCH_DELETED, LOG_VOID = 999, 5

#: (company, Sage's TranID) -> (invoice, paid, discount, write-off or None).
Links = Mapping[tuple[str, str], list[tuple[str, str, str, str | None]]]


def state_of(values: Values) -> DeskState:
    """The table of reference 14.4, top to bottom."""
    status, post_status = values["batch_status"], values["post_status"] or 0
    if post_status == BATCH_DELETED or values["log_status"] == LOG_VOID:
        return DeskState.DELETED
    if status == INTERRUPTED:
        return DeskState.INTERRUPTED
    if status == POSTED:
        return DeskState.POSTED
    if status == POSTING or post_status > 0:
        return DeskState.POSTING
    return DeskState.EDITING if status == IN_USE else DeskState.ENTERED


def links_of(one: Import) -> Links:
    """The applications of every receipt in the file. Raises BadFileError."""
    links: dict[tuple[str, str], list[tuple[str, str, str, str | None]]] = defaultdict(list)
    for _, values in one.rows():
        key = (values["company_id"], values["receipt_tran_id"].upper())
        links[key].append(
            (values["invoice_tran_id"].upper(), values["amount"], values["discount"],
             values["write_off"])
        )  # fmt: skip
    one.finish()
    return links


def receipts_of(one: Import, links: Links | None) -> list[SageReceipt]:
    """Every receipt in the file, ours or not. links: None where none are exported. BadFileError."""
    found = [to_sage_receipt(one, line, values, links) for line, values in one.rows()]
    one.finish()
    return [row for row in found if row is not None]


def to_sage_receipt(
    one: Import, line: int, values: Values, links: Links | None
) -> SageReceipt | None:
    def money(text: str | None) -> Money | None:
        return None if text is None else Money.parse(text, values["currency"])

    def build() -> SageReceipt:
        mine = None if links is None else links.get(
            (values["company_id"], values["tran_id"].upper()), []
        )  # fmt: skip
        return SageReceipt(
            line=line,
            company_id=values["company_id"],
            tran_no=values["tran_no"],
            tran_id=values["tran_id"],
            tran_date=date.fromisoformat(values["tran_date"]),
            customer_id=values["customer_id"],
            amount=Money.parse(values["amount"], values["currency"]),
            unapplied=money(values["unapplied"]),
            comment=values["comment"],
            batch_id=values["batch_id"],
            state=state_of(values),
            post_date=day_or_none(values["post_date"]),
            applications=None if mine is None else tuple(
                (name, Money.parse(paid, values["currency"]),
                 Money.parse(discount, values["currency"]), money(lost))
                for name, paid, discount, lost in mine
            ),
        )  # fmt: skip

    found: SageReceipt | None = checked(one, line, "amount", values["amount"], build)
    if found and found.state is DeskState.POSTED and found.post_date is None:
        one.wrong(line, "post_date", "", "a posted receipt has a posting date")
        return None
    return found


def acknowledgements_of(one: Import) -> list[Acknowledgement]:
    """Every line of an acknowledgement file. Raises BadFileError."""
    found: dict[str, Acknowledgement] = {}
    for line, values in one.rows():
        key, status = values["idempotency_key"], values["status"].lower()
        if status not in AckStatus.__members__.values():
            allowed = ", ".join(AckStatus)
            one.wrong(line, "status", values["status"], f"none of {allowed}")
        elif key in found:
            one.wrong(line, "idempotency_key", key, f"line {found[key].line} has it already")
        elif status == AckStatus.POSTED and values["post_date"] is None:
            one.wrong(line, "post_date", "", "a posted receipt has a posting date")
        else:
            found[key] = Acknowledgement(
                line, key, AckStatus(status), values["tran_id"], values["batch_id"],
                day_or_none(values["post_date"]), values["message"],
            )  # fmt: skip
    one.finish()
    return list(found.values())


def day_or_none(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
