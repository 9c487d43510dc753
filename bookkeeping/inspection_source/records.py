"""One record of the feed, read strictly into our neutral Inspection. Fetching pages is in `feed`.

What cannot be read exactly is a bad record with a plain reason; nothing is guessed, money least of all.
"""

from collections.abc import Callable, Iterable
from typing import Any

from bookkeeping.fetching.bounded import too_deep
from bookkeeping.inspection_source.fields import BadRecordError, Fields, key_of, shown, storable
from bookkeeping.inspection_source.source import BadRecord
from bookkeeping.rules.inspection import Address, Client, FeeLine, Inspection, PaymentReceived

KINDS = ("service", "fee", "discount", "tax")
METHODS = ("card", "ach", "check", "cash", "other")

Included = dict[tuple[str, str], dict[str, Any]]


def index_included(included: Any) -> Included:
    """Return the page's included objects by (type, id); what is no object is left out and missed by who refers to it."""
    found: Included = {}
    for item in included if isinstance(included, list) else ():
        if isinstance(item, dict) and isinstance(item.get("type"), str) and not too_deep(item):
            try:
                found[item["type"], key_of(item)] = item
            except BadRecordError:
                continue
    return found


def read_record(record: Any, included: Included) -> Inspection | BadRecord:
    """Return the inspection, or why it cannot be read.

    A tombstone is believed even when its lines or payments are unreadable: nothing is booked from it.
    """
    raw = record if isinstance(record, dict) else {"record": record}
    try:
        if too_deep(record):
            raise RecursionError
        return _inspection(record, included)
    except BadRecordError as error:
        reason = str(error)
    except RecursionError:
        reason = "The record is nested too deeply to be read."
    return BadRecord(
        key=_or_else(lambda: key_of(raw), ""),
        reason=reason,
        raw={} if too_deep(raw) else _or_else(lambda: storable(raw), {}),
        updated_at=_or_else(lambda: Fields(raw, "the inspection").time("updated_at"), None),
    )


def _inspection(record: Any, included: Included) -> Inspection:
    if not isinstance(record, dict) or record.get("type") != "inspection":
        raise BadRecordError(f"The record is not an inspection but {shown(record)}.")
    key, fields = key_of(record), Fields(record, "the inspection")
    deleted_at = fields.time_or_none("deleted_at")
    try:
        client, lines, payments = _related(record, included)
    except BadRecordError:
        if deleted_at is None:
            raise
        client, lines, payments = None, (), ()
    return Inspection(
        key=key,
        starts_at=fields.time("datetime"),
        created_at=fields.time("created_at"),
        updated_at=fields.time("updated_at"),
        # A feed that stops sending this field must not look like one where everything became unconfirmed.
        confirmed_at=fields.time_or_none("confirmed_at", required=True),
        canceled_at=fields.time_or_none("canceled_at"),
        cancel_reason=fields.text("cancel_reason"),
        deleted_at=deleted_at,
        published_at=fields.time_or_none("published_at"),
        address=Address(
            full=fields.text("full_address"),
            line1=fields.text("property_address"),
            line2=fields.text("property_address_2"),
            city=fields.text("property_city"),
            state=fields.text("property_state"),
            postal_code=fields.text("property_zip"),
        ),
        inspector_name=fields.text("inspector_name"),
        slug=fields.text("slug"),
        client=client,
        lines=lines,
        payments=payments,
    )


def _related(
    record: dict[str, Any], included: Included
) -> tuple[Client | None, tuple[FeeLine, ...], tuple[PaymentReceived, ...]]:
    buyer = _references(record, "buyer")
    client = _client(_included(buyer[0], "contact", included)) if buyer else None
    line_items = [_included(one, "line_item", included) for one in _references(record, "line_items")]
    lines = [_line(item, place) for place, item in enumerate(line_items)]
    payments = [read_payment(_included(one, "payment", included)) for one in _references(record, "payments")]
    _refuse_twice("line_item", (line.key for line in lines))
    _refuse_twice("payment", (payment.key for payment in payments))
    return client, tuple(sorted(lines, key=lambda line: line.position)), tuple(payments)


def _client(item: dict[str, Any]) -> Client:
    fields = Fields(item, f"contact {key_of(item)}")
    names = ("first_name", "last_name", "email", "phone", "mobile_phone")
    return Client(key=key_of(item), **{name: fields.text(name) for name in names})


def _line(item: dict[str, Any], place: int) -> FeeLine:
    fields = Fields(item, f"line_item {key_of(item)}")
    kind = fields.one_of("kind", KINDS)
    amount = fields.money("amount")
    if kind == "discount" and amount > 0:
        raise fields.bad("amount", "must be negative, since the line is a discount")
    return FeeLine(
        key=key_of(item),
        kind=kind,
        name=fields.text("name"),
        amount=amount,
        service_id=fields.text("service_id") or None,
        position=fields.whole_number("position", default=place),
    )


def read_payment(item: dict[str, Any]) -> PaymentReceived:
    """Return the payment that an object of the platform tells.

    Raises:
        BadRecordError: it cannot be read exactly.
    """
    fields = Fields(item, f"payment {key_of(item)}")
    amount, refunded = fields.money("amount"), fields.money("refunded_amount")
    if amount <= 0:
        raise fields.bad("amount", "must be above zero")
    if not 0 <= refunded <= amount:
        raise fields.bad("refunded_amount", f"must be between 0.00 and the amount, {amount}")
    return PaymentReceived(
        key=key_of(item),
        amount=amount,
        method=fields.one_of("method", METHODS),
        received_at=fields.time("received_at"),
        reference=fields.text("reference") or None,
        refunded_amount=refunded,
        voided_at=fields.time_or_none("voided_at"),
    )


def _references(record: dict[str, Any], name: str) -> list[Any]:
    """Return what a relationship points at, as a list; a relationship that is not told is not an empty one."""
    relationships = record.get("relationships")
    relationship = relationships.get(name) if isinstance(relationships, dict) else None
    if not isinstance(relationship, dict) or "data" not in relationship:
        raise BadRecordError(f"The relationship {name} of the inspection is missing.")
    pointed = relationship["data"]
    if name == "buyer":
        return [] if pointed is None else [pointed]
    if not isinstance(pointed, list):
        raise BadRecordError(
            f"The relationship {name} of the inspection must be a list; it is {shown(pointed)}."
        )
    return pointed


def _included(reference: Any, kind: str, included: Included) -> dict[str, Any]:
    if not isinstance(reference, dict) or reference.get("type") != kind:
        raise BadRecordError(f"The inspection must refer to a {kind}; it refers to {shown(reference)}.")
    key = key_of(reference)
    if (kind, key) not in included:
        raise BadRecordError(f"The inspection refers to {kind} {key}, which is not included in the answer.")
    return included[kind, key]


def _refuse_twice(kind: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise BadRecordError(f"The inspection lists {kind} {key} twice.")
        seen.add(key)


def _or_else(read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except (BadRecordError, RecursionError):
        return otherwise
