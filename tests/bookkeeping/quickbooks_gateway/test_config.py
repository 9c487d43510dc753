"""Links into QuickBooks, and settings as the gateway takes them."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bookkeeping.quickbooks_gateway.config import IntuitConfig
from bookkeeping.settings import settings_from_environment
from tests.bookkeeping.quickbooks_gateway.conftest import config_for


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("Invoice", "invoice?txnId=145"),
        ("Payment", "recvpayment?txnId=145"),
        ("Customer", "customerdetail?nameId=145"),
    ],
)
@pytest.mark.parametrize(
    ("environment", "host"), [("production", "qbo.intuit.com"), ("sandbox", "sandbox.qbo.intuit.com")]
)
def test_a_link_opens_the_page_in_the_right_company(environment, host, kind, page):
    link = urlsplit(config_for("http://x", environment=environment).books_url(kind, "145", "9341"))
    assert link.netloc == host
    assert parse_qs(link.query) == {"pagereq": [page], "deeplinkcompanyid": ["9341"]}


def test_the_stand_ins_books_are_at_its_own_address(intuit):
    realm = intuit.post("/_standin/realms", {"name": "Acme"})["realm_id"]
    items = [{"operation": "create", "Customer": {"DisplayName": "Ada Reyes"}}]
    made = intuit.post(f"/_standin/realms/{realm}/batch", {"BatchItemRequest": items})
    link = config_for(intuit.base_url).books_url(
        "Customer", made["BatchItemResponse"][0]["Customer"]["Id"], realm
    )
    assert "Ada Reyes" in requests.get(link, timeout=10).text


def test_the_settings_are_taken_over():
    given = {
        "SECRET_KEY": "s" * 40,
        "TOKEN_KEYS": "x",
        "INTUIT_CONCURRENCY": "3",
        "PUBLIC_URL": "https://tieout.example",
    }
    config = IntuitConfig.from_settings(settings_from_environment(given))
    assert config.concurrency == 3
    assert config.environment == "standin"
    assert config.redirect_uri == "https://tieout.example/quickbooks/callback"
    assert "standin-secret" not in repr(config)
