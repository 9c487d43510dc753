"""`flask company …`: adding, listing and changing companies, freeing a realm, taking everything of one company out into a file."""

import json
import sys
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup
from sqlalchemy import select

from bookkeeping.acts.companies import change_company, change_source, release_realm
from bookkeeping.errors import FeedRefusedError, FeedUnavailableError
from bookkeeping.faults import fault
from bookkeeping.inspection_source.source import SourceCompany
from bookkeeping.logbook.beforehand import ZoneChange, zone_change
from bookkeeping.sources.changing import SourceLook, look_at_source
from bookkeeping.sources.opening import KINDS, checked_credentials, try_source
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import connection_of
from bookkeeping.storage.company.credentials import credentials_of, keep_credentials
from bookkeeping.storage.people.audit import record_act
from worker.app import settings
from worker.commands.answering import PlainCommand, Refusal, answering, company_of
from worker.commands.exporting import write_export

WHO = "command line"
company = AppGroup("company", help="Inspection companies.")


@company.command("create", cls=PlainCommand)
@click.argument("name")
@click.option(
    "--source",
    "kind",
    type=click.Choice(sorted(KINDS)),
    default="feed",
    show_default=True,
    help="Where its inspections come from.",
)
@click.option("--feed-url", help="Scheme and host of the platform's API.")
@click.option("--feed-key", help="Its API key.")
@click.option(
    "--credentials-stdin",
    is_flag=True,
    help='Read {"url": …, "key": …} as JSON from standard input, where no list of processes shows it.',
)
@click.option("--time-zone", help="IANA name; what the platform says by default.")
@click.option(
    "--offline", is_flag=True, help="Do not ask the platform whether the key works; wants --time-zone."
)
@click.option(
    "--legacy", "is_legacy", is_flag=True, help="Integrated before August 2019, with SalesReceipts."
)
@answering
def create_company(
    name: str,
    kind: str,
    feed_url: str | None,
    feed_key: str | None,
    credentials_stdin: bool,
    time_zone: str | None,
    offline: bool,
    is_legacy: bool,
) -> dict[str, Any]:
    """Add an inspection company. What its source is opened with: docs/sources.md."""
    name = name.strip()
    if not name or len(name) > 200:
        raise Refusal("Give the company a name of at most 200 characters.")
    given = _credentials(kind, feed_url, feed_key, credentials_stdin)
    zone = _zone(time_zone) if time_zone else ""
    offline = offline or not given
    if offline and not zone:
        why = "With --offline" if given else f"With --source {kind}"
        raise Refusal(f"{why} nobody says the time zone: give --time-zone, such as America/Denver.")
    said = None if offline else _asked(kind, given)
    zone = zone or (said.time_zone if said else "")
    if not zone:
        raise Refusal(
            "The platform names no time zone that exists: give --time-zone, such as America/Denver."
        )
    row = Company(name=name, feed_url="", feed_key="", time_zone=zone, legacy=is_legacy)
    row.us_based = said.us_based if said else None
    db.session.add(row)
    db.session.flush()
    keep_credentials(row, kind, given)
    record_act(row.id, WHO, "added the company", after={"name": row.name, "time_zone": row.time_zone})
    db.session.commit()
    told = {"id": row.id, "name": row.name, "time_zone": row.time_zone, "legacy": row.legacy}
    return told | ({"platform": _answer(said)} if said else {})


@company.command("rebind", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def rebind(company_id: int) -> dict[str, Any]:
    """Let the connection follow INTUIT_… settings that were changed on purpose: it is bound to the next process that uses it successfully."""
    company_of(company_id)
    connection = connection_of(company_id)
    if connection is None:
        raise Refusal(f"Company {company_id} was never connected to QuickBooks.", "not-connected")
    connection.bind({})
    record_act(company_id, WHO, "let QuickBooks be used with other Intuit settings")
    db.session.commit()
    return {"company": company_id, "rebinds": True}


@company.command("list", cls=PlainCommand)
@answering
def list_companies() -> dict[str, Any]:
    """List the companies: id, name, zone, feed, and how QuickBooks is connected."""
    rows = db.session.scalars(select(Company).where(Company.erased_at.is_(None)).order_by(Company.id)).all()
    return {"companies": [_said(row) for row in rows]}


@company.command("update", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.option("--name", help="Another name.")
@click.option(
    "--time-zone", help="Another zone (IANA name). Documents whose day becomes another are dated anew."
)
@click.option("--feed-url", help="Scheme and host of the platform's API.")
@click.option(
    "--feed-key",
    "--feed-key-stdin",
    "feed_key_stdin",
    is_flag=True,
    help="Read another API key from standard input, where no list of processes shows it.",
)
@click.option("--offline", is_flag=True, help="Do not ask the platform whether address and key work.")
@click.option("--yes", is_flag=True, help="Change the time zone although documents are dated anew by it.")
@answering
def update_company(
    company_id: int,
    name: str | None,
    time_zone: str | None,
    feed_url: str | None,
    feed_key_stdin: bool,
    offline: bool,
    yes: bool,
) -> dict[str, Any]:
    """Change a company's name, zone, feed address or feed key. What is not given stays.

    A zone by which something in QuickBooks would follow is only shown, with what would follow, until it comes with --yes.
    """
    row = company_of(company_id)
    if name is not None and not 0 < len(name.strip()) <= 200:
        raise Refusal("Give the company a name of at most 200 characters.")
    if feed_url is not None:
        feed_url = _checked_url(feed_url)
    key = sys.stdin.readline().strip() if feed_key_stdin else None
    if key == "":
        raise Refusal("Standard input is empty: send the platform's API key on its first line.")
    said = None
    if (feed_url or key) and not offline:
        kind, held = row.source_kind, credentials_of(row)
        if "url" not in held:
            raise Refusal(f"No platform is asked for company {company_id}: its source is {kind}.")
        db.session.commit()  # No transaction is open while the platform is asked.
        said = _asked(kind, {**held, "url": feed_url or held["url"], "key": key or held["key"]})
        row = company_of(company_id)
        row.us_based = said.us_based
    zone = _zone(time_zone) if time_zone else None
    change = zone_change(row, zone) if zone and zone != row.time_zone else None
    if change is not None and change.in_the_way:
        raise Refusal(change.in_the_way, "migration-open")
    if change is not None and change.changes_books and not yes:
        db.session.rollback()
        return _what_follows(change) | {"failed": True}
    changed = change_company(
        row, WHO, name=name.strip() if name else None, time_zone=zone, feed_url=feed_url, feed_key=key
    )
    if not changed:
        raise Refusal(
            "Nothing was changed: that is how the company is already. See --help for what can be given."
        )
    db.session.commit()
    told = _said(company_of(company_id)) | {"changed": sorted(changed)}
    return told | ({"platform": _answer(said)} if said else {})


@company.command("change-source", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.option(
    "--source",
    "kind",
    type=click.Choice(sorted(KINDS)),
    required=True,
    help="Where its inspections come from.",
)
@click.option(
    "--credentials-stdin",
    is_flag=True,
    help='Read {"url": …, "key": …} as JSON from standard input, where no list of processes shows it.',
)
@click.option("--yes", is_flag=True, help="Change it, where nothing is in the way.")
@answering
def change_source_of(company_id: int, kind: str, credentials_stdin: bool, yes: bool) -> dict[str, Any]:
    """Read a company's inspections from another source. Without --yes only what would follow is shown."""
    given = _credentials(kind, None, None, credentials_stdin)
    row = company_of(company_id)
    public = not settings().with_standins
    try:
        source = try_source(kind, given, public_only=public, company=row)
        db.session.commit()  # No transaction is open while a platform is asked.
        said = source.company()
        look = look_at_source(company_of(company_id), kind, source)
    except (FeedRefusedError, FeedUnavailableError) as error:
        raise Refusal(
            f"{fault(error.code).title}. {error.detail} Nothing was changed.", error.code
        ) from error
    if look.in_the_way:
        raise Refusal(f"{look.in_the_way} Nothing was changed.", "source-in-the-way")
    told = _looked(look) | {"platform": _answer(said)}
    if not yes:
        message = "Nothing was changed. This would follow: give --yes, too, to change it."
        return told | {"error": "source-to-confirm", "message": message, "failed": True}
    row = company_of(company_id)
    row.us_based = said.us_based
    change_source(row, WHO, kind, given)
    db.session.commit()
    return _said(company_of(company_id)) | told


def _looked(look: SourceLook) -> dict[str, Any]:
    return {
        "in_quickbooks": len(look.booked),
        "known": sorted(look.known),
        "new": look.new,
        "another_total": look.retotaled,
        "unreadable": look.unreadable,
    }


@company.command("release-realm", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def release(company_id: int) -> dict[str, Any]:
    """Disconnect a company that is not to have its QuickBooks company, so that another one can connect it."""
    company_of(company_id)
    if connection_of(company_id) is None:
        raise Refusal(f"Company {company_id} was never connected to QuickBooks.", "not-connected")
    free = release_realm(company_id, WHO)
    db.session.commit()
    return {"company": company_id, "state": "disconnected", "may_connect_another": free}


@company.command("export", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.argument("file", type=click.Path(dir_okay=False, writable=True))
@answering
def export(company_id: int, file: str) -> dict[str, Any]:
    """Write everything on record of one company into a ZIP of CSV files, without any secret."""
    row = company_of(company_id)
    record_act(row.id, WHO, "exported everything")
    db.session.commit()
    return {"company": company_id, "file": file, "rows": write_export(company_id, file)}


def _said(row: Company) -> dict[str, Any]:
    connection = connection_of(row.id)
    return {
        "id": row.id,
        "name": row.name,
        "time_zone": row.time_zone,
        "legacy": row.legacy,
        "source": row.source_kind,
        "feed_url": row.feed_url,
        "feed": row.feed_state,
        "quickbooks": connection.state if connection else "never connected",
    }


def _answer(said: SourceCompany) -> dict[str, Any]:
    """Return what the platform answered of the company."""
    return {
        "name": said.name,
        "time_zone": said.time_zone,
        "country": said.country,
        "us_based": said.us_based,
    }


def _what_follows(change: ZoneChange) -> dict[str, Any]:
    """Return what another zone would date anew, for the answer of a command that changed nothing."""
    listed = [
        f"{one.name} ({one.inspection_key}): {one.was} to {one.becomes}, {one.fate}{' ' + one.code if one.code else ''}"
        for one in change.documents
    ]
    return {
        "error": "zone-to-confirm",
        "message": "Nothing was changed. Documents follow the zone as listed: give --yes, too, to change it.",
        "dated_anew": len(change.of_fate("moves")),
        "waiting": len(change.of_fate("waits")),
        "staying": len(change.of_fate("stays")),
        "documents": listed,
        "entering": list(change.entering),
        "leaving": list(change.leaving),
        "near_cutoff": list(change.near_cutoff),
    }


def _checked_url(feed_url: str) -> str:
    feed_url = feed_url.strip().rstrip("/")
    if not feed_url.startswith(("http://", "https://")):
        raise Refusal(f"--feed-url is {feed_url!r}: use scheme and host, such as https://api.example.com.")
    return feed_url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Refusal(f"{name!r} is no time zone: use an IANA name such as America/Denver.") from None
    return name


def _credentials(kind: str, url: str | None, key: str | None, from_stdin: bool) -> dict[str, Any]:
    """Return what a source of this kind is opened with, by options or as JSON from standard input. Refuses what it does not know or misses."""
    given: Any = {name: value for name, value in (("url", url), ("key", key)) if value is not None}
    if from_stdin:
        try:
            given = json.loads(sys.stdin.read())
        except ValueError:
            raise Refusal('Standard input is no JSON: send an object such as {"url": …, "key": …}.') from None
    try:
        found = checked_credentials(kind, given)
    except ValueError as error:
        how = "With --feed-url and --feed-key, or as JSON with --credentials-stdin, give the platform's API key and address."
        raise Refusal(f"{error} {how if KINDS[kind].needs else 'Leave it out.'}") from None
    return found | ({"url": _checked_url(found["url"])} if "url" in found else {})


def _asked(kind: str, given: dict[str, Any]) -> SourceCompany:
    """Return what the platform says of the company. Refuses a key that does not work and a platform that does not answer."""
    try:
        return try_source(kind, given, public_only=not settings().with_standins).company()
    except FeedRefusedError as error:
        words = f"{fault(error.code).title}. {error.detail} Give another --feed-key or --feed-url."
        raise Refusal(words, error.code) from error
    except FeedUnavailableError as error:
        words = f"{error.detail} Check --feed-url, or add --offline and --time-zone to go on without asking."
        raise Refusal(words, error.code) from error
