"""Results of the proof and of the daily completeness run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import LedgerAdmin, StoryAdmin
from paysync.templatetags.console import ago, badge, counted
from reconciliation.models import CompletenessCheck, ProofRun

CHECKED = (
    "What was captured is what lies in the buckets, payment by payment, to the cent.",
    "Every entry of the cent ledger sums to zero.",
    "Every payment with money has a match or an open item, and every match a receipt.",
    "No payment has two live receipts, and no unknown outcome has a successor.",
    "Applications add up to their match and never exceed the payment.",
    "Nothing that waits for a fiscal period is forgotten.",
    "The audit trail is whole, and no card number is stored.",
)


@admin.register(ProofRun)
class ProofRunAdmin(StoryAdmin):
    list_display = ("when", "result", "checked", "took")
    list_filter = (("holds", BooleanRadioFilter),)
    ordering = ("-pk",)
    change_form_template = "reconciliation/proof.html"

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        proof = ProofRun.objects.filter(pk=object_id).first()
        return {"proof": proof, "checks": CHECKED}

    @admin.display(description="Checked", ordering="pk")
    def when(self, proof: ProofRun) -> str:
        return ago(proof.at)

    @admin.display(description="Result", ordering="holds")
    def result(self, proof: ProofRun) -> SafeString:
        if proof.holds:
            return badge("Every cent accounted for", "good", "verified")
        return badge(counted(len(proof.violations), "violation"), "bad", "gpp_bad")

    @admin.display(description="Took", ordering="seconds")
    def took(self, proof: ProofRun) -> str:
        return f"{proof.seconds:.1f} s"


@admin.register(CompletenessCheck)
class CompletenessCheckAdmin(LedgerAdmin):
    list_display = ("day", "merchant_account", "result", "listed", "held", "missing", "late",
                    "when")  # fmt: skip
    list_select_related = ("merchant_account",)
    list_filter = (("merchant_account", RelatedDropdownFilter), ("day", RangeDateFilter))
    ordering = ("-day", "-pk")
    fields = (("day", "merchant_account"), ("listed", "held"), ("missing", "late"), "vanished",
              "at")  # fmt: skip

    @admin.display(description="Result")
    def result(self, check: CompletenessCheck) -> SafeString:
        if check.missing or check.vanished:
            return badge("Differs", "bad", "gpp_bad")
        return badge("Complete", "good", "verified")

    @admin.display(description="Checked", ordering="at")
    def when(self, check: CompletenessCheck) -> str:
        return ago(check.at)
