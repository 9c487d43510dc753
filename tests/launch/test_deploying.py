"""What an operator copies: units, proxies, containers and the guide to them name things that there are, and are read by the programs they are for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from launch.keeping import SETTINGS
from tests.harness import ROOT
from tieout import Everything

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
OWN_OF_COMPOSE = {"DOMAIN", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}


def test_every_command_that_is_written_down_exists():
    pages = {path: path.read_text("utf-8") for path in (*UNITS, ROOT / "docs" / "deploy.md")}
    said = {
        (path.name, word)
        for path, text in pages.items()
        for word in re.findall(r"(?:^|/bin/|`)tieout ([a-z-]+)", text, flags=re.M)
    }
    known = set(Everything("tieout").list_commands(None))
    assert {name for name, _ in said} >= {"deploy.md", "tieout-web.service", "tieout-worker@.service"}
    assert {word for _, word in said} - known == set()
    parts = re.findall(r'^    command: \["([a-z]+)"[],]', (DEPLOY / "compose.yaml").read_text(), flags=re.M)
    assert set(parts) == {"release", "web", "worker", "tick"} <= known
    # The proxy comes from another container.
    for file in ("compose.yaml", "Containerfile"):
        assert '["web", "--bind", "0.0.0.0:8000"]' in (DEPLOY / file).read_text()


ON_A_FRESH_DEBIAN = {"apt-get", "useradd", "python3", "runuser", "install", "cp", "systemctl", "openssl"}
"""Beside what the guide itself installs or defines. There is no sudo on it."""


def test_the_guide_wants_no_program_that_a_fresh_machine_has_not():
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    blocks = re.findall(r"(?ms)^ *```\n(.*?)^ *```", guide)
    said = {line.split()[0] for block in blocks for line in block.splitlines() if line.strip()}
    said -= {word for word in said if word.startswith("/opt/tieout/bin/")}
    assert said == ON_A_FRESH_DEBIAN - {"openssl"} | {"tieout()", "tieout", "docker", "(set"}
    assert "sudo" not in guide and {"postgresql", "redis-server", "caddy", "python3-venv"} <= set(
        guide.split()
    )


def test_the_example_of_settings_names_only_settings_and_shows_no_secret():
    text = (DEPLOY / "tieout.env.example").read_text()
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, flags=re.M))
    assert set(named) - OWN_OF_COMPOSE <= {*SETTINGS, "PROXY_HOPS", "DATABASE_URL"}
    assert {"SECRET_KEY", "TOKEN_KEYS", "INTUIT_CLIENT_ID", "SUPPORT_EMAIL"} <= set(named)
    assert {named[name] for name in named if re.search("SECRET|KEYS|TOKEN|^POSTGRES|^VALKEY", name)} == {""}
    used = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    assert used == OWN_OF_COMPOSE


def test_files_that_are_copied_somewhere_are_there():
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for name in re.findall(r"deploy/[\w./@-]*\w", guide):
        assert (ROOT / name).exists() or name == "deploy/tieout.env", name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_reads_the_units(tmp_path: Path):
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/tieout/bin/tieout", "/bin/true"))
    names = [unit.name.replace("@.", "@1.") for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", *names], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
def test_caddy_reads_its_example(tmp_path: Path):
    command = ["caddy", "adapt", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"dial":"127.0.0.1:8000"' in done.stdout and "books.example.com" in done.stdout
