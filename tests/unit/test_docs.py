"""The documentation names what the code has, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paysync.domain.ledger import RECEIPT_EDGES, REVERSAL_EDGES, Bucket
from paysync.domain.payments import EDGES
from paysync.models import Connection
from paysync.sandbox.faults import WIRE
from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.sandbox.sage500.twin import SageTwin
from paysync.schedules import DEFAULTS
from reconciliation.domain.matching import number_of
from reconciliation.domain.reasons import Reason

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows_of(path: Path) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = [line for line in text_of(path).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def sources() -> str:
    apps = [ROOT / "paysync", ROOT / "customers", ROOT / "reconciliation"]
    return "\n".join(text_of(path) for app in apps for path in sorted(app.rglob("*.py")))


def anchors_of(path: Path) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_listed_with_heading_and_advice(reason: Reason) -> None:
    rows = [row for row in rows_of(DOCS / "reconciliation.md") if row[0] == f"`{reason}`"]
    assert len(rows) == 1
    assert rows[0][1] == reason.heading
    assert reason.advice in rows[0][3]


def test_every_schedule_is_in_the_runbook() -> None:
    named = {row[0]: row[1] for row in rows_of(DOCS / "runbook.md")}
    for default in DEFAULTS:
        if default.cron:
            minute, hour = default.cron.split()[:2]
            when = f"{int(hour):02}:{int(minute):02}"
        else:
            when = "every minute" if default.minutes == 1 else f"every {default.minutes} minutes"
        assert named.get(default.name) == when


def test_every_alert_is_in_the_runbook() -> None:
    codes = set(re.findall(r'\braise_alert\(\s*"(\w+)"', sources()))
    listed = {row[0].strip("`") for row in rows_of(DOCS / "runbook.md")}
    assert codes
    assert codes <= listed


def test_every_health_of_a_connection_is_in_the_runbook() -> None:
    listed = {row[0].strip("`") for row in rows_of(DOCS / "runbook.md")}
    assert set(Connection.Health.values) <= listed


def test_every_violation_is_in_the_runbook() -> None:
    checks = ROOT / "reconciliation" / "services" / "proof"
    proof = "\n".join(text_of(path) for path in sorted(checks.glob("*.py")))
    named = set(re.findall(r'\.broken\(\s*(\d+),\s*"([^"]+)"', proof))
    listed = {(row[0], row[1]) for row in rows_of(DOCS / "runbook.md")}
    assert named
    assert named <= listed


def test_every_state_and_edge_is_in_the_architecture() -> None:
    rows = rows_of(DOCS / "architecture.md")
    told = {word: row for row in rows for word in re.findall(r"`(\w+)`", row[0])}
    for gateway_state, followers in EDGES.items():
        if len(followers) < len(EDGES) - 1:
            assert words(told[gateway_state][1]) == set(followers)
    for receipt_state, receipt_followers in RECEIPT_EDGES.items():
        assert words(told[receipt_state][2]) == set(receipt_followers)


def test_every_state_and_edge_of_a_reversal_is_in_the_document() -> None:
    rows = rows_of(DOCS / "money-out.md")
    told = {word: row for row in rows for word in re.findall(r"`(\w+)`", row[0])}
    for state, followers in REVERSAL_EDGES.items():
        assert words(told[state][2]) == set(followers)


def test_every_fault_card_is_in_the_architecture_and_none_besides() -> None:
    rows = {row[0]: words(row[1]) for row in rows_of(DOCS / "architecture.md")}
    assert rows["any twin"] == set(WIRE)
    assert rows["PayTrace"] == set(PayTraceTwin.cards)
    assert rows["Sage 500"] == set(SageTwin.cards)


def test_the_spellings_that_the_rules_show_mean_what_they_say() -> None:
    text = " ".join(text_of(DOCS / "reconciliation.md").split())
    shown = re.search(r"leading zeros: (.+?) all mean (\d+)\.", text)
    assert shown
    spellings = re.findall(r"`([^`]+)`", shown.group(1))
    assert len(spellings) > 2
    assert {number_of(spelling) for spelling in spellings} == {shown.group(2)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_document_ids_have_the_form_that_sage_500_gives_them(page: Path) -> None:
    assert not re.findall(r"\b\d{10}-[A-Z]{2}\b", text_of(page))


def words(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_the_worked_example_sums_to_zero() -> None:
    rows = rows_of(DOCS / "architecture.md")
    start = next(place for place, row in enumerate(rows) if row[0] == "after")
    assert set(rows[start][1:]) <= set(Bucket)
    balances = [row for row in rows[start + 2 : start + 7] if row[0] != "state"]
    assert len(balances) == 5
    for row in balances:
        amounts = [cell.replace("−", "-").replace(".", "") for cell in row[1:] if cell]
        assert sum(int(amount) for amount in amounts) == 0, row


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors_of(path), f"{link} has no such heading"
