"""What an administrator sets up: connections with their secrets, companies, merchant accounts."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models


class Connection(models.Model):
    """One outside system at one address. Its credentials lie in the vault, never here."""

    class Kind(models.TextChoices):
        PAYTRACE_V3 = "paytrace_v3", "PayTrace V3"
        PAYTRACE_V1 = "paytrace_v1", "PayTrace V1"
        SAGE500_HTTP = "sage500_http_api", "Sage 500 over HTTP"
        SAGE500_SQLSERVER = "sage500_sqlserver", "Sage 500 on SQL Server"
        SAGE500_FLAT_FILE = "sage500_flat_file", "Sage 500 by files"
        SAGE500_MANUAL = "sage500_manual", "Sage 500 by hand"

    class Environment(models.TextChoices):
        SANDBOX = "sandbox", "Sandbox"
        PRODUCTION = "production", "Production"

    class Health(models.TextChoices):
        UNCHECKED = "unchecked", "Not checked yet"
        OK = "ok", "Working"
        FAILING = "failing", "Failing"
        REFUSED = "refused", "Credentials refused"

    slug = models.SlugField(unique=True, max_length=40, help_text="Used in the hint address.")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    environment = models.CharField(
        max_length=12, choices=Environment.choices, default=Environment.SANDBOX
    )
    base_url = models.URLField(
        max_length=200,
        blank=True,
        help_text="https://host, without a path. Empty where the system is not reached over HTTP.",
    )
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text='Settings of this kind, for instance {"zone": "America/Los_Angeles"}.',
    )
    is_active = models.BooleanField(default=True)
    health = models.CharField(max_length=12, choices=Health.choices, default=Health.UNCHECKED)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=400, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failures in a row.")
    resting_until = models.DateTimeField(
        null=True, blank=True, help_text="The circuit breaker lets no call through before this."
    )

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_gateway(self) -> bool:
        return self.kind in {self.Kind.PAYTRACE_V1, self.Kind.PAYTRACE_V3}

    @property
    def is_http(self) -> bool:
        """Reached at an address over HTTP."""
        return self.is_gateway or self.kind == self.Kind.SAGE500_HTTP


class Secret(models.Model):
    """One credential, encrypted. Several live ones of a name allow a change without a gap."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=40)
    ciphertext = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    retires_at = models.DateTimeField(
        null=True, blank=True, help_text="After this instant the value counts no more."
    )

    class Meta:
        ordering: ClassVar = ["name", "-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.connection}: {self.name}"


class Company(models.Model):
    """A company of the ERP, with how careful we are to be with it."""

    class Mode(models.TextChoices):
        SHADOW = "shadow", "Shadow: match and show, send nothing"
        PROPOSE = "propose", "Propose: a person releases each receipt"
        AUTO = "auto", "Automatic: send what is certain"

    class PostOn(models.TextChoices):
        CAPTURE = "capture", "When captured (ACH: when settled)"
        SETTLEMENT = "settlement", "When settled"

    class ClosedPeriod(models.TextChoices):
        HOLD = "hold", "Hold until the period opens"
        NEXT_OPEN = "next_open", "Post on the first day of the next open period"

    company_id = models.CharField(
        max_length=3,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]{1,3}$", "Up to three capital letters or digits.")],
        help_text="Sage 500 CompanyID.",
    )
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3, default="USD", help_text="Home currency.")
    erp_connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="companies"
    )
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.SHADOW)
    post_on = models.CharField(max_length=10, choices=PostOn.choices, default=PostOn.CAPTURE)
    closed_period = models.CharField(
        max_length=10, choices=ClosedPeriod.choices, default=ClosedPeriod.HOLD
    )
    reverses_receipts = models.BooleanField(
        "reverses receipts",
        default=False,
        help_text="Hand over the reversal of a posted receipt whose money has all gone back. Sage "
        "500's side has to be rehearsed first: how it reverses is inferred, not certain.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["company_id"]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return f"{self.company_id} {self.name}"


class MerchantAccount(models.Model):
    """A PayTrace account that collects for one company."""

    name = models.CharField(max_length=80, unique=True)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="merchant_accounts")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="merchant_accounts"
    )
    merchant_id = models.CharField(
        max_length=40, blank=True, help_text="PayTrace merchant_id; V3 requires it."
    )
    currency = models.CharField(
        max_length=3, default="USD", help_text="PayTrace names no currency: USD is inferred."
    )
    unlinked_credits = models.BooleanField(
        "credits without a payment",
        default=False,
        help_text="Let people ask for money to a stored card that no payment limits. Two others "
        "approve each. PayTrace has it switched off by default, and only V1 documents the call.",
    )
    polls_from = models.DateField(
        null=True, blank=True, help_text="Payments of earlier days are none of ours."
    )
    polled_until = models.DateTimeField(
        null=True, blank=True, help_text="Everything before this instant has been read."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
