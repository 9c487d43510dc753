"""No function over 60 lines and no file over 400: what is longer holds a second subject. Migrations are written once and left."""

import ast

import pytest

from tests.harness import ROOT

ROOMS = ("bookkeeping", "webapp", "worker", "standins", "launch", "tests", "bench", "docs")
LONGEST_FUNCTION = 60
LONGEST_FILE = 400


def files(room: str) -> list:
    """Return the Python files of a room."""
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_longer_than_one_subject(room):
    assert files(room)
    long = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in files(room)
    }
    assert {name: count for name, count in long.items() if count > LONGEST_FILE} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_is_longer_than_a_page(room):
    long = {}
    for path in files(room):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count = (node.end_lineno or 0) - node.lineno + 1
                if count > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT).as_posix()} {node.name}"] = count
    assert long == {}
