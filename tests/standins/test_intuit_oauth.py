"""OAuth 2.0: consent, code, tokens, rotation, revocation, and tokens at the door of the API."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from tests.harness.standins import StandIn
from tests.standins.conftest import Company
from tests.standins.html_forms import press

CALLBACK = "http://127.0.0.1:8000/quickbooks/callback"


@pytest.fixture
def auth(intuit_server) -> AuthClient:
    return client_of(intuit_server)


def client_of(server: StandIn, secret: str = "standin-secret", callback: str = CALLBACK) -> AuthClient:
    return AuthClient(
        "standin-client", secret, callback, f"{server.base_url}/.well-known/openid_configuration/"
    )


class Browser(requests.Session):
    """A browser that stops at the app's callback."""

    def rebuild_method(self, prepared, response):
        raise requests.TooManyRedirects(response=response)


def answer_consent(auth: AuthClient, button: str, **typed: str) -> dict[str, str]:
    """Open the consent page, press a button and return what the callback gets."""
    url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s-1")
    with pytest.raises(requests.TooManyRedirects) as sent:
        press(Browser(), url, button, **typed)
    location = sent.value.response.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def connect(auth: AuthClient, company: Company) -> AuthClient:
    given = answer_consent(auth, "Connect", realm=company.id)
    assert (given["state"], given["realmId"]) == ("s-1", company.id)
    auth.get_bearer_token(given["code"], realm_id=given["realmId"])
    return auth


def reads_company(company: Company, token: str) -> requests.Response:
    return company.send("GET", f"companyinfo/{company.id}", headers={"Authorization": f"Bearer {token}"})


def test_consent_leads_to_tokens_that_open_the_company(auth, company):
    connect(auth, company)
    assert (auth.expires_in, auth.x_refresh_token_expires_in) == (3600, 8726400)
    assert (
        reads_company(company, auth.access_token).json()["CompanyInfo"]["CompanyName"] == "Summit Inspections"
    )
    assert auth.get_user_info().json()["email"] == "owner@example.com"


def test_consent_page_names_the_companies(auth, new_company):
    new_company(name="Peak & Sons <Inspections>")
    page = requests.get(auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s"), timeout=10).text
    assert "Peak &amp; Sons &lt;Inspections&gt;" in page
    assert "<strong>Tieout</strong> asks" in page


def test_cancel_sends_back_a_refusal(auth):
    assert answer_consent(auth, "Cancel") == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize(
    ("changes", "status"), [({"client_id": "other"}, 400), ({"redirect_uri": "https://evil.example/x"}, 400)]
)
def test_unknown_app_or_callback_is_not_redirected(intuit_server, changes, status):
    asked = {
        "client_id": "standin-client",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "state": "s",
    }
    url = f"{intuit_server.base_url}/connect/oauth2"
    assert requests.get(url, params=asked, timeout=10).status_code == 200
    answer = requests.get(url, params=asked | changes, allow_redirects=False, timeout=10)
    assert answer.status_code == status and "Location" not in answer.headers
    wrong_scope = requests.get(url, params=asked | {"scope": "x"}, allow_redirects=False, timeout=10)
    assert "error=invalid_scope" in wrong_scope.headers["Location"]


def test_code_works_once_and_for_its_callback_only(intuit_server, auth, company):
    code = answer_consent(auth, "Connect", realm=company.id)["code"]
    other = client_of(intuit_server, callback="http://localhost:8000/quickbooks/callback")
    with pytest.raises(AuthClientError) as refused:
        other.get_bearer_token(code)
    assert refused.value.status_code == 400
    connect(auth, company)
    code = answer_consent(auth, "Connect", realm=company.id)["code"]
    auth.get_bearer_token(code)
    with pytest.raises(AuthClientError):
        auth.get_bearer_token(code)


def test_refresh_rotates_and_the_old_token_dies(auth, company):
    connect(auth, company)
    first_access, first = auth.access_token, auth.refresh_token
    auth.refresh()
    assert auth.refresh_token != first and auth.access_token != first_access
    assert reads_company(company, auth.access_token).status_code == 200
    with pytest.raises(AuthClientError) as refused:
        auth.refresh(refresh_token=first)
    assert refused.value.status_code == 400
    assert json.loads(refused.value.content) == {
        "error": "invalid_grant",
        "error_description": "Incorrect or invalid refresh token",
    }


def test_old_token_works_within_the_grace(auth, company, settings):
    settings(refresh_grace_seconds=86400)
    connect(auth, company)
    first = auth.refresh_token
    auth.refresh()
    second = auth.refresh_token
    auth.refresh(refresh_token=first)
    assert auth.refresh_token == second
    assert reads_company(company, auth.access_token).status_code == 200


def test_refresh_without_rotation_keeps_the_token(auth, company, settings):
    settings(rotate_refresh_token=False)
    connect(auth, company)
    first = auth.refresh_token
    auth.refresh()
    assert auth.refresh_token == first


def test_wrong_secret_is_the_apps_fault(intuit_server, company):
    wrong = client_of(intuit_server, secret="nope")
    with pytest.raises(AuthClientError) as refused:
        wrong.refresh(refresh_token=company.tokens["refresh_token"])
    assert refused.value.status_code == 401
    assert "invalid_client" in str(refused.value.content)


@pytest.mark.parametrize("as_json", [True, False])
def test_revoking_ends_access_and_refresh(intuit_server, auth, company, as_json):
    connect(auth, company)
    if as_json:
        assert auth.revoke(token=auth.refresh_token) is True
    else:
        url = f"{intuit_server.base_url}/v2/oauth2/tokens/revoke"
        basic = ("standin-client", "standin-secret")
        assert (
            requests.post(url, data={"token": auth.access_token}, auth=basic, timeout=10).status_code == 200
        )
    assert reads_company(company, auth.access_token).status_code == 401
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_hard_expiry_is_told_when_asked_for(intuit_server, company):
    url = f"{intuit_server.base_url}/oauth2/v1/tokens/bearer"
    body = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    headers = {"x-include-refresh-token-hard-expires-in": "true"}
    reply = requests.post(
        url, data=body, headers=headers, auth=("standin-client", "standin-secret"), timeout=10
    ).json()
    assert 5 * 365 * 86400 - 60 < reply["x_refresh_token_hard_expires_in"] <= 5 * 365 * 86400
    odd = requests.post(
        url, data={"grant_type": "password"}, auth=("standin-client", "standin-secret"), timeout=10
    )
    assert odd.json()["error"] == "unsupported_grant_type"


def test_tokens_go_on_after_a_restart(intuit):
    company = Company(intuit)
    intuit.post("/_standin/settings", {"refresh_grace_seconds": 60})
    url = f"{intuit.base_url}/oauth2/v1/tokens/bearer"
    headers = {"x-include-refresh-token-hard-expires-in": "true"}
    first = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    app = ("standin-client", "standin-secret")
    assert requests.post(url, data=first, headers=headers, auth=app, timeout=10).status_code == 200
    intuit.process.kill()
    intuit.start()
    url = f"{intuit.base_url}/oauth2/v1/tokens/bearer"
    again = requests.post(url, data=first, headers=headers, auth=app, timeout=10)
    assert again.status_code == 200, "superseded, and within the grace"
    assert reads_company(company, again.json()["access_token"]).status_code == 200
    assert again.json()["x_refresh_token_hard_expires_in"] > 86400


def test_expired_and_missing_tokens_are_refused_by_the_gateway(intuit_server, auth, company):
    connect(auth, company)
    intuit_server.post("/_standin/tokens/expire", {"realm_id": company.id})
    answer = reads_company(company, auth.access_token)
    assert answer.status_code == 401
    error = answer.json()["fault"]["error"][0]
    assert (error["code"], error["message"]) == (
        "3200",
        "message=AuthenticationFailed; errorCode=003200; statusCode=401",
    )
    auth.refresh()
    assert reads_company(company, auth.access_token).status_code == 200


def test_token_of_another_company_is_forbidden(company, new_company):
    answer = reads_company(new_company(), company.tokens["access_token"])
    assert answer.status_code == 403
    assert answer.json()["fault"]["error"][0]["code"] == "3100"


def test_refresh_token_ends_after_100_days_and_the_grant_after_5_years(intuit):
    company = Company(intuit)
    auth = client_of(intuit)
    auth.refresh(refresh_token=company.tokens["refresh_token"])
    for days in range(90, 5 * 365, 90):
        intuit.post("/_standin/clock", {"offset": days * 86400})
        auth.refresh()
    intuit.post("/_standin/clock", {"offset": 5 * 365 * 86400 + 60})
    with pytest.raises(AuthClientError):
        auth.refresh()
    fresh = Company(intuit)
    auth.refresh(refresh_token=fresh.tokens["refresh_token"])
    intuit.post("/_standin/clock", {"offset": (5 * 365 + 102) * 86400})
    with pytest.raises(AuthClientError):
        auth.refresh()
