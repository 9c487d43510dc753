"""The session under the library: timeouts, lost answers, tokens, limits and the meter, over real HTTP."""

import gzip
import json
import socket

import pytest
from quickbooks.exceptions import QuickbooksException

from bookkeeping.errors import MisconfiguredError, NotConnectedError, TemporaryError, ThrottledError
from bookkeeping.quickbooks_gateway.bodies import batch_body, delete_body
from tests.bookkeeping.quickbooks_gateway.conftest import REALM
from tests.bookkeeping.quickbooks_gateway.scripted import Reply

BODY = batch_body([("i0", "create", "Customer", {"DisplayName": "Ada"})])
CUSTOMER = {"Customer": {"Id": "71", "SyncToken": "0"}, "time": "2026-03-02T09:15:04.118-08:00"}
EXPIRED = {
    "fault": {"error": [{"message": "AuthenticationFailed", "code": "3200"}], "type": "AUTHENTICATION"}
}
UNAUTHORIZED = {"Fault": {"Error": [{"Message": "m", "Detail": "d", "code": "120"}]}}


def test_a_body_goes_out_byte_for_byte_under_its_request_id(connected, scripted):
    scripted.say(200, CUSTOMER)
    ada = '{"DisplayName":"Zo\\u00eb  ","Amount":350.10}'
    body = f'{{"BatchItemRequest":[{{"bId":"i0","operation":"create","Customer":{ada}}}]}}'
    connected.gateway.send_batch("req-1", body)
    (asked,) = scripted.asked
    assert asked.body == body.encode()
    assert asked.target == f"/v3/company/{REALM}/batch?requestid=req-1&minorversion=75"
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert asked.headers["Content-Type"] == asked.headers["Accept"] == "application/json"


def test_text_outside_ascii_is_sent_as_utf_8(connected, scripted):
    scripted.say(200, {"QueryResponse": {}})
    list(connected.gateway.query_all("Customer", "DisplayName = 'Zoë'"))
    assert "Zoë" in scripted.asked[0].body.decode("utf-8")


def test_the_connection_is_kept_and_compressed_answers_are_read(connected, scripted):
    packed = gzip.compress(json.dumps(CUSTOMER).encode())
    scripted.say(200, packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
    assert connected.gateway.read("Customer", "71") == {"Id": "71", "SyncToken": "0"}
    assert scripted.asked[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(cut=True), "cut before the answer"),
        (Reply(200, '{"Customer": {"Id": "71"', missing=200), "cut within the answer"),
        (Reply(200, json.dumps(CUSTOMER), seconds=2), "too slow"),
        (Reply(200, b"\x1f\x8b broken", headers={"Content-Encoding": "gzip"}), "not what it says it is"),
        (Reply(500, ""), "server error"),
    ],
)
def test_a_lost_answer_leaves_a_write_unknown_and_a_read_merely_failed(connect, scripted, reply, why):
    gateway = connect(timeout=(1, 0.5)).gateway
    scripted.always = reply
    with pytest.raises(TemporaryError) as written:
        gateway.send_batch("req-1", BODY)
    assert written.value.outcome_unknown, why
    with pytest.raises(TemporaryError) as read:
        gateway.read("Customer", "71")
    assert not read.value.outcome_unknown, why


def test_a_connection_that_never_came_about_changed_nothing(connect):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    gateway = connect(api_url=f"http://127.0.0.1:{port}").gateway
    with pytest.raises(TemporaryError) as caught:
        gateway.send_batch("req-1", BODY)
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("address", ["http://", "not an address"])
def test_a_nonsense_address_is_our_configuration(connect, address):
    with pytest.raises(MisconfiguredError):
        connect(api_url=address).gateway.read("Customer", "71")


def test_redirects_are_not_followed_with_the_token(connected, scripted):
    scripted.say(302, "", headers={"Location": f"{scripted.url}/elsewhere"})
    with pytest.raises(TemporaryError):
        connected.gateway.read("Customer", "71")
    assert len(scripted.asked) == 1


def test_an_expired_token_is_renewed_once_and_the_same_bytes_go_again(connected, scripted):
    scripted.say(401, EXPIRED)
    scripted.say(200, {"BatchItemResponse": [{"bId": "i0", **CUSTOMER}]})
    (answer,) = connected.gateway.send_batch("req-1", BODY)
    assert answer.entity["Id"] == "71"
    first, second = scripted.asked
    assert (first.headers["Authorization"], second.headers["Authorization"]) == (
        "Bearer token-1",
        "Bearer token-2",
    )
    assert (first.target, first.body) == (second.target, second.body)
    assert connected.tokens.refusals == []


@pytest.mark.parametrize(
    ("refusal", "code"), [(EXPIRED, "qbo-3200"), (UNAUTHORIZED, "qbo-120"), ({}, "reconnect-needed")]
)
def test_a_token_refused_again_after_renewal_needs_the_owner(connected, scripted, refusal, code):
    scripted.always = Reply(401, json.dumps(refusal), headers={"intuit_tid": "1-2-3"})
    with pytest.raises(NotConnectedError) as caught:
        connected.gateway.read("Customer", "71")
    assert (caught.value.code, caught.value.reference) == (code, "1-2-3")
    assert connected.tokens.refusals == [("token-2", code)]
    assert len(scripted.asked) == 2


def test_throttling_pauses_the_realm_for_everybody_who_shares_the_limiter(connected, scripted):
    scripted.say(429, "")
    with pytest.raises(ThrottledError):
        connected.gateway.read("Customer", "71")
    with pytest.raises(ThrottledError) as waiting:
        connected.gateway.read("Customer", "71")
    assert len(scripted.asked) == 1
    assert (waiting.value.not_before - connected.clock()).total_seconds() == pytest.approx(60)
    connected.clock.sleep(61)
    scripted.say(200, CUSTOMER)
    assert connected.gateway.read("Customer", "71")


def test_every_call_is_metered_with_its_facts(connected, scripted):
    scripted.say(200, {"BatchItemResponse": []}, headers={"intuit_tid": "tid-1"})
    scripted.say(200, CUSTOMER)
    scripted.say(200, {"QueryResponse": {}})
    scripted.say(200, {"Header": {}})
    scripted.say(500, "")
    scripted.say(cut=True)
    gateway = connected.gateway
    gateway.send_batch("r-1", batch_body([("i0", "delete", "Payment", delete_body("9", "1"))]))
    gateway.read("Customer", "71")
    list(gateway.query_all("Item"))
    gateway.report("ProfitAndLoss", {})
    for _ in range(2):
        with pytest.raises(TemporaryError):
            gateway.read("Customer", "71")
    facts = [
        (
            call.kind,
            call.method,
            call.path,
            call.operation,
            call.metered,
            call.status,
            call.tid,
            call.request_id,
        )
        for call in connected.calls
    ]
    assert facts == [
        ("batch", "POST", "batch", "batch", False, 200, "tid-1", "r-1"),
        ("read", "GET", "customer/71", "read", True, 200, None, None),
        ("query", "POST", "query", "query", True, 200, None, None),
        ("report", "GET", "reports/ProfitAndLoss", "report", True, 200, None, None),
        ("read", "GET", "customer/71", "read", False, 500, None, None),
        ("read", "GET", "customer/71", "read", False, None, None, None),
    ]
    assert all(call.seconds >= 0 for call in connected.calls)


@pytest.mark.parametrize(
    "body",
    [
        {"Fault": {"Error": [{"Message": "m", "code": "not a number"}]}},
        {"Fault": {"Error": []}},
        {"Fault": {}},
        {"Fault": None},
        {"fault": {"error": None}},
        {"Unexpected": 1},
        {},
    ],
)
def test_no_odd_answer_lets_a_library_exception_out(connected, scripted, body):
    for status in (200, 400, 403, 500):
        for call in (
            lambda: connected.gateway.read("Customer", "71"),
            lambda: list(connected.gateway.query_all("Customer")),
            lambda: connected.gateway.changes(["Invoice"], connected.clock()),
            lambda: connected.gateway.company_info(),
        ):
            scripted.say(status, body)
            with pytest.raises(Exception) as caught:
                call()
            assert not isinstance(caught.value, QuickbooksException | KeyError | TypeError | ValueError)
            assert type(caught.value).__module__ == "bookkeeping.errors"
