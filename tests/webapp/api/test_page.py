"""docs/api.md says what is so: its states, its scopes, its example and its code."""

import hashlib
import hmac
import json
import re
import time

from bookkeeping.inspection_source.received import KINDS, read_event
from bookkeeping.storage.company.api_keys import SCOPES
from bookkeeping.storage.records.inspections import STATES
from tests.harness import ROOT
from tests.webapp.api.test_views import fits
from webapp.api.authority import ASKS
from webapp.api.description import MOST
from worker.notices.calling import signature

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_state_and_scope_is_told():
    assert set(re.findall(r"(?m)^\| `([a-z-]+)` \| (?!the three|`POST)", PAGE)) == set(STATES)
    assert set(re.findall(r"(?m)^\| `([a-z-]+)` \| (?:the three|`POST)", PAGE)) == set(SCOPES)
    assert f"at most {MOST}" in PAGE and f"{ASKS.split()[0]} requests a minute" in PAGE


def test_the_example_is_an_answer():
    (example,) = re.findall(r"(?s)```json\n(.*?)```", PAGE)
    fits("Inspection", json.loads(example)["data"])


def test_the_event_is_one_that_is_taken():
    (told,) = re.findall(r"(?s) -d '\n(.*?)'\n", PAGE)
    fits("PaymentEvent", json.loads(told))
    assert read_event(json.loads(told)).inspection_key == "1042"
    assert set(re.findall(r"(?m)^\| `(payment\.[a-z]+)` \|", PAGE)) == set(KINDS)


def test_the_code_takes_what_is_signed_and_nothing_else():
    (code,) = re.findall(r"(?s)```python\n(.*?)```", PAGE)
    names = {"time": time, "hmac": hmac, "hashlib": hashlib}
    exec(code, names)
    now, body = int(time.time()), b'{"id":"evt_1"}'
    right = signature("whsec_x", now, body)
    assert names["is_ours"]("whsec_x", right, body)
    assert not names["is_ours"]("whsec_y", right, body)
    assert not names["is_ours"]("whsec_x", right, body + b" ")
    assert not names["is_ours"]("whsec_x", signature("whsec_x", now - 301, body), body)
    assert not names["is_ours"]("whsec_x", "nonsense", body)
