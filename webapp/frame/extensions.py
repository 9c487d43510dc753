"""The Flask extensions of the web app: Bootstrap's files, CSRF, rate limits, login. Their rules are set here, once."""

from flask import Flask, request
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from bookkeeping.settings import Settings

bootstrap = Bootstrap5()
csrf = CSRFProtect()
login_manager = LoginManager()


def client_address() -> str:
    """Return the address the request came from; proxies are believed only as far as PROXY_HOPS says."""
    return request.remote_addr or "unknown"


limiter = Limiter(client_address, strategy="moving-window", headers_enabled=False)


def set_up_extensions(app: Flask, settings: Settings) -> None:
    """Bind every extension to the app."""
    app.config |= {
        "BOOTSTRAP_SERVE_LOCAL": True,
        "WTF_CSRF_TIME_LIMIT": None,  # A token lives as long as the login it belongs to.
        "WTF_CSRF_SSL_STRICT": False,  # Its Referer check adds nothing to the token and breaks behind plain-http proxies.
        "RATELIMIT_STORAGE_URI": _limits_url(settings.redis_url),
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        "RATELIMIT_KEY_PREFIX": "tieout",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }
    bootstrap.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    login_manager.session_protection = None  # Sessions are rows of ours; a changed address ends nothing.
    login_manager.init_app(app)


def _limits_url(redis_url: str) -> str:
    """The limits library calls a Unix socket redis+unix, where redis itself says unix."""
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
