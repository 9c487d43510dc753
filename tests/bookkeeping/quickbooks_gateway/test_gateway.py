"""Batches, reads and queries: how answers are taken apart, and how questions are put."""

import json
from decimal import Decimal

import pytest

from bookkeeping.errors import (
    GoneError,
    MisconfiguredError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.quickbooks_gateway.bodies import batch_body
from bookkeeping.quickbooks_gateway.gateway import quote
from tests.bookkeeping.quickbooks_gateway.scripted import Asked, Reply


def fault(code, detail="What is wrong."):
    return {"Fault": {"Error": [{"Message": "M", "Detail": detail, "code": code}], "type": "ValidationFault"}}


def batch(*names):
    return batch_body([(name, "create", "Customer", {"DisplayName": name}) for name in names])


def test_each_item_of_a_batch_has_its_own_answer_in_the_order_asked(connected, scripted):
    said = [
        {"bId": "i3", **fault("10000")},
        {"bId": "i2", "Invoice": {"Id": "12", "status": "Deleted", "domain": "QBO"}},
        {"bId": "i1", **fault("5010")},
        {"bId": "i0", "Customer": {"Id": "71", "SyncToken": "0", "Balance": 350.1}},
    ]
    scripted.say(200, {"BatchItemResponse": said, "time": "…"}, headers={"intuit_tid": "tid-9"})
    first, second, third, fourth, fifth = connected.gateway.send_batch(
        "r-1", batch("i0", "i1", "i2", "i3", "i4")
    )
    assert (first.b_id, first.entity_name, first.error) == ("i0", "Customer", None)
    assert first.entity["Balance"] == Decimal("350.1") and isinstance(first.entity["Balance"], Decimal)
    assert isinstance(second.error, StaleSyncTokenError) and second.entity is None
    assert third.deleted and third.entity["Id"] == "12"
    assert isinstance(fourth.error, TemporaryError) and not fourth.error.outcome_unknown
    assert (fifth.b_id, fifth.error.code, fifth.error.outcome_unknown) == ("i4", "unknown-outcome", True)
    assert {answer.reference for answer in (first, second, third, fourth, fifth)} == {"tid-9"}
    assert second.error.reference == "tid-9"


def test_a_batch_refused_as_a_whole_raises(connected, scripted):
    scripted.say(400, fault("1040"))
    with pytest.raises(PermanentError) as caught:
        connected.gateway.send_batch("r-1", batch("i0"))
    assert caught.value.code == "qbo-1040"


@pytest.mark.parametrize(
    ("code", "kind"), [("610", GoneError), ("6240", PermanentError), ("5010", StaleSyncTokenError)]
)
def test_a_refusal_of_one_write_is_in_its_answer(connected, scripted, code, kind):
    said = {"BatchItemResponse": [{"bId": "i0", **fault(code)}]}
    scripted.say(200, said, headers={"intuit_tid": "tid-9"})
    (answer,) = connected.gateway.send_batch("r-1", batch("i0"))
    assert isinstance(answer.error, kind)
    assert (answer.entity, answer.deleted, answer.reference) == (None, False, "tid-9")


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (429, {}, ThrottledError),
        (503, {}, TemporaryError),
        (400, fault("150"), TemporaryError),
        (400, fault("600"), TemporaryError),
        (400, fault("6190"), NotConnectedError),
        (404, {}, MisconfiguredError),
    ],
)
def test_trouble_that_is_not_about_one_write_raises(connected, scripted, status, said, kind):
    scripted.say(status, said)
    with pytest.raises(kind):
        connected.gateway.send_batch("r-1", batch("i0"))


def test_a_deletion_is_told_from_an_object(connected, scripted):
    gone = {"domain": "QBO", "status": "Deleted", "Id": "145"}
    scripted.say(200, {"BatchItemResponse": [{"bId": "i0", "Invoice": gone}], "time": "…"})
    (answer,) = connected.gateway.send_batch("r-1", batch("i0"))
    assert (answer.entity_name, answer.deleted, answer.error) == ("Invoice", True, None)


def test_only_610_means_that_an_object_is_gone(connected, scripted):
    scripted.say(400, fault("610"))
    assert connected.gateway.read("Invoice", "145") is None
    for status, said in ((500, {}), (404, {}), (400, fault("2500")), (200, {})):
        scripted.say(status, said)
        with pytest.raises((TemporaryError, PermanentError, MisconfiguredError)):
            connected.gateway.read("Invoice", "145")


def serve_rows(rows: list[dict]):
    """Answer queries from these rows, a page at a time, as the query endpoint does."""

    def answer(asked: Asked) -> Reply:
        words = asked.body.decode().split()
        start, size = (int(words[words.index(name) + 1]) for name in ("STARTPOSITION", "MAXRESULTS"))
        page = rows[start - 1 : start - 1 + size]
        response = {"Customer": page, "startPosition": start, "maxResults": len(page)} if page else {}
        return Reply(200, json.dumps({"QueryResponse": response, "time": "…"}))

    return answer


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (999, 1), (1000, 2), (2300, 3)])
def test_a_query_walks_all_pages(connected, scripted, count, pages):
    scripted.always = serve_rows([{"Id": str(n)} for n in range(count)])
    assert [row["Id"] for row in connected.gateway.query_all("Customer")] == [str(n) for n in range(count)]
    assert len(scripted.asked) == pages
    assert all(asked.headers["Content-Type"] == "application/text" for asked in scripted.asked)


def test_a_row_that_moves_to_the_next_page_is_given_once(connected, scripted):
    rows = [{"Id": str(n)} for n in range(1000)] + [{"Id": "5"}, {"Id": "1001"}]
    scripted.always = serve_rows(rows)
    ids = [row["Id"] for row in connected.gateway.query_all("Customer")]
    assert len(ids) == len(set(ids)) == 1001


def test_name_lists_are_asked_for_inactive_rows_too(connected, scripted):
    scripted.always = Reply(200, '{"QueryResponse": {}}')
    list(connected.gateway.query_all("Customer"))
    list(connected.gateway.query_all("Customer", "DisplayName = 'Ada'", fields="Id, DisplayName"))
    list(connected.gateway.query_all("Account", "Active = true"))
    list(connected.gateway.query_all("Invoice"))
    assert [asked.body.decode().partition(" ORDERBY ")[0] for asked in scripted.asked] == [
        "SELECT * FROM Customer WHERE Active IN (true, false)",
        "SELECT Id, DisplayName FROM Customer WHERE DisplayName = 'Ada' AND Active IN (true, false)",
        "SELECT * FROM Account WHERE Active = true",
        "SELECT * FROM Invoice",
    ]


def test_many_ids_are_asked_for_in_chunks_and_none_at_all_without_a_call(connected, scripted):
    scripted.always = Reply(200, '{"QueryResponse": {"Invoice": [{"Id": "7"}]}}')
    assert connected.gateway.read_many("Invoice", []) == {}
    assert scripted.asked == []
    assert connected.gateway.read_many("Invoice", [str(n) for n in range(120)]) == {"7": {"Id": "7"}}
    assert len(scripted.asked) == 3
    assert "WHERE Id IN ('50', '51'," in scripted.asked[1].body.decode()


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("Peet's", r"'Peet\'s'"), ("a\\", r"'a\\'"), (r"\'", r"'\\\''"), ("", "''")],
)
def test_values_are_quoted_for_the_query_language(value, quoted):
    assert quote(value) == quoted


def test_two_gateways_share_nothing(connect, scripted):
    one, other = connect(realm_id="111"), connect(realm_id="222")
    scripted.always = Reply(200, '{"Preferences": {"Id": "1"}}')
    one.gateway.preferences()
    other.gateway.preferences()
    one.gateway.preferences()
    assert [asked.target.split("/")[3] for asked in scripted.asked] == ["111", "222", "111"]
    assert (len(one.calls), len(other.calls)) == (2, 1)
