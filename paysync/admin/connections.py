"""Connections with their credentials: written here, never shown again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django_q.tasks import async_task
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from paysync.admin.base import ConsoleAdmin, actor_of, require_permission
from paysync.domain.errors import RecordError
from paysync.models import Connection, Secret
from paysync.services.vault import store_secret
from paysync.templatetags.console import ago, badge
from paysync.wiring import require_file_options, site_settings

Kind = Connection.Kind
PAYTRACE = frozenset({Kind.PAYTRACE_V3, Kind.PAYTRACE_V1})
SQLSERVER = frozenset({Kind.SAGE500_SQLSERVER})
BY_DESK = frozenset({Kind.SAGE500_FLAT_FILE, Kind.SAGE500_MANUAL})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: How long a replaced hint secret still counts, so that the sender can change over in peace.
CHANGE_OVER = timedelta(hours=24)

#: The secrets by name: label, for which kinds, whether the connection cannot do without.
SECRETS: dict[str, tuple[str, frozenset[Kind], bool]] = {
    "username": ("User name or client id", PAYTRACE, True),
    "password": ("Password or client secret", PAYTRACE, True),
    "integrator_id": ("Integrator id", PAYTRACE, True),
    "hint_signing_key": ("Hint signing key", PAYTRACE, False),
    "hint_shared_secret": ("Hint shared secret", PAYTRACE, False),
    "sql_username": ("SQL Server login", SQLSERVER, False),
    "sql_password": ("SQL Server password", SQLSERVER, False),
    "api_key": ("API key", frozenset({Kind.SAGE500_HTTP}), True),
}
HEALTH = {
    Connection.Health.UNCHECKED: ("Not checked yet", "neutral", "help"),
    Connection.Health.OK: ("Working", "good", "check_circle"),
    Connection.Health.FAILING: ("Failing", "warn", "warning"),
    Connection.Health.REFUSED: ("Credentials refused", "bad", "key_off"),
}


def field_of(name: str) -> str:
    return f"secret_{name}"


def names_for(kind: str) -> list[str]:
    return [name for name, (_, kinds, _) in SECRETS.items() if kind in kinds]


class SecretField(forms.CharField):
    """A credential: typed in, never filled in again, and kept exactly as it was typed."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            strip=False,
            max_length=4000,
            widget=UnfoldAdminPasswordWidget(
                attrs={"autocomplete": "new-password", "spellcheck": "false"}
            ),
        )


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A connection and its credentials. An empty credential keeps what is stored."""

    secret_username = SecretField(SECRETS["username"][0])
    secret_password = SecretField(SECRETS["password"][0])
    secret_integrator_id = SecretField(SECRETS["integrator_id"][0])
    secret_hint_signing_key = SecretField(SECRETS["hint_signing_key"][0])
    secret_hint_shared_secret = SecretField(SECRETS["hint_shared_secret"][0])
    secret_sql_username = SecretField(SECRETS["sql_username"][0])
    secret_sql_password = SecretField(SECRETS["sql_password"][0])
    secret_api_key = SecretField(SECRETS["api_key"][0])
    base_url = forms.URLField(
        label="Address",
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(),
        help_text="https://host, without a path. Leave empty for SQL Server, files and by hand.",
    )
    keep_previous = forms.BooleanField(
        label="Keep replaced hint secrets for 24 hours",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Hints signed with the old one are accepted until the sender has changed over.",
    )

    class Meta:
        model = Connection
        fields = ("name", "slug", "kind", "environment", "base_url", "options", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = stored_secrets(self.instance)
        for name in SECRETS:
            if field_of(name) in self.fields:
                self.fields[field_of(name)].help_text = self.told(name)

    def told(self, name: str) -> str:
        """What may be known of a stored credential: when it was set, never what it is."""
        if name in self.stored:
            day = timezone.localtime(self.stored[name].created_at)
            return f"Set on {day:%b %-d, %Y at %H:%M}. Leave empty to keep it."
        if SECRETS[name][2]:
            return "Not set."
        if name.startswith("sql_"):
            return "Not set. Only needed where SAGE500_DATABASE_URL names no login."
        return "Not set. Only needed where hints are received."

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"].rstrip("/")
        if not url:
            return ""
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise forms.ValidationError(
                "The address has to begin with https://: credentials never travel in the clear."
            )
        if parts.path or parts.query or parts.username:
            raise forms.ValidationError("Give the address as https://host, without a path.")
        return url

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError('Give the options as {"name": "value"}.')
        if "site" in options:
            self.require_site(options)
        if (self.cleaned_data.get("kind") or self.instance.kind) in BY_DESK:
            self.require_files(options)
        return options

    def require_files(self, options: dict[str, Any]) -> None:
        """Said here, not at the first file: by then nobody looks at this page."""
        try:
            require_file_options(options)
        except RecordError as error:
            raise forms.ValidationError(str(error)) from error

    def require_site(self, options: dict[str, Any]) -> None:
        """The site's names become SQL text: each must have the plain form of its kind."""
        if not isinstance(options["site"], dict):
            raise forms.ValidationError('Give the site settings as {"site": {"name": "value"}}.')
        try:
            site_settings(Connection(options=options))
        except RecordError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.require_address(cleaned)
        if self.instance.pk and "base_url" in self.changed_data and cleaned.get("base_url"):
            self.require_again(cleaned)
        return cleaned

    def require_address(self, cleaned: dict[str, Any]) -> None:
        """An address where the system is reached at one, and only there."""
        kind = cleaned.get("kind") or self.instance.kind
        if "base_url" in self.errors or not kind:
            return
        if Connection(kind=kind).is_http and not cleaned.get("base_url"):
            self.add_error("base_url", "This kind of connection needs its address.")
        elif cleaned.get("base_url") and not Connection(kind=kind).is_http:
            self.add_error("base_url", "This kind of connection has no address: leave it empty.")

    def require_again(self, cleaned: dict[str, Any]) -> None:
        """Stored credentials never follow a connection to another address."""
        for name in names_for(self.instance.kind):
            label, _, needed = SECRETS[name]
            if needed and name in self.stored and not cleaned.get(field_of(name)):
                self.add_error(
                    field_of(name),
                    f"The address changed: enter the {label.lower()} again, so that it is only "
                    "sent where you mean it to go.",
                )


def stored_secrets(connection: Connection) -> dict[str, Secret]:
    """The newest live secret of each name."""
    if connection.pk is None:
        return {}
    now = timezone.now()
    found: dict[str, Secret] = {}
    for secret in Secret.objects.filter(connection=connection).order_by("created_at", "pk"):
        if secret.retires_at is None or secret.retires_at > now:
            found[secret.name] = secret
    return found


@admin.register(Connection)
class ConnectionAdmin(ConsoleAdmin):
    form = ConnectionForm
    list_display = ("name", "kind_shown", "environment_shown", "base_url", "health_shown", "worked")
    list_filter = (("kind", ChoicesDropdownFilter), ("health", ChoicesDropdownFilter))
    search_fields = ("name", "slug", "base_url")
    change_form_outer_before_template = "paysync/_connection_health.html"
    change_form_outer_after_template = "paysync/_site_settings.html"
    posts: ClassVar[dict[str, str]] = {"test": "test_connection"}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Below the form of a SQL Server connection: its site settings, each with its grade."""
        context = {**(extra_context or {}), **self.site_of(object_id)}
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def site_of(self, object_id: str | None) -> dict[str, Any]:
        if not object_id or not object_id.isdecimal():
            return {}
        shown = Connection.objects.filter(pk=object_id, kind=Kind.SAGE500_SQLSERVER).first()
        try:
            return {"site_settings": site_settings(shown)} if shown else {}
        except RecordError as error:
            return {"site_problem": str(error)}

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> list[str]:
        """Adapter and hint address of a connection in use do not change under it."""
        return ["kind", "slug"] if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """Credentials come once the kind is stored: each kind has its own."""
        sets: list[Any] = [
            (None, {"fields": (("name", "slug"), ("kind", "environment"), "base_url", "is_active")})
        ]
        if obj and self.has_change_permission(request, obj):
            names = [field_of(name) for name in names_for(obj.kind)]
            extra = ["keep_previous"] if obj.is_gateway else []
            told = "Stored encrypted and never shown again."
            sets.append(("Credentials", {"fields": [*names, *extra], "description": told}))
        sets.append(("Options", {"fields": ("options",), "classes": ("collapse",)}))
        return sets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Only the credentials of its own kind belong to the form of a stored connection."""
        form = super().get_form(request, obj, change=change, **kwargs)
        kept = set(names_for(obj.kind)) if obj else set()
        dropped = {field_of(name): None for name in SECRETS if name not in kept}
        if obj is None or not obj.is_gateway:
            dropped["keep_previous"] = None
        return type(form.__name__, (form,), dropped)

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            for name in names_for(obj.kind):
                value = form.cleaned_data.get(field_of(name))
                if value:
                    self.keep(request, obj, name, value, form)

    def response_add(self, request: HttpRequest, obj: Connection, *args: Any) -> HttpResponse:
        messages.success(request, f"{obj.name} is added. Now store its credentials below.")
        return redirect(self.page_of(obj.pk))

    def keep(
        self, request: HttpRequest, connection: Connection, name: str, value: str, form: Any
    ) -> None:
        is_hint = name.startswith("hint_")
        keeps = is_hint and form.cleaned_data.get("keep_previous")
        store_secret(
            connection,
            name,
            value,
            keys=settings.VAULT_KEYS,
            actor=actor_of(request),
            retires_previous_at=timezone.now() + CHANGE_OVER if keeps else None,
        )

    def test_connection(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have the queue ask the system for something harmless; the result appears here."""
        require_permission(request, "paysync.change_connection")
        connection = Connection.objects.filter(pk=object_id).first()
        if connection is None:
            return redirect("admin:paysync_connection_changelist")
        async_task(
            "paysync.tasks.check_connection", object_id, task_name=f"check {connection.slug}"
        )
        messages.info(
            request,
            f"{connection.name} is being tested. Reload in a few seconds to see the result.",
        )
        return redirect(self.page_of(object_id))

    @admin.display(description="Kind", ordering="kind")
    def kind_shown(self, connection: Connection) -> str:
        return connection.get_kind_display()

    @admin.display(description="Environment", ordering="environment")
    def environment_shown(self, connection: Connection) -> SafeString:
        if connection.environment == Connection.Environment.PRODUCTION:
            return badge("Production", "info", "public")
        return badge("Sandbox", "neutral", "science")

    @admin.display(description="Health", ordering="health")
    def health_shown(self, connection: Connection) -> SafeString:
        if not connection.is_active:
            return badge("Switched off", "neutral", "toggle_off")
        return badge(*HEALTH[Connection.Health(connection.health)])

    @admin.display(description="Last worked", ordering="last_ok_at")
    def worked(self, connection: Connection) -> str:
        return ago(connection.last_ok_at)
