"""Making a release, and what the host of the repository reads: the check, updates of packages, templates."""

import json
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml

from docs.make_release import NoReleaseError, release
from tests.harness import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

### Fixed
- A thing.

## [0.4.0] - 2026-11-24: fit for people (`3dcf5ca`)

### Added
- Another.
"""
DAY = date(2026, 12, 1)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "tieout_files").mkdir()
    (tmp_path / "tieout_files" / "__init__.py").write_text(
        (ROOT / "tieout_files" / "__init__.py").read_text()
    )
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "migrations" / "releases.txt").write_text("0.4.0 3dcf5ca 0014\n")
    migration(versions, "0014", None)
    migration(versions, "0015", "0014")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "user.name", "Ann")
    git(tmp_path, "config", "user.email", "ann@example.com")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    return tmp_path


def migration(versions: Path, revision: str, after: str | None) -> None:
    (versions / f"{revision}_of_a_test.py").write_text(f"revision, down_revision = {revision!r}, {after!r}\n")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_release_takes_what_was_unreleased_and_is_tagged(repository: Path):
    commit = git(repository, "rev-parse", "--short", "HEAD").strip()
    release(repository, "0.5.0", "fit for strangers", DAY)
    text = (repository / "CHANGELOG.md").read_text()
    assert (
        f"## [Unreleased]\n\n## [0.5.0] - 2026-12-01: fit for strangers (`{commit}`)\n\n### Fixed\n- A thing.\n"
        in text
    )
    assert text.index("[0.5.0]") < text.index("[0.4.0]")
    assert 'VERSION = "0.5.0"' in (repository / "tieout_files" / "__init__.py").read_text()
    noted = (repository / "migrations" / "releases.txt").read_text().splitlines()
    assert noted == ["0.4.0 3dcf5ca 0014", f"0.5.0 {commit} 0015"], "the next upgrade is tested from here"
    assert git(repository, "tag") == "v0.5.0\n" and git(repository, "status", "--porcelain") == ""
    with pytest.raises(NoReleaseError, match="Nothing stands under Unreleased"):
        release(repository, "0.6.0", "again", DAY)


@pytest.mark.parametrize(
    ("version", "why"), [("0.4.0", "does not follow"), ("0.3.9", "does not follow"), ("five", "no version")]
)
def test_a_version_that_is_not_the_next_one_changes_nothing(repository: Path, version: str, why: str):
    with pytest.raises(NoReleaseError, match=why):
        release(repository, version, "nothing", DAY)
    assert git(repository, "status", "--porcelain") == "" and git(repository, "tag") == ""


def test_migrations_with_two_ends_are_not_released(repository: Path):
    migration(repository / "migrations" / "versions", "0016", "0014")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Fork")
    with pytest.raises(NoReleaseError, match="instead of one"):
        release(repository, "0.5.0", "forked", DAY)
    assert git(repository, "status", "--porcelain") == ""


def test_what_is_not_committed_is_never_released(repository: Path):
    (repository / "new.txt").write_text("new")
    with pytest.raises(NoReleaseError, match="not committed"):
        release(repository, "0.5.0", "too early", DAY)


def test_the_host_of_the_repository_runs_the_projects_own_check():
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text()
    assert re.findall(r"- run: (.+)", workflow) == [".ci/run", "make audit"]
    assert "contents: read" in workflow and "secrets." not in workflow
    oldest = re.search(r'requires-python = ">=(\S+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest and f'"{oldest.group(1)}"' in workflow


def test_what_others_read_as_yaml_can_be_read_and_names_what_there_is():
    hosts = sorted((ROOT / ".github").rglob("*.yml"))
    read = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in hosts}
    jobs = read["check.yml"]["jobs"]
    assert jobs.keys() == {"check", "audit"} and all(one["timeout-minutes"] for one in jobs.values())
    assert read["check.yml"][True] == {
        "push": {"branches": ["main"]},
        "pull_request": None,
    }  # YAML 1.1 reads *on* so.
    kinds = {one["package-ecosystem"]: one for one in read["dependabot.yml"]["updates"]}
    assert kinds.keys() == {"pip", "github-actions"} and read["dependabot.yml"]["version"] == 2
    assert all(one["directory"] == "/" and one["schedule"]["interval"] for one in kinds.values())
    assert "intuit-oauth==1.2.6" in (ROOT / "requirements.txt").read_text(), "What is ignored is pinned."
    for template in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"):
        _, head, text = template.read_text("utf-8").split("---\n", 2)
        assert {"name", "about"} <= yaml.safe_load(head).keys() and text.strip(), template.name
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    assert services.keys() == {"database", "valkey", "release", "web", "worker", "tick", "proxy"}
    assert services["worker"]["deploy"] == {"replicas": 2}


def test_the_container_for_development_sets_itself_up_as_a_person_does():
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / made["build"]["dockerfile"]).exists()
    target = made["postCreateCommand"].removeprefix("make ")
    assert f".PHONY: {target}\n" in (ROOT / "Makefile").read_text()
