"""Inspections, settings and their parts for tests: plain values, and hypothesis strategies for arbitrary ones."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from bookkeeping.rules.inspection import Address, BookSettings, Client, FeeLine, Inspection, PaymentReceived

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)  # Monday noon in Denver.
SETTINGS = BookSettings("America/Denver", date(2026, 1, 1))
BUYER = Client("c1", "Ada", "Reyes", "ada@example.com", "(303) 555-0101")


def line(amount, kind="service", name="Full Home Inspection", key="l1", **fields):
    return FeeLine(key, kind, name, Decimal(amount), **fields)


def payment(amount, key="p1", *, refunded="0.00", method="card", received_at=NOON, **fields):
    return PaymentReceived(
        key, Decimal(amount), method, received_at, refunded_amount=Decimal(refunded), **fields
    )


def inspection(**fields):
    booked = {
        "key": "1042",
        "starts_at": NOON,
        "created_at": NOON - timedelta(days=9),
        "updated_at": NOON,
        "confirmed_at": NOON - timedelta(days=7),
        "address": Address(full="12 Oak St, Denver, CO 80203", line1="12 Oak St"),
        "inspector_name": "Bo Lind",
        "client": BUYER,
        "lines": (line("425.00"),),
    }
    return Inspection(**{**booked, **fields})


moments = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
any_text = st.text(max_size=60)
money = st.integers(-5_000_00, 50_000_00).map(lambda amount: Decimal(amount).scaleb(-2))
positive_money = st.integers(1, 2_000_00).map(lambda amount: Decimal(amount).scaleb(-2))

clients = st.builds(
    Client,
    key=st.text("abc123", min_size=1, max_size=8),
    first_name=st.text(min_size=1, max_size=300),
    last_name=any_text,
    email=st.one_of(any_text, st.just("ada@example.com"), st.emails()),
    phone=any_text,
    mobile_phone=any_text,
)


@st.composite
def lines(draw):
    kinds = st.sampled_from(["service", "fee", "discount", "tax"])
    amounts = st.integers(0, 900_00).map(lambda amount: Decimal(amount).scaleb(-2))
    chosen = draw(st.lists(st.tuples(kinds, amounts, st.text(max_size=150)), max_size=5))
    return tuple(
        FeeLine(f"l{place}", kind, name, -amount if kind == "discount" else amount, position=place)
        for place, (kind, amount, name) in enumerate(chosen)
    )


@st.composite
def payments(draw):
    made = []
    for number in draw(st.lists(st.integers(0, 5), max_size=4, unique=True)):
        amount = draw(positive_money)
        refunded = draw(st.sampled_from([Decimal("0.00"), amount, (amount / 2).quantize(Decimal("0.01"))]))
        made.append(
            PaymentReceived(
                key=f"p{number}",
                amount=amount,
                method=draw(st.sampled_from(["card", "ach", "check", "cash", "other"])),
                received_at=draw(moments),
                reference=draw(st.none() | st.text(max_size=60)),
                refunded_amount=refunded,
                voided_at=draw(st.none() | moments),
            )
        )
    return tuple(made)


inspections = st.builds(
    Inspection,
    key=st.text(min_size=1, max_size=60),
    starts_at=moments,
    created_at=moments,
    updated_at=moments,
    confirmed_at=st.none() | moments,
    canceled_at=st.none() | moments,
    deleted_at=st.none() | moments,
    cancel_reason=any_text,
    address=st.builds(Address, full=st.text(max_size=5000), line1=any_text),
    inspector_name=any_text,
    client=clients,
    lines=lines(),
    payments=payments(),
)

settings_values = st.builds(
    BookSettings,
    time_zone=st.sampled_from(["America/Denver", "America/New_York", "Pacific/Honolulu", "Etc/GMT+7"]),
    start_date=st.none() | st.dates(date(2015, 1, 1), date(2030, 1, 1)),
    cutoff=st.none() | moments,
    invoice_date=st.sampled_from(["inspection", "confirmed", "created"]),
    due_days=st.integers(0, 60),
    one_item=st.none() | st.just("Services"),
)
