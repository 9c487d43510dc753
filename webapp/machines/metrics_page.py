"""/metrics for Prometheus: with METRICS_TOKEN set, for whoever carries it; without, for this machine alone."""

import hmac
import ipaddress

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from bookkeeping.settings import Settings
from webapp.access.limits import client_address
from webapp.access.roles import public
from webapp.machines.metrics import Tieout

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Answer with everything that is measured; 404 for whoever may not see it."""
    if not _may_see(current_app.extensions["settings"]):
        abort(404)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Tieout(current_app.extensions["bell"]))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(settings: Settings) -> bool:
    if settings.metrics_token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.metrics_token}".encode())
    if not settings.proxy_hops and request.headers.get("X-Forwarded-For"):
        return False  # A proxy on this machine asks for somebody else.
    try:
        return ipaddress.ip_address(client_address()).is_loopback
    except ValueError:
        return False
