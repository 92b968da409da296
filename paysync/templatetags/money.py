"""The one way an amount is shown: its currency's digits, a currency sign, never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from paysync.domain.money import digits_of

register = template.Library()
LOCALE = "en_US"
MILL = Decimal("0.001")
PATTERN = "¤#,##0.000;-¤#,##0.000"


@register.filter
def money(amount: Decimal | int | str | None, currency: str = "USD") -> str:
    """`Decimal("1234.5"), "USD"` as $1,234.50. Nothing is a dash.

    A digit that the currency does not have is shown, not rounded away: somebody has to see it.
    """
    if amount is None or amount == "":
        return "–"
    value = Decimal(amount).quantize(MILL, rounding=ROUND_HALF_UP)
    code = currency or "USD"
    if value != value.quantize(Decimal(1).scaleb(-digits_of(code))):
        return format_currency(value, code, PATTERN, locale=LOCALE, currency_digits=False)
    return format_currency(value, code, locale=LOCALE)


@register.simple_tag
def amount(value: Decimal | None, currency: str = "USD") -> SafeString:
    """An amount as an element of its own, for tables: right-aligned, tabular figures."""
    return format_html('<span class="money">{}</span>', money(value, currency))
