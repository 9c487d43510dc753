"""One table: every shape in which Intuit says no, and the error that it must become."""

import json

import pytest

from bookkeeping.errors import (
    BookkeepingError,
    DuplicateNameError,
    GoneError,
    MisconfiguredError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.quickbooks_gateway.answers import UnauthorizedAnswer, check
from tests.bookkeeping.quickbooks_gateway.conftest import NOW

TID = "1-5f3c-0a"


def application_fault(code, kind="ValidationFault", detail="What is wrong."):
    error = {"Message": "A message", "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-03-02T09:15:04.118-08:00"})


def gateway_fault(code, message, kind="SERVICE"):
    error = {"message": message, "detail": "Gateway detail", "code": code, "element": None}
    return json.dumps(
        {"warnings": None, "intuitObject": None, "fault": {"error": [error], "type": kind}, "report": None}
    )


def xml_fault(code, message):
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="2026-03-02T09:15:04.118-08:00" '
        f'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="{code}"><Message>{message}'
        "</Message><Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>"
    )


THROTTLED = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
HTML = "<html><head><title>504 Gateway Time-out</title></head><body><h1>504</h1></body></html>"

CASES = [
    # Throttling in every encoding and under every status that was seen.
    (429, application_fault("3001"), ThrottledError),
    (429, gateway_fault("3001", THROTTLED), ThrottledError),
    (429, xml_fault("3001", THROTTLED), ThrottledError),
    (429, "", ThrottledError),
    (429, HTML, ThrottledError),
    (403, gateway_fault("3001", THROTTLED), ThrottledError),
    (403, xml_fault("3001", THROTTLED), ThrottledError),
    (403, xml_fault("003001", "x"), ThrottledError),
    (200, application_fault("3001", "SystemFault"), ThrottledError),
    (200, xml_fault("3001", THROTTLED), ThrottledError),
    (503, "message=throttleexceeded; errorcode=003001", ThrottledError),
    # Outages, other people's pages, half answers.
    (500, application_fault("10000", "SystemFault"), TemporaryError),
    (500, application_fault("500", "SystemFault"), TemporaryError),
    (500, application_fault("77777", "SystemFault"), TemporaryError),
    (500, "", TemporaryError),
    (502, HTML, TemporaryError),
    (503, "Service Unavailable", TemporaryError),
    (504, HTML, TemporaryError),
    (408, "{}", TemporaryError),
    (200, HTML, TemporaryError),
    (200, "", TemporaryError),
    (200, '{"Invoice": {"Id": "14', TemporaryError),
    (200, "[]", TemporaryError),
    (200, '{"Fault": null}', TemporaryError),
    (200, '<?xml version="1.0"?><IntuitResponse/>', TemporaryError),
    (302, HTML, TemporaryError),
    (403, HTML, TemporaryError),
    (400, application_fault("10000", "SystemFault"), TemporaryError),
    # Sign-in and permission.
    (401, gateway_fault("3200", "message=AuthenticationFailed; errorCode=003200", "AUTHENTICATION"), UnauthorizedAnswer),
    (401, xml_fault("3200", "message=AuthenticationFailed"), UnauthorizedAnswer),
    (401, "", UnauthorizedAnswer),
    (400, application_fault("120", "AuthorizationFault"), UnauthorizedAnswer),
    (403, gateway_fault("3100", "message=ApplicationAuthorizationFailed", "AUTHORIZATION"), NotConnectedError),
    (403, xml_fault("3100", "message=ApplicationAuthorizationFailed"), NotConnectedError),
    (403, gateway_fault("9999", "no", "AUTHORIZATION"), NotConnectedError),
    (400, application_fault("6190"), NotConnectedError),
    (400, application_fault("5020"), NotConnectedError),
    # Business refusals.
    (400, application_fault("610"), GoneError),
    (400, application_fault("5010"), StaleSyncTokenError),
    (400, application_fault("6240"), DuplicateNameError),
    (400, application_fault("6210"), PermanentError),
    (200, application_fault("6000"), PermanentError),
    (500, application_fault("6000"), PermanentError),
    (400, application_fault("77777"), PermanentError),
    (400, application_fault("not a number"), PermanentError),
    (400, application_fault(None), PermanentError),
    (400, json.dumps({"Fault": {"Error": [], "type": "ValidationFault"}}), PermanentError),
    (400, json.dumps({"Fault": None}), PermanentError),
    (400, "{}", PermanentError),
    (413, HTML, PermanentError),
    (404, HTML, MisconfiguredError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_every_shape_becomes_its_error(status, body, kind):
    with pytest.raises((BookkeepingError, UnauthorizedAnswer)) as caught:
        check(status, {"intuit_tid": TID}, body, writes=True, now=NOW)
    assert type(caught.value) is kind
    assert (caught.value.tid if kind is UnauthorizedAnswer else caught.value.reference) == TID


@pytest.mark.parametrize(
    ("status", "body"), [(500, ""), (502, HTML), (200, ""), (200, "{"), (500, application_fault("10000"))]
)
@pytest.mark.parametrize("writes", [True, False])
def test_only_a_write_leaves_its_outcome_unknown(status, body, writes):
    with pytest.raises(TemporaryError) as caught:
        check(status, {}, body, writes=writes, now=NOW)
    assert caught.value.outcome_unknown is writes
    assert caught.value.whole_realm


def test_an_application_error_answered_in_full_is_a_known_outcome_of_one_document():
    with pytest.raises(TemporaryError) as caught:
        check(400, {}, application_fault("10000"), writes=True, now=NOW)
    assert not caught.value.outcome_unknown
    assert not caught.value.whole_realm


def test_a_throttled_write_was_not_carried_out():
    with pytest.raises(ThrottledError) as caught:
        check(429, {}, "", writes=True, now=NOW)
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 60), ("7", 7), ("0", 1), ("99999", 600), ("Wed, 21 Oct 2026 07:28:00 GMT", 60)],
)
def test_throttling_waits_a_minute_or_as_long_as_asked_within_reason(asked, seconds):
    headers = {"Retry-After": asked} if asked else {}
    with pytest.raises(ThrottledError) as caught:
        check(429, headers, "", writes=False, now=NOW)
    assert (caught.value.not_before - NOW).total_seconds() == seconds


def test_all_errors_of_a_fault_are_told():
    errors = [{"Message": f"M{n}", "Detail": f"D{n}", "code": "6000"} for n in (1, 2)]
    with pytest.raises(PermanentError) as caught:
        check(400, {}, json.dumps({"Fault": {"Error": errors}}), writes=True, now=NOW)
    assert caught.value.detail == "M1: D1; M2: D2"


def test_a_long_page_is_cut_and_its_markup_removed():
    with pytest.raises(TemporaryError) as caught:
        check(502, {}, "<html><body>" + "<p>bad gateway</p>" * 500, writes=False, now=NOW)
    assert "<" not in caught.value.detail
    assert len(caught.value.detail) < 1100


@pytest.mark.parametrize(
    "body",
    [
        '{"Invoice": {"Id": "1", "PrivateNote": "message=ThrottleExceeded; errorCode=003001"}}',
        '{"QueryResponse": {}, "time": "2026-03-02T09:15:04.118-08:00"}',
        '{"BatchItemResponse": [{"bId": "i0", "Fault": {"Error": [{"code": "3001"}]}}]}',
    ],
)
def test_a_good_answer_passes_whatever_its_texts_say(body):
    assert check(200, {}, body, writes=True, now=NOW) is None
