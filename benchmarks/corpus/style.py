"""What differs from one corpus to the next: how firms number, name, price, and how payers write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

#: Firms that write off small differences, or let a discount pass a few days late.
TOLERANT = {
    "tolerance_under": "1.00",
    "tolerance_over": "1.00",
    "tolerance_percent": "2",
    "write_off_account": "6990-00",
}
LENIENT = {"grace_days": 5}
TOLERANT_FIRM = {"reference_tolerance": TOLERANT, "customer_and_tolerance": TOLERANT}
LENIENT_FIRM = {"reference_discount": LENIENT, "customer_and_discount": LENIENT}


@dataclass(frozen=True, slots=True)
class Style:
    """One way the world can be. Shares are weights; they need not sum to anything.

    first_numbers: where a firm's document numbers begin. sizes: background documents of a
    customer, as mean and spread of a logarithm. link_shares: how the payer of a referenced
    payment is known. jitter: by how much a situation may be commoner or rarer than usual.
    in_text: how often a reference is found in the description, the field for it being empty.
    """

    today: date
    payments_per_firm: tuple[int, int]
    first_numbers: tuple[int, ...]
    sizes: tuple[float, float]
    amounts: tuple[float, float]
    link_shares: Mapping[str, int]
    labels: tuple[str, ...]
    currencies: tuple[str, ...]
    words: tuple[str, ...]
    separators: tuple[str, ...]
    jitter: float
    in_text: float

    def weight(self, weight: int, draw: Random) -> float:
        return weight * math.pow(1 + self.jitter, draw.uniform(-1, 1))


STYLES = {
    1: Style(
        today=date(2026, 3, 31),
        payments_per_firm=(700, 1300),
        first_numbers=(1_200, 8_700, 10_240, 34_500, 98_700, 412_000, 1_204_000, 7_350_000),
        sizes=(1.9, 1.2),
        amounts=(6.4, 1.4),
        link_shares={"linked": 55, "name": 14, "short_name": 9, "person": 15, "nothing": 7},
        labels=("C{:06d}", "{:07d}", "CUST{:04d}", "{:05d}"),
        currencies=("USD", "USD", "USD", "CAD"),
        words=(
            "INV {}", "Inv. {}", "Invoice #{}", "inv#{}", "INVOICE NO. {}", "IN{}", "Invoice: {}",
            "pmt inv {}", "#{}", "No. {}", "invoice number {}", "INV{}", "inv-{}", "Inv No {}",
        ),
        separators=(", ", ",", " / ", "/", " and ", " & ", "\n", "; ", " + ", "  ", " - "),
        jitter=0.0,
        in_text=0.06,
    ),
    2: Style(
        today=date(2027, 1, 15),
        payments_per_firm=(250, 2400),
        first_numbers=(310, 4_050, 60_100, 61_800, 202_600, 90_000_000, 1_000_300_000),
        sizes=(2.6, 1.0),
        amounts=(7.3, 0.9),
        link_shares={"linked": 40, "name": 10, "short_name": 15, "person": 25, "nothing": 10},
        labels=("{:04d}", "{:06d}", "A-{:05d}", "K{:d}"),
        currencies=("USD", "EUR", "USD", "CAD", "GBP"),
        words=(
            "Invoice {}", "invoice no {}", "Rechnung {}", "Rg. Nr. {}", "Factura {}", "FACT {}",
            "Bill #{}", "payment for {}", "Re: {}", "INVC{}", "Inv:{}", "(inv {})", "I/N {}",
            "invoice-{}", "INV_{}", "inv.{}.", "Doc {}", "N° {}", "our payment of inv {} thanks",
        ),
        separators=(" ", "\r\n", "|", ", and ", " u. ", " y ", " plus ", ",\t", " // ", ";", "&"),
        jitter=1.5,
        in_text=0.2,
    ),
}  # fmt: skip
