"""Sealed copies: opened with the private key alone, and not at all once a byte was changed, taken out or cut off."""

import json
import sqlite3
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from tests.harness.in_process import Shop
from worker.commands.archive_and_backup import backup
from worker.commands.upkeep import sealing
from worker.commands.upkeep.sealing import backup_key, backup_open, backup_seal


@pytest.fixture
def say(shop: Shop):
    def run(command, *words: object) -> dict:
        with shop.app.app_context():
            done = shop.app.test_cli_runner().invoke(command, [*map(str, words), "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return json.loads(done.stdout)

    return run


@pytest.fixture
def key(say, tmp_path: Path) -> str:
    """The public key; the private one is in key.txt."""
    return say(backup_key, tmp_path / "key.txt")["public_key"]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250])
def test_what_was_sealed_is_opened_with_the_key(say, key, tmp_path, monkeypatch, size):
    monkeypatch.setattr(sealing, "PIECE", 100)  # Several pieces without megabytes.
    plain, sealed, opened = tmp_path / "plain", tmp_path / "sealed", tmp_path / "opened"
    plain.write_bytes(bytes(range(256))[:size])
    assert say(backup_seal, plain, sealed, "--to", key)["bytes"] > size
    assert sealed.stat().st_mode & 0o077 == (tmp_path / "key.txt").stat().st_mode & 0o077 == 0
    assert say(backup_open, sealed, opened, "--key-file", tmp_path / "key.txt")["bytes"] == size
    assert opened.read_bytes() == plain.read_bytes()


def test_a_changed_or_cut_copy_and_another_key_open_nothing(say, key, tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "PIECE", 10)
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    plain.write_bytes(b"0123456789" * 3)
    say(backup_seal, plain, sealed, "--to", key)
    whole, piece = sealed.read_bytes(), 4 + 10 + 16
    head = len(whole) - 3 * piece
    odd = {
        "changed": bytes([*whole[:-1], whole[-1] ^ 1]),
        "cut within": whole[:-1],
        "cut between": whole[:-piece],
        "without one": whole[: head + piece] + whole[head + 2 * piece :],
        "exchanged": whole[:head]
        + whole[head + piece : head + 2 * piece]
        + whole[head : head + piece]
        + whole[-piece:],
        "added to": whole + whole[-piece:],
        "none": whole[:head],
        "no copy": b"nothing of ours",
    }
    say(backup_key, tmp_path / "other.txt")
    for name, content in {**odd, "whole": whole}.items():
        (tmp_path / name).write_bytes(content)
        file = "other.txt" if name == "whole" else "key.txt"
        said = say(backup_open, tmp_path / name, tmp_path / "out", "--key-file", tmp_path / file)
        assert said.get("error") == "refused" and not (tmp_path / "out").exists(), name


def test_a_backup_is_sealed_and_nothing_plain_is_left(say, key, tmp_path):
    say(backup, tmp_path / "copy.sealed", "--seal-to", key)
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy.sealed"]
    assert b"SQLite" not in (tmp_path / "copy.sealed").read_bytes()
    say(backup_open, tmp_path / "copy.sealed", tmp_path / "copy.db", "--key-file", tmp_path / "key.txt")
    with sqlite3.connect(tmp_path / "copy.db") as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("text", ["", "nonsense", "AAAA", "é", "A" * 43 + "="])
def test_what_is_no_key_is_refused_before_anything_is_written(say, tmp_path, text):
    (tmp_path / "plain").write_bytes(b"x")
    assert say(backup_seal, tmp_path / "plain", tmp_path / "out", "--to", text)["error"] == "refused"
    assert say(backup, tmp_path / "out", "--seal-to", text)["error"] == "refused"
    assert not (tmp_path / "out").exists()


def test_no_file_is_overwritten(say, key, tmp_path):
    (tmp_path / "there").write_bytes(b"x")
    assert (
        "is there already" in say(backup_seal, tmp_path / "there", tmp_path / "there", "--to", key)["message"]
    )
    assert len(urlsafe_b64decode(key)) == 32 and (tmp_path / "there").read_bytes() == b"x"
