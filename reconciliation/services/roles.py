"""The roles of a site: groups with the least each kind of user needs."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

APPS = ("paysync", "customers", "reconciliation")
#: What a person sees in the course of finance work: no connection, no secret, no raw event.
FINANCE_SEES = (
    "paysync.company", "paysync.merchantaccount", "paysync.alert", "paysync.syncrun",
    "paysync.preflightrun", "paysync.deskreceipt", "customers.customer", "customers.customerlink",
    "customers.payeralias", "reconciliation.*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """A group by name. views and changes name models; `app.*` is every model of an app.

    enters: what its people type into Sage 500 themselves. deletes: what they may forget.
    approves: what they decide for others. decides: what they say the end of.
    """

    name: str
    views: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    enters: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    approves: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()


BY_HAND = ("paysync.deskreceipt",)
#: Who may teach may also have it forgotten.
LEARNED = ("customers.payeralias",)
CLERK_CHANGES = ("reconciliation.reconcilingitem", "reconciliation.dispute")
#: An approver puts rules in force that a finance admin has drafted.
APPROVER_CHANGES = (*CLERK_CHANGES, "reconciliation.cashreceipt", "reconciliation.matchruleset")
#: Everybody in finance may ask for a refund; whoever asked never approves it.
REFUNDS = ("reconciliation.refundrequest",)
#: Everybody in finance enters and works on disputes; how one ended is for an approver.
DISPUTES = ("reconciliation.dispute",)
CLERK_ADDS = (*REFUNDS, *DISPUTES, "reconciliation.capture")
JOBS = ("django_q.schedule", "django_q.success", "django_q.failure", "django_q.ormq")

ROLES = (
    Role("Finance clerk", FINANCE_SEES, CLERK_CHANGES, CLERK_ADDS, BY_HAND, LEARNED),
    Role("Finance approver", FINANCE_SEES, APPROVER_CHANGES, CLERK_ADDS, BY_HAND, LEARNED, REFUNDS,
         DISPUTES),
    Role(
        "Finance admin",
        (*FINANCE_SEES, "paysync.*", "django_q.schedule"),
        (*APPROVER_CHANGES, "paysync.company", "paysync.merchantaccount", "paysync.connection",
         "paysync.alert", "paysync.inboundevent", "paysync.deskbatch", "paysync.apiclient",
         "reconciliation.glmapping",
         "reconciliation.refundreason", "reconciliation.refundpolicy",
         "reconciliation.disputecolumns", "django_q.schedule"),
        ("paysync.company", "paysync.merchantaccount", "paysync.connection", "paysync.apiclient",
         "reconciliation.glmapping", "reconciliation.matchruleset", "reconciliation.refundreason",
         "reconciliation.refundpolicy", "reconciliation.disputecolumns", *CLERK_ADDS),
        BY_HAND,
        LEARNED,
        REFUNDS,
        DISPUTES,
    ),
    Role(
        "Auditor",
        ("paysync.*", "customers.*", "reconciliation.*", "django_q.schedule", "auth.user",
         "auth.group"),
    ),
    Role(
        "Operator",
        ("paysync.connection", "paysync.merchantaccount", "paysync.company", "paysync.syncrun",
         "paysync.inboundevent", "paysync.outgoingcall", "paysync.counter", "paysync.alert",
         "paysync.preflightrun", "paysync.deskimport", "paysync.deskbatch", "paysync.notice",
         "paysync.apiclient", "paysync.apikey", *JOBS),
        ("paysync.connection", "paysync.alert", "paysync.inboundevent", "django_q.schedule",
         "django_q.failure"),
        ("paysync.connection", "django_q.schedule"),
    ),
)  # fmt: skip


def ensure_roles() -> list[Group]:
    """Make the groups that are missing and give each its permissions. Safe to repeat.

    What an administrator added to a group stays; only what is missing is added.
    """
    return [ensure_role(role) for role in ROLES]


def ensure_role(role: Role) -> Group:
    group, _ = Group.objects.get_or_create(name=role.name)
    wanted = (
        permissions("view", role.views)
        | permissions("change", role.changes)
        | permissions("add", role.adds)
        | permissions("enter", role.enters)
        | permissions("delete", role.deletes)
        | permissions("approve", role.approves)
        | permissions("decide", role.decides)
    )
    group.permissions.add(*Permission.objects.filter(wanted))
    return group


def permissions(verb: str, models: tuple[str, ...]) -> Q:
    """The permissions of one verb on the models, as a condition; none for no models."""
    condition = Q(pk__in=[])
    for name in models:
        app, model = name.split(".")
        one = Q(content_type__app_label=app, codename__startswith=f"{verb}_")
        condition |= one if model == "*" else one & Q(codename=f"{verb}_{model}")
    return condition
