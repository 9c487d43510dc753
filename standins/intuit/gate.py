"""The gateway in front of the v3 API: tokens, limits, faults on order, request ids, the log. Then the work itself.

Which work a path asks for is decided in `rest`; faults strike the OAuth endpoints through here too.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Response, g, request

from standins.intuit import errors, telling, views, wire
from standins.intuit.faults import fault_of
from standins.intuit.realm import Realm
from standins.intuit.world import World

PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>The server is temporarily unable to answer.</p></body></html>"


@dataclass
class Plan:
    """What a request asks for. `work(realm, struck rules)` returns the content of the answer, without `time`.

    `targets` are (entity, id) of existing objects it changes, `metered_as` the word for the log.
    """

    operation: str
    entities: list[str]
    work: Callable[[Realm, list[dict]], dict]
    writes: bool = False
    targets: list[tuple[str, str]] = field(default_factory=list)
    items: int = 0


def now_text(world: World) -> str:
    """Return the `time` of an answer that belongs to no company."""
    return world.now().isoformat(timespec="milliseconds")


def strike_before(world: World, rules: list[dict]) -> Response | None:
    """Return the answer that rules give instead of doing the work, or None to go on."""
    return _strike(world, [rule for rule in rules if rule["when"] == "before"], None)


def strike_after(world: World, rules: list[dict], response: Response) -> Response:
    """Return the answer that rules give although the work is done."""
    return _strike(world, [rule for rule in rules if rule["when"] == "after"], response) or response


def _strike(world: World, rules: list[dict], response: Response | None) -> Response | None:
    answer = None
    for rule in rules:
        kind = rule["kind"]
        if kind == "slow":
            time.sleep(float(rule.get("seconds", 1)))
        elif kind == "cut":
            request.environ["standins.cut"] = True
            answer = Response(status=200)
        elif kind == "truncated":
            request.environ["standins.truncate"] = True
            answer = response or Response('{"QueryResponse":{"Invoice":[{"Id":"1","SyncToken":"0"}]}}', 200)
        elif kind == "empty":
            answer = Response("", 200, content_type=wire.JSON_TYPE)
        elif kind == "429":
            answer = wire.throttled(rule.get("encoding") or world.settings["throttle_body"], now_text(world))
            if "retry_after" in rule:
                answer.headers["Retry-After"] = str(rule["retry_after"])
        elif kind == "401":
            answer = wire.unauthenticated(_token(), now_text(world))
        elif kind == "403":
            answer = wire.unauthorised(now_text(world))
        elif kind in ("502", "503", "504", "html"):
            status = int(rule.get("status", 502 if kind == "html" else kind))
            answer = Response(PAGE.format(f"{status} Service Unavailable"), status, content_type="text/html")
        elif kind in ("500", "fault"):
            status = int(rule.get("status", 500 if kind == "500" else 400))
            content = {"Fault": fault_of(rule), "time": now_text(world)}
            answer = wire.answer(telling.told(content, world.settings), status)
    return answer


def serve(world: World, realm_id: str, plan: Plan, body: str) -> Response:
    """Answer one request of the v3 API."""
    started = time.perf_counter()
    realm = world.realms.get(realm_id)
    grant = world.grants.of_access(_token())
    g.call = {"operation": plan.operation, "entities": plan.entities, "items": plan.items}
    if grant is None:
        response = wire.unauthenticated(_token(), now_text(world))
    elif realm is None or grant["realm_id"] != realm_id:
        response = wire.unauthorised(now_text(world))
    else:
        response = _limited(world, realm, grant, plan, body)
    if realm is not None:
        _log(world, realm, response, started, grant)
    return response


def _token() -> str:
    """The access token that the request came with, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _log(world: World, realm: Realm, response: Response, started: float, grant: dict | None) -> None:
    call = {
        "at": world.now().isoformat(timespec="milliseconds"),
        "method": request.method,
        "path": request.path,
        "requestid": request.args.get("requestid"),
        "status": response.status_code,
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "intuit_tid": g.tid,
        "client": grant["client_id"] if grant else None,
        **g.call,
    }
    world.calls.add(realm.id, call, f"{world.now():%Y-%m}")


def _limited(world: World, realm: Realm, grant: dict, plan: Plan, body: str) -> Response:
    settings, client = world.settings, grant["client_id"]
    if not grant["unlimited"]:
        reached = world.limits.enter(realm.id, client, plan.operation == "batch", settings)
        quota = settings["coreplus_quota"]
        if (
            reached is None
            and quota
            and not plan.writes
            and world.calls.metered(f"{world.now():%Y-%m}") >= quota
        ):
            world.limits.leave(realm.id, client)
            reached = "coreplus_quota"
        if reached:
            g.call["limit"] = reached
            return wire.throttled(settings["throttle_body"], now_text(world))
    try:
        if settings["latency_ms"] or settings["item_latency_ms"]:
            time.sleep(_takes(settings, plan, body) / 1000)
        return _struck(world, realm, plan, body)
    finally:
        if not grant["unlimited"]:
            world.limits.leave(realm.id, client)


def _takes(settings: dict, plan: Plan, body: str) -> int:
    """Return the milliseconds a call takes: Intuit carries the items of a batch out one after another."""
    items = body.count('"bId"') if plan.operation == "batch" else int(plan.writes)
    return settings["latency_ms"] + items * settings["item_latency_ms"]


def _struck(world: World, realm: Realm, plan: Plan, body: str) -> Response:
    facts = {
        "realm": realm.id,
        "method": request.method,
        "path": request.path,
        "operation": plan.operation,
        "entities": [name.lower() for name in plan.entities],
        "body": body,
    }
    rules = world.faults.fire(facts)
    if rules:
        g.call["struck"] = [rule["kind"] for rule in rules]
    response = strike_before(world, rules)
    if response is not None:
        return response
    if any(rule["kind"] == "stale" for rule in rules):
        with realm.change():
            for entity, record_id in plan.targets:
                if record := realm.find(entity, record_id):
                    realm.bump(record)
    return strike_after(world, rules, _worked(world, realm, plan, body, rules))


def _worked(world: World, realm: Realm, plan: Plan, body: str, rules: list[dict]) -> Response:
    with realm.lock:
        moment = views.server_time(realm)
        try:
            if realm.meta["permission"] == "lost":
                raise errors.user_lost()
            with realm.history.by_app(request.args.get("requestid", "")):
                content = _once(world, realm, plan, body, rules, moment)
        except errors.QuickBooksFault as fault:
            g.call["fault"] = fault.code
            refused = {"Fault": fault.as_json(), "time": moment}
            return wire.answer(telling.told(refused, world.settings), fault.status)
    return wire.answer(telling.told(content, world.settings))


def _once(world: World, realm: Realm, plan: Plan, body: str, rules: list[dict], moment: str) -> dict:
    """Do the work, or repeat the answer to a request id that has been seen. Faulted requests are not remembered."""
    if plan.operation == "report":
        return plan.work(realm, rules)
    if not plan.writes:
        return _read(realm, plan.work(realm, rules)) | {"time": moment}
    request_id = request.args.get("requestid")
    longest = 36 if plan.operation == "batch" else 50
    if request_id and len(request_id) > longest:
        raise errors.invalid(2130, "Request Id Format", "requestid", request_id)
    intent = [request.path.lower(), request.args.get("operation"), request.args.get("include"), body]
    fingerprint = hashlib.sha256(repr(intent).encode()).hexdigest()
    if request_id and (known := world.storage.replay(realm.id, request_id)):
        if known["fingerprint"] != fingerprint and world.settings["requestid_mismatch"] == "600":
            raise errors.duplicate_request()
        g.call["replayed"] = True
        return known["content"]
    with realm.change():
        content = _read(realm, plan.work(realm, rules)) | {"time": moment}
        items = content.get("BatchItemResponse", [{}])
        if request_id and any("Fault" not in item for item in items):
            realm.remember(request_id, {"fingerprint": fingerprint, "content": content})
    return content


def _read(realm: Realm, content: dict) -> dict:
    """Return the answer, once it is noted which objects it shows."""
    realm.history.note_reads(content, int(realm.world.now().timestamp()))
    return content
