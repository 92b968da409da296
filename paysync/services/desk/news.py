"""What the site tells of our receipts: acknowledgements, and its list of receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from paysync.domain.desk import (
    OUT_STATES,
    Acknowledgement,
    AckStatus,
    DeskKind,
    DeskState,
    Kept,
    News,
    Problem,
    Question,
    SageReceipt,
    Taken,
    intent_of,
    match_rows,
    may_become,
    shown_of,
    shown_to_json,
)
from paysync.domain.errors import RecordError
from paysync.models import Connection, DeskBatch, DeskReceipt, DeskSnapshot
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.bulk import chunks, locked
from paysync.services.desk.claims import drop_claims, lay_claims
from paysync.services.desk.rows import to_entry
from paysync.services.desk.staff import keep_staff_receipts

#: Our clock and the site's differ by less.
CLOCKS_DIFFER = timedelta(minutes=5)
ACK_STATES = {
    AckStatus.ACCEPTED: DeskState.ENTERED,
    AckStatus.REJECTED: DeskState.REJECTED,
    AckStatus.POSTED: DeskState.POSTED,
    AckStatus.DELETED: DeskState.DELETED,
}
#: What claims nothing of an invoice.
OVER = frozenset({DeskState.REJECTED, DeskState.DELETED, DeskState.WITHDRAWN})
#: Sage has it all the same: these need a person.
DEAD = frozenset({DeskState.REJECTED, DeskState.WITHDRAWN})


class WrongAckError(Exception):
    """Some lines contradict what we know: none of them counts."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} lines")
        self.problems = problems


def lock_receipts(connection_id: int, wanted: Q) -> list[DeskReceipt]:
    """The receipts with their batches, batches locked first."""
    found = DeskReceipt.objects.filter(wanted, connection_id=connection_id)
    ids = list(found.order_by("pk").values_list("pk", "batch_id"))
    batches = {}
    for part in chunks(sorted({batch for _, batch in ids})):
        rows = locked(DeskBatch.objects.all()).filter(pk__in=part).order_by("pk")
        batches.update({row.pk: row for row in rows})
    receipts = []
    for chunk in chunks([pk for pk, _ in ids]):
        held = locked(DeskReceipt.objects.all()).filter(pk__in=chunk).order_by("pk")
        receipts += list(held)
    for row in receipts:
        row.batch = batches[row.batch_id]
    return receipts


def take_acknowledgements(
    connection_id: int, lines: Sequence[Acknowledgement], now: datetime
) -> Taken:
    """Write down what every line says, or nothing if one of them cannot be."""
    keys = {line.idempotency_key for line in lines}
    try:
        with transaction.atomic():
            rows: dict[str, DeskReceipt] = {}
            for part in chunks(sorted(keys)):
                held = lock_receipts(connection_id, Q(idempotency_key__in=part))
                rows.update({row.idempotency_key: row for row in held})
            problems = [p for line in lines if (p := problem_of(line, rows, connection_id))]
            problems += twice(lines, rows)
            if problems:
                raise WrongAckError(problems)
            changed = sum(tell(rows[line.idempotency_key], to_news(line, now), now)
                          for line in lines)  # fmt: skip
    except WrongAckError as error:
        return Taken(Kept.REJECTED, problems=tuple(error.problems))
    return Taken(Kept.IMPORTED, changed)


def problem_of(
    line: Acknowledgement, rows: dict[str, DeskReceipt], connection_id: int
) -> Problem | None:
    row = rows.get(line.idempotency_key)
    if row is None:
        return Problem.at(line.line, "IdemKey", line.idempotency_key, "no receipt of ours")
    state, new = DeskState(row.state), ACK_STATES[line.status]
    is_late = new is DeskState.ENTERED and state not in OVER  # an older word changes nothing
    if not is_late and not may_become(state, new):
        return Problem.at(line.line, "Status", line.status, f"the receipt is {state} already")
    if line.tran_id and is_taken(connection_id, row, line.tran_id):
        return Problem.at(line.line, "SageTranID", line.tran_id, "another receipt has this number")
    return None


def twice(lines: Sequence[Acknowledgement], rows: dict[str, DeskReceipt]) -> list[Problem]:
    """Numbers that the file gives to two receipts of one company."""
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for line in lines:
        row = rows.get(line.idempotency_key)
        if row is None or not line.tran_id:
            continue
        number = (row.company_id, line.tran_id.upper())
        if owners.setdefault(number, line.idempotency_key) != line.idempotency_key:
            text = "this file gives the number to another receipt too"
            problems.append(Problem.at(line.line, "SageTranID", line.tran_id, text))
    return problems


def is_taken(connection_id: int, row: DeskReceipt, tran_id: str) -> bool:
    """Whether another receipt of the company carries this Sage number."""
    others = DeskReceipt.objects.filter(
        connection_id=connection_id, company_id=row.company_id, sage_tran_id=tran_id.upper()
    )
    return others.exclude(pk=row.pk).exists()


def to_news(line: Acknowledgement, now: datetime) -> News:
    return News(
        ACK_STATES[line.status],
        as_of=now,
        seen_at=now + CLOCKS_DIFFER,
        tran_id=line.tran_id,
        batch_id=line.batch_id,
        post_date=line.post_date,
        message=line.message,
    )


def tell(row: DeskReceipt, news: News, now: datetime) -> bool:
    """Follow one piece of news. Older news, and the same again, change nothing."""
    old = DeskState(row.state)
    is_older = row.news_at is not None and news.as_of < row.news_at
    if is_older or old not in OUT_STATES or not may_become(old, news.state):
        return False
    if news.is_acceptance and old not in {DeskState.WAITING, DeskState.HANDED_OVER}:
        return False  # "accepted" of a file says less than Sage's own list did
    write_news(row, news, now)
    claim_again(row, news, now)
    if row.batch.state == DeskBatch.State.OPEN and is_by_hand(row):
        row.batch.state, row.batch.closed_at = DeskBatch.State.CLOSED, now
        row.batch.save(update_fields=["state", "closed_at"])
    return True


def is_by_hand(row: DeskReceipt) -> bool:
    """Nobody writes a file for it: its batch is what somebody is entering now, nothing joins it."""
    return row.connection.kind == Connection.Kind.SAGE500_MANUAL


def write_news(row: DeskReceipt, news: News, now: datetime) -> None:
    row.state, row.news_at, row.changed_at = news.state, news.as_of, now
    row.sage_tran_id = news.tran_id.upper() or row.sage_tran_id
    row.sage_batch_id = news.batch_id or row.sage_batch_id
    row.number_told = row.number_told or bool(news.tran_id and news.number_told)
    row.posted_on = news.post_date if news.state is DeskState.POSTED else None
    row.message = news.message[:400]
    row.shown = shown_to_json(news.shown) if news.shown else row.shown
    row.entered_at = row.entered_at or now
    row.question = ""
    row.save()
    close_alert(question_key(row.pk), actor="paysync")


def claim_again(row: DeskReceipt, news: News, now: datetime) -> None:
    """What it takes of invoices now, by what Sage shows where it shows it."""
    if news.state in OVER:
        drop_claims(row, now)
        return
    sent = intent_of(row.intent).applications
    shown = shown_of(row.shown) if row.shown else None
    told = shown.applications if shown else None
    until = news.seen_at if news.state is DeskState.POSTED else None
    if until and is_listed(row, until):
        drop_claims(row, now)
    else:
        lay_claims(row, sent if told is None else told, now, until)


def is_listed(row: DeskReceipt, until: datetime) -> bool:
    """Whether our list of invoices was made when the posting was done."""
    return DeskSnapshot.objects.filter(
        connection_id=row.connection_id,
        company_id=row.company_id,
        kind=DeskKind.INVOICE,
        as_of__gte=until,
    ).exists()


# --- Sage's own list ----------------------------------------------------------------------------


def take_receipts(
    connection_id: int,
    rows: Sequence[SageReceipt],
    *,
    as_of: datetime,
    seen_at: datetime,
    now: datetime,
) -> Taken:
    """Follow what Sage's list says of our receipts; those of others are kept for shadow mode."""
    with transaction.atomic():
        keep_staff_receipts(connection_id, rows, as_of=as_of, now=now)
        out = lock_receipts(connection_id, Q(state__in=sorted(OUT_STATES)))
        held = {row.pk: row for row in out}
        matched = match_rows([to_entry(row) for row in out], rows)
        changed, questions = 0, list(matched.questions)
        for entry, seen in matched.pairs:
            try:
                news = news_of(held[entry.pk], seen, as_of, seen_at)
                changed += tell(held[entry.pk], news, now)
            except RecordError as error:
                questions.append(Question(entry.pk, str(error)))
        used = {seen.line for _, seen in matched.pairs}
        questions += back_from_the_dead(connection_id, [r for r in rows if r.line not in used])
        ask(connection_id, questions, now)
    return Taken(Kept.IMPORTED, changed)


def news_of(row: DeskReceipt, seen: SageReceipt, as_of: datetime, seen_at: datetime) -> News:
    """Raises RecordError when our own receipt cannot be read, or the number is another's."""
    sent = intent_of(row.intent)
    if seen.tran_id and is_taken(row.connection_id, row, seen.tran_id):
        raise RecordError(f"Sage 500 shows it as {seen.tran_id}: another receipt of ours is.")
    is_gone = seen.state is DeskState.DELETED
    return News(
        seen.state,
        as_of,
        seen_at,
        seen.tran_id,
        seen.batch_id,
        seen.post_date or sent.post_date,
        shown=None if is_gone else seen.shown(sent.applications),
    )


def back_from_the_dead(connection_id: int, rows: Sequence[SageReceipt]) -> list[Question]:
    """Receipts that we took back, or the site refused, and that Sage 500 has all the same."""
    dead = DeskReceipt.objects.filter(connection_id=connection_id, state__in=sorted(DEAD))
    held = {row.pk: row for row in dead.select_related("batch").order_by("pk")}
    alive = [row for row in rows if held and row.state is not DeskState.DELETED]
    return [
        Question(
            entry.pk,
            f"It was {entry.state}, but Sage 500 has it as {row.tran_id}. Delete it there, or "
            "post it and tell an engineer.",
        )
        for entry, row in match_rows([to_entry(one) for one in held.values()], alive).pairs
        if not is_taken(connection_id, held[entry.pk], row.tran_id)
    ]


def ask(connection_id: int, questions: Sequence[Question], now: datetime) -> None:
    """Put each question on its receipt, and raise one alert for it."""
    texts = {question.entry_pk: question.text[:400] for question in questions}
    asked = DeskReceipt.objects.select_related("connection").order_by("pk")
    for row in (row for part in chunks(texts) for row in asked.filter(pk__in=part)):
        if row.question == texts[row.pk]:
            continue
        row.question, row.changed_at = texts[row.pk], now
        row.save(update_fields=["question", "changed_at"])
        raise_alert(
            "desk_question",
            question_key(row.pk),
            f"Receipt {row.tran_no} of {row.company_id}: {row.question}",
            advice="Look it up in Sage 500; on the work list, tick it with its number there.",
            connection=row.connection,
            now=now,
        )


def question_key(receipt_pk: int) -> str:
    return f"desk_question:{receipt_pk}"
