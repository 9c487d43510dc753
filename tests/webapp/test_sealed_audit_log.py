"""The audit log against somebody who has the whole database and not the keys; and through changes of keys, and amendments."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import Vault, vault
from bookkeeping.storage.people.audit import (
    _digest,
    amend,
    broken_entries,
    end_is_sealed,
    every_act,
    record_act,
)
from bookkeeping.storage.people.audit_heads import changed_since_noted, note_heads
from bookkeeping.storage.work.resealing import rotate_keys
from tests.webapp.house import House


@pytest.fixture
def inside(house: House, company: int):
    """An app context; four acts of the company are on record, and its feed key is sealed."""
    with house.app.app_context():
        for number in range(4):
            record_act(company, "ann@office.example", "changed dates", subject=str(number))
            db.session.commit()
        db.session.get_one(Company, company).feed_key = vault().seal("key", company, "feed_key")
        db.session.commit()
        yield
        db.session.rollback()


def as_thief(*statements: str) -> None:
    """Do what somebody with the database's password can: drop the triggers first."""
    for name in ("update", "delete"):
        db.session.execute(text(f"DROP TRIGGER IF EXISTS audit_entries_no_{name}"))
    for statement in statements:
        db.session.execute(text(statement))
    db.session.commit()
    db.session.expire_all()


def recompute(company: int, seal: str = "") -> None:
    """Compute all digests of a chain anew, as anybody can who reads our source, with this text as every seal."""
    previous = ""
    for entry in list(every_act(company)):
        entry.previous, entry.seal = previous, seal
        entry.digest = previous = _digest(entry)
    db.session.commit()
    db.session.expire_all()


FORGED = {
    "no seal": lambda: "",
    "a seal under the newest key's name": lambda: f"{vault().newest}.{hashlib.sha256(b'x').hexdigest()}",
    "a seal under a key of the thief's": lambda: Vault((Fernet.generate_key().decode(),)).sign(
        "audit entry", ""
    ),
    "letters that no seal has": lambda: f"{vault().newest}.é",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_history_computed_anew_without_the_keys_is_caught(inside, company, how):
    as_thief("UPDATE audit_entries SET who = 'eve', subject = '' WHERE subject = '1'")
    recompute(company, FORGED[how]())
    assert broken_entries(company)


def test_an_entry_changed_is_named_and_one_taken_out_names_the_next(inside, company):
    as_thief("UPDATE audit_entries SET after = '\"x\"' WHERE subject = '1'")
    assert broken_entries(company) == [2]
    as_thief("DELETE FROM audit_entries WHERE subject = '1'")
    assert broken_entries(company) == [3]


def test_an_end_that_was_cut_shows_against_the_noted_heads(inside, company, tmp_path: Path):
    file = tmp_path / "heads.jsonl"
    assert note_heads(file) == 1 and note_heads(file) == 0
    assert changed_since_noted(file) == []
    record_act(company, "ann@office.example", "paused syncing")
    db.session.commit()
    assert changed_since_noted(file) == []
    as_thief("DELETE FROM audit_entries WHERE id > 2")
    assert broken_entries(company) == []
    [problem] = changed_since_noted(file)
    assert problem.startswith(f"The log of company {company} was cut or rewritten")
    record_act(
        company, "eve@office.example", "changed dates"
    )  # A chain that grew again is not the one that was noted.
    db.session.commit()
    assert len(changed_since_noted(file)) == 1


def test_a_line_of_the_noted_heads_that_somebody_changed_is_named(inside, company, tmp_path: Path):
    file = tmp_path / "heads.jsonl"
    note_heads(file)
    line = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    for odd in (json.dumps(line | {"digest": "0" * 64}), "{", "[]", '{"chain": 1}', "\x00"):
        file.write_text(f"{odd}\n{json.dumps(line)}\n")
        assert changed_since_noted(file) == [f"Line 1 of {file} is not as it was written."], odd


def test_old_entries_stay_proven_when_their_key_is_gone(house, inside, company):
    old, new = house.settings.token_keys[0], Fernet.generate_key().decode()
    house.app.extensions["vault"] = Vault((new, old))
    assert rotate_keys() == 1
    assert [one.act for one in every_act(company)][-1] == "rotated the keys"
    entries = len(list(every_act(company)))
    assert rotate_keys() == 0 and len(list(every_act(company))) == entries
    house.app.extensions["vault"] = Vault((new,))
    assert broken_entries(company) == broken_entries(None) == []
    as_thief("UPDATE audit_entries SET who = 'eve' WHERE subject = '1'")
    assert broken_entries(company)
    recompute(company)
    assert broken_entries(company)


def test_rotating_keys_vouches_for_no_chain_without_a_good_seal(house, inside, company):
    as_thief("UPDATE audit_entries SET seal = ''")
    new = Fernet.generate_key().decode()
    house.app.extensions["vault"] = Vault((new, *house.settings.token_keys))
    rotate_keys()
    assert not end_is_sealed(company) and broken_entries(company) == [4]


def test_an_amended_entry_keeps_its_place_and_only_we_can_amend(house, inside, company):
    entry = list(every_act(company))[1]
    before = (entry.digest, entry.previous, entry.seal)
    amend(entry, who="person 7", address="", subject="")
    db.session.commit()
    assert (entry.digest, entry.previous, entry.seal) == before
    assert broken_entries(company) == []
    new = Fernet.generate_key().decode()
    house.app.extensions["vault"] = Vault((new, *house.settings.token_keys))
    rotate_keys()
    house.app.extensions["vault"] = Vault((new,))
    assert broken_entries(company) == [], "marked again under the newest key"
    as_thief(f"UPDATE audit_entries SET who = 'eve', amended = '{vault().newest}.00' WHERE id = 3")
    assert broken_entries(company) == [3]
    with pytest.raises(ValueError, match="act of an entry"):
        amend(entry, act="nothing")


KEPT = ("act = 'x'", "digest = 'x'", "previous = 'x'", "seal = 'x'", "company_id = NULL", "id = 999")


def test_database_lets_through_amendments_alone(database_url):
    house = House(database_url)
    company = house.make_company()
    with house.app.app_context():
        record_act(company, "ann@office.example", "changed dates")
        db.session.commit()
        for part in KEPT:
            with pytest.raises(DatabaseError, match="append-only"):
                db.session.execute(text(f"UPDATE audit_entries SET amended = 'x', {part}"))
            db.session.rollback()
        amend(next(every_act(company)), who="person 7")
        db.session.commit()
        assert broken_entries(company) == []
