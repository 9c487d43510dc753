"""What dropped files change: laid over what earlier ones said, inspection by inspection. Pure; who keeps it is storage's business.

A file says what it says and nothing else: a payment that it does not list stays, and so does an inspection, unless a person says that what is
missing was deleted.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bookkeeping.inspection_source.dropped.cells import Problem
from bookkeeping.inspection_source.dropped.lines import Checked, Paid, Told
from bookkeeping.rules.inspection import Inspection, PaymentReceived


@dataclass
class Difference:
    """What a file changes. `new`, `changed` and `missing` are inspections as they would be after it; `bad` those left as they are, with why.

    `missing` are those that begin between the first and the last day of the file's inspections and are not in it, as they stand.
    """

    new: list[Inspection] = field(default_factory=list)
    changed: list[Inspection] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    missing: list[Inspection] = field(default_factory=list)
    bad: dict[str, list[Problem]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.missing or self.bad)


def keys_of(checked: Checked) -> set[str]:
    """Return the inspections that the tables speak of."""
    return {*checked.inspections, *checked.payments, *checked.bad}


def days_of(checked: Checked, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return the first moment and the moment after the last of the days that the inspections lie on; None without any."""
    days: list[date] = [one.starts_at.date() for one in checked.inspections.values()]
    if not days:
        return None
    first = datetime.combine(min(days), datetime.min.time(), zone)
    after = date.fromordinal(max(days).toordinal() + 1)
    return first.astimezone(UTC), datetime.combine(after, datetime.min.time(), zone).astimezone(UTC)


def difference(
    checked: Checked, standing: Mapping[str, Inspection], now: datetime, aside: Collection[str] = ()
) -> Difference:
    """Return what the tables change in `standing`: what is known of `keys_of` and of all that begins in `days_of`.

    `aside` are those whose lines could not be read the last time: told right again, they change even where they say what they said before.
    """
    found = Difference(bad=dict(checked.bad))
    for key in sorted({*checked.inspections, *checked.payments}):
        known, told = standing.get(key), checked.inspections.get(key)
        paid = checked.payments.get(key, [])
        if known is None and told is None:
            found.bad[key] = [_unknown(key, one) for one in paid]
            continue
        after = _laid_over(known, told, paid, now)
        if known is None:
            found.new.append(after)
        elif known.content_hash() == after.content_hash() and key not in aside:
            found.same.append(key)
        else:
            found.changed.append(after)
    listed = keys_of(checked)
    if checked.inspections:
        found.missing = [
            one for key, one in sorted(standing.items()) if key not in listed and one.deleted_at is None
        ]
    return found


def taken_out(missing: Iterable[Inspection], now: datetime) -> list[Inspection]:
    """Return these inspections as deleted."""
    return [replace(one, deleted_at=now, updated_at=now) for one in missing]


def _unknown(key: str, one: Paid) -> Problem:
    says = f"There is no inspection {key}, in this file or an earlier one. Add it to the inspections, or correct the number."
    return Problem(one.table, one.line, "Inspection", says, key)


def _laid_over(known: Inspection | None, told: Told | None, paid: list[Paid], now: datetime) -> Inspection:
    payments = {one.key: one for one in known.payments} if known else {}
    for one in paid:
        payments[one.payment.key] = _payment(one, payments.get(one.payment.key), now)
    ordered = tuple(sorted(payments.values(), key=lambda each: (each.received_at, each.key)))
    if told is None:
        assert known is not None
        return replace(known, payments=ordered, updated_at=now)
    return Inspection(
        key=told.key,
        starts_at=told.starts_at.astimezone(UTC),
        created_at=known.created_at if known else now,
        updated_at=now,
        confirmed_at=_since(told.confirmed, known.confirmed_at if known else None, now),
        canceled_at=_since(told.canceled, known.canceled_at if known else None, now),
        address=told.address,
        inspector_name=told.inspector_name,
        client=told.client,
        lines=told.lines,
        payments=ordered,
        number=told.number,
    )


def _payment(paid: Paid, known: PaymentReceived | None, now: datetime) -> PaymentReceived:
    voided_at = _since(paid.voided, known.voided_at if known else None, now)
    return replace(paid.payment, received_at=paid.payment.received_at.astimezone(UTC), voided_at=voided_at)


def _since(is_so: bool, known: datetime | None, now: datetime) -> datetime | None:
    """Return since when something is so: a file says that it is, and not when it began."""
    return (known or now) if is_so else None
