"""Commands beside a running Tieout have its settings, not those of the shell that they are run in."""

import stat
from dataclasses import fields

import pytest

from bookkeeping.settings import Settings
from launch.environment import make_plan
from launch.keeping import PORTS, SETTINGS, beside_the_running_one, keeping


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing about Tieout."""
    for name in (*SETTINGS, *PORTS):
        monkeypatch.delenv(name, raising=False)


def test_every_setting_of_the_application_is_kept():
    assert sorted(SETTINGS) == sorted(one.name.upper() for one in fields(Settings))


def test_a_shell_with_other_settings_gets_those_of_the_running_one(tmp_path, monkeypatch):
    running = make_plan(tmp_path)
    with keeping(running):
        (tmp_path / ".env").write_text("SYNC_HOUR=3\n")
        monkeypatch.setenv("STANDIN_INTUIT_PORT", "9010")
        monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere.db")
        monkeypatch.setenv("INTUIT_CLIENT_ID", "somebody-else")
        monkeypatch.setenv("EDITOR", "ed")
        variables, unused = beside_the_running_one(make_plan(tmp_path))
    for name in ("DATABASE_URL", "INTUIT_API_URL", "INTUIT_DISCOVERY_URL", "SECRET_KEY", "PORT", "PATH"):
        assert variables[name] == running.variables[name], name
    assert (
        variables["INTUIT_CLIENT_ID"] == variables["SYNC_HOUR"] == ""
    )  # Blank: what .env says now does not count.
    assert variables["EDITOR"] == "ed"
    assert unused == ["DATABASE_URL", "INTUIT_CLIENT_ID", "SYNC_HOUR", "STANDIN_INTUIT_PORT"]


def test_they_are_kept_for_their_owner_alone_and_only_while_it_runs(tmp_path):
    plan = make_plan(tmp_path)
    kept = plan.var / "running.json"
    with keeping(plan):
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not kept.exists()
    assert beside_the_running_one(plan) == (plan.variables, [])
