"""What is typed into addresses and forms, as views read it: nothing that a database cannot hold comes through, at any route."""

import io

import pytest
from flask import request
from sqlalchemy import select
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import PathConverter, Rule, UnicodeConverter

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import LONGEST_SUBJECT, AuditEntry
from tests.webapp.furnished import furnish
from tests.webapp.house import House
from webapp.access.typed import Fields


def words(rule: Rule) -> list[str]:
    """Return the variables of an address that take any text."""
    return [
        name for name, one in rule._converters.items() if isinstance(one, UnicodeConverter | PathConverter)
    ]


def test_no_address_names_an_id_that_no_database_can_hold(house):
    found = [(rule, name) for rule in house.app.url_map.iter_rules() for name in words(rule)]
    assert len(found) > 15, "of inspections, clients, links and files"
    for rule, spoiled in found:
        values = dict.fromkeys(rule.arguments, 1) | dict.fromkeys(words(rule), "a")
        if "ending" in rule.arguments:
            values["ending"] = "csv"
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            addresses = house.app.url_map.bind("here")
            address = addresses.build(rule.endpoint, values, method)
            assert addresses.match(address, method)[0] == rule.endpoint
            address = addresses.build(rule.endpoint, values | {spoiled: "a\x00b"}, method)
            with pytest.raises((NotFound, MethodNotAllowed)):
                addresses.match(address.replace("%00", "\x00"), method)


def test_null_characters_are_left_out_of_what_is_asked_and_typed(house):
    file = (io.BytesIO(b"a\x00b"), "march.csv")
    form = {"na\x00me": "a\x00b", "topic": ["x", "\x00"], "file": file}
    with house.app.test_request_context("/drift?q=a%00b&q=%00&%00=c&plain=d", method="POST", data=form):
        assert request.args.to_dict(flat=False) == {"q": ["ab", ""], "": ["c"], "plain": ["d"]}
        assert request.form.to_dict(flat=False) == {"name": ["ab"], "topic": ["x", ""]}
        assert request.files["file"].read() == b"a\x00b", "files are looked at by who takes them"
        assert request.values["q"] == "ab"


def test_fields_are_made_of_whatever_holds_them():
    for sent in ([("a", "1\x00"), ("a", "2")], {"a": ["1", "2"]}, Fields([("a", "1"), ("a", "2")])):
        assert Fields(sent).getlist("a") == ["1", "2"]
    assert Fields().to_dict() == {}


def test_bytes_that_are_no_text_stay_escaped(house):
    with house.app.test_request_context(
        "/drift", environ_overrides={"QUERY_STRING": "q=\xff%20\xc3\xa9&a=1"}
    ):
        assert request.args.to_dict() == {"q": "%FF é", "a": "1"}
        assert request.full_path == "/drift?q=%FF%20%C3%A9&a=1"


def test_postgresql_takes_what_is_typed_whatever_it_is(postgres_url):
    """It refuses null characters and texts that are longer than their column; SQLite, on which most pages are tried, takes both."""
    house = House(postgres_url)
    company = furnish(house, "Blue Ridge Home Inspections")
    owner = house.browser(house.make_person("owner", company))
    nobody = house.browser()
    typed = {"email": "a\x00@office.example", "password": "x"}
    assert nobody.post("/login", typed, page="/login").status_code == 401
    assert nobody.post("/forgotten-password", typed, page="/login").status_code == 303
    assert owner.get("/customers/review?client=%00&q=%00").status_code == 200
    assert owner.get("/inspections/%00/explain").status_code == 404
    files = [(io.BytesIO(b"Inspection\n1"), f"{'n' * 76}{number}.csv") for number in range(4)]
    sent = {"csrf_token": owner.token("/"), "file": files}
    assert owner.client.post("/settings/files", data=sent).status_code == 303
    with house.app.app_context():
        newest = select(AuditEntry.subject).order_by(AuditEntry.id.desc()).limit(1)
        assert len(db.session.scalar(newest)) == LONGEST_SUBJECT
