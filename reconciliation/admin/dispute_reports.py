"""Read the processor's report: choose columns, look at the rows, take them in."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from paysync.admin.base import require_permission
from paysync.domain.errors import RuleError
from paysync.models import Company
from reconciliation.domain.disputes.report import (
    DATE_FORMATS,
    DELIMITERS,
    FIELDS,
    MOST_BYTES,
    Layout,
    Sheet,
    read_sheet,
    suggest,
)
from reconciliation.services import disputing

#: Rows that the preview shows.
SHOWN = 20


class ReportPages:
    """For the admin of disputes: one page in two steps, nothing kept in between."""

    admin_site: Any
    opts: Any

    def report(self, request: HttpRequest) -> HttpResponse:
        require_permission(request, disputing.OPENS)
        context = self.admin_site.each_context(request) | {
            "title": "Processor's report", "opts": self.opts,
            "companies": Company.objects.filter(is_active=True).order_by("company_id"),
            "delimiters": DELIMITERS, "formats": DATE_FORMATS,
        }  # fmt: skip
        if request.method == "POST":
            try:
                context |= self.read(request)
            except RuleError as error:
                messages.error(request, str(error))
        return TemplateResponse(request, "reconciliation/disputes/report.html", context)

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """What the page shows of the file; with do=take the cases are opened. Raises RuleError."""
        company = company_in(request)
        content = content_in(request)
        delimiter = request.POST.get("delimiter", ",")
        sheet = read_sheet(content, delimiter if delimiter in DELIMITERS else ",")
        layout = layout_in(request, company, sheet)
        shown: dict[str, Any] = {
            "company": company, "sheet": sheet, "layout": layout,
            "content": base64.b64encode(content).decode(),
            "fields": [(one, layout.columns.get(one.name, "")) for one in FIELDS],
        }  # fmt: skip
        if request.POST.get("do") == "take":
            taken = disputing.take_report(
                company,
                sheet,
                layout,
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
            messages.success(request, f"{taken}.")
            return {"taken": taken, "company": company}
        try:
            reading = disputing.look_at_report(company, sheet, layout, timezone.now())
        except RuleError as error:
            return shown | {"unclear": str(error)}
        return shown | {
            "claims": reading.claims[:SHOWN], "count": len(reading.claims),
            "problems": reading.problems[:SHOWN], "problem_count": len(reading.problems),
        }  # fmt: skip


def company_in(request: HttpRequest) -> Company:
    key = request.POST.get("company", "")
    pk = int(key) if key.isdecimal() and len(key) < 10 else 0
    company = Company.objects.filter(pk=pk, is_active=True).first()
    if company is None:
        raise RuleError("Choose a company.")
    return company


def content_in(request: HttpRequest) -> bytes:
    """The file, or the file of the step before. Raises RuleError."""
    file = request.FILES.get("file")
    if file is not None:
        if file.size is None or file.size > MOST_BYTES:
            raise RuleError(f"The file is larger than {MOST_BYTES // (1024 * 1024)} MB.")
        return bytes(file.read())
    try:
        content = base64.b64decode(request.POST.get("content", ""), validate=True)
    except binascii.Error as error:
        raise RuleError("Choose the file again.") from error
    if not content:
        raise RuleError("Choose a file first.")
    return content


def layout_in(request: HttpRequest, company: Company, sheet: Sheet) -> Layout:
    """What the form says; at the first look what is remembered, else what the names suggest."""
    delimiter = request.POST.get("delimiter", ",")
    chosen = {one.name: request.POST.get(f"column_{one.name}", "")[:200] for one in FIELDS}
    if request.POST.get("content"):
        columns = {name: column for name, column in chosen.items() if column}
        return Layout(columns, request.POST.get("date_format", "%Y-%m-%d"), delimiter)
    held = disputing.layout_of(company)
    if held is not None and set(held.columns.values()) <= set(sheet.header):
        return Layout(held.columns, held.date_format, delimiter)
    return Layout(suggest(sheet.header), request.POST.get("date_format", "%Y-%m-%d"), delimiter)
