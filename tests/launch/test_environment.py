"""What `make run` tells its parts, from `.env`, the environment and `var/`."""

import os
import socket
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from redis import Redis

from launch import LaunchError
from launch.environment import LONGEST_SOCKET_PATH, make_plan, refuse_taken_ports
from tests.harness.processes import LOOPBACK, free_port

NAMES = ("SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "PORT", "INTUIT_ENVIRONMENT")
NAMES += (
    "INTUIT_CLIENT_ID",
    "INTUIT_CLIENT_SECRET",
    "STANDIN_INTUIT_PORT",
    "STANDIN_PLATFORM_PORT",
    "INTUIT_API_URL",
)


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing about Tieout."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path):
    first, second = make_plan(tmp_path), make_plan(tmp_path)
    for name in ("SECRET_KEY", "TOKEN_KEYS", "REDIS_URL"):
        assert first.variables[name] == second.variables[name]
    Fernet(first.variables["TOKEN_KEYS"])
    assert len(first.variables["SECRET_KEY"]) >= 32
    assert stat.S_IMODE((tmp_path / "var" / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_two_folders_have_different_secrets(tmp_path):
    one, other = make_plan(tmp_path / "one"), make_plan(tmp_path / "other")
    for name in ("SECRET_KEY", "TOKEN_KEYS"):
        assert one.variables[name] != other.variables[name]


def test_the_environment_wins_over_dot_env_which_wins_over_what_is_made(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("SECRET_KEY=from-file\nPUBLIC_URL=http://127.0.0.1:8100\nTOKEN_KEYS=\n")
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8200")
    plan = make_plan(tmp_path)
    assert plan.variables["SECRET_KEY"] == "from-file"
    assert (plan.web_port, plan.variables["PORT"]) == (8200, "8200")
    assert plan.variables["TOKEN_KEYS"], "a blank line in .env says nothing"


def test_an_address_behind_a_proxy_opens_the_usual_port(tmp_path, monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://tieout.example.com")
    assert make_plan(tmp_path).web_port == 8000
    monkeypatch.setenv("PORT", "8300")
    assert make_plan(tmp_path).web_port == 8300


def test_real_keys_mean_no_standins(tmp_path):
    (tmp_path / ".env").write_text(
        "INTUIT_ENVIRONMENT=sandbox\nINTUIT_CLIENT_ID=id\nINTUIT_CLIENT_SECRET=secret\n"
    )
    plan = make_plan(tmp_path)
    assert not plan.with_standins
    assert list(plan.ports) == ["PUBLIC_URL"]
    assert "INTUIT_API_URL" not in plan.variables


def test_a_queue_of_ones_own_means_no_embedded_valkey(tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://queue.example:6379/0")
    plan = make_plan(tmp_path)
    assert plan.valkey_socket is None
    assert plan.variables["REDIS_URL"] == "redis://queue.example:6379/0"


@pytest.mark.parametrize("folder", ["with space & quote'", "d" * 90], ids=["odd", "deep"])
def test_the_queue_address_leads_to_the_socket(tmp_path, folder):
    plan = make_plan(tmp_path / folder)
    options = Redis.from_url(plan.variables["REDIS_URL"]).connection_pool.connection_kwargs
    assert (options["path"], options["password"]) == (str(plan.valkey_socket), plan.valkey_password)
    assert len(os.fsencode(plan.valkey_socket)) <= LONGEST_SOCKET_PATH
    assert stat.S_IMODE(plan.valkey_socket.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("INTUIT_ENVIRONMENT", "sandpit"),
        ("PUBLIC_URL", "localhost:8000"),
        ("PUBLIC_URL", "http://127.0.0.1:port"),
        ("PORT", "70000"),
        ("STANDIN_INTUIT_PORT", "eight"),
        ("STANDIN_PLATFORM_PORT", "0"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, monkeypatch, setting, value):
    monkeypatch.setenv(setting, value)
    with pytest.raises(LaunchError, match=setting):
        make_plan(tmp_path)


def test_real_quickbooks_without_keys_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("INTUIT_ENVIRONMENT", "production")
    with pytest.raises(LaunchError, match="INTUIT_CLIENT_ID"):
        make_plan(tmp_path)


@pytest.mark.parametrize("setting", ["PUBLIC_URL", "STANDIN_INTUIT_PORT", "STANDIN_PLATFORM_PORT"])
def test_a_taken_port_is_refused_with_its_setting(tmp_path, monkeypatch, setting):
    ports = {name: free_port() for name in ("PUBLIC_URL", "STANDIN_INTUIT_PORT", "STANDIN_PLATFORM_PORT")}
    for name, port in ports.items():
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{port}" if name == "PUBLIC_URL" else str(port))
    plan = make_plan(tmp_path)
    refuse_taken_ports(plan)
    with socket.socket() as taken:
        taken.bind((LOOPBACK, ports[setting]))
        taken.listen()
        with pytest.raises(LaunchError, match=rf"Port {ports[setting]} .*{setting}") as refusal:
            refuse_taken_ports(plan)
    assert "\n" not in str(refusal.value)


def test_one_port_for_two_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_INTUIT_PORT", "8020")
    with pytest.raises(LaunchError, match="STANDIN_PLATFORM_PORT"):
        refuse_taken_ports(make_plan(tmp_path))


def test_every_line_of_the_example_is_a_comment():
    example = Path(__file__).resolve().parents[2] / ".env.example"
    assert all(not line.strip() or line.startswith("#") for line in example.read_text().splitlines())
