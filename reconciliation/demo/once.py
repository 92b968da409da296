"""One full pass of the demo without a browser: pay, read, match, post, follow, prove."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from reconciliation.demo.faults import play_faults
from reconciliation.demo.money_out import MoneyOut
from reconciliation.demo.report import report
from reconciliation.demo.rounds import Drive, Tell, run_to_the_end, work_once
from reconciliation.demo.stage import pay, set_the_stage


def run_once(
    folder: Path,
    *,
    payments: int,
    seed: int,
    faults: list[str],
    tell: Tell,
    drive: Drive = work_once,
    portions: int = 2,
    money_out: int = 0,
) -> dict[str, Any]:
    """The whole pass on new twins in `folder`. The database must be migrated and empty.

    The payments come in `portions`, with a round of work after each. money_out: how many refunds,
    voids, disputes, flips and returns there are beside.
    """
    started = time.monotonic()
    stage = set_the_stage(folder, seed, size=max(3000, payments * 3))
    try:
        storm = MoneyOut(stage, money_out, seed) if money_out else None
        played = play_faults(stage, faults, seed) if faults else []
        tell(f"Faults in play: {', '.join(played) or 'none'}")
        for portion in range(portions):
            count = payments // portions + (portion < payments % portions)
            pay(stage, count, seed + portion)
            tell(f"{count} payments made")
            if portion < portions - 1:
                drive(stage)
        rounds = run_to_the_end(stage, tell, drive, storm)
        return report(stage, time.monotonic() - started, rounds, played, storm)
    finally:
        stage.stop()
