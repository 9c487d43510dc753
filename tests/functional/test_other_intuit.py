"""A process with other Intuit settings uses no connection that was granted elsewhere, harms nothing, and says so (decision 10)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.functional.office import PASSWORD, Office, inspection
from tests.functional.test_lifecycle import connection, sql
from tests.harness.standins import StandIn

ASKED = ("refused_use", "refused_use_at")
"""What is noted of a process that was refused; everything else about the connection is to stay as it is."""


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company with one inspection in the books and one more on the platform; its access token has run out."""
    tieout.web()
    office = Office(tieout, platform, intuit).open().connect()
    office.book(inspection(1))
    office.sync()
    office.book(inspection(2))
    office.tieout.flask_json("poll", office.id)
    sql(office, "UPDATE connections SET access_expires_at = '2020-01-01 00:00:00'")
    return office


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Iterator[StandIn]:
    """Another Intuit, which knows none of our tokens."""
    server = StandIn("intuit", tmp_path_factory.mktemp("elsewhere"))
    yield server
    server.stop()


@contextmanager
def another_process(office: Office, **settings: str) -> Iterator[None]:
    """Let processes that are started meanwhile have these settings."""
    right = dict(office.tieout.environment)
    office.tieout.environment.update(settings)
    yield
    office.tieout.environment.clear()
    office.tieout.environment.update(right)


def facts(office: Office) -> dict:
    """Return everything about the connection that must not change."""
    return {name: value for name, value in connection(office).items() if name not in ASKED}


def discovery(server: StandIn) -> str:
    return f"{server.base_url}/.well-known/openid_configuration"


def other_settings(elsewhere: StandIn) -> dict[str, dict[str, str]]:
    """Return each way in which a process can have another Intuit, by its name."""
    return {
        "other ports": {"INTUIT_DISCOVERY_URL": discovery(elsewhere), "INTUIT_API_URL": elsewhere.base_url},
        "other sign-in": {"INTUIT_DISCOVERY_URL": discovery(elsewhere)},
        "other interface": {"INTUIT_API_URL": elsewhere.base_url},
        "other app": {"INTUIT_CLIENT_ID": "somebody-else"},
        "other environment": {
            "INTUIT_ENVIRONMENT": "sandbox",
            "INTUIT_CLIENT_ID": "ABsandbox",
            "INTUIT_CLIENT_SECRET": "ZYsandbox",
        },
    }


@pytest.mark.parametrize(
    "which", ["other ports", "other sign-in", "other interface", "other app", "other environment"]
)
def test_commands_with_another_intuit_are_refused_and_harm_nothing(office, elsewhere, which):
    before, settings = facts(office), other_settings(elsewhere)[which]
    with another_process(office, **settings):
        for words in (("reconcile", office.id), ("nightly", "--company", office.id), ("tieout", office.id)):
            refused = office.tieout.run_flask(*words)
            assert refused.code == 1
            assert refused.err.startswith("Error: Another Intuit granted this connection.")
            assert all(name in refused.err for name in settings if before_differs(before, name, settings))
            assert "company rebind" in refused.err  # The remedy.
        night = office.tieout.run_flask("nightly", "--json")
        assert night.code == 1 and "other-intuit" in night.out
        if which != "other environment":  # Outside `standin` no feed on the own machine is read.
            assert office.tieout.run_flask("poll", office.id).code == 0  # It asks the platform alone.
    assert facts(office) == before
    assert sql(office, "SELECT count(*) AS n FROM notices WHERE address = ''")[0]["n"] == 0
    assert sql(office, "SELECT count(*) AS n FROM runs WHERE state = 'failed'")[0]["n"] == 0
    office.tieout.flask_json("reconcile", office.id)
    assert len(office.books()["Invoice"]) == 2


def before_differs(before: dict, name: str, settings: dict[str, str]) -> bool:
    """Whether the connection was granted with another value of this setting; secrets are not compared."""
    column = {"INTUIT_ENVIRONMENT": "intuit_environment", "INTUIT_CLIENT_ID": "intuit_client_id"}.get(name)
    return name != "INTUIT_CLIENT_SECRET" and (column is None or before[column] != settings[name])


def test_a_worker_with_another_intuit_leaves_the_company_and_its_runs_alone(office, elsewhere):
    before = facts(office)
    with another_process(office, **other_settings(elsewhere)["other ports"]):
        worker = office.tieout.worker()
        office.submit("/settings/quickbooks/sync", {}, page="/settings/quickbooks")
        worker.wait_until(lambda: "Company left alone" in worker.output(), "a word about the company")
        worker.stop()
    assert facts(office) == before
    assert [run["state"] for run in sql(office, "SELECT state FROM runs ORDER BY id DESC LIMIT 1")] == [
        "queued"
    ]
    worker = office.tieout.worker()
    office.submit("/settings/quickbooks/sync", {}, page="/settings/quickbooks")
    worker.wait_until(lambda: len(office.books()["Invoice"]) == 2, "the right worker to book it")


def test_ops_are_told_and_the_owner_is_not(office, elsewhere):
    with another_process(office, **other_settings(elsewhere)["other ports"]):
        office.tieout.run_flask("reconcile", office.id)
    words = ("user", "create", "ops@tieout.example", "--role", "ops", "--password-stdin")
    office.tieout.flask_json(*words, input=PASSWORD + "\n")
    assert "Another Intuit" not in office.get("/settings/quickbooks").text
    office.log_in("ops@tieout.example")
    page = office.get("/ops").text
    assert "Another Intuit granted this connection" in page


def test_a_connection_of_before_is_bound_by_the_first_successful_use(office, elsewhere):
    bound = facts(office)
    unbound = ", ".join(f"intuit_{name} = ''" for name in ("environment", "issuer", "api", "client_id"))
    sql(office, f"UPDATE connections SET {unbound}")
    before = facts(office)
    with another_process(office, INTUIT_CLIENT_ID="somebody-else"):
        office.tieout.run_flask("reconcile", office.id)
    assert facts(office) | {"refresh_claimed_until": None} == before | {"refresh_claimed_until": None}
    office.tieout.flask_json("reconcile", office.id)
    now = facts(office)
    assert {name: now[name] for name in now if name.startswith("intuit_")} == {
        name: bound[name] for name in bound if name.startswith("intuit_")
    }


def test_settings_that_were_changed_on_purpose_are_taken_over_by_a_command_or_by_a_new_consent(office):
    sql(office, "UPDATE connections SET intuit_client_id = 'an earlier app'")
    assert office.tieout.run_flask("reconcile", office.id).code == 1
    office.submit("/quickbooks/disconnect", {"password": PASSWORD}, page="/settings/quickbooks")
    assert connection(office)["state"] == "connected"  # It could not be revoked, so it is not forgotten.
    office.tieout.flask_json("company", "rebind", office.id)
    office.tieout.flask_json("reconcile", office.id)
    assert connection(office)["intuit_client_id"] == "standin-client"
    sql(office, "UPDATE connections SET intuit_client_id = 'an earlier app'")
    office.connect()
    assert connection(office)["intuit_client_id"] == "standin-client"
    office.tieout.flask_json("reconcile", office.id)
