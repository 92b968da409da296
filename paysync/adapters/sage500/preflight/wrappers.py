"""Whether the wrappers at the site are those that this paysync was written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paysync.adapters.sage500.installing import Compared, compare
from paysync.adapters.sage500.preflight.asking import Reader, block, passed, warn
from paysync.adapters.sage500.script import VERSION
from paysync.domain.ledger import Finding

SHOWN = 4
#: What a person does about it.
CHECK = "See every difference with `manage.py sage500_sql --check`"
INSTALL = "have the DBA run the script of `manage.py sage500_sql --print`"


def ask_wrappers(reader: Reader, settings: Mapping[str, object]) -> Finding:
    """settings: what the site has otherwise; the shipped script depends on them."""
    return judged(compare(reader, settings))


def judged(compared: Sequence[Compared]) -> Finding:
    """A wrapper that is not there, or of another generation, blocks; any other difference warns."""
    wrong = [one for one in compared if one.problem]
    unfit = [one for one in wrong if not one.is_fit]
    if unfit:
        told = f"The wrappers are not those of this paysync: {listed(unfit)}."
        return block("wrappers", told, f"{CHECK}, and {INSTALL}.")
    if wrong:
        return warn(
            "wrappers",
            f"The wrappers differ from what is shipped: {listed(wrong)}.",
            f"{CHECK}. Unless the site changed them on purpose, {INSTALL}.",
        )
    return passed("wrappers", f"All {len(compared)} files of version {VERSION} are as shipped.")


def listed(compared: Sequence[Compared]) -> str:
    rest = f" and {len(compared) - SHOWN} more" if len(compared) > SHOWN else ""
    return "; ".join(f"{one.name}: {one.problem}" for one in compared[:SHOWN]) + rest
