"""Refunds: the cockpit of a payment, the requests with who agreed, reasons and limits."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import ConsoleAdmin, StoryAdmin, link_to, require_permission
from paysync.domain.errors import PaySyncError
from paysync.domain.money import Money
from paysync.templatetags.console import ago
from paysync.templatetags.money import amount
from reconciliation.admin.refund_filters import WaitsFilter
from reconciliation.domain.refunds.lanes import Policy, contradictions
from reconciliation.models import RefundPolicy, RefundReason, RefundRequest
from reconciliation.queries import refund_pages
from reconciliation.services import refunding
from reconciliation.tasks import REFUND
from reconciliation.templatetags.states import payer, refund_state

ASKS = "reconciliation.add_refundrequest"
APPROVES = "reconciliation.approve_refundrequest"
SEES = "reconciliation.view_refundrequest"
#: Lines of one bulk approval: a person reads every one of them.
MOST_AT_ONCE = 100


def send_soon(row: RefundRequest) -> None:
    """Wake the job that sends refunds; its schedule would find it anyway."""
    account_id = row.transaction.merchant_account_id
    async_task(REFUND, account_id, task_name=f"refund account {account_id}")


@admin.register(RefundRequest)
class RefundAdmin(StoryAdmin):
    list_display = ("number", "asked", "payer_shown", "payment", "money_amount", "reason",
                    "state_shown", "agreed", "asked_by")  # fmt: skip
    list_select_related = ("transaction__customer", "reason", "requested_by")
    list_filter = (
        WaitsFilter,
        ("state", ChoicesDropdownFilter),
        ("company", RelatedDropdownFilter),
        ("reason", RelatedDropdownFilter),
        ("requested_by", RelatedDropdownFilter),
        ("requested_at", RangeDateFilter),
        ("amount", RangeNumericFilter),
    )
    search_fields = ("=transaction__gateway_id", "=refund_gateway_id",
                     "=transaction__customer__customer_id")  # fmt: skip
    search_help_text = "Gateway id of payment or refund, or customer"
    ordering = ("-pk",)
    empty_text = "Ask for a refund on a payment's page: it appears here with who has to agree."
    change_form_template = "reconciliation/refunds/request.html"
    posts: ClassVar[dict[str, str]] = {
        "approve": "approve", "reject": "reject", "cancel": "cancel", "outcome": "outcome",
    }  # fmt: skip
    actions = ("approve_selected",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("new/<int:payment_id>/", view(self.cockpit), name="refund_cockpit"),
            path("approving/", view(self.approving), name="refund_approving"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> Any:
        return refund_pages.with_approvals(super().get_queryset(request))

    # --- asking -----------------------------------------------------------------------------------

    def cockpit(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """What may go back and what that does; a POST with do=ask asks for it."""
        require_permission(request, ASKS)
        asked = request.POST if request.method == "POST" else request.GET
        typed = asked.get("amount", "")[:30]
        documents = asked.getlist("documents")[:100]
        unlinked = asked.get("unlinked") == "1"
        now = timezone.now()
        found = refund_pages.find_cockpit(payment_id, typed, documents, now, unlinked=unlinked)
        if found is None:
            raise Http404
        if request.method == "POST" and asked.get("do") == "ask":
            made = self.ask(request, found, documents, unlinked=unlinked)
            if made is not None:
                return redirect(self.page_of(made.pk))
            found = refund_pages.find_cockpit(payment_id, typed, documents, now, unlinked=unlinked)
        context = self.admin_site.each_context(request) | {
            "title": "Refund", "opts": self.opts, "cockpit": found, "documents": documents,
            "unlinked": unlinked, "typed": typed, "reason": asked.get("reason", ""),
            "note": asked.get("note", "")[:300],
        }  # fmt: skip
        return TemplateResponse(request, "reconciliation/refunds/cockpit.html", context)

    def ask(
        self,
        request: HttpRequest,
        found: refund_pages.Cockpit,
        documents: list[str],
        *,
        unlinked: bool,
    ) -> RefundRequest | None:
        """None, with a message, where it cannot be asked for."""
        wanted, reason = found.effect.amount, request.POST.get("reason", "")
        if wanted is None:
            messages.error(request, found.effect.problem)
            return None
        made: list[RefundRequest] = []

        def call() -> None:
            seen = request.POST.get("left", "")
            made.append(
                refunding.request_refund(
                    found.payment.pk,
                    amount=wanted,
                    reason_id=int(reason) if reason.isdecimal() and len(reason) < 10 else 0,
                    note=request.POST.get("note", "")[:400],
                    documents=documents,
                    user=request.user,  # type: ignore[arg-type]  # signed in: the site asks
                    now=timezone.now(),
                    seen_left=refund_pages.read_amount(seen, wanted.currency) if seen else None,
                    unlinked=unlinked,
                )
            )

        if not self.tell(request, call):
            return None
        if made[0].state == "approved":
            send_soon(made[0])
            messages.success(request, f"{made[0].lane} It is sent next.")
        else:
            messages.success(request, f"Asked for. {made[0].lane}")
        return made[0]

    # --- deciding ---------------------------------------------------------------------------------

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        story = refund_pages.find_refund_story(object_id)
        user = request.user
        mine = story is not None and story.request.requested_by_id == user.pk
        state = story.request.state if story else ""
        may_decide = user.has_perm(APPROVES) and not mine and state == "requested"
        may_cancel = (mine or user.has_perm(APPROVES)) and state in {"requested", "approved"}
        return {
            "story": story,
            "may_decide": may_decide,
            "may_cancel": may_cancel,
            "may_tell": user.has_perm(APPROVES) and state == "unknown",
        }

    def approve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            self.approve_one(request, object_id)

        return self.act(request, object_id, APPROVES, call, "Approved.")

    def approve_one(self, request: HttpRequest, object_id: int) -> RefundRequest:
        row = refunding.approve(
            object_id,
            user=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            note=request.POST.get("note", ""),
        )
        if row.state == "approved":
            send_soon(row)
        return row

    def reject(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            refunding.reject(
                object_id,
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                note=request.POST.get("note", ""),
            )

        return self.act(request, object_id, APPROVES, call, "Rejected.")

    def cancel(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            refunding.cancel(object_id, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, SEES, call, "Taken back: nothing is sent.")

    def outcome(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            row = refunding.tell_outcome(
                object_id,
                happened=request.POST.get("happened") == "yes",
                user=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                refund_gateway_id=request.POST.get("refund_gateway_id", ""),
            )
            send_soon(row)

        return self.act(request, object_id, APPROVES, call, "Noted, with your name.")

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(APPROVES))

    @admin.action(description="Approve …", permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Nothing is approved unseen: the next page shows every line."""
        rows = list(queryset.filter(state="requested").order_by("pk")[: MOST_AT_ONCE + 1])
        if not rows or len(rows) > MOST_AT_ONCE:
            wanted = "at least one that is still to be decided" if not rows else "at most 100"
            messages.error(request, f"Choose {wanted}.")
            return redirect(reverse("admin:reconciliation_refundrequest_changelist"))
        ids = "&".join(f"id={row.pk}" for row in rows)
        return redirect(f"{reverse('admin:refund_approving')}?{ids}")

    def approving(self, request: HttpRequest) -> HttpResponse:
        require_permission(request, APPROVES)
        asked = request.POST if request.method == "POST" else request.GET
        ids = [int(one) for one in asked.getlist("id") if one.isdecimal() and len(one) < 10]
        if request.method == "POST":
            return self.approve_all(request, ids[:MOST_AT_ONCE])
        rows = self.get_queryset(request).filter(pk__in=ids[:MOST_AT_ONCE], state="requested")
        rows = list(rows.select_related("transaction__customer", "reason", "requested_by"))
        totals: dict[str, Money] = {}
        for row in rows:
            money = Money.parse(row.amount, row.currency)
            totals[row.currency] = totals.get(row.currency, Money.zero(row.currency)) + money
        context = self.admin_site.each_context(request) | {
            "title": "Approve refunds", "opts": self.opts, "rows": rows,
            "totals": totals.values(), "me": request.user,
            "any_for_me": any(row.requested_by_id != request.user.pk for row in rows),
        }  # fmt: skip
        return TemplateResponse(request, "reconciliation/refunds/approving.html", context)

    def approve_all(self, request: HttpRequest, ids: list[int]) -> HttpResponse:
        """Each one by itself: what may not be approved does not hold up the rest."""
        done = 0
        for pk in ids:
            try:
                self.approve_one(request, pk)
                done += 1
            except RefundRequest.DoesNotExist:
                messages.error(request, f"There is no request {pk}.")
            except PaySyncError as error:
                messages.error(request, f"Refund {pk}: {error}")
        if done:
            messages.success(request, f"{done} approved.")
        return redirect(reverse("admin:reconciliation_refundrequest_changelist"))

    # --- columns ----------------------------------------------------------------------------------

    @admin.display(description="No.", ordering="pk")
    def number(self, row: RefundRequest) -> str:
        return str(row.pk)

    @admin.display(description="Asked", ordering="requested_at")
    def asked(self, row: RefundRequest) -> str:
        return ago(row.requested_at)

    @admin.display(description="Payer")
    def payer_shown(self, row: RefundRequest) -> str:
        return payer(row.transaction)

    @admin.display(description="Payment")
    def payment(self, row: RefundRequest) -> SafeString | str:
        return link_to(row.transaction, row.transaction.gateway_id)

    @admin.display(description="Amount", ordering="amount")
    def money_amount(self, row: RefundRequest) -> SafeString:
        return amount(row.amount, row.currency)

    @admin.display(description="State", ordering="state")
    def state_shown(self, row: RefundRequest) -> SafeString:
        return refund_state(row.state)

    @admin.display(description="Approvals")
    def agreed(self, row: Any) -> str:
        return f"{row.given} of {row.approvals_needed}" if row.approvals_needed else "none needed"

    @admin.display(description="Asked by")
    def asked_by(self, row: RefundRequest) -> str:
        return str(row.requested_by.get_username())


@admin.register(RefundReason)
class RefundReasonAdmin(ConsoleAdmin):
    list_display = ("title", "is_active")
    list_filter = ("is_active",)
    search_fields = ("title",)
    fields = ("title", "is_active")
    empty_text = "Without a reason nobody can ask for a refund: add the ones you use."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Requests name it: it is switched off instead."""
        return False


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = RefundPolicy
        fields = ("company", "free_up_to", "one_up_to", "free_per_day", "free_days",
                  "expires_hours")  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            limits = {name: value for name, value in cleaned.items() if name != "company"}
            for problem in contradictions(Policy(**limits)):
                self.add_error(None, problem)
        return cleaned


@admin.register(RefundPolicy)
class RefundPolicyAdmin(ConsoleAdmin):
    form = PolicyForm
    list_display = ("company", "free_up_to", "one_up_to", "free_per_day", "free_days",
                    "expires_hours")  # fmt: skip
    list_select_related = ("company",)
    empty_text = (
        "As shipped one person approves up to 5,000.00 and two approve more. Add a company to "
        "change its limits."
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
