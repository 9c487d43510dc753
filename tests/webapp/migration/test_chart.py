"""The choose step in figures: receipts by month on both sides of a cut, and the cuts worth considering."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from webapp.migration.chart import HEIGHT, WIDTH, chart_of, touched

CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)  # Midnight in Denver.
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

    def draw(cutoff=None):
        with house.app.app_context():
            return chart_of(db.session.get_one(Company, company), cutoff)

    return draw


def _receipt(company: int, key: str, amount: str, **values) -> LegacyReceipt:
    return LegacyReceipt(
        company_id=company, inspection_key=key, receipt_id=f"r{key}", amount=Decimal(amount), **values
    )


def test_every_month_between_the_first_and_the_last_has_its_bar(chart):
    found = chart()
    assert [bar.month for bar in found.bars] == [
        "2018-11",
        "2018-12",
        "2019-01",
        "2019-02",
        "2019-03",
        "2019-04",
    ]
    assert [(bar.count, bar.total) for bar in found.bars if bar.count] == [
        (1, Decimal("400.00")),
        (1, Decimal("100.00")),
        (1, Decimal("300.00")),
        (1, Decimal("50.00")),
    ]
    assert found.bars[0].old_height == HEIGHT and found.bars[2].old_height == pytest.approx(HEIGHT * 0.75)
    assert found.bars[-1].x + found.bars[-1].width <= WIDTH
    assert [year for _, year in found.years] == [2018, 2019]
    assert (found.cut, found.cut_x, len(found.quarters)) == (None, None, 1)


def test_a_cut_parts_the_receipts_to_the_second(chart):
    found = chart(CUTOFF)
    assert found.cut.change == (2, Decimal("350.00"))
    assert found.cut.stay == (2, Decimal("500.00"))
    assert (found.cut.typed, found.cut_x) == ("2019-01-01T00:00", pytest.approx(2 * WIDTH / 6 - 1))
    assert [(bar.month, bar.new_height > 0) for bar in found.bars if bar.count] == [
        ("2018-11", False),
        ("2018-12", False),
        ("2019-01", True),
        ("2019-04", True),
    ]


def test_the_cuts_to_consider_are_tax_years_and_quarters_and_all_of_it(chart):
    cuts = chart().cuts
    assert [(cut.typed, cut.label, cut.change[0]) for cut in cuts] == [
        ("2019-04-01T00:00", "Quarter 2 of 2019 on", 1),
        ("2019-01-01T00:00", "Tax year 2019 on", 2),
        ("2018-11-05T00:00", "All receipts", 4),
    ]
    assert all(cut.change[1] + cut.stay[1] == Decimal("850.00") for cut in cuts)


def test_replaced_receipts_are_gone_and_those_of_no_known_inspection_are_counted(chart, company, records):
    records.keep(_receipt(company, "9", "1.00"), _receipt(company, "8", "1.00", replaced_at=CUTOFF))
    assert (chart().unknown, sum(bar.count for bar in chart().bars)) == (1, 4)


def test_without_receipts_there_is_nothing_to_draw(house, company):
    with house.app.app_context():
        found = chart_of(db.session.get_one(Company, company), CUTOFF)
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
