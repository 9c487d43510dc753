"""What `flask doctor` asks of a running installation, one function a line of its answer. Each returns (how it is, a sentence); none changes anything."""

import os
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from redis.exceptions import RedisError
from sqlalchemy import func, select, text

from bookkeeping.logbook.companies import heartbeats
from bookkeeping.queue_health import queue_health
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.copying import schema_revision
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.audit_heads import changed_since_noted
from bookkeeping.storage.people.mail_queue import unmailed
from bookkeeping.storage.work.resealing import sealed_under_older_keys
from bookkeeping.unsafe_settings import refuse_unsafe
from tieout_files import place
from worker.app import bell, settings
from worker.notices.smtp import MailServerError, let_in

Finding = tuple[str, str]
OK, LOOK, BAD = "ok", "look", "bad"
OLD_KEYS = timedelta(days=365)
CERTIFICATE_DAYS = 14
CLOCK_SECONDS = 5.0
TICK_SECONDS = 180
SECONDS_TO_ANSWER = 5.0


def settings_are_safe() -> Finding:
    """What would end the start, asked once more: `.env` may have changed since."""
    kept = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    unsafe = refuse_unsafe({**kept, **os.environ})
    if unsafe:
        return BAD, " ".join(unsafe)
    if settings().with_standins:
        return (
            LOOK,
            "INTUIT_ENVIRONMENT is standin: for trying things out on one machine, not for anybody's books.",
        )
    return OK, f"Nothing unsafe is set for {settings().intuit_environment}."


def tls() -> Finding:
    """Whether browsers get a certificate they trust, and for how long."""
    address = urlsplit(settings().public_url)
    if address.scheme != "https":
        word = LOOK if settings().intuit_environment != "production" else BAD
        return word, "PUBLIC_URL is http: nothing is encrypted on the way to browsers."
    where = (address.hostname or "", address.port or 443)
    try:
        with (
            socket.create_connection(where, timeout=SECONDS_TO_ANSWER) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=where[0]) as sock,
        ):
            until = (sock.getpeercert() or {}).get("notAfter")
    except ssl.SSLCertVerificationError as error:
        return BAD, f"The certificate of {where[0]} is not trusted: {error.verify_message}."
    except OSError as error:
        return BAD, f"{where[0]} does not answer on port {where[1]} from here ({type(error).__name__})."
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) - utcnow()
    return (
        OK if left.days >= CERTIFICATE_DAYS else BAD
    ), f"The certificate of {where[0]} is good for {left.days} days."


def hops() -> Finding:
    """Whether addresses of visitors can be right."""
    if not settings().secure_cookies:
        return OK, f"PROXY_HOPS is {settings().proxy_hops}."
    if not settings().proxy_hops:
        return (
            BAD,
            "PROXY_HOPS is 0, but something must do TLS in front of us: every visitor seems to be that proxy.",
        )
    return (
        OK,
        f"PROXY_HOPS is {settings().proxy_hops}: as many must stand in front and set X-Forwarded-For anew.",
    )


def keys() -> Finding:
    """How old the newest key is, and whether something still needs an older one."""
    others = sealed_under_older_keys()
    if others:
        return LOOK, f"{others} secrets are sealed under an older key: run `flask --app wsgi rotate-keys`."
    rotated = select(func.max(AuditEntry.at, type_=AuditEntry.at.type)).where(
        AuditEntry.act == "rotated the keys"
    )
    first = select(func.min(AuditEntry.at, type_=AuditEntry.at.type))
    since = db.session.scalar(rotated) or db.session.scalar(first)
    if since is None or utcnow() - since < OLD_KEYS:
        if len(settings().token_keys) > 1:
            return LOOK, "Nothing needs the older TOKEN_KEYS any more: take them away."
        return OK, f"The key is {(utcnow() - since).days if since else 0} days old."
    return (
        LOOK,
        f"The key is {(utcnow() - since).days} days old: put a new one in front and run `rotate-keys`.",
    )


def mail() -> Finding:
    """Whether the mail server lets us in, and how much waits for it. Nothing is mailed."""
    if not settings().smtp_url:
        return (
            LOOK,
            "SMTP_URL is not set: notices are on screen only, and nobody can choose a forgotten password anew.",
        )
    try:
        let_in(settings().smtp_url)
    except MailServerError as error:
        return BAD, error.detail
    count, trouble = unmailed()
    return (LOOK, f"{count} notices wait: {trouble}") if count else (OK, "The mail server lets us in.")


def papers() -> Finding:
    """Whether visitors are told who runs this, whom to write to, and under terms that somebody looked at."""
    unsaid = [name for name in ("OPERATOR_NAME", "SUPPORT_EMAIL") if not getattr(settings(), name.lower())]
    own = Path(settings().legal_folder or "legal")
    shipped = [name for name in ("terms.md", "privacy.md") if _same(own / name, place("legal") / name)]
    if settings().with_standins or not (unsaid or shipped):
        return OK, "Terms, privacy and support are said."
    said = [f"{' and '.join(unsaid)} not set."] if unsaid else []
    said += (
        [f"{' and '.join(shipped)} as shipped: have them looked at, and put yours into LEGAL_FOLDER."]
        if shipped
        else []
    )
    return LOOK, " ".join(said)


def _same(own: Path, shipped: Path) -> bool:
    return not own.is_file() or own.read_bytes() == shipped.read_bytes()


def file_modes() -> Finding:
    """Whether others on this machine can read what holds secrets or books."""
    named = [Path(".env"), Path("var"), Path(settings().archive_folder), Path(settings().audit_heads_file)]
    if db.engine.dialect.name == "sqlite" and db.engine.url.database:
        kept = Path(db.engine.url.database)
        named += [kept, *(kept.with_name(kept.name + end) for end in ("-wal", "-shm"))]
    # What lies in a folder that is its owner's alone is, too.
    open_ones = [str(one) for one in named if one.exists() and _others_may_read(one)]
    if open_ones:
        return BAD, f"Others on this machine may read {', '.join(open_ones)}: chmod go= them."
    return OK, "Only their owner can read the files."


def _others_may_read(path: Path) -> bool:
    whole = path.absolute()
    closed = any(one.stat().st_mode & 0o077 == 0 for one in (whole, whole.parent) if one.exists())
    return not closed


def clock() -> Finding:
    """Whether this machine, the database and Valkey agree on the time."""
    apart = {}
    if db.engine.dialect.name == "postgresql":
        theirs = db.session.scalar(select(func.now()))
        apart["the database"] = abs((theirs - utcnow()).total_seconds()) if theirs else 0.0
    try:
        seconds, micros = bell().redis.time()
        apart["Valkey"] = abs(seconds + micros / 1e6 - utcnow().timestamp())
    except RedisError:
        pass  # Said by `workers`.
    worst = max(apart.values(), default=0.0)
    if worst > CLOCK_SECONDS:
        who = max(apart, key=lambda one: apart[one])
        return (
            BAD,
            f"The clocks of this machine and of {who} are {worst:.0f} seconds apart: let both follow a time server.",
        )
    return OK, f"All clocks agree within {CLOCK_SECONDS:.0f} seconds."


def workers() -> Finding:
    """Whether somebody works."""
    found = queue_health(bell())
    if found.problem:
        return BAD, f"Valkey does not answer ({found.problem})."
    if not found.alive:
        return BAD, "No worker lives: start the `worker` line of Procfile."
    return OK, f"Workers: {found.alive}, rings that wait: {found.depth}."


def tick() -> Finding:
    """Whether the clock runs."""
    seen = heartbeats().get("tick")
    if seen is None:
        return BAD, "The tick was never seen: start the `tick` line of Procfile."
    age = (utcnow() - seen).total_seconds()
    return (BAD if age > TICK_SECONDS else OK), f"The tick was seen {age:.0f} seconds ago."


def migrations() -> Finding:
    """Whether the database has the tables that this code wants."""
    from alembic.script import ScriptDirectory  # Imports much, for this alone.

    head = ScriptDirectory(str(place("migrations"))).get_current_head()
    stands = schema_revision(db.session.connection())
    if stands != head:
        return (
            BAD,
            f"The database stands at {stands or 'nothing'}, this code at {head}: run `flask --app wsgi db upgrade`.",
        )
    return OK, f"The database stands at {stands}."


def audit_log() -> Finding:
    """Whether the audit log still has what was noted of it. `audit verify` looks at every entry."""
    changed = changed_since_noted(Path(settings().audit_heads_file))
    if changed:
        return BAD, " ".join(changed)
    noted = Path(settings().audit_heads_file).exists()
    return (
        (OK, "The log has the heads that were noted.")
        if noted
        else (LOOK, "No heads are noted on this machine yet.")
    )


def database() -> Finding:
    """Whether it answers; what the other lines say of it needs that."""
    db.session.execute(text("SELECT 1"))
    return OK, f"{db.engine.dialect.name} answers."


DIAGNOSES: dict[str, Callable[[], Finding]] = {
    "settings": settings_are_safe,
    "tls": tls,
    "hops": hops,
    "database": database,
    "migrations": migrations,
    "keys": keys,
    "mail": mail,
    "papers": papers,
    "files": file_modes,
    "clock": clock,
    "workers": workers,
    "tick": tick,
    "audit": audit_log,
}
