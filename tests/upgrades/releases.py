"""Which release was the last, and its code from the repository's history with the libraries that it had."""

import importlib.metadata
import re
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from tests.harness import ROOT

NOTED = ROOT / "migrations" / "releases.txt"


class Release(NamedTuple):
    """A release: `revision` is the last migration that it brought."""

    version: str
    commit: str
    revision: str


class NoHistoryError(Exception):
    """The repository does not hold the release's commit, in words that say what to do."""


def last_release() -> Release:
    """Return the release that was made last."""
    lines = [line for line in NOTED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    version, commit, revision = lines[-1].split()
    return Release(version, commit, revision)


def code_of(release: Release, folder: Path) -> Path:
    """Put the release's code into the folder, and return it.

    Raises:
        NoHistoryError: this is no clone with its history.
    """
    packed = _git("archive", release.commit)
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def head_of(release: Release) -> str:
    """Return the last migration in the release's own commit.

    Raises:
        NoHistoryError: this is no clone with its history.
    """
    names = _git("ls-tree", "--name-only", release.commit, "migrations/versions/").decode().split()
    texts = [_git("show", f"{release.commit}:{name}").decode() for name in names if name.endswith(".py")]
    revisions = {found for text in texts for found in re.findall(r'^revision\b.*"(\w+)"', text, re.M)}
    before = {found for text in texts for found in re.findall(r'^down_revision\b.*"(\w+)"', text, re.M)}
    [head] = revisions - before
    return head


def libraries_of(code: Path, folder: Path) -> Path:
    """Install into the folder what the release pinned and this environment has not, or in another version; return it."""
    pinned = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", (code / "requirements.txt").read_text("utf-8"), re.M)
    other = [f"{name}=={version}" for name, version in pinned if _installed(name) != version]
    folder.mkdir()
    if other:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*install, *other], check=True)
    return folder


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise NoHistoryError(
            f"git {words[0]}: {done.stderr.decode().strip()}. The last release's code is in the history: "
            "clone the repository whole, or `git fetch --unshallow`."
        )
    return done.stdout
