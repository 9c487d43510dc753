"""The catalogue says something useful about every code, and Intuit's numbers become the right errors."""

import re
from pathlib import Path

import pytest

from bookkeeping import errors
from bookkeeping.errors import (
    BookkeepingError,
    DuplicateNameError,
    GoneError,
    NotConnectedError,
    PermanentError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.faults import CATALOGUE, error_for, fault
from bookkeeping.storage.records.inspections import STATES

BOOKKEEPING = Path(errors.__file__).parent
ROOT = BOOKKEEPING.parent


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_entry_is_said_in_whole_plain_sentences(code):
    entry = CATALOGUE[code]
    assert entry.title and not entry.title.endswith(".")
    for sentence in (entry.cause, entry.remedy):
        assert sentence[0].isupper() and sentence.endswith(".")
    assert entry.who in {"owner", "bookkeeper", "ops", "nobody"}
    assert entry.handling in {"temporary", "stale", "reconnect", "refused", "bug", "done"}
    assert entry.link is None or entry.link.startswith("/")
    assert set(entry.of_files) <= {"title", "cause", "remedy", "link"}
    if not code.startswith(("feed-", "platform-")):  # Nothing of these is met where files are dropped.
        said = fault(code, "files")
        assert "platform" not in f"{said.title} {said.cause} {said.remedy}".lower()
    assert "file" not in entry.remedy  # Where a platform is read, nobody drops any.


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_what_goes_by_itself_asks_nobody_and_the_rest_names_somebody(code):
    entry = CATALOGUE[code]
    if entry.handling in {"temporary", "stale"}:
        assert entry.who == "nobody"
    if entry.handling in {"reconnect", "bug"}:
        assert entry.who != "nobody"
    if entry.handling == "bug":
        assert entry.who == "ops"


def test_every_code_that_errors_rules_and_worker_use_is_in_the_catalogue():
    written = [
        path for folder in ("bookkeeping", "worker") for path in (BOOKKEEPING.parent / folder).rglob("*.py")
    ]
    used = {
        code
        for path in written
        for code in re.findall(
            r'(?:^    code = |\bcode=)"([a-z0-9-]+)"', path.read_text(encoding="utf-8"), re.M
        )
    }
    assert len(used) > 10
    assert used - set(CATALOGUE) == set()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (610, GoneError),
        (5010, StaleSyncTokenError),
        (6240, DuplicateNameError),
        (3001, ThrottledError),
        (130, TemporaryError),
        (140, TemporaryError),
        (150, TemporaryError),
        (10000, TemporaryError),
        (600, TemporaryError),
        (100, NotConnectedError),
        (120, NotConnectedError),
        (3100, NotConnectedError),
        (5020, NotConnectedError),
        (6190, NotConnectedError),
        (2010, PermanentError),
        (2500, PermanentError),
        (6000, PermanentError),
        (6140, PermanentError),
        (6210, PermanentError),
        (6540, PermanentError),
        (98765, PermanentError),
    ],
)
def test_intuits_number_becomes_the_error_that_decides(number, kind):
    error = error_for(number, "What Intuit said.", "1-2-3")
    assert type(error) is kind
    assert (error.code, error.detail, error.reference) == (f"qbo-{number}", "What Intuit said.", "1-2-3")


def test_trouble_of_the_whole_realm_is_told_from_trouble_of_one_document():
    assert error_for(150).whole_realm and error_for(3001).whole_realm
    assert not error_for(10000).whole_realm and not error_for(5010).whole_realm


def test_a_duplicate_request_id_means_that_the_outcome_is_unknown():
    assert error_for(600).outcome_unknown
    assert not error_for(1000).outcome_unknown


def test_an_unknown_code_keeps_itself_and_reads_as_a_refusal():
    entry = fault("qbo-98765")
    assert entry.code == "qbo-98765"
    assert (entry.title, entry.handling) == (fault("refused").title, "refused")


def test_handling_and_error_class_agree_for_every_number_of_intuit():
    classes: dict[str, type[BookkeepingError]] = {
        "temporary": TemporaryError,
        "stale": StaleSyncTokenError,
        "reconnect": NotConnectedError,
        "refused": PermanentError,
        "bug": PermanentError,
        "done": GoneError,
    }
    for code, entry in CATALOGUE.items():
        if code.startswith("qbo-"):
            assert isinstance(error_for(code.removeprefix("qbo-")), classes[entry.handling]), code


def test_which_codes_do_what_stands_in_the_catalogue_and_nowhere_else():
    """A set or tuple of codes beside the catalogue would be a second answer: each file may name single codes only."""
    # Some codes are words for an inspection's state too, and states are listed where they are meant.
    code = "|".join(re.escape(one) for one in CATALOGUE if one not in STATES)
    several = re.compile(rf"""[({{\[]\s*["']({code})["']\s*,\s*["']({code})["']""")
    found = [
        path.relative_to(ROOT).as_posix()
        for room in ("bookkeeping", "worker", "webapp")
        for path in (ROOT / room).rglob("*.py")
        if several.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_what_follows_from_a_code_fits_its_handling():
    for code, entry in CATALOGUE.items():
        assert not entry.outcome_unknown or entry.handling == "temporary", code
        assert not entry.held_by_person or entry.waits, code
        assert not entry.rechecked or entry.handling in ("refused", "reconnect"), code
        assert entry.blocks_writes == (entry.scope == "company" and entry.handling != "temporary"), code
    assert {code for code, entry in CATALOGUE.items() if entry.blocks_writes} == {"qbo-5020", "qbo-6190"}


def test_what_is_sent_again_at_night_never_says_that_a_person_has_to_press_retry():
    alone = [
        code
        for code, entry in CATALOGUE.items()
        if "night" in entry.ends_with and "press Retry" in entry.remedy and "tonight" not in entry.remedy
    ]
    assert alone == []
