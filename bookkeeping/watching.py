"""Logs, support's address and, where the environment asks for them, Sentry and traces: what both the web app and the workers set up when they start."""

import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from bookkeeping.errors import MisconfiguredError
from bookkeeping.faults import name_support
from bookkeeping.logs import Redactor, set_up_logs
from bookkeeping.settings import Settings, SettingsError, settings_from_environment
from bookkeeping.tracing.spans import set_up_tracing

logger = logging.getLogger(__name__)
_PASSWORD = re.compile(r"://[^:/@]*:(.*)@")
"""Within the address of a server of ours; some are not escaped."""


def set_up_watching(settings: Settings) -> None:
    """Log as JSON lines without the secrets of these settings, report unexpected errors to Sentry if there is a DSN, and send traces if OTEL_… say where.

    Raises:
        MisconfiguredError: one of them is asked for and its package is not installed.
    """
    secrets = secrets_of(settings)
    set_up_logs(secrets)
    name_support(settings.support_email)
    if settings.sentry_dsn:
        _set_up_sentry(settings, Redactor(secrets))
    set_up_tracing()


def speak_json_first() -> None:
    """Write all lines of this process as JSON from now on, before its app is made; secrets as far as the settings can be read."""
    set_up_logs(secrets_as_known())


def refuse_to_start(look: Callable[[Settings], object]) -> None:
    """End this process with a line for each setting that is missing, malformed or unsafe, or what `look` makes of them cannot be made.

    Raises:
        SystemExit: there is one.
    """
    try:
        look(settings_from_environment())
    except (SettingsError, MisconfiguredError) as error:
        raise SystemExit(f"Tieout cannot start: {error}") from None


def secrets_as_known() -> list[str]:
    """Return the secrets of the environment's settings; none where it cannot be read, which whoever needs it says."""
    try:
        return secrets_of(settings_from_environment())
    except SettingsError:
        return []


def secrets_of(settings: Settings) -> list[str]:
    """Return every secret among the settings; the passwords within addresses as they stand there, and as they are sent."""
    addresses = (settings.database_url, settings.redis_url, settings.smtp_url)
    passwords = [found[1] for found in map(_PASSWORD.search, addresses) if found is not None]
    return [
        settings.secret_key,
        *settings.token_keys,
        settings.intuit_client_secret,
        settings.quickbooks_verifier_token,
        settings.metrics_token,
        settings.sentry_dsn,
        *passwords,
        *map(unquote, passwords),
    ]


def _set_up_sentry(settings: Settings, redactor: Redactor) -> None:
    try:
        import sentry_sdk
    except ImportError as error:
        raise MisconfiguredError(
            "SENTRY_DSN is set, but sentry-sdk is not installed: pip install sentry-sdk, or unset SENTRY_DSN"
        ) from error

    def clean(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
        event.pop("request", None)  # Cookies and form fields have no business there.
        clean_event: dict[str, Any] = redactor.value("", event)
        return clean_event

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.intuit_environment,
        send_default_pii=False,
        include_local_variables=False,
        before_send=clean,
    )
    logger.info("Sentry is told of errors")
