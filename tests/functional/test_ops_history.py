"""What the tick does for ops once an hour: counting, and moving old history to files without losing a row."""

import gzip
import json
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import func, insert, select

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from bookkeeping.storage.work.ops import HourlyCount
from bookkeeping.storage.work.runs import Run
from tests.harness.tieout import Tieout
from worker.app import create_worker_app
from worker.clock.hourly import count_hours
from worker.clock.retention import archive_old

NOON = datetime(2026, 3, 2, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Flask:
    """The worker's app, on each database, with a company."""
    values = {
        "keep_operations_days": 365,
        "keep_idle_runs_days": 10,
        "archive_folder": str(tmp_path / "archive"),
    }
    made = create_worker_app(
        Settings("s", (Fernet.generate_key().decode(),), database_url, "redis://127.0.0.1:9/0", **values)
    )
    with made.app_context():
        db.session.add(
            Company(
                id=1,
                name="Blue Ridge",
                feed_url="http://127.0.0.1:9",
                feed_key="sealed",
                time_zone="America/Denver",
            )
        )
        db.session.commit()
        yield made
        db.session.remove()
        db.engine.dispose()


def operations(count: int, at: datetime, outcome: str = "created", **values) -> None:
    """Add settled operations of that time."""
    base = {"company_id": 1, "kind": "Invoice", "action": "create", "source_key": "s", "outcome": outcome}
    rows = [
        {**base, "created_at": at, "settled_at": at, "inspection_key": str(n), **values} for n in range(count)
    ]
    db.session.execute(insert(Operation), rows)
    db.session.commit()


def archived(app: Flask) -> list[dict]:
    """Every row that stands in the files."""
    folder = Path(app.extensions["settings"].archive_folder)
    files = sorted(folder.glob("*.jsonl.gz"))
    return [json.loads(line) for file in files for line in gzip.open(file, "rt")]


def counts(series: str) -> dict[tuple[datetime, str], int]:
    rows = db.session.scalars(select(HourlyCount).where(HourlyCount.series == series))
    return {(row.hour, row.name): row.count for row in rows}


def test_each_hour_is_counted_once(app):
    operations(3, NOON - timedelta(hours=1))
    operations(2, NOON - timedelta(hours=1), "refused", code="qbo-6200")
    operations(5, NOON)  # The hour that is not over.
    db.session.add(
        InspectionRow(
            company_id=1,
            key="a",
            record={},
            content_hash="h",
            starts_at=NOON,
            source_updated_at=NOON,
            state="needs-you",
            reason="qbo-6200",
        )
    )
    assert count_hours(NOON) == 24
    db.session.commit()
    hour = NOON.replace(minute=0) - timedelta(hours=1)
    assert counts("operations") == {(hour, "created|"): 3, (hour, "refused|qbo-6200"): 2}
    assert counts("failures") == {(hour, "qbo-6200"): 1}
    assert count_hours(NOON + timedelta(minutes=20)) == 0
    assert count_hours(NOON + timedelta(hours=1)) == 1
    db.session.commit()
    assert counts("operations")[(hour + timedelta(hours=1), "created|")] == 5
    count_hours(NOON + 61 * DAY)
    db.session.commit()
    assert not [key for key in counts("operations") if key[0] < NOON + DAY]


def test_old_operations_go_to_files_whole(app):
    call = Call(
        company_id=1, request_id="r-old", path="batch", body='{"é": 1}', body_hash="h", state="answered"
    )
    call.attempt_log.append(Attempt(number=1, sent_at=NOON - 400 * DAY, status=503, answer="not now"))
    db.session.add(call)
    db.session.flush()
    operations(1500, NOON - 400 * DAY, call_id=call.id, detail='"quotes"\nand lines', amount="12.50")
    operations(3, NOON - 30 * DAY)
    moved = archive_old(app.extensions["settings"], NOON)
    assert moved == {"operations": 1500, "runs": 0}
    assert db.session.scalar(select(func.count()).select_from(Operation)) == 3
    assert db.session.scalar(select(func.count()).select_from(Call)) == 0
    rows = archived(app)
    found = [row["row"] for row in rows if row["table"] == "operations"]
    assert len(found) == 1500 and len({row["id"] for row in found}) == 1500
    assert found[0]["amount"] == "12.50" and found[0]["detail"] == '"quotes"\nand lines'
    assert [row["row"]["body"] for row in rows if row["table"] == "calls"] == ['{"é": 1}']
    assert [row["row"]["answer"] for row in rows if row["table"] == "call_attempts"] == ["not now"]
    assert db.session.scalar(select(func.count()).select_from(Attempt)) == 0
    assert archive_old(app.extensions["settings"], NOON) == {"operations": 0, "runs": 0}


def test_a_disk_that_takes_only_half_of_a_batch_leaves_the_file_as_it_was(app, tmp_path):
    operations(1, NOON - 400 * DAY)
    archive_old(app.extensions["settings"], NOON)
    (file,) = (tmp_path / "archive").glob("operations-*")
    before = file.read_bytes()
    operations(50, NOON - 400 * DAY)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, limits[1]))
    try:
        with pytest.raises(OSError):
            archive_old(app.extensions["settings"], NOON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    db.session.rollback()
    assert file.read_bytes() == before
    assert archive_old(app.extensions["settings"], NOON)["operations"] == 50
    with gzip.open(file, "rt") as lines:
        assert len(list(lines)) == 51


def test_what_is_not_settled_stays_whatever_its_age(app):
    unknown = Call(company_id=1, request_id="lost", path="batch", body="{}", body_hash="h", state="unknown")
    db.session.add(unknown)
    db.session.flush()
    operations(2, NOON - 900 * DAY, "unknown", call_id=unknown.id)
    operations(1, NOON - 900 * DAY, "planned")
    operations(1, NOON - 900 * DAY, call_id=unknown.id)
    archive_old(app.extensions["settings"], NOON)
    assert db.session.scalar(select(func.count()).select_from(Operation)) == 3
    assert db.session.scalar(select(func.count()).select_from(Call)) == 1


def test_runs_that_met_nothing_go_sooner_and_those_still_named_stay(app):
    def run(age: int, **values) -> int:
        at = NOON - age * DAY
        row = Run(
            company_id=1, kind="sync", state="done", queued_at=at, started_at=at, finished_at=at, **values
        )
        db.session.add(row)
        db.session.flush()
        return row.id

    kept = [run(5), run(12, calls=3), run(12, reason="by a person"), run(400, calls=9)]
    run(12)
    run(400, calls=1)
    operations(1, NOON - 20 * DAY, run_id=kept[3])
    assert archive_old(app.extensions["settings"], NOON)["runs"] == 2
    assert set(db.session.scalars(select(Run.id))) == set(kept)
    assert {row["row"]["calls"] for row in archived(app)} == {0, 1}


def test_a_crash_between_file_and_delete_loses_nothing(app, tmp_path):
    """The rows are in the file before they are deleted: a file that cannot be written keeps them all."""
    operations(5, NOON - 400 * DAY)
    Path(app.extensions["settings"].archive_folder).write_text("a file where the folder should be")
    with pytest.raises(OSError):
        archive_old(app.extensions["settings"], NOON)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Operation)) == 5


def test_the_command_moves_everything_at_once(tieout: Tieout, tmp_path: Path):
    tieout.environment |= {"ARCHIVE_FOLDER": str(tmp_path / "kept"), "KEEP_OPERATIONS_DAYS": "31"}
    assert tieout.flask_json("archive") == {"operations": 0, "runs": 0, "folder": str(tmp_path / "kept")}
    tieout.environment["KEEP_OPERATIONS_DAYS"] = "1"
    refused = tieout.run_flask("archive")
    assert refused.code != 0 and "KEEP_OPERATIONS_DAYS" in refused.err and "Traceback" not in refused.err
