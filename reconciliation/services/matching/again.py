"""Make an ended match again, exactly as it was."""

from __future__ import annotations

from datetime import datetime

from reconciliation.domain.matching.results import Credit, Share
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, CreditUse, Match
from reconciliation.queries.amounts import to_minor
from reconciliation.services.matching.applying import apply_solution


def match_again(old: Match, *, actor: str, now: datetime, reason: Reason | None = None) -> Match:
    """A new match of the same payment that pays what `old` paid, by the same rule.

    reason: why an open item stays all the same. Raises as `apply_solution` does.
    """
    parts = list(Application.objects.filter(match=old).order_by("pk"))
    credits = list(CreditUse.objects.filter(match=old).order_by("pk"))
    return apply_solution(
        old.transaction_id,
        customer_id=old.customer_id,
        shares=tuple(share_of(part, old.currency) for part in parts),
        credits=tuple(
            Credit(use.memo_id, use.invoice_id, to_minor(use.amount, old.currency))
            for use in credits
        ),
        unapplied=to_minor(old.unapplied, old.currency),
        rule=old.rule,
        rule_version=old.rule_version,
        sentence=old.sentence,
        card=old.card,
        signals=tuple(old.signals),
        reason=reason,
        actor=actor,
        now=now,
        write_off_account=next((p.write_off_account for p in parts if p.write_off), ""),
        short_pay_reason=next((p.short_pay_reason for p in parts), ""),
    )


def share_of(part: Application, currency: str) -> Share:
    amounts = (part.amount, part.discount, part.write_off)
    amount, discount, write_off = (to_minor(one, currency) for one in amounts)
    return Share(part.invoice_id, amount, discount, write_off)
