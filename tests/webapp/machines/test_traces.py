"""Where traces are wanted each request is one span: its route, its status, ids, and nothing of people."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from bookkeeping.tracing import spans


@pytest.fixture
def traced():
    """What is traced meanwhile, as it ends."""
    exporter = InMemorySpanExporter()
    spans.start(SimpleSpanProcessor(exporter))
    yield exporter
    spans.stop()


def test_a_request_is_one_span_of_its_route_and_says_nothing_of_people(owner, company, records, traced):
    records.inspection("1042", client_name="Ann O'Neil")
    traced.clear()
    asked = {
        "/inspections/1042": ("GET /inspections/<path:key>", 200),
        "/inspections?q=O%27Neil": ("GET /inspections", 200),
        "/nowhere/ann@example.com": ("GET", 404),
    }
    for path in asked:
        owner.get(path)
    found = traced.get_finished_spans()
    assert [(one.name, one.attributes["http.response.status_code"]) for one in found] == list(asked.values())
    for one in found:
        assert one.kind is SpanKind.SERVER and one.parent is None and one.events == ()
        assert one.attributes["tieout.company_id"] == company
        said = f"{one.name} {dict(one.attributes)}"
        assert not any(word in said for word in ("1042", "O'Neil", "Neil", "ann@", "office.example"))
    assert len({one.context.trace_id for one in found}) == len(asked)


def test_probes_are_no_traces_and_all_goes_on_without_any(owner, traced):
    traced.clear()
    assert owner.get("/healthz").status_code == 200
    assert traced.get_finished_spans() == ()
    spans.stop()
    assert owner.get("/").status_code == 200
    assert traced.get_finished_spans() == ()
