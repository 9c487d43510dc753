"""Install what is needed, once: `python3 -m launch.bootstrap run` or `… test`. Runs before .venv exists: standard library only.

`run` makes .venv from requirements.txt. `test` adds requirements-dev.txt, PostgreSQL's server programs and a Chromium.
What was installed is remembered in .venv by a hash of the requirements, so that the second time costs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
PROXIES = {"nginx": "nginx-light", "caddy": "caddy"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Install for the purpose named by the one argument; a problem is one line and exit code 1."""
    if sys.version_info < OLDEST:
        return _fail(f"Python {sys.version.split()[0]} is too old: run make PYTHON=/path/to/python3.11 …")
    if sys.argv[1:] not in (["run"], ["test"]):
        return _fail("Say what for: python3 -m launch.bootstrap run|test")
    try:
        make_venv()
        install("run", "requirements.txt")
        if sys.argv[1] == "test":
            install("test", "requirements-dev.txt", "requirements-otel.txt", "requirements.txt")
            find_or_install_postgresql()
            find_or_install_chromium()
            install_proxies()
    except subprocess.CalledProcessError as error:
        return _fail(f"this failed with exit code {error.returncode}: {' '.join(map(str, error.cmd))}")
    return 0


def make_venv() -> None:
    """Make .venv unless a working one is there."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0:
        return
    _say("Making .venv …")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        # Debian and Ubuntu split the module that puts pip into a new environment off into a package of its own.
        _apt_install(
            f"python{sys.version_info.major}.{sys.version_info.minor}-venv",
            otherwise=made.stdout + made.stderr,
        )
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def install(purpose: str, *requirements: str) -> None:
    """Install the first requirements file unless these very files were installed before."""
    contents = b"".join((ROOT / name).read_bytes() for name in requirements)
    digest = hashlib.sha256(contents).hexdigest()
    stamp = VENV / f".tieout-{purpose}"
    if stamp.exists() and stamp.read_text() == digest:
        return
    _say(f"Installing {requirements[0]} …")
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "-r", ROOT / requirements[0]], check=True)
    stamp.write_text(digest)


def find_or_install_postgresql() -> None:
    """See to it that initdb and postgres are on this machine; tests start a server of their own with them."""
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb"):
        _apt_install(
            "postgresql", otherwise="Install PostgreSQL's server programs (initdb, postgres) for the tests."
        )


def find_or_install_chromium() -> None:
    """See to it that there is a Chromium: one on the PATH, else the distribution's, else Playwright's own."""
    if any(_works(name) for name in BROWSERS) or _playwright_has_its_own():
        return
    if "ID=debian" in _os_release() and _may_apt():
        _apt_install("chromium", otherwise="")
        return
    _say("Installing Chromium …")
    with_libraries = ["--with-deps"] if _may_apt() else []
    subprocess.run([PYTHON, "-m", "playwright", "install", *with_libraries, "chromium"], check=True)


def install_proxies() -> None:
    """Install nginx and Caddy on an integration server, so that the examples of proxies are tried. Elsewhere they would begin to serve."""
    missing = [package for program, package in PROXIES.items() if not shutil.which(program)]
    if not missing or not _may_apt() or not os.environ.get("CI"):
        return
    _say(f"Installing {' and '.join(missing)} …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True).returncode:
        _say("That did not work; the examples of proxies are read only.")


def _works(browser: str) -> bool:
    """Return whether a browser on the PATH starts; on Ubuntu the name may be a mere pointer to another package."""
    return (
        bool(shutil.which(browser))
        and subprocess.run([browser, "--version"], capture_output=True).returncode == 0
    )


def _playwright_has_its_own() -> bool:
    asks = (
        "import os, sys; from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: sys.exit(not os.path.exists(p.chromium.executable_path))"
    )
    return subprocess.run([PYTHON, "-c", asks], capture_output=True).returncode == 0


def _os_release() -> str:
    path = Path("/etc/os-release")
    return path.read_text() if path.exists() else ""


def _may_apt() -> bool:
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def _apt_install(package: str, *, otherwise: str) -> None:
    """Install a distribution's package where we may; elsewhere say what a person has to do and end."""
    if not _may_apt():
        sys.exit(_fail(f"{package} is missing and only root can install it. {otherwise}".strip()))
    _say(f"Installing {package} …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    subprocess.run(command, check=True, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _say(text: str) -> None:
    print(text, flush=True)


def _fail(text: str) -> int:
    print(f"Tieout: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
