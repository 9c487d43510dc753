"""The one word that a statement comes to: each of the three, their borders, and the money that is to be settled, once."""

from decimal import Decimal
from typing import Any

import pytest

from bookkeeping.rules.tieout_causes import CAUSES, dollars_to_settle, needs_a_look, verdict, verdict_of
from bookkeeping.storage.records.numbers import TieoutStatement

ZERO, CENT = Decimal("0.00"), Decimal("0.01")
GREEN, AMBER, RED, QUIET = "in-sync", "waiting", "needs-you", "not-in-books"


@pytest.mark.parametrize(
    ("explained", "to_look_at", "to_settle", "unexplained", "count", "said", "tone"),
    [
        (0, 0, ZERO, ZERO, 0, "Agrees", GREEN),
        (1, 0, ZERO, ZERO, 0, "Explained, nothing to settle", QUIET),
        (13, 1, CENT, ZERO, 0, "Explained, $0.01 to settle", AMBER),
        (13, 5, Decimal("1194.95"), ZERO, 0, "Explained, $1,194.95 to settle", AMBER),
        (2, 1, ZERO, ZERO, 0, "Explained, 1 difference to settle", AMBER),
        (2, 2, ZERO, ZERO, 0, "Explained, 2 differences to settle", AMBER),
        (0, 0, ZERO, CENT, 0, "Unexplained $0.01", RED),
        (13, 5, Decimal("1194.95"), CENT, 0, "Unexplained $0.01", RED),
        (0, 0, ZERO, ZERO, 1, "Unexplained, 1 in number", RED),
        (0, 0, ZERO, Decimal("1234.5"), 3, "Unexplained $1,234.50", RED),
        (0, 0, ZERO, Decimal("-5.00"), 0, "Unexplained $5.00", RED),
    ],
)
def test_a_statement_comes_to_one_of_three_words(
    explained, to_look_at, to_settle, unexplained, count, said, tone
):
    found = verdict(explained, to_look_at, to_settle, unexplained, count)
    assert (found.said, found.tone) == (said, tone)
    assert found.word == said.partition(",")[0].partition(" ")[0]
    assert found.unexplained == (tone == RED) and found.open == (tone in (RED, AMBER))


def difference(
    cause: str, *effects: tuple[str, str, str], inspection: str = "1042", document: str = ""
) -> dict[str, Any]:
    """An explained difference as it is kept; effects are (month, measure, dollars)."""
    cells = [
        {"month": month, "measure": one, "count": 0, "dollars": dollars} for month, one, dollars in effects
    ]
    kept = {"kind": "Invoice", "id": document, "doc_number": ""} if document else None
    return {
        "cause": cause,
        "reason": "",
        "inspection": inspection,
        "document": kept,
        "sentence": "",
        "effects": cells,
    }


MISSING = (
    ("2026-03", "booked", "-425.00"),
    ("2026-03", "invoiced", "-425.00"),
    ("2026-03", "open", "-25.00"),
)


@pytest.mark.parametrize(
    ("explained", "dollars"),
    [
        ([], "0.00"),
        ([difference("missing", *MISSING)], "425.00"),
        (
            [difference("missing", *MISSING), difference("missing", ("2026-03", "received", "-400.00"))],
            "425.00",
        ),
        ([difference("missing", *MISSING), difference("missing", *MISSING, inspection="1043")], "850.00"),
        (
            [
                difference(
                    "wrong-month", ("2026-03", "invoiced", "-425.00"), ("2026-04", "invoiced", "425.00")
                )
            ],
            "425.00",
        ),
        ([difference("missing", *MISSING), difference("kept", *MISSING, inspection="1043")], "425.00"),
        ([difference("voided", *MISSING, inspection="", document=one) for one in ("7", "8")], "850.00"),
        ([difference("drift")], "0.00"),
    ],
)
def test_the_same_money_is_to_be_settled_once(explained, dollars):
    assert dollars_to_settle(explained) == Decimal(dollars)


@pytest.mark.parametrize("cause", CAUSES)
def test_the_list_shows_what_the_whole_statement_would(cause):
    explained = [difference(cause, *MISSING)]
    look = sum(needs_a_look(cause) for _ in explained)
    content = {"explained": explained, "to_look_at": look, "unexplained": "0.00", "unexplained_count": 0}
    row = TieoutStatement(unexplained=ZERO, unexplained_count=0, to_look_at=look, content=content)
    older = row.verdict
    row.explained, row.to_settle = len(explained), dollars_to_settle(explained)
    assert row.verdict == older == verdict_of(content)
    assert older.said == ("Explained, $425.00 to settle" if look else "Explained, nothing to settle")
