"""Jobs of the rule time machine."""

from __future__ import annotations

from django.utils import timezone

from paysync.guarding import each
from reconciliation.services import replaying


def replay_all() -> None:
    """Schedule: find replays whose worker died, then run whatever waits."""
    replaying.take_back_lost(timezone.now())
    each("replay", replaying.due_replays(), replay)


def replay(replay_id: int) -> None:
    """Run one replay; nothing where another worker has it."""
    replaying.run_replay(replay_id, now=timezone.now())
