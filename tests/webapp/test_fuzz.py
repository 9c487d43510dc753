"""Nonsense in addresses, questions, cursors and machines' calls, made by hypothesis: whatever is sent, nothing answers with a 500.

Forms are filled in by `test_every_form.py`. A route that is new is tried without a word here.
"""

import base64
import hashlib
import hmac
import json
import re
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.harness import ROOT
from tests.webapp.failing import failing
from tests.webapp.house import Browser, House
from tests.webapp.records import Records, paid
from webapp.frame.filters import ListFilter
from webapp.ops.filter import FailureFilterForm

HOSTILE = [
    "9" * 22,
    "-1",
    "0",
    str(2**31),
    str(2**63),
    "1e400",
    "٣",
    "NaN",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59.999999-23:59",
    "0001-01-01T00:00:00+23:59",
    "\x00",
    "a\x00b",
    "../../etc/passwd",
    "%",
    "\ud7ff\uffff",
    "x" * 3000,
    "[]",
]
_ASKED = re.compile(r'(?:args\.get|number_asked)\(\s*"(\w+)"')
ARGUMENTS = sorted(
    {
        name
        for path in (ROOT / "webapp").rglob("*.py")
        for name in _ASKED.findall(path.read_text(encoding="utf-8"))
    }
    | {"method", "month", "only"}
    | {field.name for form in (ListFilter, FailureFilterForm) for field in form()}
)
"""All that pages ask of their address, as the code reads it and the forms of filters name it."""

TOO_FAR = ("9" * 22, "-" + "9" * 22, str(2**63), "9999-12-31T23:59:59.999999-23:59")
few = settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
moments = st.datetimes(timezones=st.sampled_from([None]) | st.timezones(no_cache=False)).map(
    lambda at: at.isoformat()
)
values = st.sampled_from(HOSTILE) | st.text(max_size=30) | st.integers().map(str) | moments
cursors = st.builds(
    lambda way, parts: "~".join([way, *parts]),
    st.sampled_from(["older", "newer", ""]),
    st.lists(values, min_size=1, max_size=3),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory, migrated_sqlite) -> House:
    """One house for all: nothing here changes it in a way that another notices."""
    path = tmp_path_factory.mktemp("fuzz") / "tieout.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return House(f"sqlite:///{path}", quickbooks_verifier_token="a-verifier-token")


@pytest.fixture(scope="module")
def browsers(house: House) -> dict[str, Browser]:
    """An owner of a company with something on every page, and somebody of ops."""
    records = Records(house, house.make_company())
    records.connect()
    records.booked("1042", payments=(paid(),))
    failing(house, records.company_id, "1043", client_name="Ann")
    records.drift(records.document("1044", qbo_id="146"))
    records.run()
    people = {"owner": house.make_person("owner", records.company_id), "ops": house.make_person("ops")}
    return {role: house.browser(email) for role, email in people.items()}


def addresses(house: House) -> list[str]:
    """Return every address that can be read, with its variables as `<>`."""
    found = {
        re.sub(r"<[^>]*>", "<>", rule.rule)
        for rule in house.app.url_map.iter_rules()
        if "GET" in rule.methods and "static" not in rule.endpoint
    }
    return sorted(found)


def answers(browser: Browser, address: str, where: object = None) -> None:
    answer = browser.get(address)
    assert answer.status_code < 500 or address.startswith("/readyz"), (address, where)


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_no_address_breaks_on_ids_that_cannot_be(house, browsers, role):
    with_variables = [address for address in addresses(house) if "<>" in address]
    assert len(with_variables) > 12
    for address in with_variables:
        for value in HOSTILE:
            answers(browsers[role], address.replace("<>", quote(value[:200], safe="")))


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_no_page_breaks_on_a_number_or_day_too_far_whichever_argument_it_is(house, browsers, role):
    """Every argument of every page at once: the filter of failures looked for a company whose number no column holds."""
    assert {"company", "at", "since", "cutoff", "cause", "q"} <= set(ARGUMENTS)
    for address in (one for one in addresses(house) if "<>" not in one):
        for value in TOO_FAR:
            answers(browsers[role], f"{address}?{urlencode(dict.fromkeys(ARGUMENTS, value))}", value)


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_no_page_breaks_on_what_is_asked_of_it(house, browsers, role):
    plain = [address for address in addresses(house) if "<>" not in address]

    @few
    @given(
        st.sampled_from(plain),
        st.dictionaries(st.sampled_from(ARGUMENTS), values | cursors, min_size=1, max_size=3),
    )
    def ask(address, asked):
        answer = browsers[role].get(address, query_string=asked)
        assert answer.status_code < 500 or address == "/readyz", asked

    ask()


@pytest.mark.parametrize("role", ["owner", "ops"])
def test_no_page_breaks_on_bytes_that_are_no_text(house, browsers, role):
    """Browsers escape what is no ASCII; who speaks HTTP by hand need not."""
    asked = "&".join(f"{name}=\xff\xfe" for name in ARGUMENTS)
    for address in (one for one in addresses(house) if "<>" not in one):
        answer = browsers[role].get(address, environ_overrides={"QUERY_STRING": asked})
        assert answer.status_code < 500 or address == "/readyz", address


LISTS = {
    "owner": ("/inspections", "/sync-log", "/sync-log/runs", "/drift", "/settings/audit-log"),
    "ops": ("/ops/failures",),
}


@pytest.mark.parametrize(("role", "address"), [(role, one) for role, found in LISTS.items() for one in found])
def test_no_list_breaks_on_a_place_that_cannot_be(house, browsers, role, address):
    @settings(few, max_examples=12)
    @given(cursors)
    @example("older~9999-12-31T23:59:59.999999-23:59~1")
    @example("newer~0001-01-01T00:00:00+23:59~1")
    @example(f"older~{10**22}")
    @example(f"older~{2**63 - 1}")
    def ask(cursor):
        assert browsers[role].get(address, query_string={"at": cursor}).status_code < 500, cursor

    ask()


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.sampled_from(HOSTILE)
)
WORDS = (
    "eventNotifications",
    "realmId",
    "dataChangeEvent",
    "entities",
    "name",
    "id",
    "lastUpdated",
    "type",
    "time",
)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_no_call_of_quickbooks_breaks_us(house):
    client = house.app.test_client()

    @few
    @given(anything.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=60))
    @example(b"[" * 50_000)
    @example(b'{"eventNotifications": ' + b"[" * 400 + b"]" * 400 + b"}")
    def call(body):
        signed = base64.b64encode(hmac.new(b"a-verifier-token", body, hashlib.sha256).digest()).decode()
        answer = client.post("/quickbooks/webhook", data=body, headers={"intuit-signature": signed})
        assert answer.status_code in (200, 400), body

    call()


def test_no_header_or_coming_back_from_intuit_breaks_us(house, browsers):
    @few
    @given(values, values, values)
    def come(state, code, realm):
        asked = {"state": state, "code": code, "realmId": realm}
        assert browsers["owner"].get("/quickbooks/callback", query_string=asked).status_code < 500
        printable = "".join(letter for letter in state if 32 <= ord(letter) < 127)[:200]
        headers = {
            "Referer": printable,
            "X-Forwarded-For": printable,
            "intuit-signature": printable,
            "Cookie": f"tieout={printable}",
        }
        assert house.app.test_client().get("/login", headers=headers).status_code < 500
        assert house.app.test_client().post(f"/hooks/inspections/{quote(state, safe='')}").status_code < 500

    come()
