"""/metrics: who may see it, what it says, and that the alert rules and the dashboard name only what there is."""

import json
import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bookkeeping import metrics
from bookkeeping.faults import CATALOGUE
from bookkeeping.queueing import Bell
from bookkeeping.storage.base import db
from bookkeeping.storage.work.journal import OUTCOMES
from bookkeeping.storage.work.runs import Heartbeat, ScheduledRun
from tests.harness import ROOT
from tests.webapp.failing import connected_company, failing, now
from tests.webapp.house import House
from webapp.machines.counters import CALLS, KNOWN, RUNS
from webapp.machines.metrics import GAUGES, NAMES
from worker.runs import STEPS

OPS = ROOT / "docs" / "ops"
NAME = re.compile(r"\btieout_[a-z_]+\b")


def scraped(house: House, **options) -> dict[str, list]:
    """Every sample by name, as Prometheus reads it."""
    answer = house.app.test_client().get("/metrics", **options)
    assert answer.status_code == 200 and answer.mimetype == "text/plain"
    found: dict[str, list] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.fixture
def house(sqlite_url, valkey) -> House:
    """The web app with its queue."""
    return House(sqlite_url, valkey.url)


def test_every_metric_is_there_once_everything_happened(house, valkey):
    redis = valkey.client()
    company = connected_company(house, "Blue Ridge")
    failing(house, company, "a")
    with house.writing():
        db.session.add(Heartbeat(name="tick", seen_at=now()))
        db.session.add(ScheduledRun(kind="nightly", slot=now() - timedelta(hours=1)))
        db.session.commit()
    metrics.count_operations(redis, [("created", ""), ("created", ""), ("refused", "qbo-6200")])
    metrics.count(redis, "tieout_runs", "sync", "done")
    metrics.count(redis, "tieout_token_refreshes", "renewed", by=3)
    metrics.count(redis, "tieout_security_events", "login-failed")
    for seconds, status in ((0.2, 200), (0.2, 429), (99.0, None)):
        metrics.count_call(redis, "batch", status, seconds)
    Bell(valkey.url).ring(company)
    found = scraped(house)
    assert set(found) == NAMES
    assert ({"outcome": "created", "code": ""}, 2.0) in found["tieout_operations_total"]
    assert ({"code": "qbo-6200", "handling": "refused"}, 1.0) in found["tieout_failures"]
    assert found["tieout_failures_dollars"] == [({"code": "qbo-6200"}, 425.0)]
    assert found["tieout_throttles_total"] == [({}, 1.0)]
    batches = [
        (labels["le"], value)
        for labels, value in found["tieout_quickbooks_call_seconds_bucket"]
        if labels["kind"] == "batch"
    ]
    buckets = dict(batches)
    assert buckets["0.1"] == 0 and buckets["0.25"] == 2 and buckets["30.0"] == 2 and buckets["+Inf"] == 3
    sums = {labels["kind"]: value for labels, value in found["tieout_quickbooks_call_seconds_sum"]}
    assert sums["batch"] == pytest.approx(99.4)
    assert found["tieout_queue_depth"] == [({}, 1.0)]
    assert ({"state": "failing"}, 1.0) in found["tieout_companies"]


def test_each_counter_is_there_before_anything_was_counted(house, valkey):
    """A counter that appears with its first burst hides that burst from `increase()`."""
    before = scraped(house)
    assert {value for name in metrics.COUNTERS for _, value in before[f"{name}_total"]} == {0.0}
    redis = valkey.client()
    for name, places in KNOWN.items():
        for place in places:
            metrics.count(redis, name, *place)
    for kind in CALLS:
        metrics.count_call(redis, kind, 200, 0.2)
    after = scraped(house)
    assert {name: len(samples) for name, samples in after.items()} == {
        name: len(samples) for name, samples in before.items()
    }


def test_the_counters_that_are_there_are_those_that_happen():
    assert set(KNOWN) == set(metrics.COUNTERS)
    assert set(RUNS) == set(STEPS)
    assert {outcome for outcome, _ in KNOWN["tieout_operations"]} <= set(OUTCOMES)


def test_muted_failures_sound_no_alarm(house):
    from bookkeeping.acts.ops import mute

    company = connected_company(house, "Blue Ridge")
    failing(house, company, "a")
    with house.writing():
        mute("qbo-6200", now() + timedelta(days=1), "known", "ops")
        db.session.commit()
    found = scraped(house)
    assert "tieout_failures" not in found and found["tieout_failing_companies"] == [({}, 0.0)]
    assert found["tieout_mutes"] == [({}, 1.0)]


def test_what_cannot_be_reached_is_said_and_the_rest_is_measured(house, valkey):
    valkey.process.kill()
    found = scraped(house)
    assert sorted((labels["part"], value) for labels, value in found["tieout_up"]) == [
        ("database", 1.0),
        ("queue", 0.0),
    ]
    assert "tieout_lag_seconds" in found and "tieout_queue_depth" not in found


def test_without_a_token_only_this_machine_may_look(house):
    client = house.app.test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 404
    assert client.get("/metrics").status_code == 200


def test_with_a_token_only_its_bearer_may_look(sqlite_url, valkey):
    house = House(sqlite_url, valkey.url, metrics_token="a-long-token")
    client = house.app.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    away = {"REMOTE_ADDR": "10.0.0.9"}
    right = {"Authorization": "Bearer a-long-token"}
    assert client.get("/metrics", headers=right, environ_base=away).status_code == 200


def test_counting_fails_nothing_without_valkey(valkey):
    redis = valkey.client()
    valkey.process.kill()
    metrics.count(redis, "tieout_runs", "sync", "done")
    metrics.count_call(redis, "batch", 200, 0.1)
    with pytest.raises(ValueError, match="labels"):
        metrics.count(redis, "tieout_runs", "sync")


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_rules_and_dashboard_name_only_metrics_that_exist(file):
    named = set(NAME.findall((OPS / file).read_text()))
    assert named - NAMES == set()
    assert len(named) > 12


def test_dashboard_is_whole_and_shows_every_metric():
    board = json.loads((OPS / "dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) and all(panel["targets"] for panel in board["panels"])
    shown = set(NAME.findall(json.dumps(board)))
    unseen = NAMES - shown - {"tieout_quickbooks_call_seconds_count", "tieout_quickbooks_call_seconds_sum"}
    assert unseen == {"tieout_nightly_slot_seconds"}
    assert set(GAUGES) <= NAMES


def test_runbook_knows_every_alarm_and_every_cause():
    text = (OPS / "runbook.md").read_text()
    alarms = re.findall(r"- alert: (\w+)", (OPS / "alerts.yml").read_text())
    assert len(alarms) > 10
    assert [alarm for alarm in alarms if f"### {alarm}\n" not in text] == []
    assert [code for code in CATALOGUE if f"`{code}`" not in text] == []
    asked = re.findall(r"^\| `([\w-]+)` \|.*\| Ask the (?:owner|bookkeeper): (.+) \|$", text, re.MULTILINE)
    assert len(asked) > 30
    assert [code for code, words in asked if words != CATALOGUE[code].remedy] == []
    links = re.findall(r"runbook.md#(\w+)", (OPS / "alerts.yml").read_text())
    assert links == [alarm.lower() for alarm in alarms]
