"""Make the firms of a corpus from a seed: which situations happen, and how often."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.situations import SITUATIONS, FirmKind, Situation
from benchmarks.corpus.style import LENIENT_FIRM, STYLES, TOLERANT_FIRM, Style
from benchmarks.corpus.truth import Case, Firm, LimitChanges, faults_of

KINDS = (FirmKind.SHIPPED, FirmKind.TOLERANT, FirmKind.SHIPPED, FirmKind.LENIENT)
LIMITS: dict[FirmKind, LimitChanges] = {
    FirmKind.SHIPPED: {},
    FirmKind.TOLERANT: TOLERANT_FIRM,
    FirmKind.LENIENT: LENIENT_FIRM,
}


def make_corpus(seed: int, payments: int, variant: int = 1) -> list[Firm]:
    """Firms with that many payments together; the same for the same numbers, always."""
    draw, style = Random(f"{variant}/{seed}"), STYLES[variant]
    firms: list[Firm] = []
    while payments > 0:
        share = min(payments, draw.randint(*style.payments_per_firm))
        kind = KINDS[len(firms) % len(KINDS)]
        firms.append(make_firm(f"F{len(firms) + 1:02d} {kind}", kind, share, style, draw))
        payments -= share
    return firms


def make_firm(name: str, kind: FirmKind, payments: int, style: Style, draw: Random) -> Firm:
    firm = Firm(name, LIMITS[kind])
    desk = Desk(firm, style, draw, payments)
    situations = [one for one in SITUATIONS.values() if one.only in (None, kind)]
    weights = [style.weight(one.weight, draw) for one in situations]
    while len(firm.cases) < payments:
        [chosen] = draw.choices(situations, weights=weights)
        firm.cases += _cases_of(chosen, desk)[: payments - len(firm.cases)]
    draw.shuffle(firm.cases)
    draw.shuffle(firm.documents)
    if faults := faults_of(firm):
        raise ValueError(f"the truth cannot be true: {faults[0]}")
    return firm


def _cases_of(chosen: Situation, desk: Desk) -> list[Case]:
    """Made anew where a situation could not be drawn, such as digits that cannot be swapped."""
    for _ in range(40):
        if cases := chosen.make(desk):
            return [replace(case, situation=chosen.name) for case in cases]
    return []
