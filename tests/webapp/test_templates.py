"""How templates are written, not what they show: every line of a template, style sheet or script fits beside another one in a review."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDERS = ("templates", "static", "standins/*/templates", "standins/*/static")
LONGEST = 140


def written(folder: str) -> list[Path]:
    """The text files under the folders that match, each with its path."""
    return [path for top in PROJECT.glob(folder) for path in sorted(top.rglob("*")) if path.is_file()]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_line_is_longer_than_a_screen_is_wide(folder):
    files = written(folder)
    assert files, f"nothing is at {folder}"
    long = [
        f"{path.relative_to(PROJECT)}:{number} has {len(line)} characters"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LONGEST
    ]
    assert not long, "\n".join(long)
