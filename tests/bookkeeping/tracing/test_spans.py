"""Traces are off unless asked for; asked for, the parts of a run are one trace, in whichever process or thread, and say nothing about people."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bookkeeping.errors import PermanentError
from bookkeeping.tracing import spans
from tests.harness import ROOT
from tests.harness.recording import recording

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)


@pytest.fixture
def traced():
    """What is traced meanwhile, as it ends."""
    exporter = InMemorySpanExporter()
    spans.start(SimpleSpanProcessor(exporter))
    yield exporter
    spans.stop()


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "tieout"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
    ids=["nothing", "a name alone", "endpoint", "traces' endpoint", "none", "disabled", "empty"],
)
def test_the_environment_says_whether_traces_are_sent(environment, wanted):
    assert spans.is_wanted(environment) is wanted


def test_while_traces_are_off_spans_do_nothing_and_functions_are_themselves():
    with spans.part_of("run 1", "slice"), spans.span("step") as note:
        note(count=3)
    spans.whole("run 1", "run", NOON, NOON)
    spans.flush()
    assert spans.carried(len) is len


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("opentelemetry.sdk", "opentelemetry.exporter"), None))  # As if not installed.
import webapp, worker.jobs
from bookkeeping.errors import MisconfiguredError
from bookkeeping.tracing.spans import set_up_tracing
set_up_tracing({})
try:
    set_up_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
except MisconfiguredError as error:
    print(error.detail)
"""


@pytest.mark.outside
def test_all_goes_without_opentelemetry_until_somebody_asks_for_traces():
    """That our modules do not import it as they are imported shows by their being imported without it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "pip install -r requirements-otel.txt" in said.stdout


def test_parts_are_one_trace_under_the_whole_in_any_process_and_thread(traced):
    for number in range(2):
        with spans.part_of("run 1", "slice", number=number), spans.span("step"):
            thread = threading.Thread(target=spans.carried(_ask))
            thread.start()
            thread.join()
    with spans.part_of("run 2", "slice"):
        pass
    spans.whole("run 1", "run", NOON, NOON + timedelta(seconds=8), company_id=7)
    found = traced.get_finished_spans()
    first = [one for one in found if one.context.trace_id == found[0].context.trace_id]
    assert [one.name for one in first] == ["ask", "step", "slice", "ask", "step", "slice", "run"]
    run = first[-1]
    assert run.parent is None and run.attributes == {"company_id": 7}
    assert run.end_time - run.start_time == 8_000_000_000
    assert {one.parent.span_id for one in first if one.name == "slice"} == {run.context.span_id}
    steps = {one.context.span_id for one in first if one.name == "step"}
    assert {one.parent.span_id for one in first if one.name == "ask"} == steps


def _ask() -> None:
    with spans.span("ask"):
        pass


def test_an_error_is_named_by_its_code_and_never_by_its_words(traced):
    with pytest.raises(PermanentError), spans.span("step"):
        raise PermanentError("Ann O'Neil owes $425.00", code="closed-books")
    (one,) = traced.get_finished_spans()
    assert (one.status.description, one.status.is_ok, one.events) == ("closed-books", False, ())


@pytest.mark.outside
def test_spans_arrive_over_http_as_otlp(monkeypatch):
    with recording(lambda request: 200) as collector:
        base = collector.url.removesuffix("/back")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", base)
        spans.set_up_tracing()
        try:
            with spans.span("step", company_id=7):
                pass
            spans.flush()
        finally:
            spans.stop()
    (sent,) = collector.requests
    assert sent.path == "/v1/traces"
    told = ExportTraceServiceRequest.FromString(_plain(sent))
    (resource,) = told.resource_spans
    assert {one.key: one.value.string_value for one in resource.resource.attributes}[
        "service.name"
    ] == "tieout"
    (one,) = resource.scope_spans[0].spans
    assert (one.name, one.attributes[0].key, one.attributes[0].value.int_value) == ("step", "company_id", 7)


def _plain(sent) -> bytes:
    assert sent.headers.get("Content-Encoding", "") == ""
    return sent.body
