"""Writes the fault catalogue into quickbooks.md: `python -m docs.make_fault_table`. A test fails while the page is not current."""

from pathlib import Path

from bookkeeping.faults import CATALOGUE, Fault

PAGE = Path(__file__).with_name("quickbooks.md")
BEGIN, END = "<!-- faults: made by docs/make_fault_table.py -->", "<!-- end of faults -->"

HANDLING = {
    "temporary": "tried again by itself",
    "stale": "read by Id and planned again",
    "reconnect": "the company waits",
    "refused": "this one waits for a change or a person",
    "bug": "ours to mend",
    "done": "nothing is owed",
}


def table() -> str:
    """Return the catalogue as two tables: what Intuit numbers, and what we name ourselves."""
    intuit = [entry for code, entry in CATALOGUE.items() if code.startswith("qbo-")]
    intuit.sort(key=lambda entry: int(entry.code.removeprefix("qbo-")))
    ours = [entry for code, entry in CATALOGUE.items() if not code.startswith("qbo-")]
    parts = ["### Intuit's numbers", _rows(intuit), "### Our own", _rows(ours)]
    return "\n\n".join(parts)


def page_with(table_text: str, page: str) -> str:
    """Return the page with this table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table_text}\n\n{END}{after}"


def _rows(entries: list[Fault]) -> str:
    head = (
        "| code | what it is | what happens | what ends it | beyond that | who can act | cause | remedy |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    return "\n".join([head, *map(_row, entries)])


def _beyond(entry: Fault) -> str:
    """Return what follows from a code beside its handling, as the catalogue's own fields say."""
    facts = {
        "whole company": entry.scope == "company",
        "looked at again every night": entry.rechecked,
        "goes away by itself": entry.waits and not entry.held_by_person,
        "outcome unknown": entry.outcome_unknown != "",
        "the token is renewed first": entry.token_refused,
        "a person lets it go": entry.held_by_person,
    }
    return ", ".join(name for name, holds in facts.items() if holds)


def _row(entry: Fault) -> str:
    code = entry.code.removeprefix("qbo-")
    cells = (
        code,
        entry.title,
        HANDLING[entry.handling],
        ", ".join(entry.ends_with),
        _beyond(entry),
        entry.who,
        entry.cause,
        entry.remedy,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page_with(table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
