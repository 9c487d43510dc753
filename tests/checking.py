"""`make check F=path`: style and formatting of one file or folder, and the tests that go with it."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT


def tests_of(path: Path, root: Path = ROOT) -> list[Path]:
    """Return the test files or the folder that go with a file or folder, all relative to the root.

    A test file goes with itself. `bookkeeping/rules/money.py` has `tests/bookkeeping/rules/test_money.py`; where no file mirrors
    a module, every test file that imports it goes with it; a folder has the folder of its name below `tests`.
    """
    path = path.resolve().relative_to(root) if path.is_absolute() else path
    inside = path.parts[:1] == ("tests",)
    if (root / path).is_dir():
        return [found for found in [path if inside else "tests" / path] if (root / found).is_dir()]
    if inside and path.name.startswith("test_"):
        return [path]
    mirror = "tests" / path.with_name(f"test_{path.name}")
    if not inside and (root / mirror).exists():
        return [mirror]
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    return [
        file.relative_to(root)
        for file in sorted((root / "tests").rglob("test_*.py"))
        if module in _imported(file)
    ]


def _imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def check(words: list[str]) -> int:
    """Check the one path that is named; return an exit code."""
    if len(words) != 1 or not Path(words[0]).exists():
        print("Name a file or a folder: make check F=bookkeeping/rules/money.py", file=sys.stderr)
        return 2
    path = Path(words[0])
    python = [sys.executable, "-m"]
    steps = [python + ["ruff", "check", str(path)], python + ["ruff", "format", "--check", str(path)]]
    found = tests_of(path)
    if found:
        steps.append(python + ["pytest", "-q", *map(str, found)])
    for step in steps:
        code = subprocess.run(step, cwd=ROOT).returncode
        if code:
            return code
    if not found:
        print(f"No test mirrors {path} and none imports it.", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(check(sys.argv[1:]))
