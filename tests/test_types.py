"""Types are checked strictly in everything that runs, and what is excused from it says why."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = ("bookkeeping", "webapp", "worker", "wsgi.py")
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
EXCUSE = re.compile(r"# type: ignore")
NARROW = re.compile(r"# type: ignore\[[a-z-]+\]  # [A-Z].+\.$")


def test_mypy_is_strict_in_everything_that_runs():
    assert CONFIGURATION["strict"] is True
    assert set(RUNS) <= set(CONFIGURATION["files"])
    assert not {"ignore_errors", "exclude", "disable_error_code"} & set(CONFIGURATION)


def test_no_override_switches_a_room_off():
    for override in CONFIGURATION["overrides"]:
        assert set(override) <= {"module", "ignore_missing_imports", "disallow_subclassing_any"}


def test_every_ignored_type_error_names_its_code_and_a_reason():
    files = [path for name in RUNS for path in [ROOT / name, *(ROOT / name).rglob("*.py")] if path.is_file()]
    excused = [line for path in files for line in path.read_text().splitlines() if EXCUSE.search(line)]
    assert excused and [line for line in excused if not NARROW.search(line)] == []
