"""Where the files are that are no Python: in the folder of a checkout, or in this package when Tieout was installed as a wheel.

Where what Tieout makes is kept (`var/`, the database) is the settings' to say, never this.
"""

from pathlib import Path

VERSION = "0.4.0"
"""The release; `docs.make_release` writes it. pyproject.toml takes it from here."""

_HERE = Path(__file__).resolve().parent


def place(name: str) -> Path:
    """Return where the folder or file of this name is, such as `templates` or `Procfile`."""
    within = _HERE / name
    return within if within.exists() else _HERE.parent / name
