"""Spans of what the worker does: one trace a run, from the poll to what was settled, over however many slices, workers and threads; and of requests.

Off, and nothing of OpenTelemetry imported, unless the environment names where traces go (OTEL_EXPORTER_OTLP_ENDPOINT and the like, which its SDK
reads itself). Spans carry ids and counts alone, as the logs do: no names, no amounts, no words of an error; other people's servers get no header of it.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from bookkeeping.errors import MisconfiguredError

P = ParamSpec("P")
Answer = TypeVar("Answer")
Value = str | int | bool
WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FLUSHES_FOR = 2_000
"""Milliseconds that the end of a job waits for its spans to be sent."""

_provider: Any = None
_ids: ContextVar[tuple[int, int] | None] = ContextVar("ids of the next span", default=None)


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether the environment names where traces go."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    return exporter != "none" and any(environment.get(name) for name in WHERE)


def set_up_tracing(environment: Mapping[str, str] = os.environ) -> None:
    """Send traces from now on, if the environment wants it and none are sent yet.

    Raises:
        MisconfiguredError: they are wanted, and the packages are not installed.
    """
    if _provider is not None or not is_wanted(environment):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise MisconfiguredError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install -r requirements-otel.txt, or unset it"
        ) from error
    start(BatchSpanProcessor(OTLPSpanExporter()))


def start(processor: Any) -> None:
    """Give spans to this processor from now on."""
    global _provider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """Random, but for the span of a whole run, whose ids every slice of it must know."""

        def generate_span_id(self) -> int:
            known = _ids.get()
            return known[1] if known else super().generate_span_id()

        def generate_trace_id(self) -> int:
            known = _ids.get()
            return known[0] if known else super().generate_trace_id()

    named = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "tieout"})
    _provider = TracerProvider(resource=named, id_generator=Ids())
    _provider.add_span_processor(processor)


def stop() -> None:
    """Send what is left, and no more traces."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def flush() -> None:
    """Wait for what is done to be sent: a job's process ends without telling anybody."""
    if _provider is not None:
        _provider.force_flush(FLUSHES_FOR)


@contextmanager
def span(name: str, **facts: Value) -> Iterator[Callable[..., None]]:
    """Trace what is done within; the function that is given adds facts. Nothing while traces are off. Decorates a function, too."""
    if _provider is None:
        yield lambda **_: None
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    tracer = _provider.get_tracer("tieout")
    options = {"record_exception": False, "set_status_on_exception": False, "attributes": facts}
    options["kind"] = SpanKind.SERVER if "http.route" in facts else SpanKind.INTERNAL
    with tracer.start_as_current_span(name, **options) as current:
        try:
            yield lambda **more: current.set_attributes(more)
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, getattr(error, "code", "") or type(error).__name__))
            raise


@contextmanager
def part_of(identity: str, name: str, **facts: Value) -> Iterator[None]:
    """Trace what is done within as a part of the one trace that this identity names, in whichever process its other parts are done."""
    if _provider is None:
        yield
        return
    from opentelemetry import context, trace

    trace_id, span_id = _ids_of(identity)
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if _samples(trace_id, name) else 0)
    whole = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(whole), context.Context()))
    try:
        with span(name, **facts):
            yield
    finally:
        context.detach(token)


def whole(identity: str, name: str, begun: datetime, ended: datetime, **facts: Value) -> None:
    """Note the span that all parts of this identity belong to, once it is over."""
    if _provider is None:
        return
    from opentelemetry.context import Context

    token = _ids.set(_ids_of(identity))
    try:
        tracer = _provider.get_tracer("tieout")
        done = tracer.start_span(name, context=Context(), attributes=facts, start_time=_nanoseconds(begun))
    finally:
        _ids.reset(token)
    done.end(_nanoseconds(ended))


def carried(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """Return the function for another thread, where it belongs to the present trace; as it is while traces are off."""
    if _provider is None:
        return function
    from opentelemetry import context

    present = context.get_current()

    def there(*args: P.args, **kwargs: P.kwargs) -> Answer:
        def within() -> Answer:
            context.attach(present)
            return function(*args, **kwargs)

        return copy_context().run(within)

    return there


def _samples(trace_id: int, name: str) -> bool:
    """Ask the sampler of OTEL_TRACES_SAMPLER, which answers the same for every part of a trace."""
    decision = _provider.sampler.should_sample(None, trace_id, name).decision
    return bool(decision.is_sampled())


def _ids_of(identity: str) -> tuple[int, int]:
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
