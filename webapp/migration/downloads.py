"""Downloads of a migration: the manifest, the preview, its sums, the report, the copies of the receipts; and the statement for printing."""

from collections.abc import Callable

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from bookkeeping.storage.records.migrations import (
    Migration,
    archives_of,
    migration_or_none,
    receipts_of,
    with_everything,
)
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.spreadsheets import file_answer
from webapp.migration import files as migration_files
from webapp.migration.files import PLACES
from webapp.migration.report import forecast_periods, report_lines

bp = Blueprint("migration_downloads", __name__)
ADDRESS = "/settings/quickbooks/migration/<int(max=2147483647):migration_id>"
ENDING = "<any(csv,xlsx):ending>"


@bp.get(f"{ADDRESS}/manifest.json")
@open_to(Right.READ)
def manifest(migration_id: int) -> Response:
    """The manifest letter by letter: its SHA-256 is the fingerprint on screen."""
    return _json("manifest", _previewed(migration_id), lambda migration: migration.manifest)


@bp.get(f"{ADDRESS}/preview.{ENDING}")
@open_to(Right.READ)
def preview_file(migration_id: int, ending: str) -> Response:
    """Everything in the preview."""
    migration = _previewed(migration_id)
    rows = receipts_of(migration.id)
    return file_answer(migration_files.preview_table(migration, current_company(), rows), ending)


@bp.get(f"{ADDRESS}/sums.{ENDING}")
@open_to(Right.READ)
def sums_file(migration_id: int, ending: str) -> Response:
    """What the preview forecasts by month, year and account."""
    return file_answer(migration_files.sums_table(_previewed(migration_id)), ending)


@bp.get(f"{ADDRESS}/report.{ENDING}")
@open_to(Right.READ)
def report_file(migration_id: int, ending: str) -> Response:
    """Each receipt with its steps."""
    migration = _previewed(migration_id)
    rows = receipts_of(migration.id)
    return file_answer(migration_files.report_table(migration, current_company(), rows), ending)


@bp.get(f"{ADDRESS}/archive.{ENDING}")
@open_to(Right.READ)
def archive_file(migration_id: int, ending: str) -> Response:
    """The copies of the receipts, line by line."""
    migration = _previewed(migration_id)
    return file_answer(migration_files.copies_table(migration, archives_of(migration.id)), ending)


@bp.get(f"{ADDRESS}/archive.json")
@open_to(Right.READ)
def archive_json(migration_id: int) -> Response:
    """The copies of the receipts, whole."""
    return _json(
        "archive",
        _previewed(migration_id),
        lambda migration: migration_files.copies_json(migration, archives_of(migration.id)),
    )


def _json(name: str, migration: Migration, text: Callable[[Migration], str]) -> Response:
    answer = Response(text(migration), content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="migration-{migration.id}-{name}.json"'
    return answer


@bp.get(f"{ADDRESS}/statement")
@open_to(Right.READ)
def statement(migration_id: int) -> str:
    """Show the report on plain sheets, for printing and filing."""
    migration = _previewed(migration_id)
    rows = receipts_of(migration.id)
    return render_template(
        "migration/statement.html",
        company=current_company(),
        zone=current_company().time_zone,
        migration=migration,
        rows=[row for row in rows if row.state != "stay"],
        stay=[row for row in rows if row.state == "stay"],
        periods=forecast_periods(migration),
        lines=report_lines(migration, rows) if migration.started_at else None,
        PLACES=PLACES,
    )


def _previewed(migration_id: int) -> Migration:
    migration = migration_or_none(current_company().id, migration_id)
    if migration is None or not migration.sha256:
        abort(404)
    return with_everything(migration)
