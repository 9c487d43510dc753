"""OAuth 2.0 as Intuit offers it: discovery, the consent page, codes, tokens, revocation.

What tokens are and when they end is in `grants`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, g, jsonify, redirect, render_template, request

from standins.intuit import gate
from standins.intuit.grants import InvalidGrantError
from standins.intuit.world import World

bp = Blueprint("oauth", __name__)
SCOPES = {
    "com.intuit.quickbooks.accounting", "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address",
}  # fmt: skip
LOOPBACK_CALLBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/quickbooks/callback")
OPERATIONS = {
    "/oauth2/v1/tokens/bearer": "token",
    "/v2/oauth2/tokens/revoke": "revoke",
    "/connect/oauth2": "authorize",
}


def _world() -> World:
    return current_app.extensions["world"]


@bp.before_request
def strike_before() -> Response | None:
    """Let fault rules strike these endpoints too."""
    operation = OPERATIONS.get(request.path, "discovery")
    if operation == "token":
        operation = {"refresh_token": "refresh"}.get(request.form.get("grant_type", ""), "token")
    facts = {
        "realm": "",
        "method": request.method,
        "path": request.path,
        "operation": operation,
        "entities": [],
        "body": "",
    }
    g.rules = _world().faults.fire(facts)
    return gate.strike_before(_world(), g.rules)


@bp.after_request
def strike_after(response: Response) -> Response:
    """Let fault rules strike after the work is done."""
    return gate.strike_after(_world(), g.get("rules", []), response)


@bp.get("/.well-known/openid_configuration")
@bp.get("/.well-known/openid_configuration/")
@bp.get("/.well-known/openid_sandbox_configuration")
@bp.get("/.well-known/openid_sandbox_configuration/")
def discovery() -> Response:
    """Say where everything is."""
    base = _world().public_url or request.host_url.rstrip("/")
    return jsonify(
        issuer=f"{base}/op/v1",
        authorization_endpoint=f"{base}/connect/oauth2",
        token_endpoint=f"{base}/oauth2/v1/tokens/bearer",
        userinfo_endpoint=f"{base}/v1/openid_connect/userinfo",
        revocation_endpoint=f"{base}/v2/oauth2/tokens/revoke",
        jwks_uri=f"{base}/op/v1/jwks",
        response_types_supported=["code"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
        scopes_supported=sorted(SCOPES),
        token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
        claims_supported=["aud", "exp", "iat", "iss", "realmid", "sub"],
    )


@bp.get("/op/v1/jwks")
def jwks() -> Response:
    """No id tokens are signed here, so there are no keys."""
    return jsonify(keys=[])


def _registered(uri: str) -> bool:
    allowed = _world().redirect_uris
    return uri in allowed if allowed else LOOPBACK_CALLBACK.fullmatch(uri) is not None


def _back(uri: str, **values: str | None) -> Response:
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return redirect(uri + ("&" if urlsplit(uri).query else "?") + query)


@bp.route("/connect/oauth2", methods=["GET", "POST"])
def consent() -> Response | tuple[str, int]:
    """Ask a person to choose a company and to allow the app; send the browser back with a code or a refusal."""
    world, asked = _world(), request.values
    uri = asked.get("redirect_uri", "")
    if asked.get("client_id") not in world.apps:
        return render_template("consent_error.html", reason="The app is unknown: check its client_id."), 400
    if not _registered(uri):
        return render_template(
            "consent_error.html", reason="The redirect_uri is not one of the app's: it must match exactly."
        ), 400
    state, scope = asked.get("state"), asked.get("scope", "")
    if asked.get("response_type") != "code":
        return _back(uri, error="unsupported_response_type", state=state)
    if not scope.split() or set(scope.split()) - SCOPES:
        return _back(uri, error="invalid_scope", state=state)
    if not state:
        return _back(uri, error="invalid_request", error_description="state is required")
    realms = sorted(
        world.realms.values(),
        key=lambda realm: realm.records["CompanyInfo"]["1"].body["CompanyName"].casefold(),
    )
    if request.method == "GET":
        return Response(render_template("consent.html", realms=realms, asked=asked))
    if asked.get("choice") != "connect":
        return _back(uri, error="access_denied", state=state)
    realm = world.realms.get(asked.get("realm", ""))
    if realm is None:
        return render_template("consent.html", realms=realms, asked=asked, error="Choose a company."), 400
    with world.lock:
        code = world.grants.new_code(asked["client_id"], uri, realm.id, scope, asked.get("email", ""))
    return _back(uri, code=code, state=state, realmId=realm.id)


def _client() -> str | None:
    """Return the id of the app that the Basic credentials prove, or None."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    known = _world().apps.get(client_id)
    return client_id if known is not None and hmac.compare_digest(known.encode(), secret.encode()) else None


def _refused(error: str, description: str, status: int = 400) -> tuple[Response, int]:
    return jsonify(error=error, error_description=description), status


@bp.post("/oauth2/v1/tokens/bearer")
def token() -> Response | tuple[Response, int]:
    """Exchange a code or a refresh token for tokens."""
    world, client_id = _world(), _client()
    if client_id is None:
        return _refused("invalid_client", "Invalid client credentials", 401)
    kind = request.form.get("grant_type")
    if kind not in ("authorization_code", "refresh_token"):
        return _refused("unsupported_grant_type", "grant_type is authorization_code or refresh_token")
    try:
        with world.lock:
            if kind == "authorization_code":
                grant = world.grants.exchange(
                    client_id, request.form.get("code", ""), request.form.get("redirect_uri", "")
                )
            else:
                grant = world.grants.refresh(client_id, request.form.get("refresh_token", ""))
            hard = request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true"
            return jsonify(world.grants.reply(grant, hard))
    except InvalidGrantError as error:
        if error.args:
            return _refused("invalid_grant", str(error))
        what = "authorization code" if kind == "authorization_code" else "refresh token"
        return _refused("invalid_grant", f"Incorrect or invalid {what}")


@bp.post("/v2/oauth2/tokens/revoke")
def revoke() -> Response | tuple[Response, int]:
    """End the grant that an access or refresh token belongs to."""
    world, client_id = _world(), _client()
    if client_id is None:
        return _refused("invalid_client", "Invalid client credentials", 401)
    given = request.get_json(silent=True) if request.is_json else request.form
    value = given.get("token") if hasattr(given, "get") else None
    with world.lock:
        grant = world.grants.of_any(str(value or ""))
        if grant is None or grant["client_id"] != client_id or grant["revoked"]:
            return _refused("invalid_request", "The token is not known or already revoked")
        world.grants.end(grant)
    return Response("", 200)


@bp.get("/v1/openid_connect/userinfo")
def userinfo() -> Response | tuple[Response, int]:
    """Say who allowed the app."""
    value = request.headers.get("Authorization", "").partition(" ")[2]
    grant = _world().grants.of_access(value.strip())
    if grant is None:
        return _refused("invalid_token", "The access token is wrong or expired", 401)
    return jsonify(
        sub=grant["id"], email=grant["email"], emailVerified=True, givenName="Robin", familyName="Owner"
    )
