"""One file a page family, each with its blueprint `bp`. A new file is imported and listed here, and nowhere else."""

from flask import Flask

from webapp import home
from webapp.access import confirming
from webapp.api import settings_page as api_settings
from webapp.api import views as api
from webapp.bookkeeping_settings import items, practice
from webapp.bookkeeping_settings import pages as bookkeeping
from webapp.dropping import pages as dropping
from webapp.first_steps import pages as first_steps
from webapp.inspections import chosen, explain, search, views
from webapp.inspections import pages as inspections
from webapp.machines import health, hooks, webhooks
from webapp.machines import metrics_page as metrics
from webapp.migration import downloads as migration_downloads
from webapp.migration import pages as migration
from webapp.migration import steps as migration_steps
from webapp.numbers import pages as numbers
from webapp.numbers import tie_out
from webapp.ops import acts as ops_acts
from webapp.ops import changing as ops_changing
from webapp.ops import companies as ops_companies
from webapp.ops import failures as ops_failures
from webapp.ops import overview as ops
from webapp.papers import legal
from webapp.people import (
    account,
    audit_log,
    companies,
    forgotten,
    notices,
    notifications,
    second_factor,
    second_step,
)
from webapp.people import login as auth
from webapp.people import pages as people
from webapp.questions import customers, drift, undo
from webapp.quickbooks_settings import connecting
from webapp.quickbooks_settings import integrations as settings
from webapp.quickbooks_settings import pages as quickbooks
from webapp.sync_log import pages as sync_log

BLUEPRINTS = (
    auth.bp,
    confirming.bp,
    forgotten.bp,
    home.bp,
    first_steps.bp,
    settings.bp,
    people.bp,
    notifications.bp,
    notices.bp,
    account.bp,
    companies.bp,
    second_factor.bp,
    second_step.bp,
    audit_log.bp,
    dropping.bp,
    quickbooks.bp,
    bookkeeping.bp,
    items.bp,
    practice.bp,
    migration.bp,
    migration_steps.bp,
    migration_downloads.bp,
    connecting.bp,
    sync_log.bp,
    inspections.bp,
    chosen.bp,
    views.bp,
    explain.bp,
    search.bp,
    numbers.bp,
    tie_out.bp,
    drift.bp,
    customers.bp,
    undo.bp,
    ops.bp,
    ops_failures.bp,
    ops_acts.bp,
    ops_companies.bp,
    ops_changing.bp,
    hooks.bp,
    webhooks.bp,
    health.bp,
    metrics.bp,
    legal.bp,
    api.bp,
    api_settings.bp,
)


def register_views(app: Flask) -> None:
    """Hang every page family into the app."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
