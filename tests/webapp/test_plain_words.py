"""What people read, held as whole kinds: the catalogue, the log, notices and mails, the audit log, every message of the code, and every page.

Rules with before and after stand in docs/words.md.
"""

import ast
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from bookkeeping.acts.telling import tell_of_login, tell_owners
from bookkeeping.faults import CATALOGUE, fault
from bookkeeping.sources.opening import KINDS
from bookkeeping.sources.words import SAID
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.credentials import keep_credentials
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.notices import Notice, notify_once
from bookkeeping.storage.people.people import User
from bookkeeping.storage.work.journal import OUTCOMES
from tests.harness import ROOT
from tests.webapp.furnished import furnish, pages_from
from tests.webapp.house import House
from tests.webapp.records import operation_row
from webapp.frame.words import of_ours
from webapp.people.audit_words import MARKS, NAMES, sentence_of
from webapp.sync_log.words import operation_title
from worker.notices.mailing import message

OURS = re.compile(
    r"metered|hands?[ -]off\b|\bversion \d|\bHTTP\b|\bstatus \d|\brealm\b|intuit_tid|qbo-\d|\bworkers?\b|\bpoll(?:ed|s)?\b|\bthe tick\b"
    r"|e-mail|SyncToken|sha256|[a-z]_[a-z]|under Drift|nonsense|!(?:\s|$)",
    re.IGNORECASE,
)
"""Words of ours and Intuit's, which nobody reads before *Details*; and what words.md refuses."""

ROOMS = (
    "bookkeeping/acts",
    "bookkeeping/answering",
    "bookkeeping/logbook",
    "bookkeeping/undoing",
    "webapp",
    "worker/notices",
    "worker/reading",
)
SAYING = {
    "flash",
    "tell_owners",
    "tell_of_login",
    "_tell",
    "write_once",
    "offer_undo",
    "_done",
    "_queued",
    "_stay",
    "empty",
}
ACTING = {"record_act", "record_of_person", "_record", "_note"}


def refused(text: str) -> list[str]:
    """Return what of the text nobody should read first."""
    return [found.group() for found in OURS.finditer(text)]


@pytest.mark.parametrize("code", sorted(CATALOGUE))
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_causes_and_remedies_are_in_plain_words(code, kind):
    entry = fault(code, kind)
    told = (
        "" if entry.handling == "bug" else entry.remedy
    )  # Whoever runs an installation has settings to look at.
    assert refused(f"{entry.title}\n{entry.cause}\n{told}") == []


def test_every_kind_of_source_is_called_something():
    assert SAID.keys() == KINDS.keys()


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
@pytest.mark.parametrize(
    "kind", ["Customer", "Item", "PaymentMethod", "Invoice", "Payment", "RefundReceipt", "SalesReceipt"]
)
@pytest.mark.parametrize("subject", ["Margaret Villanueva · 12 Oak St", ""])
def test_a_line_of_the_log_names_money_by_how_much_and_whose_it_is(outcome, kind, subject):
    row = operation_row(1, "1042", outcome, kind=kind, doc_number="ach_fe0193", subject=subject)
    title = operation_title(row)
    if kind in ("Payment", "RefundReceipt"):
        assert "ach_fe0193" not in title and "$425.00" in title
        assert title.count("Margaret Villanueva") == bool(subject)
        title = title.replace("ach_fe0193", "")
    assert refused(title.replace("ach_fe0193", "")) == []


@pytest.mark.parametrize(
    ("code", "detail", "said"),
    [
        ("qbo-6000", "A business validation error has occurred", ""),
        ("refused", "Something of Intuit's", ""),
        (
            "closed-books",
            "The books are closed through Dec 31, 2025.",
            "The books are closed through Dec 31, 2025.",
        ),
    ],
)
def test_intuits_own_text_stands_under_details_alone(code, detail, said):
    assert of_ours(detail, code) == said


def test_every_notice_and_mail_says_what_happened_and_what_to_do(house: House, company: int):
    owner = house.make_person("owner", company)
    with house.writing():
        for code in CATALOGUE:
            notify_once(company, code, code, urgent=True)
        person = db.session.query(User).filter_by(email=owner).one()
        tell_owners(
            company,
            "An API key was made",
            "ann@office.example made the API key “Board”.",
            address="203.0.113.9",
        )
        tell_of_login(
            person, "A login from a new browser", f"Somebody logged in as {owner}.", address="203.0.113.9"
        )
        db.session.commit()
        for notice in db.session.query(Notice):
            mail = message(house.app.extensions["settings"], (owner,), [notice])
            known = CATALOGUE.get(notice.kind)
            body = re.sub(r"https?://\S+", "", mail.get_content())
            assert refused(mail["Subject"]) == [], notice.kind
            assert (known is not None and known.handling == "bug") or refused(body) == [], notice.kind
            if known is not None:
                assert fault(notice.kind).remedy in " ".join(body.split()), notice.kind
                assert body.count("goes on where it stopped") <= 1, notice.kind


def spoken(node: ast.AST) -> Iterator[str]:
    """Yield the texts within a call, an f-string's without what is put into it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip():
            yield part.value


def calls(names: set[str]) -> Iterator[tuple[Path, ast.Call]]:
    """Yield each call of a function of one of these names in the rooms that speak to people."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "id", getattr(node.func, "attr", "")) in names
                ):
                    yield path, node


def test_no_message_of_the_code_says_words_of_ours():
    found = list(calls(SAYING))
    assert len(found) > 80
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {text}"
        for path, node in found
        if "/ops/" not in path.as_posix()  # Those who run an installation know its parts.
        for text in spoken(node)
        if refused(text)
    ]
    assert wrong == []


def test_every_act_of_the_audit_log_reads_as_a_sentence():
    found = list(calls(ACTING))
    acts = {text for _, node in found for arg in node.args for text in spoken(arg)}
    assert len(acts) > 30
    said = [sentence_of(AuditEntry(who="ann", act=act, subject="")) for act in acts]
    assert [one for one in said if refused(one)] == []
    keys = {
        key.value
        for _, node in found
        for part in ast.walk(node)
        if isinstance(part, ast.Dict)
        for key in part.keys
        if isinstance(key, ast.Constant)
    }
    assert len(keys) > 15
    unsaid = [
        key for key in keys - set(MARKS) if re.search(r"_id$|^sha|^qbo|^hands", key) and key not in NAMES
    ]
    assert unsaid == []


@pytest.mark.parametrize(
    ("act", "subject", "said"),
    [
        ("retried", "1042", "ann tried again: inspection 1042"),
        ("retried", "chosen inspections", "ann tried again: chosen inspections"),
        (
            "retried all",
            "qbo-6200",
            "ann tried again all that waits for: “The books are closed for that date”",
        ),
        ("confirmed the migration", "migration 3", "ann confirmed the migration"),
        (
            "refused a QuickBooks company",
            "other-realm",
            "ann refused a QuickBooks company: “Another QuickBooks company than before”",
        ),
        ("chose the Customer", "client c1", "ann chose the Customer"),
        ("invited", "pat@office.example", "ann invited: pat@office.example"),
    ],
)
def test_an_act_names_neither_our_numbers_nor_codes(act, subject, said):
    assert sentence_of(AuditEntry(who="ann", act=act, subject=subject)) == said


def read_first(page: str) -> str:
    """Return what of a page is read before anything is unfolded: without *Details*, code to copy, addresses and what forms carry."""
    main = page.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<(details|code|pre|script|select|textarea)\b.*?</\1>", " ", main, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", main))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_pages_speak_of_the_source_that_the_company_has_and_in_nobodys_jargon(house: House, kind):
    company = furnish(house, "Blue Ridge Home Inspections")
    if kind != "files":
        with house.writing():
            row = db.session.get_one(Company, company)
            keep_credentials(row, kind, {"url": "https://api.example.com", "key": "k"})
            db.session.commit()
    owner = house.browser(house.make_person("owner", company))
    strange = r"\bplatforms?\b" if kind == "files" else r"\byour files?\b|\bdrop (?:a|your|another) file"
    seen, wrong = 0, []
    for address, answer in pages_from(owner, "/"):
        text = read_first(answer.text)
        seen += 1
        found = re.findall(strange, text, re.IGNORECASE)
        wrong += [
            (address, word) for word in found if address not in ("/settings/files", "/privacy", "/terms")
        ]
        wrong += [(address, word) for word in refused(text) if "@" not in word]
    assert seen > 25 and wrong == []
