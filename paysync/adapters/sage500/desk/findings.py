"""The preflight of a desk: are the lists there, new enough, and fit to take receipts on?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from paysync.adapters.sage500.desk.options import DeskRules
from paysync.adapters.sage500.desk.store import DeskStore
from paysync.domain.desk import DeskKind, DeskState
from paysync.domain.ledger import Finding, FindingLevel

EXPORT = "Have the site put its export into the inbox folder: docs/sage500-files.md."


def findings_of(
    store: DeskStore, company_id: str, rules: DeskRules, now: datetime
) -> list[Finding]:
    """One finding a question, in a fixed order."""
    ages = store.ages(company_id)
    found = [imported(kind, kind in ages) for kind in DeskKind]
    if DeskKind.INVOICE in ages:
        found.append(fresh(ages[DeskKind.INVOICE], rules, now))
    unanswered = answered(store.oldest_unanswered(company_id), rules, now)
    return [*found, *usable(store, company_id), unanswered, refused(store, company_id)]


def imported(kind: DeskKind, is_there: bool) -> Finding:
    what = kind.value.replace("_", " ")
    if is_there:
        return Finding(f"list_of_{kind}", FindingLevel.PASS, f"There is a list of {what}s")
    return Finding(
        f"list_of_{kind}", FindingLevel.BLOCK, f"No list of {what}s was ever imported", EXPORT
    )


def fresh(as_of: datetime, rules: DeskRules, now: datetime) -> Finding:
    """Balances that are too old would let us pay what is paid."""
    text = f"The list of invoices is of {as_of:%Y-%m-%d %H:%M} UTC"
    level = FindingLevel.PASS
    if now - as_of > rules.stale_after:
        level = FindingLevel.WARN
    if now - as_of > rules.too_old_after:
        level = FindingLevel.BLOCK
    return Finding("list_age", level, text, "" if level is FindingLevel.PASS else EXPORT)


def usable(store: DeskStore, company_id: str) -> Iterator[Finding]:
    questions = (
        ("cash_account", DeskKind.CASH_ACCOUNT, "is_active", FindingLevel.BLOCK,
         "an active cash account", "Set up a clearing account in Sage 500 and export it."),
        ("open_period", DeskKind.FISCAL_PERIOD, "is_open", FindingLevel.WARN,
         "an open fiscal period", "Open a period in Sage 500 or post later."),
    )  # fmt: skip
    for code, kind, flag, level, what, advice in questions:
        if any(data.get(flag) for data, _ in store.records(company_id, kind)):
            yield Finding(code, FindingLevel.PASS, f"There is {what}")
        else:
            yield Finding(code, level, f"There is not {what}", advice)


def answered(oldest: datetime | None, rules: DeskRules, now: datetime) -> Finding:
    """A file that nobody took over, or a line that nobody keyed in."""
    if oldest is None or now - oldest <= rules.answer_within:
        return Finding("unanswered", FindingLevel.PASS, "No receipt waits longer than it should")
    text = f"A receipt of {oldest:%Y-%m-%d %H:%M} UTC was not entered, or nobody told of it"
    advice = "Ask the site whether it takes its files over, and look at the work list."
    return Finding("unanswered", FindingLevel.WARN, text, advice)


def refused(store: DeskStore, company_id: str) -> Finding:
    count = store.counts(company_id).get(DeskState.REJECTED, 0)
    if not count:
        return Finding("refused", FindingLevel.PASS, "The site refused no receipt")
    advice = "See on each receipt why, then release it again or take it back."
    return Finding("refused", FindingLevel.WARN, f"{count} receipts were refused", advice)
