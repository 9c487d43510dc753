"""Answers that are lost, unclear, old or incomplete: every document once, every cent right, and nothing sent that need not be."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import Office, inspection

EVERY_ATTEMPT = 3


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company on SQLite with one inspection in the books."""
    tieout.web()
    office = Office(tieout, platform, intuit).open().connect()
    office.book(inspection(0))
    office.sync()
    return office


def sql(office: Office, statement: str, **values):
    """Run a statement on the office's database; return its rows, if any."""
    engine = create_engine(office.tieout.environment["DATABASE_URL"])
    with engine.begin() as connection:
        done = connection.execute(text(statement), values)
        rows = done.mappings().all() if done.returns_rows else []
    engine.dispose()
    return rows


def fail(office: Office, kind: str, **rule) -> None:
    """Order a fault for batches of this realm."""
    rule = {"realm": office.realm_id, "operation": "batch", "kind": kind, **rule}
    office.intuit.post("/_standin/faults", rule)


def try_reconcile(office: Office) -> bool:
    """Reconcile; return whether that went without a problem."""
    return office.tieout.run_flask("reconcile", office.id, "--json").code == 0


def attempts(office: Office, call_id: int | None = None) -> list:
    """Return how often a call was sent and what came back each time; of the one that is not settled unless told which."""
    which = "calls.id = :id" if call_id else "calls.state = 'unknown'"
    columns = "call_id, number, status, call_attempts.answer AS answer"
    statement = f"SELECT {columns} FROM call_attempts JOIN calls ON calls.id = call_id WHERE {which}"
    return sql(office, f"{statement} ORDER BY number", **({"id": call_id} if call_id else {}))


def open_calls(office: Office) -> list[str]:
    """Return the states of the calls that are not settled."""
    rows = sql(office, "SELECT state FROM calls WHERE state IN ('written', 'unknown')")
    return [row["state"] for row in rows]


def assert_once(office: Office, inspections: int) -> None:
    """Every inspection has one Customer, one Invoice and one Payment that pays it, and nothing is left open."""
    books = office.books()
    assert (len(books["Customer"]), len(books["Invoice"]), len(books["Payment"])) == (inspections,) * 3
    assert len({one["DocNumber"] for one in books["Invoice"]}) == inspections
    assert all(one["Balance"] == 0 for one in books["Invoice"])
    assert all(one["UnappliedAmt"] == 0 for one in books["Payment"])
    states = sql(office, "SELECT DISTINCT state FROM inspections")
    assert [row["state"] for row in states] == ["in-sync"]
    assert open_calls(office) == []


@pytest.mark.parametrize(
    ("kind", "entity"), [("cut", "Invoice"), ("500", "Payment"), ("truncated", "Customer")]
)
def test_a_lost_answer_is_unknown_until_the_same_call_is_answered(office, kind, entity):
    office.book(inspection(1), inspection(2))
    office.tieout.flask_json("poll", office.id)
    fail(office, kind, entity=entity, when="after", times=EVERY_ATTEMPT)
    office.forget_calls()
    assert not try_reconcile(office)
    sent = [call for call in office.calls() if call["operation"] == "batch"]
    assert len({call["requestid"] for call in sent[-EVERY_ATTEMPT:]}) == 1
    assert open_calls(office) == ["unknown"]
    rows = sql(
        office,
        "SELECT DISTINCT outcome FROM operations WHERE kind = :kind AND outcome != 'created'",
        kind=entity,
    )
    assert [row["outcome"] for row in rows] == ["unknown"]
    waiting = sql(office, "SELECT reason FROM inspections WHERE state = 'waiting'")
    assert [row["reason"] for row in waiting] == ["unknown-outcome"] * 2
    lost = attempts(office)
    assert [row["number"] for row in lost] == list(range(1, EVERY_ATTEMPT + 1))
    # What came is kept as it came; half an answer is none.
    status, words = (500, '"Fault"') if kind == "500" else (None, "")
    assert all(row["status"] == status and words in row["answer"] for row in lost)
    office.sync()
    assert_once(office, 3)
    again = attempts(office, lost[0]["call_id"])[-1]
    assert (again["number"], again["status"], again["answer"]) == (EVERY_ATTEMPT + 1, 200, "")
    stored = sql(office, "SELECT answer FROM operations WHERE call_id = :id", id=again["call_id"])
    assert all(json.loads(row["answer"])[entity]["Id"] for row in stored)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_older_than_an_hour_is_looked_up_before_anything_is_sent(office, when):
    office.book(inspection(1), inspection(2))
    office.tieout.flask_json("poll", office.id)
    fail(office, "cut", entity="Payment", when=when, times=EVERY_ATTEMPT)
    assert not try_reconcile(office)
    [before] = sql(office, "SELECT request_id FROM calls WHERE state = 'unknown'")
    sql(office, "UPDATE calls SET created_at = '2026-01-01 00:00:00' WHERE state = 'unknown'")
    office.forget_calls()
    office.sync()
    assert_once(office, 3)
    calls = office.calls()
    assert calls[0]["operation"] == "query"
    assert before["request_id"] not in [call["requestid"] for call in calls]
    assert sum(call["operation"] == "batch" for call in calls) == (1 if when == "before" else 0)


def test_a_replayed_answer_that_names_a_dead_id_is_noticed(office):
    [key] = office.book(inspection(1, payments=[]))
    office.tieout.flask_json("poll", office.id)
    fail(office, "cut", entity="Invoice", when="after", times=EVERY_ATTEMPT)
    assert not try_reconcile(office)
    made = next(one for one in office.books()["Invoice"] if one["DocNumber"] == f"SP-{key}")
    Bookkeeper(office).delete("Invoice", made["Id"])
    office.sync()
    assert f"SP-{key}" not in [one["DocNumber"] for one in office.books()["Invoice"]]
    [drift] = sql(office, "SELECT drifts.kind FROM drifts WHERE settled_at IS NULL")
    assert drift["kind"] == "deleted"
    assert f"SP-{key}" in office.get("/drift").text


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_item_that_failed_inside_quickbooks_is_looked_up(office, when):
    office.book(inspection(1), inspection(2))
    office.tieout.flask_json("poll", office.id)
    fail(office, "item", entity="Invoice", index=0, code="10000", when=when)
    try_reconcile(office)
    assert len(office.books()["Invoice"]) == (3 if when == "after" else 2)
    sql(office, "UPDATE inspections SET next_try_at = NULL")
    office.sync()
    assert_once(office, 3)


def test_what_cannot_be_looked_up_stays_unknown_and_is_found_later(office):
    office.book(inspection(1), inspection(2))
    office.tieout.flask_json("poll", office.id)
    fail(office, "item", entity="Invoice", index=0, code="10000", when="after")
    office.intuit.post(
        "/_standin/faults", {"realm": office.realm_id, "operation": "query", "kind": "503", "times": 1}
    )
    assert not try_reconcile(office)
    assert open_calls(office) == ["unknown"]
    office.forget_calls()
    office.sync()
    assert_once(office, 3)
    assert [call["operation"] for call in office.calls()] == [
        "query",
        "batch",
    ]  # One looked up; Payments made.


def test_a_throttled_call_is_not_sent_beside_a_newly_planned_one(office):
    office.book(inspection(1), inspection(2))
    office.tieout.flask_json("poll", office.id)
    fail(office, "429", entity="Invoice", retry_after=1)
    assert try_reconcile(office)
    assert_once(office, 3)
    office.sync()
    assert_once(office, 3)


def test_a_paused_company_sends_nothing_not_even_what_was_interrupted(office):
    office.book(inspection(1))
    office.tieout.flask_json("poll", office.id)
    fail(office, "cut", entity="Invoice", when="after", times=EVERY_ATTEMPT)
    assert not try_reconcile(office)
    office.submit("/settings/quickbooks/pause", {}, page="/settings/quickbooks")
    office.forget_calls()
    office.sync()
    assert office.calls() == [] and open_calls(office) == ["unknown"]
    office.submit("/settings/quickbooks/resume", {}, page="/settings/quickbooks")
    office.sync()
    assert_once(office, 2)


class LossyHandler(BaseHTTPRequestHandler):
    """Passes everything on to `target`, and leaves the last item out of the first batch answer that has Invoices."""

    target = ""
    lose = True

    def do_POST(self):
        """Pass a POST on."""
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_GET(self):
        """Pass a GET on."""
        self._pass_on(None)

    def log_message(self, *_):
        """Say nothing."""

    def _pass_on(self, body):
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "accept-encoding")
        }
        answer = requests.request(
            self.command, self.target + self.path, data=body, headers=headers, timeout=60
        )
        content = answer.content
        if type(self).lose and "/batch" in self.path and b'"Invoice"' in content:
            type(self).lose = False
            said = json.loads(content)
            said["BatchItemResponse"].pop()
            content = json.dumps(said).encode()
        self.send_response(answer.status_code)
        for name in ("Content-Type", "intuit_tid"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def lossy(office) -> Iterator[str]:
    """The address of a way to the stand-in that loses one item of an answer."""
    handler = type("Handler", (LossyHandler,), {"target": office.intuit.base_url, "lose": True})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_item_left_out_of_the_answer_is_looked_up_and_not_made_again(office, lossy):
    office.book(inspection(1), inspection(2))
    office.tieout.environment["INTUIT_API_URL"] = lossy
    office.tieout.flask_json("company", "rebind", office.id)  # The same Intuit, at another address.
    office.forget_calls()
    office.sync()
    assert_once(office, 3)
    assert "query" in [call["operation"] for call in office.calls()]
