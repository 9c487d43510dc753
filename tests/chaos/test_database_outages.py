"""The database is locked by somebody else from some point of a job on: nothing is noted as a mistake of ours, and the run goes on by itself."""

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.work.runs import Run
from tests.chaos.mortals import Mortals, everything_to_do
from tests.harness.in_process import Desk, Shop

POINTS = 2


def _runs(desk: Desk) -> list[tuple[str, str]]:
    with desk.shop.app.app_context():
        rows = select(Run.state, Run.error_code).where(Run.company_id == desk.id).order_by(Run.id)
        return [tuple(row) for row in db.session.execute(rows)]


def test_a_run_whose_database_goes_away_goes_on_where_it_stood(shop: Shop, mortals: Mortals):
    calls = [
        int(point.split()[0])
        for point in mortals.look_at(everything_to_do(shop).id)["points"]
        if point.endswith("begins") and "commit" not in point
    ]
    for at in calls[:: max(1, len(calls) // POINTS)]:
        desk = everything_to_do(shop)
        before = _runs(desk)[:-1]
        told = mortals.look_at(desk.id, at=at, locked=True)
        where = f"locked at {told['points'][at - 1]}"
        assert told["ended"] == 0, where
        assert _runs(desk) == [*before, ("running", "")], where
        desk.let_lease_run_out()
        mortals.look_at(desk.id)
        assert _runs(desk)[-1] == ("done", ""), where
        with desk.shop.app.app_context():
            assert db.session.get_one(Company, desk.id).wait_code == "", where
            assert db.session.scalars(select(Notice.kind).where(Notice.company_id == desk.id)).all() == []
        desk.sync_until_quiet()
        desk.assert_exact(where, invoices_ever=4)
