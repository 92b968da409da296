"""Receipts with every try, and the batches of Sage 500 they lie in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
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

from paysync.admin.base import LedgerAdmin, StoryAdmin, actor_of
from paysync.domain.ledger import ReceiptState
from paysync.templatetags.console import ago
from paysync.templatetags.money import amount
from reconciliation.domain.reasons import Reason
from reconciliation.domain.waits import BY_STAFF
from reconciliation.models import CashReceipt, ErpBatch
from reconciliation.queries import stories
from reconciliation.services.decisions import release_receipt
from reconciliation.templatetags.states import held_reason, payer, receipt_state

#: States that a person may release a receipt from; the service has the last word.
RELEASABLE = frozenset({ReceiptState.HELD, ReceiptState.DELETED_IN_ERP})
PERMISSION = "reconciliation.change_cashreceipt"


class HeldFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "why held"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        waits = [
            ("proposal", "Waits to be released"),
            ("not_settled", "Not settled yet"),
            ("shadow", "Shadow mode"),
            (BY_STAFF, "Entered by staff"),
        ]
        reasons = (Reason.PERIOD_CLOSED, Reason.BALANCE_CHANGED, Reason.ERP_REJECTED,
                   Reason.INACTIVE_CUSTOMER)  # fmt: skip
        return waits + [(reason.value, reason.heading) for reason in reasons]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value():
            return queryset.filter(state=ReceiptState.HELD, held_because=self.value())
        return queryset


def send_soon(company_id: int) -> None:
    """Wake the job that hands receipts over; its schedule would find them anyway."""
    async_task("reconciliation.tasks.post", company_id, task_name=f"post company {company_id}")


@admin.register(CashReceipt)
class ReceiptAdmin(StoryAdmin):
    list_display = ("number", "payer_shown", "money_amount", "state_shown", "why", "counts_on",
                    "batch", "tries")  # fmt: skip
    list_select_related = ("customer", "erp_batch", "transaction__customer")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        HeldFilter,
        ("company", RelatedDropdownFilter),
        ("post_date", RangeDateFilter),
        ("amount", RangeNumericFilter),
    )
    search_fields = ("=tran_no", "=transaction__gateway_id", "=erp_tran_id",
                     "=customer__customer_id", "=idempotency_key")  # fmt: skip
    search_help_text = "Receipt number, gateway id, Sage id or customer"
    ordering = ("-pk",)
    empty_text = "A receipt is made for every payment that is matched."
    change_form_template = "reconciliation/receipt.html"
    posts: ClassVar[dict[str, str]] = {"release": "release"}
    actions = ("release_selected",)

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        story = stories.find_receipt_story(object_id)
        may = request.user.has_perm(PERMISSION)
        waits = story is not None and ReceiptState(story.receipt.state) in RELEASABLE
        barred = story is not None and story.receipt.held_because in {"shadow", "not_settled"}
        return {"story": story, "may_release": may and waits and not barred}

    def has_release_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    def release(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            row = release_receipt(object_id, actor=actor_of(request), now=timezone.now())
            send_soon(row.company_id)

        done = "The receipt is released and goes to Sage 500 next."
        return self.act(request, object_id, PERMISSION, call, done)

    @admin.action(description="Release", permissions=["release"])
    def release_selected(self, request: HttpRequest, queryset: Any) -> None:
        """Each one by itself: what may not go out does not hold up the rest."""
        released = [row for row in queryset.order_by("pk") if self.release_one(request, row)]
        for company_id in {row.company_id for row in released}:
            send_soon(company_id)
        if released:
            messages.success(request, f"{len(released)} released to Sage 500.")

    def release_one(self, request: HttpRequest, row: CashReceipt) -> bool:
        return self.tell(
            request,
            lambda: release_receipt(row.pk, actor=actor_of(request), now=timezone.now()),
        )

    @admin.display(description="Payer")
    def payer_shown(self, receipt: CashReceipt) -> str:
        return receipt.customer.name or payer(receipt.transaction)

    @admin.display(description="Amount", ordering="amount")
    def money_amount(self, receipt: CashReceipt) -> SafeString:
        return amount(receipt.amount, receipt.currency)

    @admin.display(description="State", ordering="state")
    def state_shown(self, receipt: CashReceipt) -> SafeString:
        return receipt_state(receipt.state)

    @admin.display(description="Waits because")
    def why(self, receipt: CashReceipt) -> str:
        return held_reason(receipt) or "–"

    @admin.display(description="Sage batch", ordering="erp_batch")
    def batch(self, receipt: CashReceipt) -> str:
        return receipt.erp_batch.batch_id if receipt.erp_batch else "–"

    @admin.display(description="Tries", ordering="attempts_made")
    def tries(self, receipt: CashReceipt) -> int:
        return receipt.attempts_made

    @admin.display(description="Number", ordering="pk")
    def number(self, receipt: CashReceipt) -> str:
        return receipt.tran_no

    @admin.display(description="Counts on", ordering="post_date")
    def counts_on(self, receipt: CashReceipt) -> str:
        return f"{receipt.post_date:%b %-d, %Y}"


@admin.register(ErpBatch)
class ErpBatchAdmin(LedgerAdmin):
    list_display = ("batch_id", "company", "cash_account", "post_date", "seen")
    list_select_related = ("company", "cash_account")
    list_filter = (("company", RelatedDropdownFilter), ("post_date", RangeDateFilter))
    search_fields = ("=batch_id",)
    ordering = ("-pk",)
    fields = (("batch_id", "company"), ("cash_account", "post_date"), "first_seen_at")

    @admin.display(description="First seen", ordering="pk")
    def seen(self, batch: ErpBatch) -> str:
        return ago(batch.first_seen_at)
