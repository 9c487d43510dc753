"""What every request and answer goes through: cookies, size, headers, the content policy, readers and writers.

Who may see what is in `roles.py`; the rate limits stand at the views they guard.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db, set_reading
from bookkeeping.storage.people.audit import acting_from
from bookkeeping.storage.people.sessions import SESSION_HOURS

MAX_BODY = 1024 * 1024
_CALLED_BY_MACHINES = (
    "hooks.inspections",
    "webhooks.quickbooks",
    "api.sync",
    "api.payment_events",
)  # They read no form, and have no session.
_TAKES_FILES = "dropping.drop"
_READS = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def set_up_security(app: Flask, settings: Settings) -> None:
    """Set cookies and limits, and hang in what runs before and after every request."""
    app.config |= {
        "SECRET_KEY": settings.secret_key,
        "SESSION_COOKIE_NAME": "__Host-tieout" if settings.secure_cookies else "tieout",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": SESSION_HOURS * 3600,
        "MAX_CONTENT_LENGTH": MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY,
    }
    if settings.proxy_hops:
        hops = settings.proxy_hops
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # As Flask's manual says to do it.
    app.url_map.converters["int"] = _Id
    app.before_request(_start_as_reader_or_writer)
    app.before_request(_take_forms_only)
    app.teardown_request(_stop_reading)
    app.after_request(_add_headers)


class _Id(IntegerConverter):
    """The ids in addresses: 404 for a number that no column holds, unless a view says a larger one."""

    def __init__(self, map: Map, **options: Any) -> None:
        super().__init__(map, **{"max": 2**31 - 1, **options})


def start_writing() -> None:
    """For a GET that has to write (coming back from Intuit): end the reader's transaction; the next one is a writer's."""
    db.session.commit()
    set_reading(False)


def same_site_path(target: str | None) -> str | None:
    """Return `target` when it is a path on this site, else None: browsers read `//host` and `/\\host` as another site."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return None
    if "\\" in target or any(ord(letter) < 33 for letter in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def came_from_here() -> bool:
    """Return whether the page that sent this request was one of ours, as far as its Referer tells."""
    try:
        return urlsplit(request.referrer or "").netloc == request.host
    except ValueError:  # No address at all, such as "http://[".
        return False


def _start_as_reader_or_writer() -> None:
    set_reading(request.method in _READS)
    acting_from.set(request.remote_addr or "")


def _take_forms_only() -> None:
    """Refuse JSON, and files but where one is dropped: forms would read them, while limits and guards look at the form's fields alone."""
    files = request.endpoint != _TAKES_FILES and request.files
    if request.endpoint not in _CALLED_BY_MACHINES and (request.is_json or files):
        abort(400)


def _stop_reading(_error: BaseException | None) -> None:
    """What this thread does next is no part of the request: it must not begin as a reader because a page was read."""
    set_reading(False)


def _add_headers(response: Response) -> Response:
    settings: Settings = current_app.extensions["settings"]
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_policy(form_targets(settings)))
    if settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def content_policy(targets: list[str]) -> str:
    """Return the policy: nothing inline, nothing from elsewhere; forms may lead to `targets` besides ourselves."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",  # Bootstrap draws its check marks and arrows as data: images.
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": " ".join(["'self'", *targets]),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def form_targets(settings: Settings) -> list[str]:
    """Return the origins that *Enable* leads to: a browser checks form-action along the whole chain of redirects."""
    found = {origin(settings.intuit_discovery_url), current_app.extensions.get("authorize_origin", "")}
    if not settings.with_standins:
        found.add("https://*.intuit.com")
    return sorted(found - {""})


def origin(url: str) -> str:
    """Return scheme and host of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
