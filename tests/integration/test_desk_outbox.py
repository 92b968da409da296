"""Receipts on their way out in files: each once, whoever dies and whoever looks meanwhile."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connections

from paysync.adapters.sage500 import flat_file
from paysync.adapters.sage500.desk import folder as desk_folder
from paysync.adapters.sage500.desk.options import DeskRules
from paysync.adapters.sage500.desk.receipt_file import read_receipt_file
from paysync.adapters.sage500.flat_file import FileLedger, Outbox
from paysync.domain.errors import RecordError, UnavailableError
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.models import AuditEntry, DeskBatch, DeskReceipt
from paysync.services.desk import OrmDeskFiles, batches
from tests.contract.desk_site import TODAY, DeskSite, OnTheDesk
from tests.contract.erp_site import I1, I2, found, intent, link, usd
from tests.workers import in_threads

#: Where a run is killed: at every line of these.
FILES = {module.__file__ for module in (batches, flat_file, desk_folder)}


def send(erp: FileLedger, *numbers: int, **changes: Any) -> None:
    """Receipts without applications: any number of them fits."""
    for number in numbers:
        made = intent(TODAY, number, **({"applications": ()} | changes))
        assert erp.submit_receipt(made).code is SubmitCode.CREATED


def keys_in(folder: Path) -> Counter[str]:
    files = [read_receipt_file(path.read_bytes()) for path in folder.glob("*.txt")]
    return Counter(one.idempotency_key for file in files for one in file.receipts)


class TestOutbox(OnTheDesk):
    """One process."""

    def test_a_file_holds_one_batch_and_leaves_under_its_own_name(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        send(erp, 1, 2)
        send(erp, 3, cash_account_id="OPERATING")
        site.outbox.hand_over()
        names = sorted(path.name for path in (site.path / "outbox").iterdir())
        references = [batch.reference for batch in DeskBatch.objects.order_by("pk")]
        assert names == [f"receipts-SOA-{reference}.txt" for reference in references]
        first = read_receipt_file((site.path / "outbox" / names[0]).read_bytes())
        assert (first.head.reference, len(first.receipts)) == (references[0], 2)
        assert AuditEntry.objects.filter(action="hand over receipts").count() == 2

    def test_a_batch_waits_for_more_before_it_leaves(self, site: DeskSite, erp: FileLedger) -> None:
        rules = DeskRules(close_after_minutes=15)
        outbox = Outbox(OrmDeskFiles(site.connection.pk), site.folder, rules, site.clock)
        send(erp, 1)
        assert outbox.hand_over() == 0
        site.clock.go_on(15 * 60)
        assert outbox.hand_over() == 1

    def test_what_left_cannot_be_taken_back_and_what_waits_can(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        send(erp, 1, 2)
        assert erp.withdraw_receipt("PT2-1-abcdef").code is SubmitCode.CREATED
        site.outbox.hand_over()
        assert keys_in(site.path / "outbox") == {"PT1-1-abcdef": 1}
        late = erp.withdraw_receipt("PT1-1-abcdef")
        assert (late.code, late.reason) == (SubmitCode.BATCH_NOT_OPEN, "handed_over")
        assert found(erp).state is ErpReceiptState.PENDING

    def test_a_batch_of_nothing_makes_no_file(self, site: DeskSite, erp: FileLedger) -> None:
        send(erp, 1)
        erp.withdraw_receipt("PT1-1-abcdef")
        assert site.outbox.hand_over() == 0
        assert not list((site.path / "outbox").iterdir())

    def test_what_sage_has_meanwhile_goes_into_no_file(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        """Closed, then killed; meanwhile somebody entered one of the two by hand."""
        send(erp, 1, 2)
        batch = DeskBatch.objects.get()
        assert batches.close_batch(batch.pk, now=site.clock())
        DeskReceipt.objects.filter(tran_no="2").update(state="entered")
        site.outbox.hand_over()
        assert keys_in(site.path / "outbox") == {"PT1-1-abcdef": 1}

    def test_nothing_is_written_over(self, site: DeskSite, erp: FileLedger) -> None:
        send(erp, 1)
        name = f"receipts-SOA-{DeskBatch.objects.get().reference}.txt"
        (site.path / "outbox" / name).write_text("somebody else's")
        with pytest.raises(RecordError, match="not written over"):
            site.outbox.hand_over()
        assert (site.path / "outbox" / name).read_text() == "somebody else's"
        (site.path / "outbox" / name).unlink()
        site.outbox.hand_over()
        assert keys_in(site.path / "outbox") == {"PT1-1-abcdef": 1}

    def test_a_file_that_cannot_leave_holds_no_other(self, site: DeskSite, erp: FileLedger) -> None:
        send(erp, 1)
        send(erp, 2, cash_account_id="OPERATING")
        first = DeskBatch.objects.order_by("pk")[0]
        (site.path / "outbox" / f"receipts-SOA-{first.reference}.txt").write_text("in the way")
        with pytest.raises(RecordError):
            site.outbox.hand_over()
        names = [path.name for path in (site.path / "outbox").glob("receipts*")]
        assert len(names) == 2

    def test_a_staged_file_that_was_touched_does_not_leave(
        self, site: DeskSite, erp: FileLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send(erp, 1)
        with monkeypatch.context() as patch:
            patch.setattr(site.folder.__class__, "publish", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                site.outbox.hand_over()
        staged = next((site.path / "outbox").glob(".*.part"))
        staged.write_bytes(staged.read_bytes().replace(b"100.00", b"900.00"))
        with pytest.raises(RecordError, match="not as it was written"):
            site.outbox.hand_over()

    def test_a_folder_that_is_away_is_an_outage(self, site: DeskSite, erp: FileLedger) -> None:
        send(erp, 1)
        (site.path / "outbox").rename(site.path / "away")
        with pytest.raises(UnavailableError):
            site.outbox.hand_over()
        (site.path / "away").rename(site.path / "outbox")
        site.outbox.hand_over()
        assert keys_in(site.path / "outbox") == {"PT1-1-abcdef": 1}


@pytest.mark.django_db(transaction=True)
class TestAtOnce(OnTheDesk):
    """Many workers, and workers that are killed."""

    def test_two_workers_write_each_file_once(self, site: DeskSite, erp: FileLedger) -> None:
        for number in range(1, 7):
            send(erp, number, post_date=TODAY + timedelta(days=number % 3))
        results = in_threads(4, lambda _: site.outbox.hand_over())
        assert not [one for one in results if isinstance(one, BaseException)], results
        assert keys_in(site.path / "outbox") == {f"PT{n}-1-abcdef": 1 for n in range(1, 7)}
        assert not list((site.path / "outbox").glob(".*"))

    def test_the_same_receipt_from_many_workers_is_taken_once(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        results = in_threads(4, lambda _: erp.submit_receipt(intent(TODAY)).code)
        assert Counter(results) == {SubmitCode.CREATED: 1, SubmitCode.ALREADY_THERE: 3}

    def test_the_same_receipt_is_taken_once_by_workers_that_waited_for_its_batch(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        """Whoever waits finds what the other wrote, and does not take it for a rival."""
        other = intent(TODAY, 99, applications=(), gateway_reference="m:99")
        assert erp.submit_receipt(other).code == SubmitCode.CREATED
        results = in_threads(4, lambda _: erp.submit_receipt(intent(TODAY)).code)
        assert Counter(results) == {SubmitCode.CREATED: 1, SubmitCode.ALREADY_THERE: 3}

    def test_many_workers_never_take_more_of_an_invoice_than_it_has(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        def pay(number: int) -> SubmitCode:
            links = (link(I1, "40.00"), link(I2, "1.00"))
            links = links if number % 2 else links[::-1]
            return erp.submit_receipt(intent(TODAY, number + 1, *links)).code

        results = in_threads(4, pay)
        assert Counter(results) == {SubmitCode.CREATED: 2, SubmitCode.BALANCE_CHANGED: 2}
        assert erp.payable_now("SOA", [I1]) == {I1: usd("20.00")}

    def test_one_payment_under_two_keys_is_taken_once(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        def pay(number: int) -> SubmitCode:
            days = {"post_date": TODAY + timedelta(days=number)}
            made = intent(TODAY, number + 1, applications=(), gateway_reference="m:1", **days)
            return erp.submit_receipt(made).code

        results = in_threads(4, pay)
        assert Counter(results) == {SubmitCode.CREATED: 1, SubmitCode.VALIDATION_ERROR: 3}

    def test_paying_many_invoices_while_their_list_comes_in_ends_for_everybody(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        def work(place: int) -> Any:
            if place == 0:
                return site.tell("invoices")
            links = (link(I2, "1.00"), link(I1, "1.00"))
            return erp.submit_receipt(intent(TODAY, place, *links[:: 1 - 2 * (place % 2)])).code

        for _ in range(3):
            results = in_threads(5, work)
            assert not [one for one in results if isinstance(one, BaseException)], results
            assert set(results[1:]) <= {SubmitCode.CREATED, SubmitCode.ALREADY_THERE}

    def test_taking_back_and_handing_over_at_once_is_one_or_the_other(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        for number in range(1, 6):
            send(erp, number)
            both: list[Callable[[], Any]] = [
                site.outbox.hand_over,
                lambda n=number: erp.withdraw_receipt(f"PT{n}-1-abcdef").code,  # type: ignore[misc]
            ]
            _, answer = in_threads(2, lambda place, both=both: both[place]())  # type: ignore[misc]
            is_out = keys_in(site.path / "outbox")[f"PT{number}-1-abcdef"]
            assert (answer is SubmitCode.CREATED) != bool(is_out), answer

    @pytest.mark.slow
    def test_killed_at_any_line_no_receipt_is_lost_or_doubled(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        """Every other time the site takes its files at once, so that nothing shows they left."""
        taken: Counter[str] = Counter()
        number, line, was_killed = 0, 0, True
        while was_killed:
            line += 1
            send(erp, number + 1, number + 2)
            was_killed = killed_at(line, site.outbox.hand_over)
            if line % 2:
                taken += take(site.path / "outbox")
            site.outbox.hand_over()
            taken += take(site.path / "outbox")
            number += 2
            assert not list((site.path / "outbox").iterdir()), f"killed at line {line}"
            assert set(taken.values()) == {1}, f"killed at line {line}"
            assert len(taken) == number, f"killed at line {line}"
        assert line > 50
        assert not DeskBatch.objects.filter(state__in=["closing", "staged"]).exists()


def take(outbox: Path) -> Counter[str]:
    """The site takes its files away."""
    found = keys_in(outbox)
    for path in outbox.glob("*.txt"):
        path.unlink()
    return found


def killed_at(line: int, work: Callable[[], object]) -> bool:
    """Run `work` in a child, killed at its n-th line in FILES. False when it came through."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if frame.f_code.co_filename not in FILES:
                return None
            if event == "line":
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed"
    return False
