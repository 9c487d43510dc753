"""What is sent of three sides: what we want, what we wrote last, and the document as others left it. Whatever they did, ours is exact."""

import copy
import itertools
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.quickbooks_gateway.bodies import frozen, invoice_body
from bookkeeping.quickbooks_gateway.carrying import (
    as_taken,
    carried_from,
    carried_over,
    ids_known,
    others_put_on,
    with_line_ids,
)
from bookkeeping.quickbooks_gateway.differences import drifted
from bookkeeping.rules.documents import DesiredInvoice, DesiredLine
from tests.bookkeeping.quickbooks_gateway.test_bodies import INVOICE

NAMES = ("Full Home Inspection", "Radon", "Mold", "Sewer")
ITEMS = {name: str(number) for number, name in enumerate(NAMES, 5)}
SYNC = ("145", "3")
NOTE = {"Id": "90", "DetailType": "DescriptionOnly", "Description": "See page 4", "DescriptionLineDetail": {}}
SUBTOTAL = {"Amount": 1, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}

LINES = st.lists(
    st.builds(
        lambda name, amount: DesiredLine(name, name, Decimal(amount)),
        st.sampled_from(NAMES),
        st.integers(0, 500),
    ),
    min_size=1,
    max_size=5,
)


def wanted(lines: list[DesiredLine]) -> DesiredInvoice:
    return replace(INVOICE, lines=tuple(lines), total=sum((line.amount for line in lines), Decimal(0)))


def body(lines: list[DesiredLine]) -> dict[str, Any]:
    return invoice_body(wanted(lines), "71", ITEMS, sync=SYNC)


def stored(sent: dict[str, Any]) -> dict[str, Any]:
    """The document as QuickBooks answers it: each line has an Id, and no more of it is kept than was sent."""
    fresh = itertools.count(max((int(line["Id"]) for line in sent["Line"] if "Id" in line), default=99) + 1)
    lines = [{**line, "Id": line.get("Id") or str(next(fresh)), "LineNum": 1} for line in sent["Line"]]
    total = sum(line.get("Amount") or 0 for line in lines)
    return {**sent, "SyncToken": "4", "TotalAmt": total, "Line": [*lines, SUBTOTAL], "PrintStatus": "NotSet"}


def written(lines: list[DesiredLine]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what we know as written, what QuickBooks has) after a first write."""
    sent = body(lines)
    entity = stored(sent)
    return as_taken(sent, sent, entity, {}), entity


def worth(sent: dict[str, Any]) -> list[tuple[str, float]]:
    """Item and amount of each sales line, in any order."""
    sold = (line for line in sent["Line"] if line["DetailType"] == "SalesItemLineDetail")
    return sorted((line["SalesItemLineDetail"]["ItemRef"]["value"], float(line["Amount"])) for line in sold)


@given(LINES)
def test_what_was_just_written_is_known_by_its_ids_and_nobodys_else(lines):
    before, entity = written(lines)
    assert ids_known(before) and drifted(before, entity) == [] and not others_put_on(before, entity)
    assert len({line["Id"] for line in before["Line"]}) == len(lines)


@given(LINES, LINES)
def test_an_update_without_a_read_says_just_what_we_want(first, then):
    before, _ = written(first)
    send, own = carried_over(body(then), before, None)
    assert worth(send) == worth(own) == worth(body(then))
    in_order = [(line["Description"], line["Amount"]) for line in body(then)["Line"]]
    assert [(line["Description"], line["Amount"]) for line in send["Line"]] == in_order
    assert {line["Id"] for line in send["Line"] if "Id" in line} <= {line["Id"] for line in before["Line"]}
    after = stored(send)
    known = as_taken(own, send, after, before)
    assert drifted(known, after) == [] and ids_known(known)


@given(LINES, LINES, st.randoms(use_true_random=False))
def test_whatever_others_put_on_ours_is_exact_and_theirs_is_there(first, then, chance):
    before, entity = written(first)
    theirs = copy.deepcopy(entity)
    theirs["PrivateNote"] = "Ask Dana"
    for line in theirs["Line"][:-1]:
        line["SalesItemLineDetail"]["ServiceDate"] = f"2026-03-{int(line['Id']) - 80}"
    theirs["Line"].insert(chance.randrange(len(first) + 1), NOTE)
    chance.shuffle(theirs["Line"])
    assert drifted(before, theirs) == [] and others_put_on(before, theirs)
    send, own = carried_over(body(then), before, theirs)
    assert worth(send) == worth(body(then))
    assert "PrivateNote" not in send and [line.get("Id") for line in send["Line"]].count("90") == 1
    for line in send["Line"]:
        if line["DetailType"] == "SalesItemLineDetail" and "Id" in line:
            assert line["SalesItemLineDetail"]["ServiceDate"] == f"2026-03-{int(line['Id']) - 80}"
    after = stored(send) | {"PrivateNote": "Ask Dana"}
    known = as_taken(json.loads(frozen(own)), json.loads(frozen(send)), after, before)
    assert drifted(known, after) == [] and others_put_on(known, after)
    assert known["PrivateNote"] == INVOICE.private_note, "what is theirs is not taken for ours"


@given(LINES)
def test_a_document_from_before_ids_were_kept_learns_them_from_what_is_read(lines):
    before, entity = written(lines)
    bare = {**before, "Line": [{k: v for k, v in line.items() if k != "Id"} for line in before["Line"]]}
    assert not ids_known(bare)
    learnt = with_line_ids(bare, entity)
    assert ids_known(learnt) and drifted(learnt, entity) == []


@given(LINES, LINES)
def test_an_invoice_made_from_a_receipt_has_our_sums_whatever_the_receipt_says(lines, sold):
    receipt = stored(body(sold))
    for line in receipt["Line"][:-1]:
        line["SalesItemLineDetail"]["ClassRef"] = {"value": "3"}
    made = carried_from(body(lines), receipt)
    assert worth(made) == worth(body(lines))
    assert all(line["SalesItemLineDetail"]["ClassRef"] == {"value": "3"} for line in made["Line"])


@pytest.mark.parametrize(
    ("sent", "answered", "known"),
    [("300.00", "575.00", "300.00"), ("300.00", "300.00", "300.00"), ("300.00", "120.00", "120.00")],
)
def test_what_quickbooks_applies_beyond_ours_is_not_ours_to_miss(sent, answered, known):
    """A lowered Payment whose rest QuickBooks applied again at once; lowering the Invoice then takes that away by itself."""

    def pays(amount: str) -> list[dict]:
        return [{"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": "105", "TxnType": "Invoice"}]}]

    ours = {"TotalAmt": Decimal("575.00"), "Line": pays(sent)}
    taken = as_taken(ours, ours, {"Id": "110", "TotalAmt": 575.0, "Line": pays(answered)}, {})
    assert [Decimal(str(line["Amount"])) for line in taken["Line"]] == [Decimal(known)]
    assert drifted(taken, {"TotalAmt": 575.0, "Line": pays(known)}) == []
