"""The commands' contract: JSON with --json, exit codes, one line for nonsense."""

import json

import pytest
from cryptography.fernet import Fernet

from tests.functional.office import Office, inspection

NONSENSE = (
    ["poll", "abc"],
    ["poll", "99"],
    ["reconcile", "0"],
    ["status", "-7"],
    ["nightly", "--at", "never"],
    ["nightly", "--company", "99"],
    ["company", "create", " ", "--feed-url", "http://x", "--feed-key", "k"],
    ["company", "create", "A", "--feed-url", "ftp://x", "--feed-key", "k"],
    [
        "company",
        "create",
        "A",
        "--feed-url",
        "http://127.0.0.1:9",
        "--feed-key",
        "k",
        "--time-zone",
        "Mars/North",
    ],
    ["user", "create", "no address", "--role", "ops", "--password-stdin"],
    ["user", "create", "a@b.example", "--role", "king", "--password-stdin"],
    ["user", "create", "a@b.example", "--role", "owner", "--password-stdin"],
    ["legacy", "import", "1", "no-such-file.csv"],
    ["tieout", "99", "--from", "2026-01-01", "--to", "2026-02-01"],
    ["tieout", "99", "--from", "yesterday"],
    ["copy-to", "mysql://db/tieout"],
)


def test_nonsense_gets_one_line_and_an_error_code(tieout):
    for number, words in enumerate(NONSENSE):
        if number % 5 == 0:
            told = tieout.run_flask(*words, input="long enough password\n")
            assert told.code != 0 and told.out == "", words
            assert told.err.count("\n") == 1 and told.err.startswith("Error:"), (words, told.err)
        as_json = tieout.run_flask(*words, "--json", input="long enough password\n")
        assert as_json.code != 0
        assert set(json.loads(as_json.out)) == {"error", "message"}


def test_a_database_without_tables_is_said_in_one_line(tieout, tmp_path):
    tieout.environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/empty.db"
    told = tieout.run_flask("status", "1")
    assert told.code == 1
    assert "db upgrade" in told.err and told.err.count("\n") == 1
    assert tieout.flask_json("db", "upgrade") == {"upgraded": True}


def test_missing_secrets_refuse_the_start_by_name(tieout):
    for name in ("SECRET_KEY", "TOKEN_KEYS"):
        kept = tieout.environment.pop(name)
        told = tieout.run_flask("status", "1")
        tieout.environment[name] = kept
        assert told.code != 0 and name in told.err and "Traceback" not in told.err


def test_unsafe_settings_refuse_the_start_a_line_each_and_no_traceback(tieout):
    tieout.environment |= {"INTUIT_ENVIRONMENT": "production", "PUBLIC_URL": "http://tieout.example"}
    told = tieout.run_flask("status", "1")
    assert told.code != 0 and "PUBLIC_URL is http://tieout.example" in told.err
    assert "Traceback" not in told.err and tieout.environment["SECRET_KEY"] not in told.err


def test_reconcile_without_a_connection_fails_and_poll_does_not(tieout, platform, intuit):
    office = Office(tieout, platform, intuit).open()
    office.book(inspection(1))
    assert tieout.flask_json("poll", office.id)["changed"] == 1
    told = tieout.run_flask("reconcile", office.id, "--json")
    assert told.code != 0
    assert json.loads(told.out)["problems"][0]["title"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("inspection_id,receipt_id\n1,2\n", "amount"),
        ("inspection_id,receipt_id,amount\n1,2,12.345\n", "Line 2"),
        ("inspection_id,receipt_id,amount\n1,2,10.00\n,3,10.00\n", "Line 3"),
        ("\ufffe\x00", ""),
    ],
)
def test_a_bad_receipt_file_leaves_nothing_behind(tieout, platform, intuit, tmp_path, content, words):
    office = Office(tieout, platform, intuit).open()
    path = tmp_path / "receipts.csv"
    path.write_text(content)
    told = tieout.run_flask("legacy", "import", office.id, path)
    assert told.code != 0 and words in told.err
    path.write_text("inspection_id,receipt_id,amount\n1,2,10.00\n2,3,20.00\n")
    assert tieout.flask_json("legacy", "import", office.id, path)["added"] == 2
    assert tieout.flask_json("legacy", "import", office.id, path) == {
        "added": 0,
        "company": office.id,
        "on_record": 2,
    }


def test_keys_rotate_and_everything_still_opens(tieout, platform, intuit):
    office = Office(tieout, platform, intuit)
    tieout.web()
    office.open().connect()
    old = tieout.environment["TOKEN_KEYS"]
    tieout.environment["TOKEN_KEYS"] = f"{_new_key()},{old}"
    assert tieout.flask_json("rotate-keys")["resealed"] == 2
    tieout.environment["TOKEN_KEYS"] = tieout.environment["TOKEN_KEYS"].split(",")[0]
    office.book(inspection(1))
    assert office.sync()["outcomes"]["created"] > 0


def _new_key() -> str:

    return Fernet.generate_key().decode()
