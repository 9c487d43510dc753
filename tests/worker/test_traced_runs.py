"""One trace a run, from the poll to what was settled, with every call to platform and QuickBooks in it, and nothing about clients."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bookkeeping.tracing import spans
from tests.functional.office import inspection
from tests.harness.in_process import Desk


@pytest.fixture
def traced():
    """What is traced meanwhile, as it ends."""
    exporter = InMemorySpanExporter()
    spans.start(SimpleSpanProcessor(exporter))
    yield exporter
    spans.stop()


def test_a_run_is_one_trace_from_the_poll_to_what_was_settled(desk: Desk, traced):
    desk.book(*(inspection(number) for number in range(3)))
    desk.run("first")
    found = traced.get_finished_spans()
    assert len({one.context.trace_id for one in found}) == 1
    by_id = {one.context.span_id: one for one in found}
    (run,) = (one for one in found if one.parent is None)
    assert (run.name, run.attributes["company_id"], run.attributes["state"]) == ("run first", desk.id, "done")

    def way(one):
        names = []
        while one is not None:
            names.append(one.name)
            one = by_id[one.parent.span_id] if one.parent else None
        return names[::-1]

    ways = {tuple(way(one)) for one in found}
    asked = {(one.attributes["server.address"], way(one)[2]) for one in found if one.name.startswith("HTTP")}
    assert ("run first", "slice", "step full poll", "HTTP GET") in ways
    assert any(way[:2] == ("run first", "slice") and way[-1] == "settle" for way in ways)
    assert any(way[-1] == "HTTP POST" and "write" in way for way in ways)
    assert len(asked) > 1
    told = str([(one.name, dict(one.attributes), one.status.description) for one in found])
    assert "Ann" not in told and "Oak" not in told and desk.feed_key not in told
