"""The levels of tests hold: a unit test that goes outside fails, and `make check` finds the tests of a file."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.checking import tests_of as files_of
from tests.levels import TESTS, choose_profile, is_unit

pytest_plugins = ["pytester"]

OUTSIDE = {
    "socket": "import socket\ndef go(): socket.socket()",
    "connection": "import socket\ndef go(): socket.create_connection(('127.0.0.1', 9))",
    "request": "import requests\ndef go(): requests.get('http://127.0.0.1:9')",
    "program": "import subprocess\ndef go(): subprocess.run(['true'])",
    "fork": "import multiprocessing as m\ndef go():\n    p = m.get_context('fork').Process(target=print)\n    p.start()\n    p.join()",
    "shell": "import os\ndef go(): os.system('true')",
    "thread": "import socket, threading\ndef go():\n    t = threading.Thread(target=socket.socket)\n    t.start()\n    t.join()",
}


def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str, *words: str
) -> pytest.RunResult:
    """Run a test file as if it lay with the rules' tests, in a process of its own."""
    pytester.makeconftest(
        "import tests.levels as levels, pathlib\nlevels.TESTS = pathlib.Path(__file__).parent / 'written'\n"
        "pytest_plugins = ['tests.levels']\n"
    )
    folder = pytester.path / "written" / "bookkeeping"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test_it.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(TESTS.parent))
    words = ("-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(pytester.path), *words)
    return pytester.runpytest_subprocess(*words, str(folder))


@pytest.mark.parametrize("way", OUTSIDE)
def test_a_unit_test_that_goes_outside_fails_though_it_hides_it(pytester, monkeypatch, way):
    hidden = "def test_it():\n    try:\n        go()\n    except BaseException:\n        pass\n"
    told = run(pytester, monkeypatch, f"{OUTSIDE[way]}\n{hidden}")
    assert told.ret != 0
    told.stdout.fnmatch_lines("*A unit test did *mark it @pytest.mark.outside*")


def test_what_is_marked_may_go_outside_and_is_no_unit_test(pytester, monkeypatch):
    text = f"import pytest\n{OUTSIDE['socket']}\n@pytest.mark.outside\ndef test_it(): go()\n"
    run(pytester, monkeypatch, text).assert_outcomes(passed=1)
    assert run(pytester, monkeypatch, text, "-m", "unit").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("path", "fixtures", "marks", "unit"),
    [
        ("bookkeeping/rules/test_new.py", [], set(), True),
        ("worker/reconcile/test_new.py", ["tmp_path"], set(), True),
        ("webapp/test_new.py", ["house", "sqlite_url", "migrated_sqlite"], set(), False),
        ("webapp/test_new.py", ["database_url"], set(), False),
        ("bookkeeping/rules/test_new.py", [], {"outside"}, False),
        ("functional/test_new.py", [], set(), False),
        ("test_new.py", [], set(), False),
    ],
)
def test_a_test_is_a_unit_test_by_where_it_lies(path, fixtures, marks, unit):
    assert is_unit(TESTS / path, fixtures, marks) is unit


@pytest.mark.parametrize(
    ("given", "examples"),
    [({}, 20), ({"CI": "true"}, 100), ({"CI": "true", "HYPOTHESIS_PROFILE": "dev"}, 20)]
    + [({"HYPOTHESIS_PROFILE": "ci"}, 100)],
)
def test_no_profile_has_a_deadline(monkeypatch, given, examples):
    before = settings.get_current_profile_name()
    for name in ("CI", "HYPOTHESIS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    try:
        choose_profile()
        assert (settings.default.deadline, settings.default.max_examples) == (None, examples)
    finally:
        settings.load_profile(before)


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("bookkeeping/rules/money.py", ["tests/bookkeeping/rules/test_money.py"]),
        ("tests/bookkeeping/rules/test_money.py", ["tests/bookkeeping/rules/test_money.py"]),
        ("bookkeeping/rules", ["tests/bookkeeping/rules"]),
        ("tests/bookkeeping/rules", ["tests/bookkeeping/rules"]),
        ("bookkeeping/rules/brake.py", ["tests/bookkeeping/rules/test_backoff_and_brake.py"]),
        ("docs/quickbooks.md", []),
        ("standins", ["tests/standins"]),
    ],
)
def test_each_file_has_its_tests(path, files):
    assert [str(file) for file in files_of(Path(path))] == files
    assert [str(file) for file in files_of((TESTS.parent / path).resolve())] == files


def test_helpers_of_tests_go_with_the_tests_that_import_them():
    found = files_of(Path("tests/bookkeeping/rules/factories.py"))
    assert Path("tests/bookkeeping/rules/test_planning.py") in found
