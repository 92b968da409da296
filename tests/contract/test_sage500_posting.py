"""Posting at the Sage 500 twin: what the clerk does, and books that agree to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.ledger import Application, ErpReceiptState, SubmitCode
from paysync.domain.money import Money
from tests.contract.erp_site import CA1, I1, I2, I3, found, intent, link, usd
from tests.contract.sage500_site import TODAY, OnTheTwin, TwinSite


class TestClerk(OnTheTwin):
    """The unlucky things the cards make the clerk do at posting time."""

    @pytest.mark.parametrize(
        ("card", "state", "differs"),
        [
            ("batch_edited", ErpReceiptState.POSTED, True),
            ("batch_deleted", ErpReceiptState.DELETED, False),
            ("interrupted_batch", ErpReceiptState.INTERRUPTED, False),
        ],
    )
    def test_a_card_changes_what_becomes_of_a_batch(
        self,
        erp: HttpErpLedger,
        site: TwinSite,
        card: str,
        state: ErpReceiptState,
        differs: bool,
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.play(card)
        site.clerk("post", "SOA")
        assert (found(erp).state, found(erp).differs) == (state, differs)

    @pytest.mark.parametrize("step", ["prep", "module", "gl"])
    def test_posting_stops_after_any_step_and_ends_the_same_when_resumed(
        self, erp: HttpErpLedger, site: TwinSite, step: str
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.clerk("interrupt", "SOA", stop_after=step)
        assert site.ask("batches")[0]["status"] == 7
        site.resume("SOA")
        assert found(erp).state is ErpReceiptState.POSTED
        assert sum(site.ledger_sums().values()) == 0

    def test_over_application_found_at_the_register_waits_for_a_fit(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.pay_invoice("SOA", I1, "30.00")
        assert site.clerk("post", "SOA")[0]["done"] == "refused"
        assert found(erp).state is ErpReceiptState.PENDING
        assert site.clerk("post", "SOA", fit=True)[0]["done"] == "posted"
        receipt = found(erp)
        assert (receipt.differs, receipt.unapplied) == (True, usd("30.00"))

    def test_one_receipt_can_be_deleted_out_of_its_batch(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        for number in (1, 2):
            erp.submit_receipt(intent(TODAY, number, link(I1, "10.00")))
        site.tell("clerk", {"action": "delete", "idempotency_key": "PT1-1-abcdef"})
        site.post("SOA")
        states = [found(erp, number).state for number in (1, 2)]
        assert states == [ErpReceiptState.DELETED, ErpReceiptState.POSTED]

    def test_a_period_closed_after_submission_holds_the_batch(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.set_period("SOA", TODAY, "close")
        assert site.clerk("post", "SOA")[0]["problem"].startswith("period_closed")
        assert found(erp).state is ErpReceiptState.PENDING


class TestLedger(OnTheTwin):
    """The books of the twin after posting: every cent is somewhere."""

    def test_a_foreign_receipt_is_posted_in_both_currencies(
        self, erp: HttpErpLedger, site: TwinSite
    ) -> None:
        cad = Money(Decimal("123.45"), "CAD")
        zero = Money.zero("CAD")
        foreign = intent(
            TODAY, 1, Application(CA1, cad, zero, zero), customer_id="NORTH0003",
            cash_account_id="MERCH-CAD", amount=cad,
        )  # fmt: skip
        assert erp.submit_receipt(foreign).code is SubmitCode.CREATED
        site.post("SOA")
        lines = {row["gl_account"]: row for row in site.ask("ledger")}
        assert lines["101710000"]["amount"] == "123.45"
        assert lines["101710000"]["amount_home"] == "89.81"  # 123.45 x 0.7275 = 89.809875
        assert lines["110010000"]["amount_home"] == "-89.81"
        assert erp.get_invoice("SOA", CA1).balance == Money(Decimal("376.55"), "CAD")

    @pytest.mark.parametrize("seed", range(4))
    def test_ledger_balances_and_receipts_agree_to_the_cent(
        self, erp: HttpErpLedger, site: TwinSite, seed: int
    ) -> None:
        totals = submit_at_random(erp, Random(seed))
        before = {i.tran_id: i.balance for i in erp.open_invoices("SOA")}
        site.post("SOA")
        sums = site.ledger_sums()
        assert sum(sums.values()) == 0
        assert sums["SOA", "101510000"] == totals["amount"]
        assert sums.get(("SOA", "405010000"), 0) == totals["discount"]
        assert sums.get(("SOA", "603010000"), 0) == totals["write_off"]
        lowered = sum(before[n].amount - erp.get_invoice("SOA", n).balance.amount for n in before)
        assert lowered == totals["applied"] + totals["discount"] + totals["write_off"]
        unapplied = sum(Decimal(r["unapplied"]) for r in site.ask("receipts"))
        assert unapplied == totals["amount"] - totals["applied"]


def submit_at_random(erp: HttpErpLedger, random: Random) -> dict[str, Decimal]:
    """Some dozens of receipts over I1 to I3, of odd cents; returns what was accepted, in sums."""
    totals = dict.fromkeys(("amount", "applied", "discount", "write_off"), Decimal(0))
    for number in range(1, 26):
        links = [
            link(name, cents(random, 4000), cents(random, 30) if name == I3 else "0",
                 cents(random, 40) if random.random() < 0.3 else "0")
            for name in random.sample([I1, I2, I3], random.randrange(4))
        ]  # fmt: skip
        applied = sum((a.amount.amount for a in links), Decimal(0))
        amount = applied + Decimal(random.randrange(1, 900)) / 100
        made = replace(intent(TODAY, number), amount=Money(amount), applications=tuple(links))
        result = erp.submit_receipt(made)
        assert result.code in (SubmitCode.CREATED, SubmitCode.BALANCE_CHANGED)
        if result.code is SubmitCode.CREATED:
            totals["amount"] += amount
            totals["applied"] += applied
            totals["discount"] += sum((a.discount.amount for a in links), Decimal(0))
            totals["write_off"] += sum((a.write_off.amount for a in links), Decimal(0))
    return totals


def cents(random: Random, most: int) -> str:
    return str(Decimal(random.randrange(1, most)) / 100)
