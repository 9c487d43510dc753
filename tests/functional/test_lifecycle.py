"""A connection's life: refused, moved, ended, broken off, blocked and taken up again, without losing or doubling anything."""

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from tests.functional.office import PASSWORD, Office, inspection


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A company whose owner is logged in and has not connected yet."""
    tieout.web()
    office = Office(tieout, platform, intuit).open()
    office.log_in()
    return office


def sql(office: Office, statement: str, **values):
    """Run a statement on the office's database; return its rows, if any."""
    engine = create_engine(office.tieout.environment["DATABASE_URL"])
    with engine.begin() as connection:
        done = connection.execute(text(statement), values)
        rows = done.mappings().all() if done.returns_rows else []
    engine.dispose()
    return rows


def connection(office: Office) -> dict:
    """Return the row of the office's connection."""
    [row] = sql(office, "SELECT * FROM connections WHERE company_id = :id", id=office.id)
    return dict(row)


def notices(office: Office) -> list[str]:
    """Return the kinds of the notices written for the company, without the mails to a single person."""
    rows = sql(
        office, "SELECT kind FROM notices WHERE company_id = :id AND address = '' ORDER BY id", id=office.id
    )
    return [row["kind"] for row in rows]


def apps(office: Office, realm_id: str = "") -> list[str]:
    """Return the apps that a realm lets in."""
    realms = office.intuit.get("/_standin/realms")["realms"]
    return next(one["connected_apps"] for one in realms if one["realm_id"] == (realm_id or office.realm_id))


def try_sync(office: Office) -> dict:
    """Poll and reconcile; return what reconcile says, whether it succeeds or not."""
    office.tieout.flask_json("poll", office.id)
    done = office.tieout.run_flask("reconcile", office.id, "--json")
    return {"failed": done.code != 0, "said": done.out}


def writes(office: Office) -> int:
    """Return how many batches QuickBooks has seen of this realm."""
    return sum(call["operation"] == "batch" for call in office.calls())


def disconnect(office: Office) -> None:
    """Press Disconnect, with the password."""
    office.submit("/quickbooks/disconnect", {"password": PASSWORD}, page="/settings/quickbooks")
    assert connection(office)["state"] == "disconnected"


@pytest.mark.parametrize(
    ("realm", "words"),
    [
        ({"country": "CA", "currency": "CAD"}, "Not a US company"),
        ({"country": "US", "currency": "CAD"}, "Home currency is not US dollars"),
    ],
)
def test_only_us_companies_in_us_dollars_are_taken(office, realm, words):
    foreign = office.intuit.post("/_standin/realms", {"name": "Maple Books", **realm})["realm_id"]
    office.consent(foreign)
    try_sync(office)
    assert connection(office)["state"] == "refused"
    assert apps(office, foreign) == []  # The permission was given back.
    page = office.get("/settings/quickbooks").text
    assert words in page and "Disconnect" not in page
    office.connect()  # A company in the United States can be connected instead.
    office.book(inspection(1))
    office.sync()
    assert len(office.books()["Invoice"]) == 1


def test_reconnecting_takes_the_same_realm_and_goes_on_where_it_stopped(office):
    office.connect()
    keys = office.book(inspection(1), inspection(2))
    office.sync()
    disconnect(office)
    assert apps(office) == []
    office.change(keys[0], line_items=[{"kind": "service", "name": "Radon", "amount": "600.00"}])
    office.book(inspection(3))
    assert try_sync(office)["failed"]
    other = office.intuit.post("/_standin/realms", {"name": "Somebody else"})["realm_id"]
    page = office.consent(other).text
    assert "Another QuickBooks company than before" in page
    assert connection(office)["state"] == "disconnected" and apps(office, other) == []
    office.connect()
    assert office.sync()["outcomes"] == {"created": 3, "updated": 1}
    books = office.books()
    assert (len(books["Customer"]), len(books["Invoice"]), len(books["Payment"])) == (3, 3, 3)


def test_one_realm_cannot_serve_two_companies(office, platform, intuit):
    office.connect()
    office.sync()
    second = Office(office.tieout, platform, intuit, name="Another").open()
    second.log_in()
    second.consent(office.realm_id)
    assert "realm-taken" in try_sync(second)["said"]
    page = second.get("/settings/quickbooks").text
    assert "already connected" in page and "Disconnect" not in page
    office.book(inspection(1))
    office.sync()  # The first company's permission is untouched.
    assert len(office.books()["Invoice"]) == 1


@pytest.mark.parametrize("before", ["never connected", "disconnected", "connected"])
def test_a_realm_that_only_the_address_names_is_nobodys(office, platform, intuit, before):
    """Whoever changes `realmId` on the way back from Intuit takes nothing from its owner, and learns of nobody."""
    if before != "never connected":
        office.connect()
        office.sync()
    if before == "disconnected":
        disconnect(office)
    thief = Office(office.tieout, platform, intuit, name="Thief").open()
    thief.log_in()
    page = thief.consent(claiming=office.realm_id).text
    assert "already connected" not in page
    if before != "connected":
        office.connect()  # Also while the thief's claim was not looked at yet.
    office.book(inspection(1))
    office.sync()
    assert len(office.books()["Invoice"]) == 1
    assert "qbo-3100" in try_sync(thief)["said"]  # What QuickBooks said.
    row = connection(thief)
    assert (row["state"], row["code"], row["tokens"]) == ("refused", "not-let-in", None)
    assert apps(thief) == []  # The permission for the thief's own books was given back.
    page = thief.get("/settings/quickbooks").text
    assert "QuickBooks did not let us in" in page and "Disconnect" not in page
    office.book(inspection(2))
    office.sync()
    assert len(office.books()["Invoice"]) == 2 and connection(office)["state"] == "connected"
    thief.connect()
    thief.sync()
    assert connection(thief)["state"] == "connected"


def test_disconnected_inside_quickbooks_is_noticed_and_everything_waits(office):
    office.connect()
    office.book(inspection(1))
    office.sync()
    office.intuit.post("/_standin/tokens/revoke", {"realm_id": office.realm_id})
    [key] = office.book(inspection(2))
    assert "reconnect-needed" in try_sync(office)["said"]
    row = connection(office)
    assert (row["state"], row["code"]) == ("reconnect", "reconnect-needed")
    assert notices(office) == ["reconnect-needed"]
    for path in ("/", "/settings/quickbooks"):
        assert "Reconnect" in office.get(path).text
    office.forget_calls()
    try_sync(office)
    assert office.calls() == [] and notices(office) == ["reconnect-needed"]
    office.connect()
    office.sync()
    assert len(office.books()["Invoice"]) == 2
    assert f"SP-{key}" in office.get(f"/inspections/{key}").text


@pytest.mark.parametrize(
    ("broken", "code"),
    [({"subscription": "lapsed"}, "qbo-6190"), ({"permission": "denied"}, "qbo-5020")],
)
def test_refused_writes_stop_the_company_once_and_start_again_by_themselves(office, broken, code):
    office.connect()
    office.book(*[inspection(number) for number in range(3)])
    office.sync()
    office.intuit.post(f"/_standin/realms/{office.realm_id}/company", broken)
    office.book(inspection(7))
    office.forget_calls()
    try_sync(office)
    assert writes(office) == 1
    assert notices(office) == [code]
    reasons = sql(office, "SELECT reason FROM inspections WHERE state = 'needs-you'")
    assert [row["reason"] for row in reasons] == [code]
    sql(
        office, "UPDATE runs SET state = 'done' WHERE state = 'queued'"
    )  # The first run, which a person asked for.
    sql(office, "UPDATE companies SET next_poll_at = NULL")
    worker = office.tieout.worker()
    office.book(inspection(8))
    office.tieout.tick()  # The clock alone does not try again what must fail.
    held = "SELECT id FROM inspections WHERE state = 'needs-you' AND reason = :code"
    worker.wait_until(lambda: len(sql(office, held, code=code)) == 2, "the new inspection to be held")
    assert writes(office) == 1
    mended = {"subscription": "subscribed"} if "subscription" in broken else {"permission": "ok"}
    office.intuit.post(f"/_standin/realms/{office.realm_id}/company", mended)
    office.submit("/settings/quickbooks/check", {}, page="/settings/quickbooks")
    worker.wait_until(lambda: len(office.books()["Payment"]) == 5, "what waited to be booked")
    assert "blocked" not in connection(office)["facts"]
    assert len(office.books()["Invoice"]) == 5


def test_the_person_who_connected_lost_access(office):
    office.connect()
    office.book(inspection(1))
    office.sync()
    office.intuit.post(f"/_standin/realms/{office.realm_id}/company", {"permission": "lost"})
    office.book(inspection(2))
    try_sync(office)
    row = connection(office)
    assert (row["state"], row["code"]) == ("reconnect", "qbo-120")
    office.intuit.post(f"/_standin/realms/{office.realm_id}/company", {"permission": "ok"})
    office.connect()
    office.sync()
    assert len(office.books()["Invoice"]) == 2


def test_wrong_app_keys_are_for_ops_and_not_for_the_owner(office):
    office.connect()
    sql(office, "UPDATE connections SET access_expires_at = '2020-01-01 00:00:00'")
    office.book(inspection(1))
    right = office.tieout.environment["INTUIT_CLIENT_SECRET"]
    office.tieout.environment["INTUIT_CLIENT_SECRET"] = "wrong"
    assert "misconfigured" in try_sync(office)["said"]
    assert connection(office)["state"] in ("checking", "connected") and notices(office) == []
    assert "Disconnect" in office.get("/settings/quickbooks").text
    office.tieout.environment["INTUIT_CLIENT_SECRET"] = right
    office.sync()
    assert len(office.books()["Invoice"]) == 1


def test_an_access_token_refused_before_its_time_is_renewed_once(office):
    office.connect()
    office.sync()
    version = connection(office)["version"]
    office.intuit.post("/_standin/tokens/expire", {"realm_id": office.realm_id})
    office.book(inspection(1))
    office.sync()
    assert len(office.books()["Invoice"]) == 1
    assert connection(office)["version"] == version + 1


def test_keys_rotate_and_a_moved_ciphertext_does_not_open(office, platform, intuit):
    office.connect()
    office.book(inspection(1))
    office.sync()
    old = office.tieout.environment["TOKEN_KEYS"]
    new = Fernet.generate_key().decode()
    office.tieout.environment["TOKEN_KEYS"] = f"{new},{old}"
    assert (
        office.tieout.flask_json("rotate-keys")["resealed"] == 2
    )  # Its feed key, and its tokens with the realm.
    office.tieout.environment["TOKEN_KEYS"] = new
    office.book(inspection(2))
    office.sync()
    assert len(office.books()["Invoice"]) == 2
    second = Office(office.tieout, platform, intuit, name="Another").open()
    sql(
        office,
        "INSERT INTO connections (company_id, state, code, detail, state_since, realm, realm_digest, tokens, version, "
        "company_name, facts, connected_at, connected_by) SELECT :second, state, code, detail, state_since, realm, "
        "'other', tokens, version, company_name, facts, connected_at, connected_by FROM connections",
        second=second.id,
    )
    second.book(inspection(3))
    office.forget_calls()
    assert "misconfigured" in try_sync(second)["said"]
    assert office.calls() == []


def test_the_owner_is_told_a_month_before_the_permission_ends(office):
    office.intuit.post("/_standin/settings", {"refresh_token_seconds": 20 * 86400})
    office.connect()
    assert "Reconnect by" in office.get("/settings/quickbooks").text
    for _ in range(2):
        office.tieout.flask_json("nightly", "--company", office.id)
    assert notices(office) == ["reconnect-soon"]


def test_a_company_that_the_platform_says_is_abroad_is_paused_and_goes_on_when_it_is_not(office):
    office.connect()
    office.book(inspection(1))
    office.sync()
    place = f"/_standin/companies/{office.platform_id}"
    office.platform.request("PATCH", place, json={"us_based": False, "country": "CA"})
    office.book(inspection(2))
    night = office.tieout.run_flask("nightly", "--company", office.id, "--json")
    assert "platform-not-us" in night.out
    office.tieout.run_flask("reconcile", office.id)
    assert len(office.books()["Invoice"]) == 1  # Nothing is deleted, and nothing more is booked.
    assert office.tieout.flask_json("status", office.id)["feed"] == "abroad"
    assert "not in the United States" in office.get("/").text
    office.platform.request("PATCH", place, json={"us_based": True, "country": "US"})
    assert "failed" not in office.tieout.flask_json("nightly", "--company", office.id)["companies"][0]
    assert len(office.books()["Invoice"]) == 2


def test_company_create_asks_the_platform_and_refuses_what_does_not_work(office):
    words = ("company", "create", "Second", "--feed-url", office.platform.base_url, "--feed-key")
    wrong = office.tieout.run_flask(*words, "no such key", "--json")
    assert wrong.code != 0 and "feed-refused" in wrong.out
    away = ("company", "create", "Second", "--feed-url", "http://127.0.0.1:9", "--feed-key", "k")
    silent = office.tieout.run_flask(*away)
    assert silent.code != 0 and "--offline" in silent.err and silent.err.count("\n") == 1
    nobody = office.tieout.run_flask(*away, "--offline")
    assert nobody.code != 0 and "--time-zone" in nobody.err
    made = office.tieout.flask_json(*away, "--offline", "--time-zone", "America/Phoenix")
    assert made["time_zone"] == "America/Phoenix"
    asked = office.tieout.flask_json(*words, office.feed_key)
    assert asked["time_zone"] == office.time_zone
