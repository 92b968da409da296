"""Users and roles, in the console's own forms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from paysync.admin.base import ConsoleAdmin
from paysync.templatetags.console import ago, badge

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsoleAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "roles", "seen", "is_on")
    list_filter = (("is_active", BooleanRadioFilter), ("is_superuser", BooleanRadioFilter))
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": (("first_name", "last_name"), "email")}),
        ("May do", {
            "fields": ("groups", "is_active", "is_staff", "is_superuser"),
            "description": "A role gives what its users need and no more. "
            "Only staff can sign in to the console.",
        }),
        ("Dates", {"fields": (("last_login", "date_joined"),)}),
    )  # fmt: skip
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody but a superuser hands out rights: a role could otherwise raise itself."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, "groups", "is_superuser")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            kwargs["help_text"] = ""
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "–"

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        if user.is_superuser:
            names.insert(0, "Superuser")
        return ", ".join(names) or "none"

    @admin.display(description="Signed in", ordering="last_login")
    def seen(self, user: User) -> str:
        return ago(user.last_login)

    @admin.display(description="State", ordering="is_active")
    def is_on(self, user: User) -> SafeString:
        if not user.is_active:
            return badge("Blocked", "neutral", "block")
        return badge("Active", "good")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ConsoleAdmin):
    filter_horizontal = ("permissions",)
    list_display = ("name", "permission_count", "user_count")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("permissions", "user_set")

    @admin.display(description="Permissions")
    def permission_count(self, group: Group) -> int:
        return len(group.permissions.all())

    @admin.display(description="Users")
    def user_count(self, group: Group) -> int:
        return len(group.user_set.all())
