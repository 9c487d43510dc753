"""`tieout …`: what it offers, what it becomes, and what it does not import; then the same from a wheel, far from the checkout."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet

from tests.harness import ROOT
from tests.harness.processes import LOOPBACK, Process, free_port
from tieout import Everything, words_of
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


def test_a_program_is_its_line_of_procfile_and_gunicorn_finds_its_settings():
    ours = ["gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    assert words_of("worker", ["--burst"], {"PORT": "1"})[:2] == ["rq", "worker"]
    assert words_of("web", (), {"PORT": "8123"}) == [*ours, "--bind", "127.0.0.1:8123", "wsgi:app"]
    elsewhere = ["--bind", "0.0.0.0:8000"]
    assert words_of("web", elsewhere, {"PORT": "8123"}) == [*ours, "wsgi:app", *elsewhere]
    assert words_of("flask", ["db", "current"], {}) == [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "wsgi",
        "db",
        "current",
    ]


def test_the_web_app_listens_where_it_is_told_and_reads_dot_env(tmp_path: Path, sqlite_url: str):
    """As in a container, where the proxy comes from outside; and by itself where `.env` says."""
    port, own = free_port(), free_port()
    environment = {**ENVIRONMENT, "DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT), "WEB_CONCURRENCY": "1"}
    (tmp_path / ".env").write_text(f"PORT={own}\n")
    words = [sys.executable, "-m", "tieout", "web"]
    for more, there in (["--bind", f"0.0.0.0:{port}"], port), ([], own):
        process = Process([*words, *more], tmp_path / "web.log", environment=environment, folder=tmp_path)
        try:
            process.wait_for_url(f"http://{LOOPBACK}:{there}/healthz")
            assert requests.get(f"http://{LOOPBACK}:{there}/healthz", timeout=20).json()["version"] == VERSION
        finally:
            process.stop()


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


UNSAFE = {
    "INTUIT_ENVIRONMENT": "production",
    "PUBLIC_URL": "http://tieout.example",
    "TOKEN_KEYS": "change-me",
}


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "--bind", f"{LOOPBACK}:1", "wsgi:app"],
        ["-c", "import rq.cli.cli; import worker.jobs", "worker"],
        ["-m", "tieout", "status", "1"],
    ],
    ids=["web", "worker", "command"],
)
def test_unsafe_settings_end_each_program_at_once_with_a_line_each(words: list[str], tmp_path: Path):
    """The web app started its processes again and again, and a worker began and failed at each job."""
    done = said([sys.executable, *words], tmp_path, ROOT, **UNSAFE)
    assert done.returncode != 0 and "Traceback" not in done.stderr, done.stderr
    lines = [
        line.removeprefix("Error: ").removeprefix("Tieout cannot start: ")
        for line in done.stderr.splitlines()
    ]
    assert [line.split()[0] for line in lines if not line.startswith("{")][:2] == ["PUBLIC_URL", "TOKEN_KEYS"]
    assert done.stderr.count("PUBLIC_URL is") == 1 and "change-me" not in done.stderr


def test_a_key_that_is_none_is_one_line_with_the_stand_ins_too(tmp_path: Path):
    done = said([sys.executable, "-m", "tieout", "status", "1"], tmp_path, ROOT, TOKEN_KEYS="change-me")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "TOKEN_KEYS holds something that is no Fernet key" in done.stderr


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
