"""Copies that only the holder of a private key can open, which this machine need not have: `backup-key`, `backup-seal`, `backup-open`.

A sealed file is a head line, a one-time X25519 public key, and pieces under AES-256-GCM with the key that both public keys agree on (HKDF). Each
piece names its place and whether it is the last, so that none can be taken out, exchanged or cut off unseen.
"""

import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any, BinaryIO

import click
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from worker.commands.answering import PlainCommand, Refusal, answering

HEAD = b"tieout sealed copy 1\n"
PIECE = 1024 * 1024
WHO = "command line"


def public_key(text: str) -> bytes:
    """Return the 32 bytes of a key as `backup-key` printed it.

    Raises:
        Refusal: that is no key.
    """
    try:
        found = urlsafe_b64decode(text.strip())
        # Some 32 bytes agree on nothing with anybody.
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(found))
    except ValueError:
        found = b""
    if not found:
        raise Refusal("That is no key of `backup-key`: give the public key as it was printed, 44 letters.")
    return found


def seal_file(source: BinaryIO, target: BinaryIO, to: bytes) -> None:
    """Write what `source` holds into `target`, sealed to a public key."""
    once = X25519PrivateKey.generate()
    mine = once.public_key().public_bytes_raw()
    cipher = AESGCM(_agreed(once, to, mine, to))
    target.write(HEAD + mine)
    place, piece = 0, source.read(PIECE)
    while True:
        following = source.read(PIECE)
        sealed = cipher.encrypt(_nonce(place), piece, _place(place, last=not following))
        target.write(struct.pack(">I", len(sealed)) + sealed)
        if not following:
            return
        place, piece = place + 1, following


def open_file(source: BinaryIO, target: BinaryIO, private: bytes) -> None:
    """Write what was sealed into `target`.

    Raises:
        Refusal: it is no sealed copy, was sealed to another key, or was changed or cut since.
    """
    if source.read(len(HEAD)) != HEAD:
        raise Refusal("That is no sealed copy.")
    theirs = source.read(32)
    key = X25519PrivateKey.from_private_bytes(private)
    try:
        cipher = AESGCM(_agreed(key, theirs, theirs, key.public_key().public_bytes_raw()))
        place, length = 0, source.read(4)
        while length:
            sealed = source.read(min(struct.unpack(">I", length)[0], PIECE + 16))
            length = source.read(4)
            target.write(cipher.decrypt(_nonce(place), sealed, _place(place, last=not length)))
            place += 1
    except (InvalidTag, ValueError, struct.error):
        raise Refusal("It was sealed to another key, or was changed or cut since.") from None
    if not place:
        raise Refusal("The copy was cut off.")


def _agreed(private: X25519PrivateKey, public: bytes, once: bytes, to: bytes) -> bytes:
    shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    return HKDF(hashes.SHA256(), 32, salt=once + to, info=b"tieout backup").derive(shared)


def _nonce(place: int) -> bytes:
    return place.to_bytes(12, "big")


def _place(place: int, *, last: bool) -> bytes:
    return f"{place} {'last' if last else 'more'}".encode()


def new_file(name: str) -> BinaryIO:
    """Open a file that is not there yet, for its owner alone.

    Raises:
        Refusal: it is there already.
    """
    try:
        return open(name, "xb", opener=lambda file, flags: os.open(file, flags, 0o600))
    except FileExistsError:
        raise Refusal(f"{name} is there already: name a new file.") from None


@click.command("backup-key", cls=PlainCommand)
@click.argument("file", type=click.Path(dir_okay=False))
@answering
def backup_key(file: str) -> dict[str, Any]:
    """Write a private key into a new file, and print the public one, to which copies are sealed. Keep the file on another machine."""
    key = X25519PrivateKey.generate()
    with new_file(file) as out:
        out.write(urlsafe_b64encode(key.private_bytes_raw()) + b"\n")
    return {
        "private_key_in": file,
        "public_key": urlsafe_b64encode(key.public_key().public_bytes_raw()).decode(),
    }


@click.command("backup-seal", cls=PlainCommand)
@click.argument("source", type=click.File("rb"))
@click.argument("target", type=click.Path(dir_okay=False))
@click.option("--to", "key", required=True, help="The public key that `backup-key` printed.")
@answering
def backup_seal(source: BinaryIO, target: str, key: str) -> dict[str, Any]:
    """Seal a file, or with - what standard input brings (pg_dump), into a new file."""
    to = public_key(key)
    with new_file(target) as out:
        seal_file(source, out, to)
    record_act(None, WHO, "sealed a copy")
    db.session.commit()
    return {"file": target, "bytes": Path(target).stat().st_size}


@click.command("backup-open", cls=PlainCommand)
@click.argument("source", type=click.File("rb"))
@click.argument("target", type=click.Path(dir_okay=False))
@click.option("--key-file", required=True, type=click.File("rb"), help="The file that `backup-key` wrote.")
@answering
def backup_open(source: BinaryIO, target: str, key_file: BinaryIO) -> dict[str, Any]:
    """Open a sealed copy into a new file. It needs no database."""
    private = public_key(key_file.read().decode("ascii", "replace"))
    try:
        with new_file(target) as out:
            open_file(source, out, private)
    except Refusal as error:
        if "is there already" not in error.message:
            Path(target).unlink(missing_ok=True)  # Half of a copy is none.
        raise
    return {"file": target, "bytes": Path(target).stat().st_size}
