"""Terms, privacy and support: what anybody may read, and whom the pages name when something is beyond their reader."""

from dataclasses import replace
from pathlib import Path

import pytest

from bookkeeping.acts import telling
from bookkeeping.faults import CATALOGUE, fault, name_support, with_support
from bookkeeping.settings import Settings, SettingsError, settings_from_environment
from tests.harness import ROOT
from tests.webapp.house import House
from webapp.papers.legal import as_page, legal_file

SETTINGS = Settings(secret_key="s", token_keys=("k",))


@pytest.fixture
def support():
    name_support("help@example.com")
    yield "help@example.com"
    name_support("")


@pytest.mark.parametrize(("address", "heading"), [("/terms", "Terms of use"), ("/privacy", "Privacy")])
def test_anybody_reads_the_papers(house: House, address: str, heading: str):
    answer = house.browser().get(address)
    assert answer.status_code == 200 and f"<h1>{heading}</h1>" in answer.text
    assert "[operator]" not in answer.text and "[support]" not in answer.text


def test_intuits_launch_leads_home_by_way_of_the_login(house: House):
    answer = house.browser().get("/quickbooks/launch")
    assert (answer.status_code, answer.location) == (302, "/")


@pytest.mark.unit
def test_an_operators_own_text_comes_first(tmp_path: Path):
    settings = replace(SETTINGS, legal_folder=str(tmp_path))
    assert legal_file(settings, "terms") == ROOT / "legal" / "terms.md"
    (tmp_path / "terms.md").write_text("# Ours")
    assert legal_file(settings, "terms") == tmp_path / "terms.md"
    assert legal_file(settings, "privacy") == ROOT / "legal" / "privacy.md"


@pytest.mark.unit
def test_a_text_may_have_headings_and_names_and_no_tags():
    settings = replace(SETTINGS, operator_name="Ann & Bo <LLC>", support_email="help@example.com")
    page = as_page('# Terms\n\n[operator] says "hello". <script>alert(1)</script> [support]', settings)
    assert page == (
        '<h1>Terms</h1>\n<p>Ann &amp; Bo &lt;LLC&gt; says "hello". '
        "&lt;script&gt;alert(1)&lt;/script&gt; "
        '<a href="mailto:help@example.com">help@example.com</a></p>'
    )


@pytest.mark.unit
def test_every_remedy_that_asks_for_support_says_where_it_is(support: str):
    asking = [code for code, one in CATALOGUE.items() if "ontact support" in one.remedy]
    assert asking
    for code in asking:
        assert f"ontact support ({support})" in fault(code).remedy, code
    assert with_support(telling._NOT_YOU).endswith(f"contact support ({support}).")


@pytest.mark.unit
def test_without_an_address_the_words_stay_as_they_are():
    assert fault("qbo-6000") is CATALOGUE["qbo-6000"]
    assert with_support("Contact support.") == "Contact support."


@pytest.mark.unit
def test_no_page_asks_for_support_without_saying_where():
    bare = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        for line in path.read_text("utf-8").splitlines()
        if "ontact support" in line and "| with_support" not in line
    ]
    assert bare == []


@pytest.mark.unit
def test_an_address_that_is_none_ends_the_start():
    said = {"SECRET_KEY": "s", "TOKEN_KEYS": "k", "SUPPORT_EMAIL": "call us"}
    with pytest.raises(
        SettingsError, match=r"SUPPORT_EMAIL is 'call us': use an address such as help@example\.com"
    ):
        settings_from_environment(said)
