"""Matching rules as people keep them: versions of a company's rule set, never edited in force."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from paysync.models import Company
from reconciliation.domain.matching.rules import Allowed, Strategy


class MatchRuleSet(models.Model):
    """All rules of a company in one version; a change is a new one, started by a second person."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "In force"
        RETIRED = "retired", "Retired"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="rule_sets")
    version = models.PositiveIntegerField(editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    note = models.CharField(max_length=300, blank=True, help_text="What changed, and why.")
    write_off_limit = models.DecimalField(
        max_digits=15,
        decimal_places=3,
        default=0,
        help_text="Most that a clerk may write off of one document by hand.",
    )
    valid_from = models.DateField(help_text="First day on which it decides.")
    ended_on = models.DateField(null=True, blank=True, editable=False)
    drafted_by = models.CharField(max_length=150, editable=False)
    drafted_at = models.DateTimeField(editable=False)
    activated_by = models.CharField(max_length=150, blank=True, editable=False)
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering: ClassVar = ["company", "-version"]
        verbose_name = "rule set"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "version"], name="one_rule_set_per_company_and_version"
            ),
            models.CheckConstraint(
                condition=Q(activated_by="") | ~Q(activated_by=F("drafted_by")),
                name="rule_set_activated_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(write_off_limit__gte=0), name="rule_set_write_off_limit_gte_0"
            ),
        ]

    def __str__(self) -> str:
        return f"Rules of {self.company}, version {self.version}"


class MatchRule(models.Model):
    """One rule of a set. limits, conditions: the fields of the domain's Limits and Conditions."""

    rule_set = models.ForeignKey(MatchRuleSet, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    strategy = models.CharField(
        max_length=30, choices=[(s.value, s.value.replace("_", " ")) for s in Strategy]
    )
    allowed = models.CharField(max_length=8, choices=[(a.value, a.value) for a in Allowed])
    limits = models.JSONField(default=dict, blank=True)
    conditions = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["rule_set", "position"]
        verbose_name = "matching rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule_set", "code"], name="one_rule_per_set_and_code"),
            models.UniqueConstraint(
                fields=["rule_set", "position"], name="one_rule_per_set_and_position"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Replay(models.Model):
    """The last days decided again under another rule set, without writing anything.

    Counts and lines are kept: they are the diff a second person sees before starting the set.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    rule_set = models.ForeignKey(MatchRuleSet, on_delete=models.CASCADE, related_name="replays")
    revision = models.PositiveIntegerField(
        default=0, help_text="The set's revision it looked at; an older one proves nothing."
    )
    days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"Replay of {self.days} days under {self.rule_set}"


class ReplayLine(models.Model):
    """One payment that the two rule sets decide differently, or that contradicts a person."""

    class Kind(models.TextChoices):
        GAINED = "gained", "Would be matched"
        LOST = "lost", "Would no longer be matched"
        CHANGED = "changed", "Would be matched otherwise"
        CONFLICT = "conflict", "Against what a person decided"

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="lines")
    transaction = models.ForeignKey(
        "reconciliation.GatewayTransaction", on_delete=models.CASCADE, related_name="replay_lines"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["replay", "kind"], name="replay_lines_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.transaction}"
