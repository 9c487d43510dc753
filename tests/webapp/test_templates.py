"""How templates are written, not what they show: every line of a template, style sheet or script fits beside another one in a review."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDERS = ("templates", "static", "standins/*/templates", "standins/*/static")
LONGEST = 140


def written(folder: str) -> list[Path]:
    """The text files under the folders that match, each with its path."""
    return [
        path
        for top in PROJECT.glob(folder)
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.suffix != ".png"
    ]


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


def test_a_field_that_is_wrong_says_so_and_names_what_is_said_of_it():
    """The field macro does both by itself; a field written out has both in its tag."""
    wrong, found = [], 0
    for path in written("templates"):
        for tag in re.findall(
            r"<(?:input|select|textarea)\b(?:[^<>{]|\{\{.*?\}\}|\{%.*?%\})*>",
            path.read_text(encoding="utf-8"),
        ):
            if "is-invalid" in tag:
                found += 1
                if 'aria-invalid="true' not in tag or "aria-describedby" not in tag:
                    wrong.append(f"{path.name}: {tag[:80]}")
    assert found > 5 and not wrong, wrong
