"""Makes a release of what is committed: `python -m docs.make_release 0.5.0 "fit for strangers"`.

What stands under *Unreleased* becomes the release's section, `tieout_files` gets the version, `migrations/releases.txt` a line from which the
tests of the next upgrade start; all are committed and tagged. Nothing is pushed: look at the commit, then `git push --follow-tags`.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from alembic.script import ScriptDirectory

ROOT = Path(__file__).parent.parent
UNRELEASED = "## [Unreleased]\n"


class NoReleaseError(Exception):
    """Why there is nothing to release, in one line."""


def release(root: Path, version: str, name: str, today: date) -> None:
    """Make the release in the repository at `root`.

    Raises:
        NoReleaseError: something is not committed, nothing is unreleased, the version is not the next one, or migrations have two ends.
    """
    if _git(root, "status", "--porcelain"):
        raise NoReleaseError("There are changes that are not committed.")
    changelog, installed = root / "CHANGELOG.md", root / "tieout_files" / "__init__.py"
    commit, head = _git(root, "rev-parse", "--short", "HEAD"), last_migration(root)
    pages = with_release(changelog.read_text("utf-8"), version, name, today, commit)
    changelog.write_text(pages, "utf-8")
    installed.write_text(with_version(installed.read_text("utf-8"), version), "utf-8")
    with (root / "migrations" / "releases.txt").open("a", encoding="utf-8") as released:
        released.write(f"{version} {commit} {head}\n")
    _git(root, "commit", "-q", "-am", f"Release {version}\n\n{name[:1].upper()}{name[1:]}.")
    _git(root, "tag", "-a", f"v{version}", "-m", f"{version}: {name}")


def with_release(changelog: str, version: str, name: str, today: date, commit: str) -> str:
    """Return the changelog with what is unreleased as the section of this version, and nothing unreleased."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise NoReleaseError(f"{version!r} is no version such as 0.5.0.")
    before, found, after = changelog.partition(UNRELEASED)
    news, heading, older = after.partition("\n## [")
    if not found or not heading or "- " not in news:
        raise NoReleaseError("Nothing stands under Unreleased in CHANGELOG.md.")
    last = older.partition("]")[0]
    if _numbers(version) <= _numbers(last):
        raise NoReleaseError(f"{version} does not follow {last}.")
    section = f"## [{version}] - {today.isoformat()}: {name} (`{commit}`)\n{news}"
    return f"{before}{UNRELEASED}\n{section}{heading}{older}"


def with_version(module: str, version: str) -> str:
    """Return the module with this version."""
    return re.sub(r'^VERSION = "[^"]*"$', f'VERSION = "{version}"', module, count=1, flags=re.M)


def last_migration(root: Path) -> str:
    """Return the migration that no other one follows.

    Raises:
        NoReleaseError: there are several, or none.
    """
    script = ScriptDirectory(str(root / "migrations"))
    heads = script.get_heads()
    if len(heads) != 1:
        raise NoReleaseError(f"Migrations end in {', '.join(heads) or 'nothing'} instead of one.")
    return heads[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoReleaseError(done.stderr.strip() or f"git {words[0]} failed.")
    return done.stdout.strip()


def main() -> int:
    """Return an exit code."""
    words = argparse.ArgumentParser(prog="python -m docs.make_release", description=__doc__)
    words.add_argument("version")
    words.add_argument("name", help="what the release is, in a few words")
    asked = words.parse_args()
    try:
        release(ROOT, asked.version, asked.name, datetime.now(UTC).date())
    except NoReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Released {asked.version}. Look at it, then: git push --follow-tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
