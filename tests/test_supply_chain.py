"""What Tieout is made of: all that is imported is named and pinned, the lock file has it all with hashes and no address of anybody's registry."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

import pytest

from launch.auditing import CODE, HELD_BACK, LOCK, bill_of_materials, judged_hold, licences, locked
from tests.harness import ROOT
from tieout_files import VERSION

OURS = ("tieout_files", "bookkeeping", "webapp", "worker", "launch", "standins", "migrations", "tests")
OPTIONAL = {"sentry_sdk", "opentelemetry"}  # Installed only where they are wanted.


def named(file: str) -> dict[str, str]:
    """Return the versions that a requirements file pins, by normal name."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / file).read_text())
    return {normal(name): number for name, number in found}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """Return the top names of everything that the product imports and does not bring itself."""
    found: set[str] = set()
    for room in ("bookkeeping", "webapp", "worker", "launch"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {one.name.split(".")[0] for one in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - set(OURS) - OPTIONAL


def test_all_that_is_imported_is_named():
    known, pinned = packages_distributions(), named("requirements.txt")
    missing = {one for one in imported() if not {normal(name) for name in known.get(one, ())} & set(pinned)}
    assert missing == set()


def test_every_requirement_is_pinned_to_one_version():
    for file in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-audit.txt",
        "requirements-otel.txt",
    ):
        lines = [
            line
            for line in (ROOT / file).read_text().splitlines()
            if line and not line.startswith(("#", "-r"))
        ]
        assert lines and all(
            re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[0-9a-z.]+", line) for line in lines
        ), file


def test_the_lock_has_what_is_required_with_hashes_and_nobodys_address():
    lock = locked()
    assert {name: lock[name][0] for name in named("requirements.txt")} == named("requirements.txt")
    assert all(hashes for _, hashes in lock.values()) and len(lock) > 40
    text = LOCK.read_text()
    assert not re.search(r"https?:|file:|--(extra-)?index|find-links|@ ", text)


def test_the_lock_has_also_what_the_required_need():
    from packaging.requirements import Requirement

    lock, missing = locked(), set()
    extras = {"psycopg": "binary"}
    for name in lock:
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue  # For other systems.
        for need in needs:
            wanted = need.marker is None or need.marker.evaluate({"extra": extras.get(name, "")})
            if wanted and normal(need.name) not in lock:
                missing.add((name, need.name))
    assert missing == set()


def test_intuits_client_is_the_one_that_the_library_wants():
    """1.2.7 is out, and python-quickbooks 0.9.12, its newest, pins 1.2.6. This fails once it no longer does: then take the newer one."""
    assert (
        "intuit-oauth==1.2.6" in (requires("python-quickbooks") or []) and version("intuit-oauth") == "1.2.6"
    )


PINNED = {"intuit-oauth": "1.2.6", "python-quickbooks": "0.9.12"}
UNSOLVABLE = """  × No solution found when resolving dependencies:
  ╰─▶ Because only python-quickbooks<=0.9.12 is available and python-quickbooks==0.9.12 depends on
      intuit-oauth==1.2.6, we can conclude that python-quickbooks>=0.9.12 depends on intuit-oauth==1.2.6."""


@pytest.mark.parametrize(
    ("ended", "said", "code", "sentence"),
    [
        (
            0,
            "intuit-oauth==1.2.7\npython-quickbooks==0.9.13\n",
            1,
            "intuit-oauth==1.2.7, python-quickbooks==0.9.13 go together",
        ),
        (1, UNSOLVABLE, 0, "stays at 1.2.6"),
        (2, "error: Request failed after 3 retries", 1, "NOT looked at"),
        (1, "No solution found: intuit-oauth was not found in the package registry", 1, "NOT looked at"),
    ],
    ids=["possible", "held back", "out of reach", "unknown there"],
)
def test_the_audit_tells_when_what_is_held_back_no_longer_is(ended, said, code, sentence):
    judged = judged_hold("intuit-oauth", "python-quickbooks", PINNED, ended, said)
    assert judged[0] == code and sentence in judged[1]
    assert set(HELD_BACK) | set(HELD_BACK.values()) <= set(locked())


def test_the_papers_say_what_is_held_back_and_by_whom():
    text = (ROOT / "docs" / "security.md").read_text()
    for name, by in HELD_BACK.items():
        assert f"{name} stays at {locked()[name][0]}" in text and f"{by} {locked()[by][0]}" in text


def test_every_locked_package_has_its_licence_listed():
    listed = re.findall(r"(?m)^\| (\S+) \| (\S+) \| (.+) \|$", (ROOT / "docs" / "licences.md").read_text())
    assert {name: number for name, number, _ in listed if name != "package"} == {
        name: number for name, (number, _) in locked().items()
    }
    assert "not said" not in licences()


def test_the_bill_of_materials_is_cyclonedx_with_every_package():
    bill = json.loads(json.dumps(bill_of_materials()))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["name"] for one in bill["components"]} == set(locked())
    assert all(one["hashes"] and one["purl"].startswith("pkg:pypi/") for one in bill["components"])
    assert bill["metadata"]["component"]["version"] == VERSION


def test_banned_code_is_looked_for_with_every_lint():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not [
        files for files, rules in lint["per-file-ignores"].items() if "S" in rules and "webapp" in files
    ]


def test_every_check_runs_bandit_over_what_the_audit_looks_at():
    makefile = (ROOT / "Makefile").read_text()
    assert " lint-weak " in makefile.split("\nlint:")[1].split("\n\n")[0]
    assert f"\nlint-weak:\n\t$(PY) -m bandit -q -r -ll {' '.join(CODE)}\n" in makefile
    assert named("requirements-dev.txt")["bandit"] == named("requirements-audit.txt")["bandit"]
