"""The one way of the web app to Intuit: signing in. Nothing else of QuickBooks is ever called from a web request."""

import logging
import time

from flask import current_app

from bookkeeping.errors import BookkeepingError
from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.settings import Settings
from webapp.access.security import origin

logger = logging.getLogger(__name__)

_SIGN_IN_TIMEOUT = (3, 10)
_TRY_AGAIN_AFTER = 30.0


def intuit_config() -> IntuitConfig:
    """Return where Intuit is, from our settings. A person waits for these calls, so they end early."""
    settings: Settings = current_app.extensions["settings"]
    return IntuitConfig(
        client_id=settings.intuit_client_id,
        client_secret=settings.intuit_client_secret,
        environment=settings.intuit_environment,
        discovery_url=settings.intuit_discovery_url,
        api_url=settings.intuit_api_url,
        redirect_uri=settings.redirect_uri,
        timeout=_SIGN_IN_TIMEOUT,
    )


def sign_in() -> OAuth:
    """Return the OAuth client."""
    return OAuth(intuit_config())


def remember_authorize_origin() -> None:
    """Learn which host *Enable* leads to, once a process, so that the content policy lets the browser go there."""
    known = current_app.extensions
    if known.get("authorize_origin") or time.monotonic() < known.get("authorize_origin_after", 0.0):
        return
    try:
        known["authorize_origin"] = origin(sign_in().authorize_url("unused"))
    except BookkeepingError as error:
        known["authorize_origin_after"] = time.monotonic() + _TRY_AGAIN_AFTER
        logger.warning("Intuit's sign-in out of reach", extra={"code": error.code, "detail": error.detail})
