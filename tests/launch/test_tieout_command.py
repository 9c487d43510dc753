"""`tieout …`: what it offers, what it becomes, and what it does not import; then the same from a wheel, far from the checkout."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.harness import ROOT
from tieout import Everything, part_of_procfile
from tieout_files import VERSION, place
from worker.commands.register import COMMANDS, command

ENVIRONMENT = {
    "SECRET_KEY": "only-for-tests-0123456789-0123456789",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "PATH": os.environ.get("PATH", os.defpath),
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_is_where_the_table_says(name: str):
    assert command(name).name == name


def test_all_commands_and_parts_are_offered():
    offered = Everything("tieout")
    names = offered.list_commands(None)
    assert {"run", "web", "worker", "tick", "release", "doctor", "flask", *COMMANDS} == set(names)
    assert all(offered.get_command(None, name) for name in names) and offered.get_command(None, "fly") is None


def test_a_part_is_its_line_of_procfile_and_gunicorn_finds_its_settings():
    assert part_of_procfile("worker")[:2] == ["rq", "worker"]
    web = part_of_procfile("web", {"PORT": "8123"})
    assert web == [
        "gunicorn",
        "--config",
        str(ROOT / "gunicorn.conf.py"),
        "--bind",
        "127.0.0.1:8123",
        "wsgi:app",
    ]
    assert "127.0.0.1:8000" in part_of_procfile("web", {}), "the port that the proxy's examples name"


def said(words: list[str], folder: Path, *above: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env={**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{folder}/t.db", "PYTHONPATH": str(above[0]), **more},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_command_that_needs_no_page_imports_none(tmp_path: Path, sqlite_url: str):
    words = (
        "import sys, tieout\n"
        "try: tieout.main(['company', 'list', '--json'])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'webapp', 'quickbooks', 'alembic', 'wtforms', 'webauthn', 'flask_limiter'}))"
    )
    done = said([sys.executable, "-c", words], tmp_path, ROOT, DATABASE_URL=sqlite_url)
    assert done.stdout.splitlines()[-2:] == ['{"companies": []}', "[]"], done.stderr


def test_a_setting_that_is_missing_is_one_line(tmp_path: Path):
    done = said([sys.executable, "-m", "tieout", "status", "1"], tmp_path, ROOT, SECRET_KEY="")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Tieout cannot start: ") and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, built from what git would hand out."""
    folder = tmp_path_factory.mktemp("built")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_an_installed_wheel_makes_its_tables_serves_its_pages_and_answers(built: Path, tmp_path: Path):
    [wheel] = built.glob("*.whl")
    installed = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        installed,
        wheel,
    ]
    subprocess.run([*map(str, pip)], check=True, capture_output=True)
    made = said([str(installed / "bin" / "tieout"), "release"], tmp_path, installed)
    assert made.returncode == 0 and (tmp_path / "t.db").exists(), made.stderr
    look = (
        "import webapp, tieout\n"
        "from wsgi import app\n"
        "from tieout_files import VERSION, place\n"
        "print(webapp.__file__, VERSION, app.test_client().get('/login').status_code, place('static').is_dir())\n"
        "tieout.main(['company', 'list', '--json'])"
    )
    served = said([sys.executable, "-c", look], tmp_path, installed)
    assert served.stdout == f'{installed}/webapp/__init__.py {VERSION} 200 True\n{{"companies": []}}\n', (
        served.stderr
    )


def test_the_source_archive_has_what_the_wheel_is_built_from(built: Path):
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    wanted = {
        "pyproject.toml",
        "requirements.txt",
        "Procfile",
        "gunicorn.conf.py",
        "wsgi.py",
        "tieout.py",
        "LICENSE",
    }
    assert (
        wanted <= names and {"templates/base.html", "migrations/env.py", "bookkeeping/faults.toml"} <= names
    )
    assert not any(name.startswith(("var/", ".venv/")) for name in names)
    assert place("Procfile") == ROOT / "Procfile"
