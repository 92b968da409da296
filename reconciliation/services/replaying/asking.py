"""A replay from the wish to its end: asked for, claimed, followed, found again when lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction as database
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from paysync.domain.errors import RuleError
from paysync.services.audit import record
from reconciliation.models import MatchRuleSet, Replay, ReplayLine

State = Replay.State
#: Days that can be replayed: one leap year.
MOST_DAYS = 366
#: A running replay that has not been heard of for so long has lost its worker (chosen: the job
#: queue stops a job after ten minutes).
LEASE = timedelta(minutes=15)
#: How often a replay is begun before it is given up (chosen).
MOST_TRIES = 3
UNDER_WAY = (State.WAITING, State.RUNNING)


class LostClaimError(Exception):
    """Another worker has this replay by now: write nothing more."""


def ask_replay(rule_set_id: int, days: int, actor: str) -> Replay:
    """Ask for the last `days` days to be decided again under a draft. The job does the work.

    Raises RuleError for a number of days out of bounds, for rules that are no draft, and while
    another replay of them is under way.
    """
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise RuleError(f"Choose from 1 to {MOST_DAYS} days.")
    with database.atomic():
        rule_set = MatchRuleSet.objects.select_for_update().get(pk=rule_set_id)
        if rule_set.state != MatchRuleSet.State.DRAFT:
            raise RuleError("Only a draft is replayed: these rules have decided already.")
        if Replay.objects.filter(rule_set=rule_set, state__in=UNDER_WAY).exists():
            raise RuleError("A replay of these rules is under way.")
        replay = Replay.objects.create(
            rule_set=rule_set,
            revision=rule_set.revision,
            days=days,
            asked_by=actor,
            asked_at=timezone.now(),
        )
        detail = {"version": rule_set.version, "days": days, "replay": replay.pk}
        record(actor, "replay asked for", rule_set, detail)
    return replay


def due_replays() -> list[int]:
    """The replays that wait for a worker, oldest first."""
    return list(
        Replay.objects.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)
    )


def claim(replay_id: int, now: datetime) -> Replay | None:
    """The replay, ours from now on; None where it is done, or another worker has it.

    It looks at the rules as they are now: an edit between the wish and this is part of it.
    """
    with database.atomic():
        replay = Replay.objects.select_for_update().filter(pk=replay_id).first()
        if replay is None or replay.state != State.WAITING:
            return None
        replay.revision = MatchRuleSet.objects.values_list("revision", flat=True).get(
            pk=replay.rule_set_id
        )
        replay.state, replay.started_at = State.RUNNING, now
        replay.done = replay.total = 0
        replay.summary = {"tries": tries_of(replay) + 1, "seen_at": now.isoformat()}
        replay.save(update_fields=["revision", "state", "started_at", "done", "total", "summary"])
    return replay


def tries_of(replay: Replay) -> int:
    tries = replay.summary.get("tries", 0)
    return tries if isinstance(tries, int) else 0


def tell_progress(replay: Replay, *, now: datetime, **fields: Any) -> None:
    """Note how far a claimed replay is. Raises LostClaimError where it is not ours any more."""
    summary = {"tries": tries_of(replay), "seen_at": now.isoformat()}
    write_as_owner(replay, {"summary": summary} | fields)


def write_as_owner(replay: Replay, fields: dict[str, Any]) -> None:
    mine = Replay.objects.filter(pk=replay.pk, state=State.RUNNING, started_at=replay.started_at)
    if not mine.update(**fields):
        raise LostClaimError(f"replay {replay.pk}")
    for name, value in fields.items():
        setattr(replay, name, value)


def take_back_lost(now: datetime) -> int:
    """Replays whose worker died: to be begun again, or given up after three tries."""
    found = 0
    for pk in Replay.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
        with database.atomic():
            replay = Replay.objects.select_for_update().get(pk=pk)
            if replay.state == State.RUNNING and last_seen(replay) < now - LEASE:
                take_back(replay, now)
                found += 1
    return found


def take_back(replay: Replay, now: datetime) -> None:
    ReplayLine.objects.filter(replay=replay).delete()
    replay.done = 0
    replay.state = State.WAITING
    if tries_of(replay) >= MOST_TRIES:
        replay.state, replay.ended_at = State.FAILED, now
        replay.error = (
            f"Its worker stopped {MOST_TRIES} times before the end. Try fewer days, or look at "
            "the worker's log."
        )
    replay.save(update_fields=["done", "state", "ended_at", "error"])


def last_seen(replay: Replay) -> datetime:
    seen = parse_datetime(str(replay.summary.get("seen_at", "")))
    return seen or replay.started_at or replay.asked_at
