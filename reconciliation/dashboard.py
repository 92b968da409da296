"""The console's first page: what came in, what is posted, what waits, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from paysync.models import Company
from paysync.queries.health import connection_health, queue_depth
from reconciliation.models import GatewayTransaction
from reconciliation.queries import dashboard as queries
from reconciliation.queries.refund_waiting import APPROVES, MOST_COUNTED, count_decidable

#: The proof runs every quarter of an hour: an hour without one is worth a word.
STALE = timedelta(hours=1)
#: A message that waits longer than this has nobody working it.
SLOW_QUEUE_S = 300
MOST_ALERTS = 5
PLOT_HEIGHT = 150
BAR, GAP = 40, 26


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the page's context what this user may see."""
    user = request.user
    sees_money = user.has_perm("reconciliation.view_gatewaytransaction")
    context["title"] = "Today"
    context["today"] = timezone.localdate()
    context["sees_connections"] = user.has_perm("paysync.view_connection")
    context |= system_part()
    if user.has_perm("paysync.view_alert"):
        context |= alert_part()
    if user.has_perm(APPROVES) and user.pk is not None:
        context["to_approve"] = count_decidable(user.pk, timezone.now())
        context["most_counted"] = MOST_COUNTED
    if not sees_money:
        return context
    if not GatewayTransaction.objects.order_by("pk")[:1].exists():
        context["steps"] = steps(request)
        return context
    return context | money_part(request, context["today"])


def money_part(request: HttpRequest, today: date) -> dict[str, Any]:
    companies = queries.active_companies()
    chosen = chosen_company(request, companies)
    shown = [chosen] if chosen else companies
    parts = queries.purses(shown, today)
    sums = queries.together(parts, today)
    rows = queries.items_by_reason(shown, today)
    proof = queries.latest_proof()
    return {
        "sees_money": True,
        "companies": companies,
        "company": chosen,
        "scope": f"&company__id__exact={chosen.pk}" if chosen else "",
        "purses": sums,
        "parts": parts if len(parts) > 1 else [],
        "charts": [to_chart(purse) for purse in sums[:3]],
        "items": rows,
        "item_count": sum(row.count for row in rows),
        "ages": queries.age_totals(rows),
        "proof": proof,
        "proof_is_old": proof is not None and timezone.now() - proof.at > STALE,
    }


def chosen_company(request: HttpRequest, companies: list[Company]) -> Company | None:
    """The company asked for by its Sage id; all of them otherwise."""
    wanted = request.GET.get("company", "")
    return next((company for company in companies if company.company_id == wanted), None)


def system_part() -> dict[str, Any]:
    queue = queue_depth()
    return {
        "connections": connection_health(),
        "queue": queue,
        "queue_is_slow": (queue.oldest_age_s or 0) > SLOW_QUEUE_S,
    }


def alert_part() -> dict[str, Any]:
    alerts = queries.open_alerts(MOST_ALERTS)
    return {"alerts": alerts[:MOST_ALERTS], "has_more_alerts": len(alerts) > MOST_ALERTS}


# --- the chart ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart, in units of the drawing."""

    day: queries.Day
    x: int
    label_x: int
    hit_x: int
    y: int
    height: int
    posted_y: int
    posted_height: int
    link: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Captured against posted by day, drawn by the server: it needs no script."""

    purse: queries.Purse
    bars: list[Bar]
    width: int
    height: int
    grid: list[tuple[int, Decimal]]
    plot: int = PLOT_HEIGHT
    bar: int = BAR
    reach: int = BAR + GAP


def to_chart(purse: queries.Purse) -> Chart:
    top = nice(max((day.captured for day in purse.days), default=Decimal(0)))
    bars = [to_bar(index, day, top) for index, day in enumerate(purse.days)]
    grid = [(PLOT_HEIGHT - scale(top * n / 2, top), top * n / 2) for n in (1, 2)]
    return Chart(purse, bars, len(bars) * (BAR + GAP) + GAP, PLOT_HEIGHT + 30, grid)


def to_bar(index: int, day: queries.Day, top: Decimal) -> Bar:
    height = scale(day.captured, top)
    posted = scale(min(day.posted, day.captured), top)
    x = GAP + index * (BAR + GAP)
    span = {"business_date_from": day.on, "business_date_to": day.on}
    return Bar(
        day=day,
        x=x,
        label_x=x + BAR // 2,
        hit_x=x - GAP // 2,
        y=PLOT_HEIGHT - height,
        height=height,
        posted_y=PLOT_HEIGHT - posted,
        posted_height=posted,
        link=f"{reverse('admin:reconciliation_gatewaytransaction_changelist')}?{urlencode(span)}",
    )


def scale(value: Decimal, top: Decimal) -> int:
    """A height in the plot; what is there at all is at least two units high."""
    return max(round(value / top * (PLOT_HEIGHT - 10)), 2) if value > 0 else 0


def nice(value: Decimal) -> Decimal:
    """The next round number: 1, 2, 2.5 or 5 times a power of ten."""
    if value <= 0:
        return Decimal(1)
    unit = Decimal(1).scaleb(value.adjusted())
    steps = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
    return next(step * unit for step in steps if step * unit >= value)


# --- the first steps ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on a new site."""

    title: str
    text: str
    link: str
    button: str
    is_done: bool
    is_next: bool = False


def steps(request: HttpRequest) -> list[Step]:
    """The way from an empty site to the first payment; the first open step is marked.

    A step that this user's role does not include has no button.
    """
    done = queries.set_up()
    listed = [
        ("Connect PayTrace", "The address and the API user that reads payments.",
         "paysync_connection_add", "paysync.add_connection", "Add connection", done.gateway),
        ("Connect Sage 500", "The address of the receipt API and its key.",
         "paysync_connection_add", "paysync.add_connection", "Add connection", done.erp),
        ("Store the credentials", "Every connection needs its own; they are kept encrypted.",
         "paysync_connection_changelist", "paysync.change_connection", "Open connections",
         done.credentials),
        ("Add a company", "By its Sage 500 CompanyID. It starts in shadow mode: nothing is sent.",
         "paysync_company_add", "paysync.add_company", "Add company", done.company),
        ("Add a merchant account", "The PayTrace account that collects for the company.",
         "paysync_merchantaccount_add", "paysync.add_merchantaccount", "Add account",
         done.merchant_account),
        ("Read Sage 500", "Accounts, customers and invoices come in by themselves.",
         "django_q_schedule_changelist", "django_q.view_schedule", "Open schedules",
         done.accounts_read),
        ("Draft and activate a GL mapping", "One person drafts it, another activates it.",
         "reconciliation_glmapping_add", "reconciliation.add_glmapping", "Add mapping",
         done.mapping),
        ("Read the first payments", "PayTrace is read every five minutes.",
         "django_q_schedule_changelist", "django_q.view_schedule", "Open schedules",
         done.payment),
    ]  # fmt: skip
    open_ones = [index for index, step in enumerate(listed) if not step[-1]]
    first = open_ones[0] if open_ones else -1
    return [
        Step(
            title=title,
            text=text,
            link=reverse(f"admin:{page}"),
            button=button if request.user.has_perm(permission) else "",
            is_done=is_done,
            is_next=index == first,
        )
        for index, (title, text, page, permission, button, is_done) in enumerate(listed)
    ]
