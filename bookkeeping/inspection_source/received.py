"""One event by which a platform tells of a payment, read strictly. What becomes of it is `bookkeeping.sources.receiving`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookkeeping.inspection_source.fields import BadRecordError, Fields, key_of, shown, storable
from bookkeeping.inspection_source.records import read_payment

WITHDRAWN = "payment.withdrawn"
KINDS = ("payment.received", "payment.refunded", "payment.voided", WITHDRAWN)
FIELDS = ("amount", "method", "received_at", "reference", "refunded_amount", "voided_at")


@dataclass(frozen=True)
class PaymentEvent:
    """What one event tells: how a payment of an inspection stood at a moment (aware UTC). `told` is its JSON:API object; None: it never was."""

    id: str
    occurred_at: datetime
    inspection_key: str
    payment_key: str
    told: dict[str, Any] | None


def read_event(said: Any) -> PaymentEvent:
    """Return the event.

    Raises:
        BadRecordError: it is not as docs/api.md promises; the message is a sentence that names field and value.
    """
    if not isinstance(said, dict) or not isinstance(said.get("payment"), dict):
        raise BadRecordError(
            "The event must be an object with id, type, occurred_at, inspection and payment."
        )
    fields = Fields({"attributes": said}, "the event")
    kind = fields.one_of("type", KINDS)
    event_id, payment_key = (
        key_of({"type": "event", **_id(said)}),
        key_of({"type": "payment", **_id(said["payment"])}),
    )
    inspection_key = key_of({"type": "inspection", "id": said.get("inspection")})
    told = None if kind == WITHDRAWN else _told(kind, payment_key, said["payment"])
    return PaymentEvent(event_id, fields.time("occurred_at"), inspection_key, payment_key, told)


def _id(said: dict[str, Any]) -> dict[str, Any]:
    return {"id": said.get("id")}


def _told(kind: str, key: str, payment: dict[str, Any]) -> dict[str, Any]:
    """Return the payment as a platform's own resource would list it, once it can be read as one."""
    attributes = {"refunded_amount": "0.00", **{name: payment[name] for name in FIELDS if name in payment}}
    told = {"type": "payment", "id": key, "attributes": storable(attributes)}
    read = read_payment(told)
    if kind == "payment.refunded" and not read.refunded_amount:
        raise BadRecordError(f"refunded_amount of payment {key} must be above zero, since it was refunded.")
    if kind == "payment.voided" and read.voided_at is None:
        raise BadRecordError(
            f"voided_at of payment {key} is missing; it is {shown(payment.get('voided_at'))}."
        )
    return told
