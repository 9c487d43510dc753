"""Where the pages are and who may open them: each view of each family at its address. A page that moves breaks people's links."""

import re
from collections import defaultdict

from webapp.access import confirming
from webapp.api import settings_page as api_settings
from webapp.api import views as api
from webapp.bookkeeping_settings import items, practice
from webapp.bookkeeping_settings import pages as bookkeeping
from webapp.first_steps import pages as first_steps
from webapp.inspections import chosen, search, views
from webapp.inspections import pages as inspections
from webapp.migration import downloads
from webapp.migration import pages as migration
from webapp.migration import steps as migration_steps
from webapp.numbers import pages as numbers
from webapp.numbers import tie_out
from webapp.ops import acts, changing, companies, failures, overview
from webapp.page_families import BLUEPRINTS
from webapp.people import account, audit_log, forgotten, login, notices, second_factor, second_step
from webapp.people import companies as their_companies
from webapp.people import pages as people
from webapp.questions import customers, drift, undo
from webapp.quickbooks_settings import connecting
from webapp.quickbooks_settings import pages as quickbooks
from webapp.sync_log import pages as sync_log

STRANGERS: tuple[str, ...] = ()
OWNER = ("owner",)
OPS = ("ops",)
ALL_OPS = ("ops", "ops-read-only")
BOTH = ("owner", "bookkeeper")
COMPANY = ("owner", "bookkeeper", "accountant")
EVERYBODY = (*COMPANY, *ALL_OPS)

VIEWS = [
    (api.company, "GET /api/v1/company", STRANGERS),
    (api.inspection, "GET /api/v1/inspections/<key>", STRANGERS),
    (api.inspections, "GET /api/v1/inspections", STRANGERS),
    (api.openapi, "GET /api/v1/openapi.json", STRANGERS),
    (api.payment_events, "POST /api/v1/payment-events", STRANGERS),
    (api.sync, "POST /api/v1/sync", STRANGERS),
    (api_settings.page, "GET /settings/api", COMPANY),
    (api_settings.make, "POST /settings/api/keys", OWNER),
    (api_settings.revoke, "POST /settings/api/keys/<key_id>/revoke", OWNER),
    (api_settings.save_callback, "POST /settings/api/callback", OWNER),
    (api_settings.stop_callback, "POST /settings/api/callback/end", OWNER),
    (first_steps.put_away, "POST /first-steps/put-away", OWNER),
    (first_steps.show_again, "POST /first-steps/show-again", OWNER),
    (items.page, "GET /settings/quickbooks/items", COMPANY),
    (items.save, "POST /settings/quickbooks/items", BOTH),
    (items.looked_at, "POST /settings/quickbooks/items/looked-at", BOTH),
    (items.save_new_names, "POST /settings/quickbooks/items/new-names", BOTH),
    (bookkeeping.page, "GET /settings/quickbooks/bookkeeping", COMPANY),
    (bookkeeping.save_classes, "POST /settings/quickbooks/bookkeeping/classes", BOTH),
    (bookkeeping.save_due, "POST /settings/quickbooks/bookkeeping/due", BOTH),
    (bookkeeping.save_hold, "POST /settings/quickbooks/bookkeeping/hold", OWNER),
    (bookkeeping.save_income, "POST /settings/quickbooks/bookkeeping/income", BOTH),
    (bookkeeping.refresh_lists, "POST /settings/quickbooks/bookkeeping/lists", BOTH),
    (bookkeeping.save_payments, "POST /settings/quickbooks/bookkeeping/payments", BOTH),
    (practice.page, "GET /settings/quickbooks/practice", COMPANY),
    (practice.start, "POST /settings/quickbooks/practice", BOTH),
    (practice.start_syncing, "POST /settings/quickbooks/practice/start", BOTH),
    (inspections.page, "GET /inspections", COMPANY),
    (search.page, "GET /search", COMPANY),
    (inspections.detail, "GET /inspections/<key>", COMPANY),
    (inspections.preview, "GET /inspections/<key>/preview", COMPANY),
    (inspections.retry, "POST /inspections/<key>/retry", BOTH),
    (chosen.retry, "POST /chosen-inspections/retry", BOTH),
    (chosen.files, "POST /chosen-inspections/files", COMPANY),
    (views.keep, "POST /inspection-views", COMPANY),
    (views.rename, "POST /inspection-views/<view_id>/rename", COMPANY),
    (views.remove, "POST /inspection-views/<view_id>/remove", COMPANY),
    (downloads.archive_file, "GET /settings/quickbooks/migration/<migration_id>/archive.<ending>", COMPANY),
    (downloads.archive_json, "GET /settings/quickbooks/migration/<migration_id>/archive.json", COMPANY),
    (downloads.manifest, "GET /settings/quickbooks/migration/<migration_id>/manifest.json", COMPANY),
    (downloads.preview_file, "GET /settings/quickbooks/migration/<migration_id>/preview.<ending>", COMPANY),
    (downloads.sums_file, "GET /settings/quickbooks/migration/<migration_id>/sums.<ending>", COMPANY),
    (downloads.report_file, "GET /settings/quickbooks/migration/<migration_id>/report.<ending>", COMPANY),
    (downloads.statement, "GET /settings/quickbooks/migration/<migration_id>/statement", COMPANY),
    (migration.page, "GET /settings/quickbooks/migration", COMPANY),
    (migration.sent_from, "GET /settings/quickbooks/migration/preview", COMPANY),
    (migration.sent_from, "GET /settings/quickbooks/migration/try-again", COMPANY),
    (migration_steps.choose, "GET /settings/quickbooks/migration/choose", COMPANY),
    (migration_steps.cut, "GET /settings/quickbooks/migration/choose/cut", COMPANY),
    (migration_steps.in_the_way, "GET /settings/quickbooks/migration/in-the-way", COMPANY),
    (migration_steps.what_moves, "GET /settings/quickbooks/migration/what-moves", COMPANY),
    (migration_steps.confirm, "GET /settings/quickbooks/migration/confirm", COMPANY),
    (migration_steps.tonight, "GET /settings/quickbooks/migration/tonight", COMPANY),
    (migration_steps.report, "GET /settings/quickbooks/migration/report", COMPANY),
    (migration_steps.receipts, "GET /settings/quickbooks/migration/<migration_id>/receipts", COMPANY),
    (migration.one, "GET /settings/quickbooks/migration/<migration_id>", COMPANY),
    (migration.accept, "POST /settings/quickbooks/migration/accept", OWNER),
    (migration.approve, "POST /settings/quickbooks/migration/approve", OWNER),
    (migration.cancel, "POST /settings/quickbooks/migration/cancel", OWNER),
    (migration.confirm, "POST /settings/quickbooks/migration/confirm", OWNER),
    (migration.go_on, "POST /settings/quickbooks/migration/go-on", OWNER),
    (migration.preview, "POST /settings/quickbooks/migration/preview", OWNER),
    (migration.run_now, "POST /settings/quickbooks/migration/run-now", OWNER),
    (migration.try_again, "POST /settings/quickbooks/migration/try-again", OWNER),
    (numbers.page, "GET /numbers", COMPANY),
    (numbers.payments, "GET /numbers/payments", COMPANY),
    (numbers.refresh, "POST /numbers/refresh", BOTH),
    (tie_out.page, "GET /numbers/tie-out", COMPANY),
    (tie_out.make, "POST /numbers/tie-out", BOTH),
    (tie_out.past, "GET /numbers/tie-out/<statement_id>", COMPANY),
    (tie_out.as_file, "GET /numbers/tie-out/<statement_id>/statement.<ending>", COMPANY),
    (acts.mutes, "GET /ops/failures/mutes", ALL_OPS),
    (acts.mute, "POST /ops/failures/mutes", OPS),
    (acts.undo_mute, "POST /ops/failures/mutes/<mute_id>/undo", OPS),
    (acts.note, "POST /ops/failures/notes", OPS),
    (acts.retried, "GET /ops/failures/retries/<retry_id>", ALL_OPS),
    (acts.retry, "POST /ops/failures/retry", OPS),
    (acts.save_view, "POST /ops/failures/views", OPS),
    (acts.remove_view, "POST /ops/failures/views/<view_id>/remove", OPS),
    (companies.page, "GET /ops/companies", ALL_OPS),
    (companies.detail, "GET /ops/companies/<company_id>", ALL_OPS),
    (companies.approve_deletes, "POST /ops/companies/<company_id>/approve-deletes", OPS),
    (companies.find, "GET /ops/companies/<company_id>/inspections", ALL_OPS),
    (companies.inspection, "GET /ops/companies/<company_id>/inspections/<key>", ALL_OPS),
    (companies.retry, "POST /ops/companies/<company_id>/inspections/<key>/retry", OPS),
    (companies.pause, "POST /ops/companies/<company_id>/pause", OPS),
    (companies.poll_now, "POST /ops/companies/<company_id>/poll", OPS),
    (companies.resume, "POST /ops/companies/<company_id>/resume", OPS),
    (companies.sync_now, "POST /ops/companies/<company_id>/sync", OPS),
    (changing.page, "GET /ops/companies/<company_id>/change", OPS),
    (changing.rename, "POST /ops/companies/<company_id>/change/name", OPS),
    (changing.change_platform, "POST /ops/companies/<company_id>/change/platform", OPS),
    (changing.zone, "GET /ops/companies/<company_id>/change/time-zone", OPS),
    (changing.change_zone, "POST /ops/companies/<company_id>/change/time-zone", OPS),
    (changing.remove, "POST /ops/companies/<company_id>/remove", OPS),
    (failures.page, "GET /ops/failures", ALL_OPS),
    (failures.export, "GET /ops/failures.<ending>", ALL_OPS),
    (failures.stuck, "GET /ops/failures/stuck", ALL_OPS),
    (overview.page, "GET /ops", ALL_OPS),
    (overview.chart, "GET /ops/operations.svg", ALL_OPS),
    (account.page, "GET /account", EVERYBODY),
    (account.change_password, "POST /account/password", EVERYBODY),
    (account.end_one, "POST /account/sessions/end", EVERYBODY),
    (account.end_others, "POST /account/sessions/end-others", EVERYBODY),
    (account.not_me, "POST /account/sessions/not-me", EVERYBODY),
    (audit_log.page, "GET /settings/audit-log", COMPANY),
    (audit_log.download, "GET /settings/audit-log/download", COMPANY),
    (login.login, "GET /login", STRANGERS),
    (forgotten.page, "GET /forgotten-password", STRANGERS),
    (forgotten.ask, "POST /forgotten-password", STRANGERS),
    (forgotten.link, "GET /reset-password/<token>", STRANGERS),
    (forgotten.choose_page, "GET /reset-password", STRANGERS),
    (forgotten.choose, "POST /reset-password", STRANGERS),
    (confirming.confirm, "POST /account/confirm", EVERYBODY),
    (login.log_in, "POST /login", STRANGERS),
    (login.log_out, "POST /logout", EVERYBODY),
    (people.invitation, "GET /invitation/<token>", STRANGERS),
    (people.invited, "GET /invitation", STRANGERS),
    (people.join, "POST /invitation/<token>", STRANGERS),
    (people.join, "POST /invitation", STRANGERS),
    (people.accept, "POST /invitation/accept", COMPANY),
    (their_companies.page, "GET /companies", COMPANY),
    (their_companies.open_page, "GET /companies/<company_id>/open", COMPANY),
    (their_companies.choose, "POST /companies/<company_id>/choose", COMPANY),
    (second_factor.page, "GET /account/second-factor", EVERYBODY),
    (second_factor.begin_app, "POST /account/second-factor/app", EVERYBODY),
    (second_factor.confirm_app, "POST /account/second-factor/app/confirm", EVERYBODY),
    (second_factor.add_passkey, "POST /account/second-factor/passkey", EVERYBODY),
    (second_factor.new_codes, "POST /account/second-factor/codes", EVERYBODY),
    (second_factor.remove, "POST /account/second-factor/<factor_id>/remove", EVERYBODY),
    (second_step.page, "GET /login/second-step", STRANGERS),
    (second_step.check, "POST /login/second-step", STRANGERS),
    (people.require_factor, "POST /settings/people/second-factor", OWNER),
    (notices.page, "GET /notices", COMPANY),
    (notices.read, "POST /notices/<notice_id>/open", COMPANY),
    (notices.mark_all_read, "POST /notices/read", COMPANY),
    (people.page, "GET /settings/people", COMPANY),
    (people.end_sessions, "POST /settings/people/<user_id>/end-sessions", OWNER),
    (people.remove, "POST /settings/people/<user_id>/remove", OWNER),
    (people.change_role, "POST /settings/people/<user_id>/role", OWNER),
    (people.invite, "POST /settings/people/invite", OWNER),
    (people.withdraw, "POST /settings/people/withdraw", OWNER),
    (customers.review, "GET /customers/review", COMPANY),
    (customers.create, "POST /customers/review/<client_key>/create", BOTH),
    (customers.use, "POST /customers/review/<client_key>/use", BOTH),
    (drift.page, "GET /drift", COMPANY),
    (drift.keep, "POST /drift/<drift_id>/keep", BOTH),
    (drift.manage_again, "POST /drift/<drift_id>/manage-again", BOTH),
    (drift.restore, "POST /drift/<drift_id>/restore", BOTH),
    (drift.settle, "POST /drift/settle", BOTH),
    (undo.take_back, "POST /undo/<undo_id>", BOTH),
    (connecting.callback, "GET /quickbooks/callback", OWNER),
    (connecting.connect, "GET /quickbooks/connect", OWNER),
    (connecting.connect, "POST /quickbooks/connect", OWNER),
    (connecting.disconnect, "POST /quickbooks/disconnect", OWNER),
    (connecting.disconnected, "GET /quickbooks/disconnected", STRANGERS),
    (quickbooks.page, "GET /settings/quickbooks", COMPANY),
    (quickbooks.approve_deletes, "POST /settings/quickbooks/approve-deletes", OWNER),
    (quickbooks.check_now, "POST /settings/quickbooks/check", BOTH),
    (quickbooks.save_dates, "POST /settings/quickbooks/dates", BOTH),
    (quickbooks.bring_in_earlier, "POST /settings/quickbooks/earlier", BOTH),
    (quickbooks.pause, "POST /settings/quickbooks/pause", BOTH),
    (quickbooks.resume, "POST /settings/quickbooks/resume", BOTH),
    (quickbooks.sync_now, "POST /settings/quickbooks/sync", BOTH),
    (sync_log.page, "GET /sync-log", COMPANY),
    (sync_log.retry_all, "POST /sync-log/retry-all", BOTH),
    (sync_log.runs, "GET /sync-log/runs", COMPANY),
    (sync_log.run, "GET /sync-log/runs/<run_id>", COMPANY),
]


def _addresses(house) -> dict[tuple[str, str], set[str]]:
    """Return where each view of the app hangs, by its module and name."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for rule in house.app.url_map.iter_rules():
        view = house.app.view_functions[rule.endpoint]
        plain = re.sub(r"<(?:[^>]*:)?([a-z_]+)>", r"<\1>", rule.rule)
        found[view.__module__, view.__name__] |= {f"{one} {plain}" for one in rule.methods & {"GET", "POST"}}
    return found


def test_every_page_is_at_its_address(house):
    found, wanted = _addresses(house), defaultdict(set)
    for view, address, _ in VIEWS:
        wanted[view.__module__, view.__name__].add(address)
    assert {place: found[place] for place in wanted} == wanted


def test_every_page_is_open_to_whom_it_is_for():
    assert {_name(view): view.open_to for view, _, _ in VIEWS} == {
        _name(view): roles for view, _, roles in VIEWS
    }


def test_every_family_is_hung_in_once_and_under_a_name_of_its_own(house):
    assert len({blueprint.name for blueprint in BLUEPRINTS}) == len(BLUEPRINTS)
    assert {blueprint.name for blueprint in BLUEPRINTS} <= set(house.app.blueprints)
    families = {view.__module__ for view, _, _ in VIEWS}
    assert families <= {blueprint.import_name for blueprint in BLUEPRINTS}


def _name(view) -> str:
    return f"{view.__module__}.{view.__name__}"
