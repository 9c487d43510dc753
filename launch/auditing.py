"""`make audit` and `make lock`: known weaknesses, the bill of materials, and the lock file with every package's hashes. Standard library only.

The tools live in an environment of their own (.venv/audit, requirements-audit.txt), so that what runs is what requirements.txt says.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from launch.environment import private_folder
from tieout_files import VERSION

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv" / "audit" / "bin"
LOCK = ROOT / "requirements.lock"
CODE = ("bookkeeping", "webapp", "worker", "launch", "wsgi.py", "tieout.py", "tieout_files")
HEAD = "# Every package that requirements.txt brings, with the hashes of its files. Made by `make lock`; to install from it:\n# pip install --require-hashes -r requirements.lock\n"
HELD_BACK = {"intuit-oauth": "python-quickbooks"}
"""Packages that stay at an older version since another one wants just that; `make audit` says when it no longer does."""

OUT_OF_REACH = re.compile(
    r"ConnectionError|ServiceError|Failed to upgrade|Max retries|timed out|resolve|50[0-9] ", re.IGNORECASE
)


def main() -> int:
    """Do what the one argument says; 1 when something was found or could not be asked."""
    if sys.argv[1:] not in (["audit"], ["lock"]):
        print("Say what: python3 -m launch.auditing audit|lock", file=sys.stderr)
        return 1
    _tools()
    return _lock() if sys.argv[1] == "lock" else _audit()


def _tools() -> None:
    wanted = (ROOT / "requirements-audit.txt").read_text()
    stamp = TOOLS.parent / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing requirements-audit.txt …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", TOOLS.parent], check=True)
    pip = [TOOLS / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / "requirements-audit.txt"], check=True)
    stamp.write_text(wanted)


def _lock() -> int:
    options = ("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet")
    silent = ("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header")
    made = subprocess.run(
        [TOOLS / "uv", "pip", "compile", *options, *silent, "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        print(made.stderr, file=sys.stderr)
        return 1
    LOCK.write_text(HEAD + made.stdout)
    (ROOT / "docs" / "licences.md").write_text(licences())
    print(f"{len(locked())} packages are in requirements.lock and docs/licences.md.")
    return 0


def _audit() -> int:
    code = subprocess.run([TOOLS / "bandit", "-q", "-r", "-ll", *CODE], cwd=ROOT).returncode
    code = max(code, *(_hold(name, by) for name, by in HELD_BACK.items()))
    bill = private_folder(ROOT / "var") / "sbom.json"
    bill.write_text(json.dumps(bill_of_materials(), indent=1))
    print(f"The bill of materials is in {bill.relative_to(ROOT)} (CycloneDX).")
    asked = subprocess.run(
        [
            TOOLS / "pip-audit",
            "--requirement",
            LOCK,
            "--require-hashes",
            "--disable-pip",
            "--progress-spinner",
            "off",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    skipped = asked.stdout.count("could not be audited")
    if skipped:
        print(
            f"pip-audit did not find {skipped} packages at its source: whether they have a known weakness was NOT looked at.",
            file=sys.stderr,
        )
        return 1
    print(asked.stdout, end="")
    if asked.returncode and not asked.stdout.strip() and OUT_OF_REACH.search(asked.stderr):
        print(
            "pip-audit could not reach its source: whether a package has a known weakness was NOT looked at.",
            file=sys.stderr,
        )
        return 1
    print(asked.stderr, end="", file=sys.stderr)
    return code or asked.returncode


def _hold(name: str, by: str) -> int:
    """Ask the registry whether a newer version goes together with the package that holds it back, and say what came of it."""
    pinned = {one: locked()[one][0] for one in (name, by)}
    wanted = f"{name}>{pinned[name]}\n{by}>={pinned[by]}\n"
    options = ("--universal", "--python-version", "3.11", "--no-header", "--no-annotate")
    asked = subprocess.run(
        [TOOLS / "uv", "pip", "compile", *options, "-"],
        input=wanted,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    code, sentence = judged_hold(name, by, pinned, asked.returncode, asked.stdout + asked.stderr)
    print(sentence, file=sys.stderr if code else sys.stdout)
    return code


def judged_hold(name: str, by: str, pinned: dict[str, str], ended: int, said: str) -> tuple[int, str]:
    """Return (1 when somebody has to look, a sentence) for how asking for a newer version of `name` beside `by` ended."""
    if ended == 0:
        newer = ", ".join(re.findall(rf"(?m)^(?:{re.escape(name)}|{re.escape(by)})==\S+", said))
        return (
            1,
            f"{name} is held back no longer: {newer} go together. Take them into requirements.txt and run `make lock`.",
        )
    if "No solution found" in said and re.search(rf"{re.escape(by)}\S* depends on\s+{re.escape(name)}", said):
        return 0, f"{name} stays at {pinned[name]}: no {by} from {pinned[by]} on goes with a newer one."
    return 1, f"Whether {name} is still held back by {by} was NOT looked at: the registry could not be asked."


def locked() -> dict[str, tuple[str, list[str]]]:
    """Return (version, SHA-256 hashes) of each package of the lock file by its name."""
    found: dict[str, tuple[str, list[str]]] = {}
    for part in re.split(r"\n(?=[a-z])", LOCK.read_text()):
        named = re.match(r"([a-z0-9._-]+)==([^\s;\\]+)", part)
        if named:
            found[named[1]] = (named[2], re.findall(r"sha256:([0-9a-f]{64})", part))
    return found


def licence(name: str) -> str:
    """Return a package's licence as it says itself; "" where it is not installed here."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return ""
    plain = said.get("License-Expression") or ""
    classified = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    first = (said.get("License") or "").strip().splitlines()
    return plain or ", ".join(classified) or (first[0][:60] if first else "not said")


def licences() -> str:
    """Return docs/licences.md."""
    rows = [
        f"| {name} | {version} | {licence(name) or 'only on other systems'} |"
        for name, (version, _) in locked().items()
    ]
    head = "# Licences of what Tieout runs on\n\nMade by `make lock`, from what each package says itself. Tieout's own is in [LICENSE](../LICENSE).\n\n"
    return head + "| package | version | licence |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def bill_of_materials() -> dict[str, object]:
    """Return the CycloneDX bill of the lock file."""
    parts = [
        {
            "type": "library",
            "name": name,
            "version": number,
            "purl": f"pkg:pypi/{name}@{number}",
            "licenses": [{"license": {"name": licence(name) or "unknown"}}],
            "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
        }
        for name, (number, hashes) in locked().items()
    ]
    itself = {"type": "application", "name": "tieout", "version": VERSION}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself},
        "components": parts,
    }


if __name__ == "__main__":
    sys.exit(main())
