"""GL mappings: drafted by one person, put in force by another, found for many payments at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction as database
from django.db.models import Max, QuerySet
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.models import Company, MerchantAccount
from paysync.services.audit import record
from reconciliation.models import CashAccount, GLAccount, GLMapping


@dataclass(frozen=True, slots=True)
class MappingTable:
    """The active mappings of a company, the most specific first."""

    rows: tuple[GLMapping, ...]

    @classmethod
    def load(cls, company_id: int) -> MappingTable:
        """One query, accounts included."""
        rows = GLMapping.objects.filter(company_id=company_id).exclude(activated_by="")
        rows = rows.select_related("cash_account", "gl_account")
        return cls(tuple(sorted(rows, key=specificity)))

    def find(self, merchant_account_id: int, kind: str, brand: str, on: date) -> GLMapping | None:
        """The mapping that holds on that day: merchant account and brand, merchant account,
        brand, any; among equals the newest version."""
        return next(
            (
                row
                for row in self.rows
                if row.kind == kind
                and row.merchant_account_id in {None, merchant_account_id}
                and row.card_brand in {"", brand.lower()}
                and row.valid_from <= on
                and (row.ended_on is None or on < row.ended_on)
            ),
            None,
        )


def specificity(row: GLMapping) -> tuple[bool, bool, int]:
    return (row.merchant_account_id is None, row.card_brand == "", -row.version)


def find_mapping(
    company_id: int, merchant_account_id: int, kind: str, brand: str, on: date
) -> GLMapping | None:
    """One look-up; use MappingTable for many."""
    return MappingTable.load(company_id).find(merchant_account_id, kind, brand, on)


def draft_mapping(
    *,
    company: Company,
    merchant_account: MerchantAccount | None,
    kind: str,
    card_brand: str,
    cash_account: CashAccount,
    gl_account: GLAccount,
    valid_from: date,
    actor: str,
) -> GLMapping:
    """A new version, not yet in force. Raises RuleError when the accounts do not fit."""
    mapping = GLMapping(
        company=company,
        merchant_account=merchant_account,
        kind=kind,
        card_brand=card_brand.strip().lower(),
        cash_account=cash_account,
        gl_account=gl_account,
        valid_from=valid_from,
        drafted_by=actor,
        drafted_at=timezone.now(),
    )
    check_mapping(mapping)
    with database.atomic():
        newest = same_scope(mapping).aggregate(newest=Max("version"))["newest"]
        mapping.version = (newest or 0) + 1
        mapping.save()
        record(actor, "GL mapping drafted", mapping, {"version": mapping.version})
    return mapping


def activate_mapping(mapping_id: int, *, actor: str) -> GLMapping:
    """A second person puts a draft in force; the version before it ends the day it begins.

    Raises RuleError for the drafter, for a version already in force, or when the accounts no
    longer fit what Sage 500 has. Doing it twice is refused, never repeated.
    """
    with database.atomic():
        GLMapping.objects.select_for_update().get(pk=mapping_id)
        mapping = GLMapping.objects.select_related(
            "company", "cash_account", "gl_account", "merchant_account"
        ).get(pk=mapping_id)
        if mapping.activated_by:
            raise RuleError(f"Version {mapping.version} is already in force.")
        if mapping.drafted_by == actor:
            raise RuleError("Somebody other than the person who drafted it has to activate it.")
        check_mapping(mapping)
        same_scope(mapping).filter(ended_on=None).exclude(activated_by="").update(
            ended_on=mapping.valid_from
        )
        mapping.activated_by, mapping.activated_at = actor, timezone.now()
        mapping.save(update_fields=["activated_by", "activated_at"])
        record(actor, "GL mapping activated", mapping, {"version": mapping.version})
    return mapping


def same_scope(mapping: GLMapping) -> QuerySet[GLMapping]:
    """All versions for the same company, merchant account, kind and brand."""
    return GLMapping.objects.filter(
        company=mapping.company,
        merchant_account=mapping.merchant_account,
        kind=mapping.kind,
        card_brand=mapping.card_brand,
    )


def check_mapping(mapping: GLMapping) -> None:
    """Raise RuleError unless Sage 500 has these accounts and they fit together."""
    cash, gl, account = mapping.cash_account, mapping.gl_account, mapping.merchant_account
    companies = {mapping.company_id, cash.company_id, gl.company_id}
    if account is not None:
        companies.add(account.company_id)
        if cash.currency != account.currency:
            raise RuleError(
                f"Cash account {cash.cash_account_id} is in {cash.currency}, "
                f"{account} collects {account.currency}."
            )
    if len(companies) > 1:
        raise RuleError("The accounts belong to different companies.")
    if not cash.is_active or not gl.is_active:
        raise RuleError("Sage 500 marks one of these accounts as inactive.")
    if mapping.kind == GLMapping.Kind.SALE and cash.gl_account_id != gl.pk:
        raise RuleError(
            f"For payments Sage 500 debits the GL account of {cash.cash_account_id}: "
            f"{cash.gl_account or 'unknown'}. Choose that one."
        )
