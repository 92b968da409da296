"""The console: one admin site with one navigation for finance and configuration."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

Entry = tuple[str, str, str]

#: Groups of the navigation, with (title, icon, model) each, or "model address" for a page of its
#: own. Both are named by string, so that nothing here reaches up into the other apps; who may not
#: view the model does not see the entry.
NAVIGATION: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("Work", (
        ("Workbench", "rule", "reconciliation.proposal"),
        ("Open items", "assignment_late", "reconciliation.reconcilingitem"),
        ("Payments", "credit_card", "reconciliation.gatewaytransaction"),
        ("Receipts", "receipt_long", "reconciliation.cashreceipt"),
        ("Refunds", "currency_exchange", "reconciliation.refundrequest"),
        ("Disputes", "gavel", "reconciliation.dispute"),
        ("Receipts to enter", "keyboard", "paysync.deskreceipt"),
        ("Invoices", "description", "reconciliation.invoice"),
        ("Customers", "groups", "customers.customer"),
    )),
    ("Reports", (
        ("Cash not applied", "hourglass_empty", "reconciliation.journalline report-cash"),
        ("How much paysync does", "speed", "reconciliation.match report-meter"),
        ("Money out", "output", "reconciliation.refundrequest report-money-out"),
        ("Shadow mode", "compare_arrows", "reconciliation.shadowcomparison report-shadow"),
    )),
    ("Inbox & runs", (
        ("Inbox", "inbox", "paysync.inboundevent"),
        ("Sync runs", "sync", "paysync.syncrun"),
        ("Imported files", "upload_file", "paysync.deskimport"),
        ("Batches for Sage 500", "outbox", "paysync.deskbatch"),
        ("Schedules", "schedule", "django_q.schedule"),
        ("Failed jobs", "error", "django_q.failure"),
        ("Finished jobs", "task_alt", "django_q.success"),
        ("Alerts", "notifications", "paysync.alert"),
        ("Notices", "mail", "paysync.notice"),
        ("Proofs", "verified", "reconciliation.proofrun"),
        ("Gateway days", "event_available", "reconciliation.completenesscheck"),
        ("Audit trail", "history_edu", "paysync.auditentry"),
    )),
    ("Set-up", (
        ("Companies", "domain", "paysync.company"),
        ("Merchant accounts", "storefront", "paysync.merchantaccount"),
        ("Connections", "cable", "paysync.connection"),
        ("Preflight", "fact_check", "paysync.preflightrun"),
        ("API clients", "api", "paysync.apiclient"),
        ("GL mappings", "account_tree", "reconciliation.glmapping"),
        ("Matching rules", "tune", "reconciliation.matchruleset"),
        ("Refund reasons", "format_list_bulleted", "reconciliation.refundreason"),
        ("Refund limits", "policy", "reconciliation.refundpolicy"),
        ("Customer links", "link", "customers.customerlink"),
        ("Learned payers", "school", "customers.payeralias"),
    )),
    ("As read from Sage 500", (
        ("GL accounts", "menu_book", "reconciliation.glaccount"),
        ("Cash accounts", "account_balance", "reconciliation.cashaccount"),
        ("Fiscal periods", "calendar_month", "reconciliation.fiscalperiod"),
        ("ERP batches", "inventory_2", "reconciliation.erpbatch"),
    )),
    ("People", (
        ("Users", "person", "auth.user"),
        ("Roles", "shield_person", "auth.group"),
    )),
)  # fmt: skip
#: Kinds of connections without which an entry is left out.
DESK_ENTRIES = {
    "paysync.deskreceipt": ("sage500_manual",),
    "paysync.deskimport": ("sage500_manual", "sage500_flat_file"),
    "paysync.deskbatch": ("sage500_manual", "sage500_flat_file"),
}
#: Entries with a badge: the states in which a record waits for a person.
COUNTED = {
    "reconciliation.reconcilingitem": ("open",),
    "reconciliation.refundrequest": ("requested",),
    "reconciliation.dispute": ("opened", "evidence_due"),
}
#: More than this are shown as "999+": nobody counts them in a menu.
MOST_COUNTED = 999


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """The admin site of the console."""

    index_title = "Today"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups and entries that this user may see."""
    groups = [{"items": [today(request)]}]
    for title, entries in NAVIGATION:
        seen = [entry for entry in entries if may_view(request, entry[2]) and is_used(entry[2])]
        items = [to_item(request, *entry) for entry in seen]
        if items:
            groups.append({"title": title, "items": items})  # type: ignore[dict-item]
    return groups


def today(request: HttpRequest) -> dict[str, Any]:
    home = reverse("admin:index")
    return {
        "title": "Today",
        "icon": "today",
        "link": home,
        "active": request.path == home,
        "permission": always,
    }


def to_item(request: HttpRequest, title: str, icon: str, label: str) -> dict[str, Any]:
    model, _, page = label.partition(" ")
    link = reverse(page or f"admin:{model.replace('.', '_')}_changelist")
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": link,
        "active": request.path.startswith(link),
        "permission": always,
    }
    if label in COUNTED:
        item |= badge_of(label)
    return item


def always(request: HttpRequest) -> bool:
    """Entries that may not be seen are left out before they get here."""
    return True


def may_view(request: HttpRequest, label: str) -> bool:
    app, model = label.split(" ")[0].split(".")
    user = request.user
    return any(user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change", "enter"))


def is_used(label: str) -> bool:
    """Entries about files and keyed entry are for sites that have such a connection."""
    if label not in DESK_ENTRIES:
        return True
    connections = apps.get_model("paysync.connection")._default_manager
    return bool(connections.filter(kind__in=DESK_ENTRIES[label]).exists())


def badge_of(label: str) -> dict[str, Any]:
    """How many of the entry's records wait for a person; no badge when none does."""
    rows = apps.get_model(label)._default_manager.filter(state__in=COUNTED[label])
    found = rows.order_by()[: MOST_COUNTED + 1].count()
    if not found:
        return {}
    text: int | str = f"{MOST_COUNTED}+" if found > MOST_COUNTED else found
    return {"badge": text, "badge_variant": "warning"}


def environment_badge(request: HttpRequest) -> list[str] | None:
    """Which kind of site this is, so that nobody takes a rehearsal for the real books."""
    if settings.DEMO:
        return ["Demo", "warning"]
    if settings.DEBUG:
        return ["Development", "info"]
    connections = apps.get_model("paysync.connection")._default_manager.filter(is_active=True)
    environments = set(connections.order_by().values_list("environment", flat=True).distinct())
    if environments == {"sandbox"}:
        return ["Sandbox", "warning"]
    return ["Production", "danger"] if "production" in environments else None


def console_css(request: HttpRequest) -> str:
    return str(static("css/console.css"))


def favicon(request: HttpRequest) -> str:
    return str(static("img/favicon.svg"))
