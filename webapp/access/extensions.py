"""The Flask extensions of the web app: CSRF, rate limits, login. Their rules are set here, once."""

from flask import Flask
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from bookkeeping.settings import Settings
from webapp.access.limits import limiter, set_up_limits

csrf = CSRFProtect()
login_manager = LoginManager()


def set_up_extensions(app: Flask, settings: Settings) -> None:
    """Bind every extension to the app."""
    app.config |= {
        "WTF_CSRF_TIME_LIMIT": None,  # A token lives as long as the login it belongs to.
        "WTF_CSRF_SSL_STRICT": False,  # Its Referer check adds nothing to the token and breaks behind plain-http proxies.
    }
    app.config |= set_up_limits(settings.redis_url)
    csrf.init_app(app)
    limiter.init_app(app)
    login_manager.session_protection = None  # Sessions are rows of ours; a changed address ends nothing.
    login_manager.init_app(app)
