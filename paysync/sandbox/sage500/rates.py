"""Currencies as the tables have them: digits, home currency, exchange rate of a day."""

from __future__ import annotations

from datetime import date

from paysync.sandbox.sage500.store import Store

HOME = "SELECT CurrID FROM tsmCompany WHERE CompanyID = ?"
DIGITS = "SELECT DigitsAfterDecimal FROM tmcCurrency WHERE CurrID = ? AND IsUsed = 1"
RATE = """
    SELECT CurrExchRate FROM tmcCurrExchSchdDtl
     WHERE SourceCurrID = ? AND TargetCurrID = ? AND EffectiveDate <= ?
     ORDER BY EffectiveDate DESC LIMIT 1"""


class NoRateError(ValueError):
    """Nobody has entered an exchange rate for that day."""


def home_currency(store: Store, company_id: str) -> str:
    return str(store.value(HOME, (company_id,)))


def digits_of(store: Store, currency: str) -> int:
    """Raises ValueError for a currency that is not in use."""
    found = store.value(DIGITS, (currency,))
    if found is None:
        raise ValueError(f"currency {currency} is not in use")
    return int(found)


def rate_on(store: Store, currency: str, home: str, day: date) -> float:
    """Home currency = natural x rate (certain). 1 for the home currency itself."""
    if currency == home:
        return 1.0
    found = store.value(RATE, (currency, home, day.isoformat()))
    if found is None:
        raise NoRateError(f"no rate from {currency} to {home} on {day}")
    return float(found)
