"""What others put on our documents, case by case: fields, what stands on our lines, and lines of their own. By property: `test_carrying`."""

from decimal import Decimal

import pytest

from bookkeeping.quickbooks_gateway.carrying import (
    as_taken,
    carried_over,
    ids_known,
    others_put_on,
    with_line_ids,
)


def _line(item: str = "9", amount: str = "425.00", said: str = "Radon", **more) -> dict:
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": Decimal(amount), **more.pop("detail", {})}
    base = {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "Description": said}
    return {**base, "SalesItemLineDetail": detail, **more}


def _body(*lines: dict, **fields) -> dict:
    base = {"CustomerRef": {"value": "71"}, "TxnDate": "2026-03-02", "PrivateNote": "Tieout inspection 1042"}
    return {**base, "Line": list(lines), **fields}


BEFORE = _body(_line(Id="1"))
OURS = _body(_line(amount="500.00"), Id="145", SyncToken="1", sparse=True)
REMARK = {"Id": "7", "DetailType": "DescriptionOnly", "Description": "Paid by the seller", "Amount": 0}


def test_where_nobody_else_was_ours_goes_out_with_the_ids_of_its_lines():
    send, own = carried_over(OURS, BEFORE, None)
    assert send["Line"] == [_line(amount="500.00", Id="1")] == own["Line"]
    assert (send["SyncToken"], own["PrivateNote"]) == ("1", "Tieout inspection 1042")


def test_a_line_of_somebody_elses_without_money_stays_where_it_stands():
    read = _body(REMARK, _line(Id="1"))
    send, own = carried_over(OURS, BEFORE, read)
    assert [line.get("Id") for line in send["Line"]] == ["7", "1"]
    assert send["Line"][1]["Amount"] == Decimal("500.00")
    assert [line.get("Id") for line in own["Line"]] == ["1"], "It does not become ours."
    assert others_put_on(BEFORE, read) and not others_put_on(BEFORE, BEFORE)


def test_a_line_with_money_that_is_not_ours_is_not_carried_over():
    send, _ = carried_over(OURS, BEFORE, _body(_line(Id="1"), _line("12", "50.00", "Tip", Id="8")))
    assert [line["Id"] for line in send["Line"]] == ["1"]


def test_what_a_person_put_on_our_line_stays_on_it():
    touched = _line(
        Id="1", said="Radon, 48 h", detail={"TaxCodeRef": {"value": "TAX"}, "ClassRef": {"value": "3"}}
    )
    send, own = carried_over(OURS, BEFORE, _body(touched))
    [line] = send["Line"]
    assert (line["Description"], line["Amount"]) == ("Radon, 48 h", Decimal("500.00"))
    assert line["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "TAX"}
    assert line["SalesItemLineDetail"]["ClassRef"] == {"value": "3"}
    assert line["SalesItemLineDetail"]["UnitPrice"] == Decimal("500.00"), "The price is ours."
    assert own["Line"][0]["Description"] == "Radon"


@pytest.mark.parametrize(
    ("field", "theirs", "sent"),
    [
        ("PrivateNote", "Call first\nTieout inspection 1042", False),
        ("PrivateNote", "Voided - Tieout inspection 1042", True),
        ("DocNumber", "A-7", False),
        ("TxnDate", "2026-03-09", True),
    ],
)
def test_a_field_that_a_person_changed_and_that_is_no_money_is_not_sent(field, theirs, sent):
    numbers = {"DocNumber": "SP-1042"}
    send, own = carried_over({**OURS, **numbers}, {**BEFORE, **numbers}, {**BEFORE, **numbers, field: theirs})
    assert (field in send, field in own) == (sent, True)


@pytest.mark.parametrize(
    ("voided", "total", "said"),
    [
        ("Voided - seen", 0, "seen"),
        ("voided - Call first\nTieout inspection 1042", 0, "Call first\nTieout inspection 1042"),
        ("Voided", 0, "Tieout inspection 1042"),
        ("Voided cheque came back", 425, None),
    ],
)
def test_what_a_person_wrote_before_voiding_is_said_again_without_quickbooks_mark(voided, total, said):
    send, own = carried_over(OURS, BEFORE, {**BEFORE, "PrivateNote": voided, "TotalAmt": total})
    assert send.get("PrivateNote") == said
    assert own["PrivateNote"] == OURS["PrivateNote"]


def test_a_note_of_ours_that_voiding_cut_short_is_ours_still():
    long = "12 Oak St " * 399 + "Tieout inspection 1042"
    ours, before = {**OURS, "PrivateNote": long}, {**BEFORE, "PrivateNote": long}
    send, _ = carried_over(ours, before, {**before, "TotalAmt": 0, "PrivateNote": f"Voided - {long}"[:4000]})
    assert send["PrivateNote"] == long


def test_the_address_of_an_earlier_client_is_nobodys_choice_for_the_next():
    before = {**BEFORE, "BillEmail": {"Address": "ann@x.example"}}
    read = {**before, "BillEmail": {"Address": "typed@x.example"}}
    ours = {**OURS, "BillEmail": {"Address": "bo@x.example"}}
    assert "BillEmail" not in carried_over(ours, before, read)[0]
    moved = {**ours, "CustomerRef": {"value": "72"}}
    assert carried_over(moved, before, read)[0]["BillEmail"] == {"Address": "bo@x.example"}


def test_a_new_line_of_ours_goes_after_the_one_before_it():
    ours = _body(_line(), _line("12", "50.00", "Mold"), Id="145", SyncToken="1", sparse=True)
    send, _ = carried_over(ours, BEFORE, _body(_line(Id="1"), REMARK))
    assert [line.get("Description") for line in send["Line"]] == ["Radon", "Mold", "Paid by the seller"]


def test_the_lines_of_a_payment_are_ours_as_a_whole():
    ours = {"Line": [{"Amount": Decimal("5.00"), "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]}]}
    assert carried_over(ours, {}, {"Line": []}) == (ours, ours)
    assert ids_known(ours) and with_line_ids(ours, {"Line": [{"Id": "1"}]}) == ours


def test_what_quickbooks_made_of_ours_is_known_as_written_without_what_others_put_on():
    sent = _body(_line(), DepositToAccountRef={"value": "4"})
    entity = {
        **_body(_line(Id="1", said="Radon (cut)", detail={"TaxCodeRef": {"value": "NON"}}), REMARK),
        "TotalAmt": Decimal("425.00"),
        "DepositToAccountRef": {"value": "4"},
        "Balance": 0,
    }
    taken = as_taken({**sent, "Id": "145", "SyncToken": "0"}, sent, entity, {})
    [line] = taken["Line"]
    assert (line["Id"], line["Description"]) == ("1", "Radon (cut)")
    assert "TaxCodeRef" not in line["SalesItemLineDetail"] and "Balance" not in taken
    assert not {"Id", "SyncToken"} & set(taken) and str(taken["TotalAmt"]) == "425.00"
    assert as_taken(sent, sent, {"Id": "145"}, {}) is sent, "An answer without a total says nothing."


def test_ids_are_found_by_what_is_most_alike_and_kept_where_they_are_known():
    bare = _body(_line(said="Radon"), _line("12", "50.00", "Mold"))
    read = _body(_line("12", "50.00", "Mold", Id="8"), _line(Id="1"))
    assert not ids_known(bare)
    found = with_line_ids(bare, read)
    assert [line["Id"] for line in found["Line"]] == ["1", "8"] and ids_known(found)
    assert "Id" not in with_line_ids(bare, _body(_line("77", "1.00", "Other", Id="9")))["Line"][0]
