"""The papers at the root and in docs/ agree with the project: versions, licence, links, and what runs before a commit."""

import re
import tomllib

import pytest

from tests.harness import ROOT
from tieout_files import VERSION

PAGES = sorted(
    path
    for folder, pattern in ((ROOT, "*.md"), (ROOT / "docs", "**/*.md"), (ROOT / "standins", "*/README.md"))
    for path in folder.glob(pattern)
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINK = re.compile(r"(?<!`)\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page: str) -> set[str]:
    """Return the names under which a Markdown page's headings can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(path):
    for file, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{path.name} links to {file}, which is not there"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{path.name} links to #{anchor}"


def test_newest_release_of_the_changelog_is_the_projects_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?", changelog, re.M)
    assert headings[0][0] == "Unreleased"
    assert headings[1][0] == VERSION
    versions = [tuple(map(int, version.split("."))) for version, _ in headings[1:]]
    dates = [date for _, date in headings[1:]]
    assert versions == sorted(versions, reverse=True)
    assert all(dates) and dates == sorted(dates, reverse=True)


def test_the_licence_is_the_one_that_the_project_names():
    (name,) = PROJECT["license-files"]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text and "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_hooks_before_a_commit_are_the_projects_own_programs():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"repo: (\S+)", hooks)) == {"local"}
    programs = set(re.findall(r"entry: \.venv/bin/(\S+)", hooks))
    assert programs == {"ruff", "lint-imports"}
    assert hooks.count("entry:") == hooks.count("language: system") == 3


def test_every_record_of_a_decision_is_in_their_list_and_has_its_parts():
    folder = ROOT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.M)
    assert records and sorted(listed) == [path.name for path in records]
    for path in records:
        text = path.read_text(encoding="utf-8")
        parts = re.findall(r"^## (.+)$", text, re.M)
        assert parts == ["Context", "Decision", "Consequences", "What was tried", "Held by"], path.name
