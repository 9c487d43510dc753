"""One OpenTelemetry span a request, where an installation wants traces: named by its route, with ids and a status, and nothing that anybody typed.

A job that the request rings for is a trace of its own, as are the probes' questions none.
"""

from contextlib import ExitStack

from flask import Flask, Response, g, request

from bookkeeping.tracing.spans import span
from webapp.frame.request_ids import about

PROBES = ("health.process", "health.ready", "metrics.metrics")
"""Asked every few seconds, by machines."""


def set_up_traces(app: Flask) -> None:
    """Hang it in around everything else."""
    app.before_request(_begin)
    app.after_request(_note)
    app.teardown_request(_end)


def _begin() -> None:
    if request.endpoint in PROBES:
        return
    route = request.url_rule.rule if request.url_rule is not None else ""
    g.trace = ExitStack()
    name = f"{request.method} {route}" if route else request.method
    facts = {"http.request.method": request.method, "http.route": route, "tieout.request_id": g.request_id}
    g.note_on_trace = g.trace.enter_context(span(name, **facts))


def _note(response: Response) -> Response:
    note = g.get("note_on_trace")
    if note is not None:
        company = about().get("company_id") or g.get("asking_company_id")
        ids = {"tieout.company_id": company} if company else {}
        failed = response.status_code if response.status_code >= 500 else 0
        note(
            **{"http.response.status_code": response.status_code},
            **ids,
            **({"error.type": str(failed)} if failed else {}),
        )
    return response


def _end(_error: BaseException | None) -> None:
    trace = g.pop("trace", None)
    if trace is not None:
        trace.close()
