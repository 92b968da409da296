"""The explain card: plain data, amounts as text, the same keys always."""

from __future__ import annotations

import json
from typing import Any

from reconciliation.domain.matching.cards import card_of
from reconciliation.domain.matching.facts import Document, OpenPayment
from tests.engine import ACME, decide, document, memo, payment


def card(one: OpenPayment, *documents: Document) -> dict[str, Any]:
    by_id = {document.id: document for document in documents}
    made = card_of(decide(one, *documents), one, by_id, rules_version=4)
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def test_a_match_tells_rule_shares_and_signals() -> None:
    made = card(payment(3_000, "12345", ACME), document(12345, 10_000))
    assert made["outcome"] == "auto"
    assert made["rule"] == {
        "code": "reference_partial",
        "title": "Names the invoice, pays a part",
        "version": 4,
    }
    (solution,) = made["solutions"]
    assert solution["shares"] == [
        {
            "document": document(12345, 1).id,
            "tran_id": "IN-0000012345",
            "amount": "30.00",
            "discount": "0.00",
            "write_off": "0.00",
            "open_before": "100.00",
            "open_after": "70.00",
        }
    ]
    assert solution["customer"] == {"id": ACME, "label": "C001", "name": "Acme Anvils Inc"}
    assert solution["signals"][0]["code"] == "reference_field"


def test_credits_lower_what_stays_open() -> None:
    made = card(payment(9_000, "12345", ACME), document(12345, 10_000), memo(7, 1_000))
    solution = made["solutions"][0]
    assert solution["credits"][0]["memo_tran_id"] == "CM-0000000007"
    assert solution["shares"][0]["open_after"] == "0.00"


def test_what_waits_tells_why_what_lost_and_what_was_missing() -> None:
    bills = [document(1, 10_007), document(2, 4_003), document(3, 6_004)]
    made = card(payment(10_007, "", ACME), *bills)
    assert (made["outcome"], made["reason"]) == ("suggest", "ambiguous")
    assert made["stopped"] == ["Other documents add up to the same amount."]
    assert made["rivals"] == {"count": 1, "counted_all": True, "gave_up": False}
    assert made["solutions"][0]["lost_because"] == ""
    assert "less behind it" in made["solutions"][1]["lost_because"]
    assert made["near_misses"]


def test_amounts_have_the_digits_of_their_currency() -> None:
    bill = document(12345, 10_000, currency="JPY")
    made = card(payment(10_000, "12345", ACME, currency="JPY"), bill)
    assert made["payment"]["amount"] == "10000"


def test_long_texts_are_cut() -> None:
    made = card(payment(5, "x" * 9_000, None, payer_name="y" * 500))
    assert len(json.dumps(made)) < 1_000
