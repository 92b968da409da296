"""Programs that may use the API, and their keys: shown once, exchanged, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from paysync.admin.base import ConsoleAdmin, actor_of, require_permission
from paysync.admin.setup import active
from paysync.domain.errors import PaySyncError
from paysync.domain.scopes import LABELS, Scope
from paysync.models import ApiClient, ApiKey, Company
from paysync.services import api_keys
from paysync.templatetags.console import badge

CHANGES = "paysync.change_apiclient"
#: How long keys may be issued for, in days.
LIVES = (30, 90, 365)


class ApiClientForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{LABELS[scope]} ({scope.value})") for scope in Scope],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        label="It may",
    )

    companies = forms.ModelMultipleChoiceField(
        Company.objects.all(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="It sees nothing of any other company.",
    )

    class Meta:
        model = ApiClient
        fields = ("name", "slug", "environment", "companies", "scopes", "requires_customer",
                  "requests_a_minute", "is_active")  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        slug = cleaned.get("slug")
        if slug and not self.instance.pk and api_keys.has_user(slug):
            self.add_error("slug", f"There is a user api:{slug} already: choose another.")
        return cleaned

    def clean_requests_a_minute(self) -> int:
        wanted: int = self.cleaned_data["requests_a_minute"]
        if not 1 <= wanted <= 100_000:
            raise forms.ValidationError("1 to 100,000 requests a minute.")
        return wanted


@admin.register(ApiClient)
class ApiClientAdmin(ConsoleAdmin):
    form = ApiClientForm
    list_display = ("name", "environment_shown", "for_companies", "keys_shown", "is_on")
    search_fields = ("name", "slug")
    change_form_outer_after_template = "paysync/_api_keys.html"
    posts: ClassVar[dict[str, str]] = {"issue": "issue_key"}
    fieldsets = (
        ("Program", {
            "fields": (("name", "slug"), "environment", "is_active"),
            "description": "A customer portal, for instance. It signs in with a key and acts in a "
            "name of its own.",
        }),
        ("What it reaches", {"fields": ("companies", "scopes", "requires_customer",
                                        "requests_a_minute")}),
    )  # fmt: skip

    def get_urls(self) -> list[Any]:
        own = [
            path(
                f"keys/<int:key_id>/{name}/",
                self.admin_site.admin_view(require_POST(getattr(self, f"{name}_key"))),
                name=f"paysync_apikey_{name}",
            )
            for name in ("rotate", "revoke")
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("companies", "keys")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> list[str]:
        """The trail and the keys name both: they never change."""
        return ["slug", "environment"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What it did stays told under its name: it is switched off instead."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = extra_context or {}
        if object_id and object_id.isdecimal():
            keys = ApiKey.objects.filter(client_id=int(object_id)).order_by("-pk")[:50]
            context |= {"api_keys": [(key, *standing(key)) for key in keys], "lives": LIVES}
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        if not change:
            obj.user = api_keys.make_user(obj.slug)
        super().save_model(request, obj, form, change)

    def issue_key(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show the new key, this once."""
        days = request.POST.get("days", "")
        lives = timedelta(days=int(days) if days in map(str, LIVES) else LIVES[1])

        def make() -> tuple[ApiKey, str]:
            client = ApiClient.objects.get(pk=object_id)
            return api_keys.issue_key(
                client, lives=lives, actor=actor_of(request), now=timezone.now()
            )

        return self.show_once(request, object_id, make)

    def rotate_key(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """The old key works a week longer, so that the program can change over in peace."""
        client_id = ApiKey.objects.filter(pk=key_id).values_list("client_id", flat=True).first()
        return self.show_once(
            request,
            client_id or 0,
            lambda: api_keys.rotate_key(key_id, actor=actor_of(request), now=timezone.now()),
        )

    def revoke_key(self, request: HttpRequest, key_id: int) -> HttpResponse:
        client_id = ApiKey.objects.filter(pk=key_id).values_list("client_id", flat=True).first()
        return self.act(
            request,
            client_id or 0,
            CHANGES,
            lambda: api_keys.revoke_key(key_id, actor=actor_of(request), now=timezone.now()),
            "The key is revoked: no request with it is answered any more.",
        )

    def show_once(self, request: HttpRequest, client_id: int, make: Any) -> HttpResponse:
        require_permission(request, CHANGES)
        try:
            key, text = make()
        except (ApiClient.DoesNotExist, ApiKey.DoesNotExist):
            return redirect("admin:paysync_apiclient_changelist")
        except PaySyncError as error:
            messages.error(request, str(error))
            return redirect(self.page_of(client_id))
        context = {
            **self.admin_site.each_context(request),
            "title": f"A new key of {key.client}",
            "key": key,
            "text": text,
        }
        return render(request, "paysync/api_key.html", context)  # the console is never cached

    @admin.display(description="Environment", ordering="environment")
    def environment_shown(self, client: ApiClient) -> SafeString:
        is_real = client.environment == "production"
        return badge(client.get_environment_display(), "danger" if is_real else "warn")

    @admin.display(description="Companies")
    def for_companies(self, client: ApiClient) -> str:
        return ", ".join(company.company_id for company in client.companies.all()) or "–"

    @admin.display(description="Keys that work")
    def keys_shown(self, client: ApiClient) -> int:
        now = timezone.now()
        return sum(key.revoked_at is None and key.expires_at > now for key in client.keys.all())

    @admin.display(description="State", ordering="is_active")
    def is_on(self, client: ApiClient) -> SafeString:
        return active(client.is_active)


def standing(key: ApiKey) -> tuple[bool, SafeString]:
    """Whether it works, and how that is shown."""
    left = key.expires_at - timezone.now()
    if key.revoked_at is not None:
        return False, badge("Revoked", "neutral", "block")
    if left <= timedelta(0):
        return False, badge("Expired", "neutral", "event_busy")
    if left < timedelta(days=14):
        return True, badge("Ends soon", "warn", "schedule")
    return True, badge("Works", "good")
