"""A company with something on every page, and the walk over all pages that links lead to."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import delete
from werkzeug.test import TestResponse

from bookkeeping.sources.dropping import drop_file, take_file
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import keep_credentials
from bookkeeping.storage.records.documents import Drift
from bookkeeping.storage.work.runs import Run
from tests.bookkeeping.inspection_source.dropped.factories import HEAD, ONE, csv_file
from tests.webapp.failing import failing, refused_operation
from tests.webapp.house import Browser, House
from tests.webapp.records import NOON, Records, paid

LONGEST_WALK = 150
_LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"]*)"')


def furnish(house: House, name: str) -> int:
    """Return the id of a new company with an inspection in each state, a drift, a question and a run."""
    records = Records(house, house.make_company(name))
    records.connect(realm_digest=name)
    key = str(records.company_id * 1000)
    records.booked(key, payments=(paid(),))
    failing(house, records.company_id, f"{key}1", client_name="Ann")
    refused_operation(house, records.company_id, f"{key}1")
    records.drift(records.document(f"{key}2", qbo_id="146"))
    left = records.drift(records.document(f"{key}4", qbo_id="147"), choice="keep", settled_at=NOON)
    records.inspection(f"{key}4", reason="kept-theirs")
    _leave(house, left)
    records.inspection(f"{key}2", "drift")
    records.question("c2")
    records.run()
    records.bad_record(f"{key}3")
    house.make_person("bookkeeper", records.company_id, f"pat{records.company_id}@office.example")
    _drop_files(house, records.company_id, key)
    return records.company_id


def pages_from(browser: Browser, start: str) -> Iterator[tuple[str, TestResponse]]:
    """Give (address, answer) of one page of each kind that links lead to from `start`; none may break."""
    waiting, seen = [start], set()
    while waiting and len(seen) < LONGEST_WALK:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "N", urlsplit(address).path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = browser.get(address, follow_redirects=True)
        assert answer.status_code < 500, address
        if "html" not in answer.mimetype:
            continue
        links = (link.replace("&amp;", "&") for link in _LINK.findall(answer.text))
        waiting += [link for link in links if not link.startswith("/static")]
        yield address, answer


def _drop_files(house: House, company_id: int, key: str) -> None:
    """Let the company's inspections come in files: one was taken, and one waits that changes, lacks and spoils something."""
    with house.writing():
        company = db.session.get_one(Company, company_id)
        keep_credentials(company, "files", {})
        rows = [(f"{key}{one}", *ONE[1:]) for one in range(7, 10)]
        taken = drop_file(company, "owner", [("february.csv", csv_file(HEAD, *rows))])
        take_file(company, taken, "owner", turn=0, take_out=False)
        other = [(*rows[0][:-1], "430.00"), (*rows[1][:-1], "free"), (f"{key}6", *ONE[1:])]
        drop_file(company, "owner", [("march.csv", csv_file(HEAD, *other))])
        db.session.execute(delete(Run).where(Run.company_id == company_id, Run.reason == "file taken"))
        db.session.commit()


def _leave(house: House, drift_id: int) -> None:
    """Leave the document to the bookkeeper by this choice."""
    with house.writing():
        db.session.get_one(Drift, drift_id).document.hands_off = "kept"
        db.session.commit()
