"""Payments: the list with what became of each, and the story of one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import StoryAdmin, link_to
from paysync.domain.money import Money
from paysync.domain.payments import Kind, State
from paysync.templatetags.console import ago, badge
from paysync.templatetags.money import amount
from reconciliation.admin.workbench.doors import deed_of, ledger_of
from reconciliation.domain.captures import LIVE_CAPTURES
from reconciliation.domain.refunds.ways import can_be_asked_for
from reconciliation.models import GatewayTransaction
from reconciliation.queries import stories
from reconciliation.queries.failures import decline_of, return_of
from reconciliation.queries.refund_pages import read_amount
from reconciliation.services import capturing
from reconciliation.services.returns import WORKS, note_change, set_return_code
from reconciliation.services.workbench import unmatch_payment
from reconciliation.tasks import REFUND
from reconciliation.templatetags.states import (
    paid_with,
    payer,
    payment_state,
    reason_title,
    receipt_state,
)


class MatchedFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "matching"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Waits for a match"), ("yes", "Needs no match")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in {"no", "yes"}:
            return queryset.filter(needs_match=self.value() == "no")
        return queryset


def can_capture(user: Any, story: stories.PaymentStory) -> bool:
    """Offered where the service would take it; that has the last word."""
    payment = story.payment
    is_held = payment.kind == Kind.SALE and payment.state == State.AUTHORIZED
    is_live = any(capture.state in LIVE_CAPTURES for capture in story.captures)
    return is_held and not is_live and bool(user.has_perm(capturing.ASKS))


def held_amount(payment: GatewayTransaction) -> str:
    return str(Money.parse(payment.amount, payment.currency).amount)


def can_refund(user: Any, payment: GatewayTransaction) -> bool:
    """Whether the button makes sense; the service has the last word."""
    is_sale = payment.kind == Kind.SALE and can_be_asked_for(State(payment.state))
    return is_sale and bool(user.has_perm("reconciliation.add_refundrequest"))


@admin.register(GatewayTransaction)
class PaymentAdmin(StoryAdmin):
    list_display = ("gateway_id", "made", "payer_shown", "money_amount", "paid_with_shown",
                    "state_shown", "invoice_reference", "became")  # fmt: skip
    list_select_related = ("customer",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        MatchedFilter,
        ("company", RelatedDropdownFilter),
        ("merchant_account", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        ("business_date", RangeDateFilter),
        ("amount", RangeNumericFilter),
    )
    search_fields = ("=gateway_id", "=invoice_reference", "billing_name__istartswith",
                     "=customer__customer_id", "=last4")  # fmt: skip
    search_help_text = "Gateway id, invoice, payer or last four"
    ordering = ("-pk",)
    empty_text = "Payments appear here as PayTrace is read, every five minutes."
    change_form_template = "reconciliation/payment.html"
    posts: ClassVar[dict[str, str]] = {
        "unmatch": "unmatch", "returned": "set_return_code", "changed": "note_change",
        "capture": "capture",
    }  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return stories.with_outcome(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """A gateway id is found by its index; only other texts are searched for."""
        term = search_term.strip()
        if term.isdecimal() and len(term) > 4:
            found = queryset.filter(gateway_id=term)
            if found.exists():
                return found, False
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        return rows, bool(may_repeat)

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        may = request.user.has_perm("reconciliation.change_cashreceipt")
        story = stories.find_payment_story(object_id)
        return {
            "story": story,
            "may_unmatch": may,
            "may_refund": story is not None and can_refund(request.user, story.payment),
            "held_amount": story
            and Money.parse(story.payment.amount, story.payment.currency).amount,
            "may_capture": story is not None and can_capture(request.user, story),
            "returned": story and return_of(story.payment, timezone.now()),
            "decline": story and decline_of(story.payment),
            "may_work": request.user.has_perm(WORKS),
            "may_dispute": story is not None
            and story.payment.kind == Kind.SALE
            and request.user.has_perm("reconciliation.add_dispute"),
            "may_see_events": request.user.has_perm("paysync.view_inboundevent"),
        }

    def unmatch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        reason = request.POST.get("reason", "").strip() or "undone in the console"
        return self.act(
            request,
            object_id,
            "reconciliation.change_cashreceipt",
            lambda: unmatch_payment(
                object_id, deed_of(request), ledger_of=ledger_of, reason=reason[:200]
            ),
            "The match is undone: the payment waits at the workbench. Undo there matches it again.",
        )

    def capture(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            row = GatewayTransaction.objects.get(pk=object_id)
            wanted = read_amount(request.POST.get("amount", "")[:30], row.currency)
            user: Any = request.user
            capturing.request_capture(object_id, amount=wanted, user=user, now=timezone.now())
            account_id = row.merchant_account_id
            async_task(REFUND, account_id, task_name=f"capture account {account_id}")

        return self.act(request, object_id, capturing.ASKS, call, "It is captured next.")

    def set_return_code(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            code = request.POST.get("code", "")[:10]
            set_return_code(object_id, code, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, WORKS, call, "The bank's code is noted.")

    def note_change(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            code, note = request.POST.get("code", "")[:10], request.POST.get("note", "")[:200]
            note_change(object_id, code, note, user=request.user, now=timezone.now())  # type: ignore[arg-type]

        return self.act(request, object_id, WORKS, call, "An open item says what to change.")

    @admin.display(description="Created", ordering="pk")
    def made(self, payment: GatewayTransaction) -> str:
        return ago(payment.created_at)

    @admin.display(description="Payer")
    def payer_shown(self, payment: GatewayTransaction) -> str:
        return payer(payment)

    @admin.display(description="Amount", ordering="amount")
    def money_amount(self, payment: GatewayTransaction) -> SafeString:
        sign = -1 if payment.kind == "refund" else 1
        return amount(payment.amount * sign, payment.currency)

    @admin.display(description="Paid with")
    def paid_with_shown(self, payment: GatewayTransaction) -> str:
        return paid_with(payment)

    @admin.display(description="State", ordering="state")
    def state_shown(self, payment: GatewayTransaction) -> SafeString:
        return payment_state(payment.state)

    @admin.display(description="Became")
    def became(self, payment: Any) -> SafeString | str:
        """An open item first: that is what somebody has to look at."""
        if payment.open_items:
            item = payment.open_items[0]
            return link_to(item, badge(reason_title(item.reason), "warn", "assignment_late"))
        if payment.all_receipts:
            receipt = payment.all_receipts[-1]
            return link_to(receipt, receipt_state(receipt.state))
        if payment.active_matches:
            return badge("Matched", "info", "link")
        if payment.needs_match:
            return badge("Waits for a match", "wait")
        return "–"
