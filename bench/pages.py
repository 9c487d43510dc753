"""What each of an owner's pages costs at 1,000 and at 10,000 inspections: statements, and the median of processor milliseconds.

`python -m bench.pages` prints a line a page; 1 when a page asks more statements the more inspections there are. Processor time is of this process alone, so a busy machine shows about the same; the aim is 30 ms a page.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from bookkeeping.storage.base import db
from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import Browser, House
from tests.webapp.records import NOON, inspection_row

SIZES, TURNS = (1_000, 10_000), 9


def main() -> int:
    """Fill, ask, grow, ask again; print a line a page, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = House(f"sqlite:///{Path(folder) / 'bench.db'}")
        with house.writing():
            db.create_all()
        company, found, rows = furnish(house, "Blue Ridge"), {}, 0
        browser = house.browser(house.make_person("owner", company))
        for size in SIZES:
            with house.writing():
                for number in range(rows, size):
                    at = NOON - timedelta(hours=number)
                    db.session.add(inspection_row(company, f"n{number}", "in-sync", at, {}, {}))
                db.session.commit()
            rows = size
            for address in [address for address, _ in pages_from(browser, "/")]:
                found.setdefault(address, []).append(cost(house, browser, address))
    if given.json:
        facts = ("statements before", "statements", "processor milliseconds")
        print(
            json.dumps(
                {
                    page: dict(zip(facts, (few, many, round(ms, 1)), strict=True))
                    for page, ((few, _), (many, ms)) in found.items()
                }
            )
        )
    for address, ((few, _), (many, milliseconds)) in () if given.json else found.items():
        print(f"{milliseconds:6.1f} ms  {few:3} -> {many:3} statements  {address}")
    return int(any(many > few for (few, _), (many, _) in found.values()))


def cost(house: House, browser: Browser, address: str) -> tuple[int, float]:
    """Return the statements of one request, and the median of its processor milliseconds."""
    asked: list[str] = []
    with house.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    spent: list[float] = []
    for _ in range(TURNS):
        begun = time.process_time()
        browser.get(address)
        spent.append((time.process_time() - begun) * 1000)
    return len(asked) // TURNS, statistics.median(spent)


if __name__ == "__main__":
    sys.exit(main())
