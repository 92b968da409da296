"""Decide the past again, part by part: read, decide twice, compare, note the differences."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction as database
from django.utils import timezone

from paysync.domain.errors import PaySyncError
from paysync.models import Company
from paysync.services.bulk import CHUNK, chunks
from reconciliation.domain.matching.rules import RuleSet
from reconciliation.models import MatchRuleSet, Replay, ReplayLine
from reconciliation.queries.replayed import documents_then, payments_since
from reconciliation.queries.rules import rules_in_force, to_rule_set, with_rules
from reconciliation.services.mappings import MappingTable
from reconciliation.services.replaying.asking import (
    LostClaimError,
    claim,
    tell_progress,
    write_as_owner,
)
from reconciliation.services.replaying.past import load_part
from reconciliation.services.replaying.sides import Side
from reconciliation.services.replaying.tally import Tally

logger = logging.getLogger(__name__)
State = Replay.State
#: Payments decided in one go: at least so many, and never more than a twentieth of all (chosen).
#: Live runs part them in the same way: by the time they came.
LEAST, PARTS, MOST = 500, 20, 10_000
Clock = Callable[[], datetime]


def run_replay(replay_id: int, *, now: datetime, clock: Clock = timezone.now) -> Replay | None:
    """Run one replay that waits. None where another worker has it, or took it over meanwhile.

    Nothing but the replay and its lines is written. Killed at any point, it is found again.
    """
    replay = claim(replay_id, now)
    if replay is None:
        return None
    try:
        replay_claimed(replay, now, clock)
    except LostClaimError:
        logger.warning("replay was taken over", extra={"replay_id": replay_id})
        return None
    except PaySyncError as error:
        fail(replay, str(error), clock())
    except Exception:
        fail(replay, "It stopped unexpectedly; the worker's log says why.", clock())
        raise
    return replay


def replay_claimed(replay: Replay, now: datetime, clock: Clock) -> None:
    row = with_rules(MatchRuleSet.objects.select_related("company")).get(pk=replay.rule_set_id)
    company, today = row.company, timezone.localdate(now)
    first = today - timedelta(days=replay.days - 1)
    ids = list(payments_since(company, first).values_list("pk", flat=True))
    tell_progress(replay, now=clock(), total=len(ids), done=0)
    ReplayLine.objects.filter(replay=replay).delete()
    in_force = rules_in_force(company.pk, today)
    tally = Tally(against=in_force.version, version=row.version, first=first, last=today)
    decide_parts(replay, company, ids, in_force, to_rule_set(row), tally, clock)
    finish(replay, tally, clock())


def decide_parts(
    replay: Replay,
    company: Company,
    ids: Sequence[int],
    in_force: RuleSet,
    draft: RuleSet,
    tally: Tally,
    clock: Clock,
) -> None:
    """Each part is decided under both sets, with what its predecessors left open in each."""
    documents = documents_then(company, tally.first)
    sides = Side(in_force, dict(documents)), Side(draft, dict(documents))
    table = MappingTable.load(company.pk)
    for part in chunks(ids, part_size(len(ids))):
        past = load_part(company, part)
        before, after = (side.decide(past, table) for side in sides)
        lines = tally.count(replay.pk, past, before, after, documents)
        with database.atomic():
            tell_progress(replay, now=clock(), done=replay.done + len(part))
            ReplayLine.objects.bulk_create(lines, batch_size=CHUNK)


def part_size(total: int) -> int:
    return min(max(LEAST, -(-total // PARTS)), MOST)


def finish(replay: Replay, tally: Tally, now: datetime) -> None:
    """Only the newest replay of a draft keeps its lines; the counts of each are kept."""
    with database.atomic():
        summary = tally.summary()
        write_as_owner(
            replay, {"state": State.DONE, "ended_at": now, "summary": summary, "error": ""}
        )
        ReplayLine.objects.filter(replay__rule_set=replay.rule_set_id).exclude(
            replay=replay
        ).delete()


def fail(replay: Replay, why: str, now: datetime) -> None:
    with database.atomic():
        try:
            write_as_owner(replay, {"state": State.FAILED, "ended_at": now, "error": why[:400]})
        except LostClaimError:
            return
        ReplayLine.objects.filter(replay=replay).delete()
