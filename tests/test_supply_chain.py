"""What Tieout is made of: all that is imported is named and pinned, the lock file has it all with hashes and no address of anybody's registry."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

from launch.auditing import LOCK, bill_of_materials, licences, locked
from tests.harness import ROOT
from tieout_files import VERSION

OURS = ("tieout_files", "bookkeeping", "webapp", "worker", "launch", "standins", "migrations", "tests")
OPTIONAL = {"sentry_sdk"}  # Installed only where it is wanted.


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
    for file in ("requirements.txt", "requirements-dev.txt", "requirements-audit.txt"):
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
    """The issue asks for intuit-oauth 1.2.7; python-quickbooks pins 1.2.6. This fails once it no longer does: then take the newer one."""
    assert (
        "intuit-oauth==1.2.6" in (requires("python-quickbooks") or []) and version("intuit-oauth") == "1.2.6"
    )


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
