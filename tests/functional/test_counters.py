"""What lies in the queue's server, read by whoever gets at it: ids and digests, never an address, an email, a realm or a token."""

from redis import Redis

from tests.functional.office import Office, csrf_token, inspection


def test_the_keys_of_counters_and_limits_name_nobody(tieout, platform, intuit):
    tieout.web()
    office = Office(tieout, platform, intuit).open().connect()
    office.book(inspection(1))
    office.sync()
    page = (
        office.get("/login").text
        if "csrf_token" in office.get("/login").text
        else office.get("/settings").text
    )
    wrong = {"csrf_token": csrf_token(page), "email": "Mistyped@office.example", "password": "not it"}
    office.http.post(f"{tieout.url}/login", wrong, headers={"Referer": f"{tieout.url}/login"}, timeout=30)
    office.submit(
        "/settings/people/invite", {"email": "carla@books.example", "role": "owner"}, page="/settings/people"
    )
    office.submit("/quickbooks/disconnect", {"password": "not it"}, page="/settings/quickbooks")
    redis = Redis.from_url(tieout.environment["REDIS_URL"])
    keys = b" ".join(redis.keys("*")).decode().lower()
    assert "person:" in keys and "account:" in keys and "address:" in keys and "qbo:{company-" in keys
    session = next(cookie.value for cookie in office.http.cookies if cookie.name == "tieout")
    for secret in ("mistyped", "office.example", "127.0.0.1", office.realm_id, session.lower()):
        assert secret not in keys
