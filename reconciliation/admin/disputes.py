"""Disputes: the list by deadline, the case, the processor's report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import StoryAdmin, chosen_day, link_to, require_permission
from paysync.domain.errors import RecordError, RuleError
from paysync.templatetags.money import amount
from reconciliation.admin.dispute_reports import ReportPages
from reconciliation.domain.disputes.codes import Brand
from reconciliation.domain.disputes.documents import MOST_BYTES
from reconciliation.domain.disputes.facts import Claim
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, DisputeDocument, GatewayTransaction
from reconciliation.queries import dispute_pages
from reconciliation.queries.refund_pages import read_amount
from reconciliation.services import disputing
from reconciliation.templatetags.states import deadline, dispute_state, payer

SEES = "reconciliation.view_dispute"
OPENS, CHANGES, DECIDES = disputing.OPENS, disputing.CHANGES, disputing.DECIDES
TYPED = ("case_number", "amount", "opened_on", "brand", "reason_code", "evidence_due_on", "fee")


@admin.register(Dispute)
class DisputeAdmin(ReportPages, StoryAdmin):
    list_display = ("case_number", "due_shown", "payer_shown", "payment", "money_amount", "brand",
                    "reason_code", "state_shown", "owner")  # fmt: skip
    list_select_related = ("transaction__customer", "owner")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("company", RelatedDropdownFilter),
        ("owner", RelatedDropdownFilter),
        ("brand", ChoicesDropdownFilter),
        ("opened_on", RangeDateFilter),
        ("evidence_due_on", RangeDateFilter),
        ("amount", RangeNumericFilter),
    )
    search_fields = ("=case_number", "=gateway_reference", "=transaction__customer__customer_id")
    search_help_text = "Case number, gateway id or customer"
    ordering = ("-pk",)
    empty_text = "Open a case on a payment's page, or read the processor's report."
    change_form_template = "reconciliation/disputes/case.html"
    list_before_template = "reconciliation/disputes/_list_acts.html"
    posts: ClassVar[dict[str, str]] = {
        "state": "change_state", "deadline": "set_deadline", "owner": "set_owner",
        "answer": "write_answer", "note": "add_note", "fee": "charge_fee",
        "payment": "name_payment", "paper": "add_paper",
    }  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("new/", view(self.new), name="dispute_new"),
            path("report/", view(self.report), name="dispute_report"),
            path("papers/<int:document_id>/", view(self.paper), name="dispute_paper"),
        ]
        return own + super().get_urls()

    # --- a new case -------------------------------------------------------------------------------

    def new(self, request: HttpRequest) -> HttpResponse:
        """A case of the payment that the address names."""
        require_permission(request, OPENS)
        key = request.GET.get("payment", "")
        rows = GatewayTransaction.objects.select_related("company", "customer")
        payment = rows.filter(pk=int(key) if key.isdecimal() and len(key) < 19 else 0).first()
        if payment is None or payment.kind != "sale":
            raise Http404("no such payment")
        if request.method == "POST":
            made: list[Dispute] = []
            if self.tell(request, lambda: made.append(self.open(request, payment))):
                messages.success(request, "Opened. What the payment paid is open again.")
                return redirect(self.page_of(made[0].pk))
        typed = {name: request.POST.get(name, "")[:40] for name in TYPED}
        context = self.admin_site.each_context(request) | {
            "title": "New dispute", "opts": self.opts, "payment": payment, "typed": typed,
            "brands": list(Brand), "codes": dispute_pages.offered_codes(),
            "today": timezone.localdate(), "brand": typed["brand"] or payment.card_brand,
        }  # fmt: skip
        return TemplateResponse(request, "reconciliation/disputes/new.html", context)

    def open(self, request: HttpRequest, payment: GatewayTransaction) -> Dispute:
        return disputing.open_dispute(
            claim_in(request, payment.currency),
            company=payment.company,
            source=Dispute.Source.MANUAL,
            user=request.user,  # type: ignore[arg-type]  # signed in: the site asks
            now=timezone.now(),
            payment_id=payment.pk,
        )

    # --- the case ---------------------------------------------------------------------------------

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        user = request.user
        may_change = user.has_perm(CHANGES)
        return {
            "story": dispute_pages.find_case(object_id, timezone.now()),
            "may_change": may_change,
            "may_decide": user.has_perm(DECIDES),
            "may_read": user.has_perm("reconciliation.view_disputedocument"),
            "owners": dispute_pages.possible_owners() if may_change else [],
        }

    def change_state(self, request: HttpRequest, object_id: int) -> HttpResponse:
        name = request.POST.get("state", "")

        def call() -> None:
            if name not in set(DisputeState):
                raise RuleError("Choose one of the states.")
            disputing.change_state(
                object_id,
                DisputeState(name),
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                text=request.POST.get("text", ""),
                revision=revision_in(request),
            )

        return self.act(request, object_id, CHANGES, call, "Noted; the books have followed.")

    def set_deadline(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            disputing.set_deadline(
                object_id,
                chosen_day(request.POST.get("due", "")),
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )

        return self.act(request, object_id, CHANGES, call, "The deadline is noted.")

    def set_owner(self, request: HttpRequest, object_id: int) -> HttpResponse:
        key = request.POST.get("owner", "")

        def call() -> None:
            owner = None
            if key:
                pk = int(key) if key.isdecimal() and len(key) < 10 else 0
                owner = User.objects.filter(pk=pk, is_active=True).first()
                if owner is None:
                    raise RuleError("There is no such user.")
            disputing.set_owner(object_id, owner, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, CHANGES, call, "Assigned.")

    def write_answer(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            disputing.write_answer(
                object_id,
                request.POST.get("text", ""),
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                revision=revision_in(request),
            )

        return self.act(request, object_id, CHANGES, call, "The answer is kept.")

    def add_note(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            text = request.POST.get("text", "")
            disputing.add_note(object_id, text, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, CHANGES, call, "Noted.")

    def charge_fee(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            currency = Dispute.objects.values_list("currency", flat=True).get(pk=object_id)
            fee = read_amount(request.POST.get("fee", "")[:30], currency)
            disputing.charge_fee(object_id, fee, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, CHANGES, call, "An open item says where to book it.")

    def name_payment(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            gateway_id = request.POST.get("gateway_id", "")[:60]
            disputing.name_payment(object_id, gateway_id, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, CHANGES, call, "The case has its payment.")

    # --- papers -----------------------------------------------------------------------------------

    def add_paper(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            file = request.FILES.get("file")
            if file is None:
                raise RuleError("Choose a file first.")
            if file.size is None or file.size > MOST_BYTES:
                raise RuleError(f"The file is larger than {MOST_BYTES // (1024 * 1024)} MB.")
            disputing.add_document(
                object_id,
                file.name or "",
                file.read(),
                folder=Path(settings.DOCUMENTS_DIR),
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )

        return self.act(request, object_id, CHANGES, call, "The document is kept.")

    def paper(self, request: HttpRequest, document_id: int) -> HttpResponse:
        """Always a download: nothing that came from outside is shown as a page of ours."""
        try:
            row, content = disputing.read_document(
                document_id,
                folder=Path(settings.DOCUMENTS_DIR),
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except (DisputeDocument.DoesNotExist, RecordError) as error:
            raise Http404(str(error)) from error
        answer = HttpResponse(content, content_type=row.content_type)
        answer.headers["Content-Disposition"] = disposition(row.name)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return answer

    # --- columns ----------------------------------------------------------------------------------

    @admin.display(description="Evidence due", ordering="evidence_due_on")
    def due_shown(self, row: Dispute) -> SafeString | str:
        return deadline(row, dispute_pages.days_left(row, timezone.now()))

    @admin.display(description="Payer")
    def payer_shown(self, row: Dispute) -> str:
        return payer(row.transaction) or "–"

    @admin.display(description="Payment")
    def payment(self, row: Dispute) -> SafeString | str:
        if row.transaction is None:
            return f"{row.gateway_reference or 'none'} (not known)"
        return link_to(row.transaction, row.gateway_reference)

    @admin.display(description="Claimed", ordering="amount")
    def money_amount(self, row: Dispute) -> SafeString:
        return amount(row.amount, row.currency)

    @admin.display(description="State", ordering="state")
    def state_shown(self, row: Dispute) -> SafeString:
        return dispute_state(row.state)


def revision_in(request: HttpRequest) -> int | None:
    """The case as the person saw it."""
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def claim_in(request: HttpRequest, currency: str) -> Claim:
    """What the form says. Raises RuleError."""
    typed = {name: request.POST.get(name, "").strip()[:60] for name in TYPED}
    due: date | None = chosen_day(typed["evidence_due_on"]) if typed["evidence_due_on"] else None
    brand = typed["brand"]
    return Claim(
        case_number=typed["case_number"],
        amount=read_amount(typed["amount"], currency),
        opened_on=chosen_day(typed["opened_on"]),
        brand=Brand(brand) if brand in set(Brand) else Brand.OTHER,
        reason_code=typed["reason_code"],
        evidence_due_on=due,
        fee=read_amount(typed["fee"], currency) if typed["fee"] else None,
    )


def disposition(name: str) -> str:
    """A download under its own name, whatever is in it."""
    return content_disposition_header(True, name) or "attachment"
