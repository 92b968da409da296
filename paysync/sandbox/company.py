"""Believable data for the Sage 500 twin: the payload of its `/_twin/load`. Pure and seeded.

    data = demo_data(date(2026, 11, 23), customers=240, invoices=3000)

Two companies: SOA "Cascade Industrial Supply" and NWM "Northwest Marine Parts", which also bills a
few customers in CAD. The same arguments always give the same data.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from paysync.sandbox.company_words import (
    CANADIAN_CITIES,
    CITIES,
    FAMILY,
    FORMS,
    GIVEN,
    STREETS,
    TRADES,
)

Record = dict[str, Any]

SEGMENTS = [
    {"number": 1, "description": "Account", "size": 4},
    {"number": 2, "description": "Division", "size": 3},
    {"number": 3, "description": "Department", "size": 2},
]
#: Number (account, division, department) -> description.
ACCOUNTS = {
    "101010000": "Cash - operating account",
    "101510000": "Card clearing - merchant account",
    "101610000": "ACH clearing",
    "101710000": "Card clearing - CAD",
    "110010000": "Accounts receivable - trade",
    "110510000": "Accounts receivable - marine",
    "205010000": "Customer refunds payable",
    "235010000": "Unapplied customer receipts",
    "400010010": "Sales - parts",
    "400010020": "Sales - service",
    "405010000": "Sales discounts taken",
    "600510000": "Merchant processing fees",
    "601010000": "Chargeback fees",
    "602010000": "Bad debt expense",
    "603010000": "Small balance write-offs",
    "710010000": "Finance charge income",
}
CASH_ACCOUNTS = [
    {"cash_account_id": "MERCH-USD", "description": "Card clearing", "currency": "USD",
     "gl_account": "101510000"},
    {"cash_account_id": "ACH-USD", "description": "ACH clearing", "currency": "USD",
     "gl_account": "101610000"},
    {"cash_account_id": "OPERATING", "description": "Operating account", "currency": "USD",
     "gl_account": "101010000"},
    {"cash_account_id": "MERCH-CAD", "description": "Card clearing CAD", "currency": "CAD",
     "gl_account": "101710000"},
    {"cash_account_id": "OLD-LOCKBOX", "description": "Closed lockbox", "currency": "USD",
     "gl_account": "101010000", "status": 2},
]  # fmt: skip
CLASSES = [
    {"class_id": "TRADE", "name": "Trade", "receivable": "110010000"},
    {"class_id": "MARINE", "name": "Marine", "receivable": "110510000"},
]
CLASS_ACCOUNTS = {"discount": "405010000", "write_off": "603010000", "bad_debt": "602010000",
                  "refund": "205010000"}  # fmt: skip
#: Terms -> days to pay, discount in percent, days of the discount.
TERMS = {"NET30": (30, 0, 0), "NET45": (45, 0, 0), "NET15": (15, 0, 0), "2/10NET30": (30, 2, 10)}
#: Type of document -> share of all documents.
KINDS = ((502, 0.03), (503, 0.02), (504, 0.01))


@dataclass(frozen=True, slots=True)
class Profile:
    """What tells one company from the other."""

    company_id: str
    name: str
    city: str
    classes: tuple[str, ...]
    share: float
    canadian: float


PROFILES = (
    Profile("SOA", "Cascade Industrial Supply", "Tacoma", ("TRADE",), 0.65, 0),
    Profile("NWM", "Northwest Marine Parts", "Seattle", ("MARINE", "TRADE"), 0.35, 0.08),
)


def demo_data(
    today: date, *, customers: int = 240, invoices: int = 3000, seed: int = 500
) -> Record:
    """The whole data set. `customers`, `invoices`: totals over both companies."""
    companies = [
        company_data(
            profile,
            today,
            customers=max(2, round(customers * profile.share)),
            invoices=round(invoices * profile.share),
            random=Random(f"{seed}/{profile.company_id}"),
        )
        for profile in PROFILES
    ]
    return {
        "companies": companies,
        "currencies": [{"currency": "USD", "digits": 2}, {"currency": "CAD", "digits": 2}],
        "exchange_rates": [
            {"effective": "2020-01-01", "source": "CAD", "target": "USD", "rate": 0.7275}
        ],
    }


def company_data(
    profile: Profile, today: date, *, customers: int, invoices: int, random: Random
) -> Record:
    """One entry of `companies`."""
    people = [customer_data(profile, place, random) for place in range(customers)]
    link_families(people)
    return {
        "company_id": profile.company_id, "name": profile.name, "currency": "USD",
        "city": profile.city, "state": "WA", "postal_code": "98421", "country": "USA",
        "gl_segments": SEGMENTS,
        "gl_accounts": [{"number": n, "description": d} for n, d in ACCOUNTS.items()],
        "cash_accounts": CASH_ACCOUNTS,
        "customer_classes": [{**found, **CLASS_ACCOUNTS} for found in CLASSES],
        "payment_terms": [
            {"terms_id": name, "description": name, "days": days[0]}
            for name, days in TERMS.items()
        ],
        "fiscal_periods": periods_around(today),
        "options": {"current_year": str(today.year), "current_period": today.month,
                    "max_write_off": "5.00"},
        "customers": people,
        "invoices": invoices_of(people, today, invoices, random),
    }  # fmt: skip


def periods_around(today: date, *, closed: int = 12, ahead: int = 1) -> list[Record]:
    """Months: `closed` before today's (closed), today's and `ahead` more (open)."""
    return [period_of(today, offset) for offset in range(-closed, ahead + 1)]


def period_of(today: date, offset: int) -> Record:
    month = today.year * 12 + today.month - 1 + offset
    year, number = month // 12, month % 12 + 1
    return {
        "year": str(year), "period": number, "start": date(year, number, 1).isoformat(),
        "end": date(year, number, monthrange(year, number)[1]).isoformat(),
        "status": 2 if offset < 0 else 1,
    }  # fmt: skip


def customer_data(profile: Profile, place: int, random: Random) -> Record:
    """One customer. About 2 % inactive, a few on hold (which does not block receipts)."""
    family, trade = random.choice(FAMILY), random.choice(TRADES)
    name = f"{family} {trade} {random.choice(FORMS)}"
    canadian = random.random() < profile.canadian
    city, state, postal_code = random.choice(CANADIAN_CITIES if canadian else CITIES)
    given, surname = random.choice(GIVEN), random.choice(FAMILY).split()[0]
    domain = f"{family}{trade}".replace(" ", "").replace("&", "").lower()
    return {
        "customer_id": f"{family.replace(' ', '')[:6].upper()}{place + 1:04d}",
        "name": name[:40], "class_id": random.choice(profile.classes),
        "status": 2 if place and random.random() < 0.02 else 1,
        "hold": int(random.random() < 0.02), "terms_id": random.choice(list(TERMS)),
        "currency": "CAD" if canadian else "USD", "contact_name": f"{given} {surname}",
        "email": f"ap{place + 1}@{domain[:40]}.example",
        "phone": f"{random.choice(('206', '253', '503'))}55501{random.randrange(100):02d}",
        "line1": f"{random.randrange(100, 9900)} {random.choice(STREETS)}",
        "line2": f"Suite {random.randrange(1, 40)}" if random.random() < 0.2 else "",
        "city": city, "state": state, "postal_code": postal_code,
        "country": "CAN" if canadian else "USA",
    }  # fmt: skip


def link_families(customers: list[Record]) -> None:
    """Every fortieth customer is the national parent of the two after it, if currencies agree."""
    for place in range(0, len(customers) - 2, 40):
        parent = customers[place]
        for child in customers[place + 1 : place + 3]:
            if child["currency"] == parent["currency"]:
                child["national_parent_id"] = parent["customer_id"]


def invoices_of(customers: list[Record], today: date, count: int, random: Random) -> list[Record]:
    """Open documents of mixed age; a few customers have most of them, as in life."""
    weights = [1 / (place + 3) for place in range(len(customers))]
    owners = random.choices(customers, weights, k=count)
    numbers: dict[int, int] = {501: 12344, 502: 400, 503: 250, 504: 90}
    documents = []
    for owner in owners:
        kind = kind_of(random)
        numbers[kind] += 1
        documents.append(invoice_data(owner, kind, numbers[kind], today, random))
    return documents


def kind_of(random: Random) -> int:
    roll = random.random()
    for kind, share in KINDS:
        if roll < share:
            return kind
        roll -= share
    return 501


def invoice_data(owner: Record, kind: int, number: int, today: date, random: Random) -> Record:
    """One open document: most unpaid, a few part-paid, about one in a hundred in dispute."""
    days, percent, discount_days = TERMS[owner["terms_id"]]
    made = today - timedelta(days=min(int(random.expovariate(1 / 28)), 240))
    total = amount_of(random, small=kind != 501)
    part_paid = kind == 501 and random.random() < 0.06
    balance = (total * random.randrange(20, 80) / 100).quantize(CENT) if part_paid else total
    record: Record = {
        "tran_type": kind, "tran_no": f"{number:010d}", "customer_id": owner["customer_id"],
        "tran_date": made.isoformat(), "due_date": (made + timedelta(days=days)).isoformat(),
        "total": str(total), "balance": str(balance), "currency": owner["currency"],
        "in_dispute": int(random.random() < 0.01),
        "customer_po": f"PO{random.randrange(10_000, 99_999)}" if random.random() < 0.7 else "",
    }  # fmt: skip
    if kind == 501:
        record["freight"] = str((total * random.randrange(0, 6) / 100).quantize(CENT))
        record["tax"] = str((total * random.choice((0, 0, 9)) / 100).quantize(CENT))
    if percent and kind == 501:
        record["discount"] = str((total * percent / 100).quantize(CENT))
        record["discount_date"] = (made + timedelta(days=discount_days)).isoformat()
    return record


CENT = Decimal("0.01")


def amount_of(random: Random, *, small: bool) -> Decimal:
    """Whole cents: many hundreds, some thousands, rarely a round sum."""
    cents = int(random.lognormvariate(8.2 if small else 10.6, 0.9)) + 500
    if random.random() < 0.08:
        cents = max(cents // 10_000, 1) * 10_000
    return (Decimal(cents) / 100).quantize(CENT)
