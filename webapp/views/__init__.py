"""One file a page family, each with its blueprint `bp`. A new file is imported and listed here, and nowhere else."""

from flask import Flask

from webapp.views import (
    auth,
    connecting,
    customers,
    drift,
    health,
    home,
    hooks,
    inspections,
    migration,
    migration_downloads,
    quickbooks,
    runs,
    settings,
    sync_log,
)

BLUEPRINTS = (
    auth.bp,
    home.bp,
    settings.bp,
    quickbooks.bp,
    migration.bp,
    migration_downloads.bp,
    connecting.bp,
    runs.bp,
    sync_log.bp,
    inspections.bp,
    drift.bp,
    customers.bp,
    hooks.bp,
    health.bp,
)


def register_views(app: Flask) -> None:
    """Hang every page family into the app."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
