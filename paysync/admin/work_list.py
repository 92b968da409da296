"""The work list: receipts that people enter in Sage 500 by hand, one on each line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from paysync.admin.base import LedgerAdmin, chosen_day, require_permission
from paysync.domain.desk.problems import safe_cell
from paysync.domain.errors import RuleError
from paysync.models import DeskReceipt
from paysync.queries import desk as queries
from paysync.queries.desk import VIEWS, WorkFilter, WorkLine
from paysync.services.desk import enter_receipt, post_entered, undo_entry
from paysync.services.desk.entering import PERMISSION

PAGE, PRINTED, EXPORTED = 100, 1_000, 10_000
#: What a link back to the list may carry.
KEPT = ("view", "company", "account", "q", "page")
COLUMNS = (
    "Company", "Customer", "Name", "Receipt number", "Date", "Posting date", "Amount", "Currency",
    "Cash account", "Applications", "On account", "Comment", "Sage number",
)  # fmt: skip


def filter_of(values: QueryDict) -> WorkFilter:
    return WorkFilter(
        view=values.get("view") or "waiting",
        company_id=values.get("company", "")[:3],
        cash_account_id=values.get("account", "")[:15],
        text=values.get("q", "")[:20],
    )


def kept(values: QueryDict) -> dict[str, str]:
    """The part of a query that leads back to the same lines."""
    return {name: str(values.get(name))[:40] for name in KEPT if values.get(name)}


@admin.register(DeskReceipt)
class WorkListAdmin(LedgerAdmin):
    posts: ClassVar[dict[str, str]] = {"enter": "enter", "undo": "undo", "posted": "posted"}

    def get_urls(self) -> list[URLPattern]:
        export = path(
            "export/",
            self.admin_site.admin_view(self.export),
            name="paysync_deskreceipt_export",
        )
        return [export, *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PERMISSION) or super().has_view_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked, is_print = filter_of(request.GET), "print" in request.GET
        rows = queries.work_rows(asked)
        page = Paginator(rows, PRINTED if is_print else PAGE).get_page(request.GET.get("page"))
        lines = queries.to_lines(page.object_list)
        context = {
            **self.admin_site.each_context(request),
            "title": "Receipts to enter",
            "opts": self.opts,
            "lines": with_next(lines),
            "page": page,
            "asked": asked,
            "views": self.views(request),
            "companies": queries.companies_by_hand(),
            "accounts": queries.cash_accounts_by_hand(asked.view),
            "may_enter": request.user.has_perm(PERMISSION) and not is_print,
            "at": self.at(request, lines),
            "typed": request.GET.get("number", "")[:20],
            "back": urlencode(kept(request.GET)),
            "is_print": is_print,
            "today": timezone.localdate(),
            "now": timezone.now(),
        }
        return TemplateResponse(request, "paysync/work_list.html", context)

    def views(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The views with their counts and links, keeping the other filters."""
        counts = queries.view_counts()
        rest = {k: v for k, v in kept(request.GET).items() if k not in {"view", "page"}}
        return [
            {"key": key, "title": title, "count": counts[key],
             "query": urlencode({**rest, "view": key})}
            for key, (title, _) in VIEWS.items()
        ]  # fmt: skip

    def at(self, request: HttpRequest, lines: list[WorkLine]) -> int | None:
        """Which line gets the cursor: the one asked for, or the first that waits."""
        wanted = request.GET.get("at", "")
        waiting = [line.pk for line in lines if line.is_waiting and not line.problem]
        if wanted.isdecimal() and int(wanted) in waiting:
            return int(wanted)
        return waiting[0] if waiting else None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A receipt's page is its line on the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = DeskReceipt.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        if row is None:
            messages.warning(request, "There is no such receipt.")
            return redirect(self.home())
        return redirect(f"{self.home()}?{urlencode({'view': view_of(row), 'q': row.tran_no})}")

    # --- what people do -------------------------------------------------------------------------

    def enter(self, request: HttpRequest, object_id: int) -> HttpResponse:
        number = request.POST.get("number", "")

        def call() -> str:
            row = enter_receipt(object_id, number, person=person_of(request), now=timezone.now())
            return f"Receipt {row.tran_no} is entered as {row.sage_tran_id}."

        return self.do(request, object_id, call, number)

    def undo(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> str:
            row = undo_entry(object_id, person=person_of(request), now=timezone.now())
            return f"Receipt {row.tran_no} is on the list again."

        return self.do(request, object_id, call)

    def posted(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> str:
            day = chosen_day(request.POST.get("posted_on", ""))
            row = post_entered(object_id, day, person=person_of(request), now=timezone.now())
            return f"Receipt {row.tran_no} is posted."

        return self.do(request, object_id, call)

    def do(
        self, request: HttpRequest, object_id: int, call: Callable[[], str], typed: str = ""
    ) -> HttpResponse:
        """Do it and come back to the same lines, with the cursor on the next or the wrong one."""
        require_permission(request, PERMISSION)
        query = kept(QueryDict(request.POST.get("back", "")[:400]))
        try:
            messages.success(request, call())
            query["at"] = request.POST.get("next", "")[:12]
        except DeskReceipt.DoesNotExist as error:
            raise Http404("no such receipt") from error
        except RuleError as error:
            messages.error(request, str(error))
            query |= {"at": str(object_id), "number": typed[:20]}
        return redirect(f"{self.home()}?{urlencode({k: v for k, v in query.items() if v})}")

    def export(self, request: HttpRequest) -> HttpResponse:
        """The lines as a spreadsheet opens them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = queries.work_rows(filter_of(request.GET))[:EXPORTED]
        content = sheet_of(queries.to_lines(rows)).encode("utf-8-sig")
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        name = f"receipts-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def home(self) -> str:
        return reverse("admin:paysync_deskreceipt_changelist")


def with_next(lines: list[WorkLine]) -> list[tuple[WorkLine, int | None]]:
    """Each line with the one the cursor goes to after it."""
    following = [line.pk for line in lines[1:]]
    return list(zip(lines, [*following, None], strict=True)) if lines else []


def view_of(row: DeskReceipt) -> str:
    for view in VIEWS:
        if view != "asked" and DeskReceipt.objects.filter(VIEWS[view][1], pk=row.pk).exists():
            return view
    return "waiting"


def person_of(request: HttpRequest) -> Any:
    return request.user


def sheet_of(lines: list[WorkLine]) -> str:
    """The lines as CSV. No cell is a formula, whatever came from outside."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(safe_cell(str(cell)) for cell in cells_of(line))
    return out.getvalue()


def cells_of(line: WorkLine) -> list[object]:
    links = "; ".join(
        " ".join(
            [link.invoice_tran_id, str(link.amount.amount)]
            + ([f"discount {link.discount.amount}"] if link.discount else [])
            + ([f"write-off {link.write_off.amount}"] if link.write_off else [])
        )
        for link in line.applications
    )
    return [
        line.company_id, line.customer_id, line.customer_name, line.tran_no, line.tran_date,
        line.post_date, f"{line.amount:.2f}", line.currency, line.cash_account_id,
        line.problem or links, f"{line.unapplied:.2f}", line.comment, line.sage_tran_id,
    ]  # fmt: skip
