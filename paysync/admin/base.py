"""What the console's lists and pages share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from paysync.domain.errors import PaySyncError, RuleError
from paysync.services.audit import record

#: Labels where the name of the column says less than people need.
LABELS = {
    "is_active": "Active",
    "base_url": "Address",
    "slug": "Short name",
    "company_id": "Company id",
    "erp_connection": "Sage 500 connection",
    "connection": "PayTrace connection",
    "merchant_id": "Merchant id",
    "post_on": "Send a receipt",
    "closed_period": "In a closed period",
    "polls_from": "Read from",
    "gl_account": "GL account",
}


class ConsoleAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Configuration in the console. What is saved is written to the audit trail as well.

    posts: actions of the detail page, as {last part of the address: name of the method}. Each is a
    POST of its own, checks its permission and calls one service.
    """

    show_full_result_count = False
    empty_value_display = "–"
    empty_text = ""
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    warn_unsaved_form = True
    posts: ClassVar[dict[str, str]] = {}
    key_kind = "int"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<{self.key_kind}:object_id>/{name}/",
                self.admin_site.admin_view(require_POST(getattr(self, method))),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, method in self.posts.items()
        ]
        return own + list(super().get_urls())

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in LABELS:
            field.label = LABELS[db_field.name]
        return field

    def act(
        self,
        request: HttpRequest,
        object_id: object,
        permission: str,
        call: Callable[[], object],
        done: str,
    ) -> HttpResponse:
        """Do one thing to one record and come back to its page with a sentence about it."""
        require_permission(request, permission)
        if self.tell(request, call):
            messages.success(request, done)
        return redirect(self.page_of(object_id))

    def tell(self, request: HttpRequest, call: Callable[[], object]) -> bool:
        """Make the call; an error of ours becomes a message. Returns whether it went well."""
        try:
            call()
        except ObjectDoesNotExist as error:
            raise Http404(str(error)) from error
        except PaySyncError as error:
            messages.error(request, str(error))
            return False
        return True

    def page_of(self, object_id: object) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[quote(str(object_id))])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            verb = "changed" if change else "added"
            record(actor_of(request), f"{self.opts.verbose_name} {verb}", obj, changes_of(form))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            record(actor_of(request), f"{self.opts.verbose_name} deleted", obj, {"was": str(obj)})
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """One by one, so that each is written down."""
        with transaction.atomic():
            for row in queryset:
                self.delete_model(request, row)


class LedgerAdmin(ConsoleAdmin):
    """Records of what happened: nobody adds, edits or deletes one by hand. Never counted whole."""

    paginator = InfinitePaginator
    list_filter_sheet = True
    show_facets = False
    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may act on such a record sees it as well."""
        app, model = self.opts.app_label, self.opts.model_name
        return any(request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


class StoryAdmin(LedgerAdmin):
    """A ledger record whose page tells its story in a template of its own, not in a form."""

    fieldsets = ((None, {"fields": ()}),)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = extra_context or {}
        if object_id and object_id.isdecimal() and self.has_view_permission(request):
            context |= self.story(request, int(object_id))
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        """What the page shows. An empty one where there is no such record."""
        raise NotImplementedError


def chosen_day(text: str) -> date:
    """A day out of a form. Raises RuleError for anything else."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise RuleError("That is no date: choose one in the calendar.")
    return day


def actor_of(request: HttpRequest) -> str:
    return str(request.user.get_username())


def require_permission(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def changes_of(form: Any) -> dict[str, Any]:
    """What a form changes, as {field: [old, new]}."""
    return {
        name: [short(form.initial.get(name)), short(form.cleaned_data.get(name))]
        for name in form.changed_data
        if "password" not in name and "secret" not in name
    }


def short(value: object) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (list, tuple, models.QuerySet)):
        return ", ".join(str(item) for item in value)[:400]
    return str(value)[:400]


def link(url: str, text: object) -> SafeString:
    return format_html('<a class="link" href="{}">{}</a>', url, text)


def link_to(row: models.Model, text: object = None) -> SafeString:
    """A link to a record's page in the console."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return link(reverse(name, args=[row.pk]), row if text is None else text)
