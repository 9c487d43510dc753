"""The migration's address, which leads to the page where it stands, and what people press on its pages (`steps`).

Bookkeepers see every page; only owners act. Downloads are in `downloads`.
"""

from collections.abc import Callable

from flask import Blueprint, abort, current_app, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts import migration as migration_acts
from bookkeeping.errors import RuleError
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.migrations import (
    OPEN_STATES,
    Migration,
    migration_or_none,
    newest_migration,
)
from bookkeeping.storage.work.runs import queue_run
from webapp.access.confirming import password_is_right, recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import current_company, open_to
from webapp.frame.bell import commit_and_ring
from webapp.frame.standing import next_nightly
from webapp.migration.stepper import OPEN_TO, address_of, stands_at, state_of
from webapp.migration.steps import (
    is_past,
    show_choose,
    show_confirm,
    show_past,
    show_report,
)

bp = Blueprint("migration", __name__)

_WRONG_PASSWORD = "That is not your password. Nothing was changed."  # noqa: S105


@bp.get("/settings/quickbooks/migration")
@open_to(Right.READ)
def page() -> Response:
    """Lead to the page where the migration stands; with a `cutoff` in the address to choosing, where it is tried."""
    migration = newest_migration(current_company().id)
    typed = request.args.get("cutoff", "")[:40]
    if typed and "choose" in OPEN_TO[state_of(migration)]:
        return redirect(url_for("migration_steps.choose", cutoff=typed), 303)
    return redirect(address_of(stands_at(migration)), 303)


@bp.get("/settings/quickbooks/migration/preview")
@bp.get("/settings/quickbooks/migration/try-again")
@open_to(Right.READ)
def sent_from() -> Response:
    """Lead who loads the answer to a form once more, or keeps its address, to the page where the migration stands."""
    return page()


@bp.get("/settings/quickbooks/migration/<int(max=2147483647):migration_id>")
@open_to(Right.READ)
def one(migration_id: int) -> str | Response:
    """Show an earlier migration by its number; the newest is where it stands."""
    migration = _named(migration_id)
    return show_past(migration) if is_past(migration) else redirect(address_of(stands_at(migration)), 303)


@bp.post("/settings/quickbooks/migration/preview")
@open_to(Right.MIGRATE)
@recently_confirmed("Preview the migration.")
@limiter.limit("30 per minute", key_func=by_person)
def preview() -> Response | tuple[str, int]:
    """Queue a preview for the typed cutoff."""
    company, typed = current_company(), request.form.get("cutoff", "")
    try:
        migration_acts.ask_for_preview(company, typed, current_user.email, utcnow(), client_address())
    except RuleError as error:
        db.session.rollback()
        migration = newest_migration(current_company().id)
        if "choose" not in OPEN_TO[state_of(migration)]:
            return _refused(error)
        return show_choose(migration, error=error.detail, typed=typed[:40]), 422
    return _done("", "in_the_way")


@bp.post("/settings/quickbooks/migration/confirm")
@open_to(Right.MIGRATE)
def confirm() -> Response | tuple[str, int]:
    """Schedule the previewed migration: password and typed words must be right and the preview still true. Both are said at once."""
    right, form = password_is_right(), request.form
    company = current_company()
    migration = newest_migration(company.id) or abort(404)
    words, second_owner = form.get("words", "")[:60], form.get("second_owner") == "yes"
    errors = {} if right else {"password": _WRONG_PASSWORD}
    if migration.state == "preview" and not migration_acts.words_are_right(migration, words):
        errors["words"] = f"Type {migration_acts.words_to_type(migration)}, in capital letters."
    if errors:
        return _confirm_again(migration, errors, words, second_owner)
    try:
        migration_acts.confirm(
            migration,
            company,
            sha256=form.get("manifest", ""),
            words=words,
            runs_at=next_nightly(),
            who=current_user.email,
            needs_approval=second_owner,
            address=client_address(),
        )
    except RuleError as error:
        db.session.rollback()
        migration = newest_migration(current_company().id) or abort(404)
        return _confirm_again(migration, {"": error.detail}, words, second_owner)
    return _done("The migration is scheduled. You can cancel it until it starts.")


@bp.post("/settings/quickbooks/migration/cancel")
@open_to(Right.MIGRATE)
@recently_confirmed("Cancel the migration.")
def cancel() -> Response:
    """Cancel what is scheduled, unless it has started."""
    migration = newest_migration(current_company().id, *OPEN_STATES)
    if migration is not None and migration_acts.cancel(migration, current_user.email, client_address()):
        return _done("The migration is cancelled. Nothing was changed in QuickBooks.")
    flash("There is nothing to cancel: the migration is over or has started.", "warning")
    return _where_it_stands()


@bp.post("/settings/quickbooks/migration/approve")
@open_to(Right.MIGRATE)
@recently_confirmed("Approve the migration.")
def approve() -> Response:
    """Give the second owner's approval."""
    migration = newest_migration(current_company().id, "scheduled") or abort(404)
    return _act(lambda: migration_acts.approve(migration, current_user.email, client_address()), "Approved.")


@bp.post("/settings/quickbooks/migration/accept")
@open_to(Right.MIGRATE)
@recently_confirmed("Let a receipt be replaced though somebody edited it.")
def accept() -> Response:
    """Let a receipt that a person edited be replaced: before the migration the preview is made again, afterwards it can be tried again."""
    migration = newest_migration(current_company().id, "preview", "done") or abort(404)
    over, typed = migration.state == "done", migration.typed_cutoff

    def act() -> None:
        receipt_id = request.form.get("receipt", "")[:40]
        migration_acts.accept_receipt(migration, receipt_id, current_user.email, client_address())
        if not over:
            migration_acts.ask_for_preview(
                current_company(), typed, current_user.email, utcnow(), client_address()
            )

    if over:
        return _act(act, "It will be replaced as it is once you press Try again tonight.")
    return _act(act, "It will be replaced as it is. The preview is made again.")


@bp.post("/settings/quickbooks/migration/go-on")
@open_to(Right.MIGRATE)
@recently_confirmed("Let the migration go on.")
def go_on() -> Response:
    """Let a paused migration go on."""
    migration = newest_migration(current_company().id, "paused") or abort(404)
    return _act(
        lambda: migration_acts.go_on(migration, current_user.email, client_address()),
        "The migration goes on.",
    )


@bp.post("/settings/quickbooks/migration/try-again")
@open_to(Right.MIGRATE)
def try_again() -> Response | tuple[str, int]:
    """Schedule what was left for the next night, with the password again."""
    right, company = password_is_right(), current_company()
    migration = newest_migration(company.id, "done") or abort(404)
    if not right:
        return show_report(migration, again_error=_WRONG_PASSWORD), 422
    return _act(
        lambda: migration_acts.try_again(migration, next_nightly(), current_user.email, client_address()),
        "They are tried again tonight, as they stand then.",
    )


@bp.post("/settings/quickbooks/migration/run-now")
@open_to(Right.MIGRATE)
@recently_confirmed("Do the migration now.")
def run_now() -> Response:
    """With the stand-ins only: do tonight's run now, so that a demonstration need not wait for midnight."""
    if not current_app.extensions["settings"].with_standins:
        abort(404)
    migration = newest_migration(current_company().id, "scheduled") or abort(404)
    at = (migration.runs_at or abort(404)).isoformat()
    queue_run(migration.company_id, "nightly", "by a person", current_user.email, at=at)
    return _done("Tonight's run starts now.")


def _confirm_again(
    migration: Migration, errors: dict[str, str], words: str, second_owner: bool
) -> Response | tuple[str, int]:
    """Show the page again with what is wrong, or, where there is nothing to confirm any more, the page where the migration stands."""
    if "confirm" not in OPEN_TO[state_of(migration)]:
        flash(next(iter(errors.values())), "warning")
        return _where_it_stands()
    return show_confirm(migration, errors=errors, words=words, second_owner=second_owner), 422


def _named(migration_id: int) -> Migration:
    return migration_or_none(current_company().id, migration_id) or abort(404)


def _where_it_stands() -> Response:
    return redirect(address_of(stands_at(newest_migration(current_company().id))), 303)


def _refused(error: RuleError) -> Response:
    flash(error.detail, "warning")
    return _where_it_stands()


def _act(act: Callable[[], object], sentence: str) -> Response:
    try:
        act()
    except RuleError as error:
        db.session.rollback()
        return _refused(error)
    return _done(sentence)


def _done(sentence: str, page: str = "") -> Response:
    company_id = current_company().id
    commit_and_ring(company_id)
    if sentence:
        flash(sentence, "success")
    return redirect(address_of(page), 303) if page else _where_it_stands()
