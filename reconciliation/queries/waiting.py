"""Which payments wait for the engine: never decided, or decided before something new came.

Each cause is a condition on the payments, so that a hundred thousand open ones that nothing
touched are passed over by the database and not decided again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Trim, Upper
from django.utils import timezone

from customers.models import Customer, CustomerLink
from customers.queries.aliases import taught
from paysync.models import Company
from paysync.services.bulk import spans
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    GatewayTransaction,
    GLMapping,
    Invoice,
    MatchRuleSet,
    ReconcilingItem,
)
from reconciliation.queries.payers import LOOKS, looks_of

#: What was written up to so long before a run began may not have been seen by it.
UNSEEN = timedelta(minutes=2)
#: How often a payment is tried again for what no document and no link tells.
AGAIN = timedelta(hours=1)
#: Ids that one statement of every database takes, beside its other values.
MOST = 500
#: Such causes go away in settings, or in Sage 500, without a trace at the payment.
PASSING = (Reason.INACTIVE_CUSTOMER, Reason.NO_GL_MAPPING, Reason.CURRENCY_MISMATCH)

Rows = QuerySet[GatewayTransaction]


def payments_to_match(company: Company, limit: int, now: datetime) -> list[GatewayTransaction]:
    """The payments to be decided now: those that say something first, among them the oldest.

    So that where not all fit into a run, none without a reference takes the document that
    another names.
    """
    says_nothing = Q(invoice_reference="", description="")
    rows = to_decide(company, now).order_by("created_at", "pk")
    found = list(rows.exclude(says_nothing)[:limit])
    if len(found) < limit:
        found += rows.filter(says_nothing)[: limit - len(found)]
    return found


def to_decide(company: Company, now: datetime) -> Rows:
    """Every payment without a match that was never tried, or has to be tried again."""
    rows = waiting(company)
    first = rows.aggregate(first=Min("match_tried_at"))["first"]
    if first is None:
        return rows
    wanted = Q(match_tried_at__isnull=True)
    for cause in causes(company, rows, first - UNSEEN, now):
        wanted |= cause
    return rows.filter(wanted)


def waiting(company: Company) -> Rows:
    return GatewayTransaction.objects.filter(company=company, needs_match=True)


def causes(company: Company, rows: Rows, first: datetime, now: datetime) -> Iterator[Q]:
    """Why a payment is tried again. first: the oldest try there is."""
    yield Q(match_tried_at__lte=rules_changed_at(company, now) + UNSEEN)
    fresh = Invoice.objects.filter(company=company, changed_at__gte=first)
    newest = fresh.aggregate(newest=Max("changed_at"))["newest"]
    if newest is not None:
        yield Q(pk__in=of_own_documents(rows, first).values("pk"))
        yield Q(pk__in=of_children(rows, fresh))
        yield named_by(rows, fresh)
        yield Q(
            customer__isnull=True,
            match_tried_at__lte=min(newest + UNSEEN, now - AGAIN),
        )
    yield Q(pk__in=of_aliases(company, rows, first))
    passing = ReconcilingItem.objects.filter(
        company=company, state=ReconcilingItem.State.OPEN, reason__in=PASSING
    )
    yield Q(match_tried_at__lte=now - AGAIN, pk__in=passing.values("transaction_id"))


def rules_changed_at(company: Company, now: datetime) -> datetime:
    """When the rules, or the mapping of accounts, were last put in force, or came into force."""
    today = timezone.localdate(now)
    rules = MatchRuleSet.objects.filter(company=company, valid_from__lte=today)
    rules = rules.exclude(activated_by="")
    mappings = GLMapping.objects.filter(company=company, valid_from__lte=today)
    mappings = mappings.exclude(activated_by="")
    latest = [datetime.min.replace(tzinfo=UTC)]
    for found in (rules, mappings):
        seen = found.aggregate(at=Max("activated_at"), day=Max("valid_from"))
        latest += [seen["at"]] if seen["at"] else []
        latest += (
            [timezone.make_aware(datetime.combine(seen["day"], time.min))] if seen["day"] else []
        )
    return max(latest)


def of_own_documents(rows: Rows, first: datetime) -> Rows:
    """A document of the payer is new, or has changed, since the try."""
    at = "customer__invoices__changed_at"
    return rows.filter(**{f"{at}__gte": first, f"{at}__gt": F("match_tried_at") - UNSEEN})


def of_children(rows: Rows, fresh: QuerySet[Invoice]) -> list[int]:
    """A document of somebody for whom the payer pays, as a national parent, has changed. At most
    MOST of them, the oldest first: the next run finds the others.
    """
    named = fresh.exclude(customer__national_parent_id="").order_by()
    changed = dict(named.values_list("customer__national_parent_id").annotate(at=Max("changed_at")))
    found: list[int] = []
    for part in spans(sorted(changed)):
        parents = rows.filter(customer__customer_id__any_of=part, match_tried_at__isnull=False)
        found += [
            pk
            for pk, label, tried in parents.order_by("pk").values_list(
                "pk", "customer__customer_id", "match_tried_at"
            )
            if changed[label] + UNSEEN > tried
        ]
    return sorted(found)[:MOST]


def named_by(rows: Rows, fresh: QuerySet[Invoice]) -> Q:
    """The document that the reference is, letter by letter, has come or changed."""
    reference = Upper(Trim(OuterRef("invoice_reference")))
    since = fresh.filter(changed_at__gt=OuterRef("match_tried_at") - UNSEEN)
    return Q(Exists(since.filter(tran_id=reference))) | Q(Exists(since.filter(tran_no=reference)))


def of_aliases(company: Company, rows: Rows, first: datetime) -> list[int]:
    """Somebody taught, since its try, who looks like this payer. At most MOST, as above."""
    new = taught(company.pk, since=first)
    if not new.by_text:
        return []
    newest = max(new.used_at.values())
    unknown = rows.filter(customer__isnull=True, match_tried_at__lte=newest + UNSEEN).order_by("pk")
    found = (
        row.pk
        for row in unknown.only("match_tried_at", *LOOKS).iterator()
        if row.match_tried_at and new.is_news(looks_of(row), row.match_tried_at - UNSEEN)
    )
    return list(islice(found, MOST))


def late_links(company: Company) -> Rows:
    """Payments of unknown payers whose gateway customer is linked, or is a customer, by now."""
    links = CustomerLink.objects.filter(
        merchant_account=OuterRef("merchant_account"),
        gateway_customer_id=OuterRef("gateway_customer_id"),
    )
    customers = Customer.objects.filter(
        company=company, customer_id=Upper(Trim(OuterRef("gateway_customer_id")))
    )
    rows = waiting(company).filter(customer__isnull=True).exclude(gateway_customer_id="")
    return rows.filter(Exists(links) | Exists(customers))
