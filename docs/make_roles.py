"""Writes the matrix of roles into roles.md: `python -m docs.make_roles`. A test fails while the page is not current."""

from pathlib import Path

from flask import Flask

from webapp.access.matrix import MATRIX, ROLE_NAMES, ROLES
from webapp.page_families import register_views

PAGE = Path(__file__).with_name("roles.md")
BEGIN, END = "<!-- matrix: made by docs/make_roles.py -->", "<!-- end of matrix -->"


def matrix() -> str:
    """Return two tables: which role has which right, and which addresses ask for it."""
    head = ["may", *(ROLE_NAMES[role] for role in ROLES)]
    rows = [
        [right.value, *("yes" if role in roles else "" for role in ROLES)] for right, roles in MATRIX.items()
    ]
    asked = [[right.value, "<br>".join(f"`{one}`" for one in found)] for right, found in addresses().items()]
    return f"{_table(head, rows)}\n\n## Which addresses ask for it\n\n{_table(['may', 'addresses'], asked)}"


def addresses() -> dict[str, list[str]]:
    """Return the addresses that ask for each right, `""` for those that ask nobody."""
    app = Flask("roles", static_folder=None)
    register_views(app)
    found: dict[str, list[str]] = {right: [] for right in MATRIX}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for right in getattr(app.view_functions[rule.endpoint], "rights", ()):
            methods = sorted((rule.methods or set()) & {"GET", "POST"})
            found[right] += [f"{method} {rule.rule}" for method in methods]
    return found


def page_with(text: str, page: str) -> str:
    """Return the page with these tables in their place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page_with(matrix(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
