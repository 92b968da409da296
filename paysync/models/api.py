"""Programs that use the API: who they are, and their keys."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from paysync.models.setup import Company, Connection


class ApiClient(models.Model):
    """A program, such as a customer portal. What it does is done in the name of its own user."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(
        "short name",
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9-]+$", "Small letters, digits and hyphens.")],
        help_text="The audit trail names it so, after api:",
    )
    environment = models.CharField(
        max_length=12,
        choices=Connection.Environment.choices,
        default=Connection.Environment.SANDBOX,
        help_text="Its keys begin with psk_test_ or psk_live_.",
    )
    companies = models.ManyToManyField(
        Company, related_name="api_clients", help_text="It sees nothing of any other company."
    )
    scopes = models.JSONField(default=list)
    requires_customer = models.BooleanField(
        "one customer a request",
        default=False,
        help_text="Refuse every request that does not name the one customer it is about.",
    )
    requests_a_minute = models.PositiveIntegerField(
        default=600, help_text="More are refused for the rest of the minute."
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="api_client",
        editable=False,
        help_text="Nobody signs in as this user.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "API client"

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key of a client. Only its hash is kept; the beginning tells people which one it is."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="keys")
    beginning = models.CharField(max_length=20, help_text="For instance psk_test_4fQ9xA.")
    digest = models.CharField(
        max_length=64, unique=True, editable=False, help_text="SHA-256 of the whole key."
    )
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=150, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.beginning}…"
