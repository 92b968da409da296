"""How many people have to agree before money leaves: risk lanes by amount, count, age, dispute."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of a company, in the currency of the payment. Defaults are chosen.

    free_up_to: without anybody's approval. one_up_to: with one approver; beyond, two.
    free_per_day: so many requests of a customer a day go without approval. free_days: only payments
    that young do.
    expires_hours: an approval not sent, and a request not decided, ends after that.
    """

    free_up_to: Decimal = Decimal(0)
    one_up_to: Decimal = Decimal(5000)
    free_per_day: int = 2
    free_days: int = 90
    expires_hours: int = 72


@dataclass(frozen=True, slots=True)
class Facts:
    """What the lane of a request depends on. count_today: the customer's requests of that day,
    this one included.
    """

    amount: Decimal
    count_today: int
    age_days: int
    is_disputed: bool = False
    is_unlinked: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """approvals: 0, 1 or 2. why: one sentence."""

    approvals: int
    why: str


def lane_for(facts: Facts, policy: Policy) -> Lane:
    """The strictest lane that any of the facts asks for."""
    if facts.is_unlinked:
        return Lane(2, "It is not linked to a payment: two people have to approve it.")
    if facts.is_disputed:
        return Lane(2, "The payment is disputed: two people have to approve it.")
    if facts.amount > policy.one_up_to:
        return Lane(2, f"It is more than {policy.one_up_to:,.2f}: two people have to approve it.")
    if facts.amount > policy.free_up_to:
        limit = f"it is more than {policy.free_up_to:,.2f}"
        return Lane(1, one_because(limit if policy.free_up_to else "every refund needs it"))
    if facts.count_today > policy.free_per_day:
        return Lane(1, one_because(f"the customer's request number {facts.count_today} today"))
    if facts.age_days > policy.free_days:
        return Lane(1, one_because(f"the payment is {facts.age_days} days old"))
    return Lane(0, f"Up to {policy.free_up_to:,.2f} no approval is needed.")


def one_because(why: str) -> str:
    return f"One person has to approve it: {why}."


def contradictions(policy: Policy) -> list[str]:
    """What is wrong with a policy, as sentences; empty where nothing is."""
    found = []
    if policy.free_up_to < 0 or policy.one_up_to < 0:
        found.append("A limit is negative.")
    if policy.free_up_to > policy.one_up_to:
        found.append("More goes without approval than with one approver.")
    if policy.free_per_day < 0 or policy.free_days < 0:
        found.append("A count is negative.")
    if not 1 <= policy.expires_hours <= 24 * 90:
        found.append("Approvals have to expire after 1 hour to 90 days.")
    return found
