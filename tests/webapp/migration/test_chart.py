"""The choose step in figures: receipts by month on both sides of a cut, and the cuts worth considering."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from webapp.migration.chart import HEIGHT, MOST_BARS, chart_of, short, touched

CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)  # Midnight in Denver.
NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
RECEIPTS = {
    "1": (datetime(2018, 11, 5, 17, tzinfo=UTC), "400.00"),
    "2": (datetime(2019, 1, 1, 6, 59, tzinfo=UTC), "100.00"),
    "3": (datetime(2019, 1, 1, 7, tzinfo=UTC), "300.00"),
    "4": (datetime(2019, 4, 2, 17, tzinfo=UTC), "50.00"),
}


@pytest.fixture
def chart(house, company, records):
    """Return (a function of) the chart with a cut."""
    for key, (starts_at, amount) in RECEIPTS.items():
        records.inspection(key, starts_at=starts_at)
        records.keep(_receipt(company, key, amount))

    def draw(cutoff=None, now=NOW):
        with house.app.app_context():
            return chart_of(db.session.get_one(Company, company), cutoff, now)

    return draw


def _receipt(company: int, key: str, amount: str, **values) -> LegacyReceipt:
    return LegacyReceipt(
        company_id=company, inspection_key=key, receipt_id=f"r{key}", amount=Decimal(amount), **values
    )


def test_every_month_between_the_first_and_the_last_has_its_bar(chart):
    found = chart()
    assert [(bar.name, bar.label, bar.year) for bar in found.bars] == [
        ("November 2018", "Nov", 2018),
        ("December 2018", "Dec", 2018),
        ("January 2019", "Jan", 2019),
        ("February 2019", "Feb", 2019),
        ("March 2019", "Mar", 2019),
        ("April 2019", "Apr", 2019),
    ]
    assert [(bar.count, bar.total) for bar in found.bars if bar.count] == [
        (1, Decimal("400.00")),
        (1, Decimal("100.00")),
        (1, Decimal("300.00")),
        (1, Decimal("50.00")),
    ]
    assert found.bars[0].old_height == HEIGHT and found.bars[2].old_height == round(HEIGHT * 0.75)
    assert (found.cut, found.cut_x, found.months, found.at) == (None, None, 6, 6)


def test_a_cut_parts_the_receipts_to_the_second(chart):
    found = chart(CUTOFF)
    assert found.cut.change == (2, Decimal("350.00"))
    assert found.cut.stay == (2, Decimal("500.00"))
    assert (found.cut.typed, found.cut_x, found.at) == ("2019-01-01T00:00", 2.0, 2)
    assert [(bar.name, bar.new_height > 0) for bar in found.bars if bar.count] == [
        ("November 2018", False),
        ("December 2018", False),
        ("January 2019", True),
        ("April 2019", True),
    ]


def test_a_cut_within_a_bar_parts_it(chart, records, company):
    records.inspection("5", starts_at=datetime(2019, 1, 20, 17, tzinfo=UTC))
    records.keep(_receipt(company, "5", "100.00"))
    january = chart(datetime(2019, 1, 16, 12, tzinfo=UTC)).bars[2]
    assert (january.old_height, january.new_height, january.count) == (HEIGHT * 3 // 4, round(HEIGHT / 4), 2)


def test_the_slider_stops_at_each_month_up_to_today_and_at_its_left_end_takes_all(chart):
    assert chart().stops == [
        "2018-11-05T00:00",
        "2018-12-01T00:00",
        "2019-01-01T00:00",
        "2019-02-01T00:00",
        "2019-03-01T00:00",
        "2019-04-01T00:00",
        "2019-05-01T00:00",
    ]
    assert chart(now=datetime(2019, 4, 20, tzinfo=UTC)).stops[-1] == "2019-04-01T00:00"


@pytest.mark.parametrize(
    ("first", "named", "months"),
    [
        (datetime(2017, 2, 5, 17, tzinfo=UTC), ("Quarter 1 of 2017", "Q1"), 30),
        (datetime(2009, 2, 5, 17, tzinfo=UTC), ("2009", ""), 132),
    ],
    ids=["quarters", "years"],
)
def test_where_months_would_have_no_room_quarters_and_years_are_drawn(
    chart, records, company, first, named, months
):
    records.inspection("6", starts_at=first)
    records.keep(_receipt(company, "6", "75.00"))
    found = chart(CUTOFF)
    assert (found.bars[0].name, found.bars[0].label) == named
    assert len(found.bars) <= MOST_BARS and found.months == months
    assert sum(bar.count for bar in found.bars) == 5
    assert sum(bar.total for bar in found.bars) == Decimal("925.00")
    assert found.stops[int(found.cut_x)] == "2019-01-01T00:00"


def test_the_cuts_to_consider_are_tax_years_and_all_of_it(chart):
    cuts = chart().cuts
    assert [(cut.typed, cut.label, cut.change[0]) for cut in cuts] == [
        ("2019-01-01T00:00", "2019", 2),
        ("2018-11-05T00:00", "All", 4),
    ]
    assert all(cut.change[1] + cut.stay[1] == Decimal("850.00") for cut in cuts)


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "0"), (950, "950"), (1_000, "1.0k"), (Decimal("48210.00"), "48k"), (1_234_567, "1.2M")],
)
def test_an_amount_is_said_so_that_it_fits_on_a_bar(amount, said):
    assert short(amount) == said


def test_replaced_receipts_are_gone_and_those_of_no_known_inspection_are_counted(chart, company, records):
    records.keep(_receipt(company, "9", "1.00"), _receipt(company, "8", "1.00", replaced_at=CUTOFF))
    assert (chart().unknown, sum(bar.count for bar in chart().bars)) == (1, 4)


def test_without_receipts_there_is_nothing_to_draw(house, company):
    with house.app.app_context():
        found = chart_of(db.session.get_one(Company, company), CUTOFF, NOW)
    assert (found.bars, found.cuts, found.cut, found.unknown) == ([], [], None, 0)


@pytest.mark.parametrize(
    ("cutoff", "said"),
    [
        (CUTOFF, "quarter 1 of tax year 2019"),
        (datetime(2019, 1, 1, 6, tzinfo=UTC), "quarter 4 of tax year 2018"),
    ],
)
def test_a_cutoff_touches_the_quarter_of_its_day_in_the_companys_zone(cutoff, said):
    assert touched(cutoff, "America/Denver") == said
