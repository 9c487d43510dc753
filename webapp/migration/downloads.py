"""Downloads of a migration: the manifest and its CSV, the report, the copies of the receipts; and the statement for printing."""

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
from webapp.migration import files as migration_files
from webapp.migration.files import PLACES
from webapp.migration.report import forecast_periods, report_lines

bp = Blueprint("migration_downloads", __name__)
ADDRESS = "/settings/quickbooks/migration/<int(max=2147483647):migration_id>"


def _file(path: str) -> Callable[[Callable[[Migration], tuple[str, str]]], Callable[[int], Response]]:
    """Route a download that both roles may have; the view returns (text, media type)."""

    def mark(view: Callable[[Migration], tuple[str, str]]) -> Callable[[int], Response]:
        def download(migration_id: int) -> Response:
            migration = _previewed(migration_id)
            text, media_type = view(migration)
            answer = Response(text, content_type=f"{media_type}; charset=utf-8")
            name = f"migration-{migration.id}-{path}"
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer

        download.__name__, download.__doc__ = view.__name__, view.__doc__
        return bp.get(f"{ADDRESS}/{path}")(open_to(Right.READ)(download))

    return mark


@_file("manifest.json")
def manifest(migration: Migration) -> tuple[str, str]:
    """The manifest letter by letter: its SHA-256 is the fingerprint on screen."""
    return migration.manifest, "application/json"


@_file("preview.csv")
def preview_csv(migration: Migration) -> tuple[str, str]:
    """Everything in the preview."""
    return migration_files.preview_csv(migration, current_company(), receipts_of(migration.id)), "text/csv"


@_file("report.csv")
def report_csv(migration: Migration) -> tuple[str, str]:
    """Each receipt with its steps."""
    return migration_files.report_csv(receipts_of(migration.id)), "text/csv"


@_file("archive.csv")
def archive_csv(migration: Migration) -> tuple[str, str]:
    """The copies of the receipts, line by line."""
    return migration_files.copies_csv(archives_of(migration.id)), "text/csv"


@_file("archive.json")
def archive_json(migration: Migration) -> tuple[str, str]:
    """The copies of the receipts, whole."""
    return migration_files.copies_json(migration, archives_of(migration.id)), "application/json"


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
