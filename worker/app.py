"""The worker's own bare Flask app: settings, database, vault and bell; no pages."""

from functools import cache

from flask import Flask, current_app

from bookkeeping.queueing import Bell
from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.settings import Settings, settings_from_environment
from bookkeeping.storage.base import connect_storage
from bookkeeping.storage.company.vault import Vault
from bookkeeping.watching import set_up_watching


def create_worker_app(settings: Settings) -> Flask:
    """Return an app in whose context jobs run."""
    set_up_watching(settings)
    app = Flask("worker")
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["settings"] = settings
    app.extensions["vault"] = vault_of(settings)
    app.extensions["bell"] = Bell(settings.redis_url)
    connect_storage(app, settings.database_url)
    return app


def vault_of(settings: Settings) -> Vault:
    """Return the vault of these settings.

    Raises:
        MisconfiguredError: a key is none.
    """
    return Vault(settings.token_keys)


@cache
def worker_app() -> Flask:
    """Return this process's worker app, made from the environment on first use (after RQ's fork, so nothing is shared)."""
    return create_worker_app(settings_from_environment())


def settings() -> Settings:
    """Return the running app's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def bell() -> Bell:
    """Return the running app's doorbell."""
    found: Bell = current_app.extensions["bell"]
    return found


def intuit_config() -> IntuitConfig:
    """Return what the gateway needs to know of Intuit, from the settings."""
    return IntuitConfig.from_settings(settings())
