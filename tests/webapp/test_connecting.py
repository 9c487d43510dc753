"""To Intuit and back, against the stand-in: what is stored, what is refused, and that nothing is left half-done."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from sqlalchemy import func, select, update

from bookkeeping.faults import CATALOGUE
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection, ConsentState
from bookkeeping.storage.work.runs import Run
from bookkeeping.storage.work.tokens import ConnectionTokens
from tests.bookkeeping.inspection_source.factories import Answer, serve
from tests.webapp.house import PASSWORD, Browser, House

NOT_CONNECTED = "Nothing was connected"


@pytest.fixture
def house(sqlite_url, intuit) -> House:
    discovery = f"{intuit.base_url}/.well-known/openid_configuration"
    return House(sqlite_url, intuit_discovery_url=discovery, intuit_api_url=intuit.base_url)


@pytest.fixture
def company(house) -> int:
    return house.make_company(time_zone="America/New_York")


@pytest.fixture
def realm(intuit) -> str:
    return make_realm(intuit, "Blue Ridge Books LLC")


def make_realm(intuit, name: str) -> str:
    return intuit.post("/_standin/realms", {"name": name})["realm_id"]


def press_enable(browser: Browser) -> str:
    """Press *Enable* and return the consent page's address."""
    answer = browser.post("/quickbooks/connect", page="/settings")
    assert answer.status_code == 303
    return answer.location


def consent(address: str, realm: str, choice: str = "connect") -> str:
    """Answer Intuit's page as a person would and return where it leads, on our site."""
    page = requests.get(address, timeout=30)
    asked = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    target = urlsplit(address)
    answer = requests.post(
        f"{target.scheme}://{target.netloc}/connect/oauth2",
        {**asked, "realm": realm, "choice": choice},
        timeout=30,
        allow_redirects=False,
    )
    back = urlsplit(answer.headers["Location"])
    assert back.netloc == "127.0.0.1:8000" and back.path == "/quickbooks/callback"
    return f"{back.path}?{back.query}"


def connect(browser: Browser, realm: str) -> str:
    """Walk the whole way and return the page it ends on."""
    return browser.read(consent(press_enable(browser), realm))


def let_in(house: House) -> None:
    """Make every realm proven, as the first run does that QuickBooks lets in."""
    with house.writing():
        db.session.execute(update(Connection).values(state="connected", proven_at=utcnow()))
        db.session.commit()


def connection_of(house: House, company: int) -> Connection | None:
    with house.app.app_context():
        return db.session.get(Connection, company)


def token_works(intuit, access_token: str, realm: str) -> bool:
    answer = requests.get(
        f"{intuit.base_url}/v3/company/{realm}/companyinfo/{realm}",
        headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
        timeout=30,
    )
    return answer.status_code == 200


def stored_tokens(house: House, company: int) -> dict:
    with house.writing():
        return ConnectionTokens(company).load()[0]


def test_consent_connects_and_starts_the_first_run(house, company, owner, intuit, realm):
    assert "Disconnect" not in owner.read("/settings/quickbooks")
    page = connect(owner, realm)
    assert "You&#39;re done." in page and "Syncing your inspections" in page, (
        "on Home, not among the settings"
    )
    assert "Disconnect" in owner.read("/settings/quickbooks")
    assert token_works(intuit, stored_tokens(house, company)["access_token"], realm)
    with house.app.app_context():
        row, run = db.session.get(Connection, company), db.session.scalars(select(Run)).one()
        today = utcnow().astimezone(ZoneInfo("America/New_York")).date()
        assert db.session.get(Company, company).start_date == today
    assert (row.state, row.connected_by) == ("checking", f"owner{company}@office.example")
    assert row.refresh_expires_at > utcnow() + timedelta(days=90)
    assert realm not in row.realm and "RT1-" not in row.tokens
    assert (run.kind, run.reason, run.state) == ("first", "connected", "queued")


def test_enable_asks_for_accounting_only_and_comes_back_to_us(owner):
    asked = parse_qs(urlsplit(press_enable(owner)).query)
    assert asked["scope"] == ["com.intuit.quickbooks.accounting"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/quickbooks/callback"]
    assert len(asked["state"][0]) >= 32


def test_a_company_abroad_is_refused_before_any_consent(house, company, owner):
    with house.writing():
        db.session.get_one(Company, company).us_based = False
        db.session.commit()
    page = owner.read(press_enable(owner))
    assert CATALOGUE["platform-not-us"].title in page
    with house.app.app_context():
        assert db.session.scalars(select(ConsentState)).all() == []


US = {"name": "Blue Ridge", "country": "US", "us_based": True}


@pytest.mark.parametrize("known", [None, True, False])
@pytest.mark.parametrize(
    ("answer", "abroad"),
    [
        (Answer({"data": {"attributes": US}}), False),
        (Answer({"data": {"attributes": US | {"us_based": False}}}), True),
        (Answer({"data": {"attributes": US | {"country": "Canada"}}}), True),
        (Answer({}, status=503), None),
        (Answer({}, status=404), None),
    ],
    ids=["us", "not us-based", "another country", "silent", "unknown"],
)
def test_enable_goes_by_what_the_platform_says_now_else_by_what_it_said_last(house, known, answer, abroad):
    with serve(lambda path: answer) as platform:
        company = house.make_company(us_based=known, feed_url=platform.url)
        where = press_enable(house.browser(house.make_person("owner", company)))
    assert platform.requests == [("/v2/company", "Bearer key")]
    refused = abroad if abroad is not None else known is False
    assert (urlsplit(where).path == "/settings/quickbooks") is refused
    with house.app.app_context():
        kept = db.session.get_one(Company, company).us_based
        assert kept is (known if abroad is None else not abroad)
        assert len(db.session.scalars(select(ConsentState)).all()) == (0 if refused else 1)


def test_a_platform_that_wants_to_be_left_alone_is_not_asked_where_a_company_is(house):
    with serve(lambda path: Answer({"data": {"attributes": US}})) as platform:
        values = {"us_based": False, "feed_not_before": utcnow() + timedelta(minutes=5)}
        company = house.make_company(feed_url=platform.url, **values)
        assert press_enable(house.browser(house.make_person("owner", company))) == "/settings/quickbooks"
    assert platform.requests == []


def test_intuits_reconnect_link_does_the_same(owner):
    assert urlsplit(owner.get("/quickbooks/connect").location).path == "/connect/oauth2"


def test_browser_may_follow_enable_to_intuit(owner, intuit):
    policy = owner.get("/settings").headers["Content-Security-Policy"]
    assert f"form-action 'self' {intuit.base_url};" in policy


def test_denied_consent_changes_nothing(house, company, owner, realm):
    page = owner.read(consent(press_enable(owner), realm, choice="cancel"))
    assert "You did not allow access at Intuit" in page and "Press Enable" not in page
    assert connection_of(house, company) is None


def test_state_is_used_once(house, company, owner, realm):
    callback = consent(press_enable(owner), realm, choice="cancel")
    owner.read(callback)
    assert "does not belong to a request made here" in owner.read(callback)
    assert connection_of(house, company) is None


def test_wrong_missing_and_old_states_exchange_nothing(house, company, owner, intuit, realm):
    callback = consent(press_enable(owner), realm)
    for wrong in (re.sub(r"state=[^&]+", "state=guessed", callback), re.sub(r"state=[^&]+", "x=1", callback)):
        assert NOT_CONNECTED in owner.read(wrong)
    with house.writing():
        db.session.execute(
            update(ConsentState).values(created_at=utcnow() - timedelta(minutes=10, seconds=1))
        )
        db.session.commit()
    assert NOT_CONNECTED in owner.read(callback)
    assert connection_of(house, company) is None
    code = parse_qs(urlsplit(callback).query)["code"][0]
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:8000/quickbooks/callback",
    }
    auth = ("standin-client", "standin-secret")
    unused = requests.post(f"{intuit.base_url}/oauth2/v1/tokens/bearer", grant, auth=auth, timeout=30)
    assert unused.status_code == 200  # We never spent it.


def test_state_of_another_session_is_refused(house, company, owner, realm):
    """Somebody else's consent must not end in my company: the answer belongs to the session that asked."""
    callback = consent(press_enable(owner), realm)
    victim = house.browser(house.make_person("owner", company, "second@office.example"))
    assert NOT_CONNECTED in victim.read(callback)
    assert connection_of(house, company) is None


def test_session_that_ended_at_intuit_leads_to_the_settings(house, company, owner, realm):
    callback = consent(press_enable(owner), realm)
    stranger = house.browser()
    answer = stranger.get(callback)
    assert answer.location == "/login?next=/settings/quickbooks"  # Without the code.
    assert connection_of(house, company) is None


def test_invented_code_is_refused(house, company, owner, realm):
    callback = re.sub(r"code=[^&]+", "code=invented", consent(press_enable(owner), realm))
    assert "Nothing was changed" in owner.read(callback)
    assert connection_of(house, company) is None


@pytest.mark.parametrize("part", ["code", "realmId"])
def test_answer_that_is_not_complete_is_refused(house, company, owner, realm, part):
    callback = re.sub(rf"{part}=[^&]+&?", "", consent(press_enable(owner), realm))
    assert "not complete" in owner.read(callback)
    assert connection_of(house, company) is None


def test_another_realm_than_before_is_refused_and_revoked(house, company, owner, intuit, realm):
    connect(owner, realm)
    let_in(house)
    before = connection_of(house, company)
    second = make_realm(intuit, "Somebody Else LLC")
    page = connect(owner, second)
    assert "Another QuickBooks company than before" in page and "choose the company you used before" in page
    after = connection_of(house, company)
    assert (after.version, after.realm_digest) == (before.version, before.realm_digest)
    books = {one["realm_id"]: one for one in intuit.get("/_standin/realms")["realms"]}
    assert books[second]["connected_apps"] == []
    assert books[realm]["connected_apps"] == ["standin-client"]


def test_reconnecting_to_the_same_realm_goes_on(house, company, owner, realm):
    connect(owner, realm)
    with house.writing():
        db.session.execute(update(Connection).values(state="reconnect", code="qbo-3200", set_up_at=utcnow()))
        db.session.execute(
            update(Company).values(start_date=utcnow().date() - timedelta(days=40), not_before=utcnow())
        )
        db.session.execute(update(Run).values(state="done"))
        db.session.commit()
    page = owner.read("/settings")
    assert ">Reconnect<" in page and "Disconnect" not in page
    assert "QuickBooks is connected again." in connect(owner, realm)
    assert "Disconnect" in owner.read("/settings/quickbooks")
    with house.app.app_context():
        row, firm = db.session.get(Connection, company), db.session.get(Company, company)
        runs = db.session.scalars(select(Run.kind).where(Run.state == "queued")).all()
    assert (row.state, row.version) == ("checking", 2)
    assert firm.start_date == utcnow().date() - timedelta(days=40)
    assert firm.not_before is None
    assert runs == ["sync"]


def test_refused_company_may_be_replaced_by_another(house, company, owner, intuit, realm):
    connect(owner, make_realm(intuit, "Maple Leaf Ltd"))
    with house.writing():
        values = {"state": "refused", "code": "not-us", "detail": "Maple Leaf Ltd is in CA.", "tokens": None}
        db.session.execute(update(Connection).values(**values))
        db.session.commit()
    page = owner.read("/settings")
    assert "Not available" in page and "Maple Leaf Ltd is in CA." in page
    assert "Disconnect" not in owner.read("/settings/quickbooks")
    assert "You&#39;re done." in connect(owner, realm)
    assert "Disconnect" in owner.read("/settings/quickbooks")


def test_who_looks_at_a_practice_run_first_is_not_told_to_be_done(house, company, owner, realm):
    with house.writing():
        db.session.get_one(Company, company).hold_first_sync = True
        db.session.commit()
    page = connect(owner, realm)
    assert "Nothing is sent yet" in page and "You&#39;re done" not in page


def test_company_from_before_2019_is_led_to_its_migration(house, owner, intuit, realm):
    legacy = house.make_company("Front Range Home Inspections", legacy=True)
    person = house.browser(house.make_person("owner", legacy))
    assert "Disabled, migration needed" in person.read("/settings")
    page = connect(person, realm)
    assert "You&#39;re done" not in page and "until you choose a cutoff" in page
    let_in(house)
    assert 'href="/settings/quickbooks/migration"' in person.read("/")
    with house.app.app_context():
        # Inspections without a SalesReceipt start on the day of connecting; the others wait for the cutoff.
        assert db.session.get(Company, legacy).start_date is not None


def test_disconnecting_revokes_and_keeps_the_record(house, company, owner, intuit, realm):
    connect(owner, realm)
    token = stored_tokens(house, company)["access_token"]
    answer = owner.post("/quickbooks/disconnect", {"password": PASSWORD}, page="/settings/quickbooks")
    assert answer.location == "/settings"
    page = owner.read("/settings")
    assert ">Enable<" in page and "Disconnect" not in page
    row = connection_of(house, company)
    assert (row.state, row.tokens) == ("disconnected", None)
    assert row.realm_digest
    assert not token_works(intuit, token, realm)


def test_disconnecting_needs_the_password(house, company, owner, realm):
    connect(owner, realm)
    answer = owner.post("/quickbooks/disconnect", {"password": "not it"}, page="/settings/quickbooks")
    assert answer.status_code == 422
    assert "That is not your password" in answer.text
    assert connection_of(house, company).usable


def test_disconnecting_works_while_intuit_does_not_answer(house, company, owner, intuit, realm):
    connect(owner, realm)
    intuit.stop()
    owner.post("/quickbooks/disconnect", {"password": PASSWORD}, page="/settings/quickbooks")
    assert "Intuit could not be told just now" in owner.read("/settings")
    assert connection_of(house, company).state == "disconnected"


def test_intuit_out_of_reach_is_said_and_nothing_changes(sqlite_url):
    house = House(sqlite_url, intuit_discovery_url="http://127.0.0.1:9/.well-known/nothing-here")
    company = house.make_company()
    owner = house.browser(house.make_person("owner", company))
    answer = owner.post("/quickbooks/connect", page="/settings")
    assert answer.location == "/settings/quickbooks"
    assert "sign-in did not answer as it should" in owner.read("/settings/quickbooks")
    assert connection_of(house, company) is None


def test_wrong_app_keys_are_ours_to_mend(sqlite_url, intuit, realm):
    discovery = f"{intuit.base_url}/.well-known/openid_configuration"
    house = House(sqlite_url, intuit_discovery_url=discovery, intuit_client_secret="wrong")
    owner = house.browser(house.make_person("owner", house.make_company()))
    page = connect(owner, realm)
    assert "That is ours to mend" in page and "wrong" not in page


def test_disconnected_inside_quickbooks_makes_us_look_and_proves_nothing(house, company, owner, realm):
    connect(owner, realm)
    let_in(house)
    with house.writing():
        db.session.execute(update(Run).values(state="done"))
        db.session.commit()
    stranger = house.browser()
    assert "QuickBooks no longer lets us in" in stranger.read(f"/quickbooks/disconnected?realmId={realm}")
    clean = stranger.get("/quickbooks/disconnected?realmId=not-a-realm")
    assert (clean.status_code, clean.location) == (302, "/quickbooks/disconnected")
    assert connection_of(house, company).usable
    with house.app.app_context():
        assert db.session.scalars(select(Run.kind).where(Run.state == "queued")).all() == ["sign-in"]
    stranger.get(f"/quickbooks/disconnected?realmId={realm}")
    with house.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Run)) == 2  # Not one a visit.


def test_who_enables_may_ask_to_look_before_anything_is_sent(house, owner, company, realm):
    assert "Show me first what would be sent" in owner.read("/settings")
    for said, holds in (({"asked": "hold", "hold": "yes"}, True), ({}, True), ({"asked": "hold"}, False)):
        assert owner.post("/quickbooks/connect", said, page="/settings").status_code == 303
        with house.app.app_context():
            assert db.session.get_one(Company, company).hold_first_sync is holds, said
    asked = owner.post("/quickbooks/connect", {"asked": "hold", "hold": "yes"}, page="/settings")
    owner.read(consent(asked.location, realm))
    with house.app.app_context():
        assert db.session.get_one(Company, company).paused_at is not None
        assert db.session.scalars(select(Run.kind)).all() == ["practice"]
    assert "Show me first what would be sent" not in owner.read("/settings")
