"""Whether a walk through the feed shows this company: nothing of it is kept before an inspection has come that we know.

A feed can answer with another company's inspections: the key was mixed up, or something between us answers without looking at keys. They
would all look new, and be booked. What becomes of the pages that are let through is `poll`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, or_, select

from bookkeeping.errors import FeedOtherCompanyError, FeedRefusedError, FeedUnavailableError, RuleError
from bookkeeping.inspection_source.source import Page, Reach
from bookkeeping.inspection_source.walk import SLACK
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from worker.holding.work import Work

TOMBSTONES_STAY = timedelta(days=30)
"""For so long, at least, a platform lists what was deleted."""

OURS_ASKED_FOR = 3
"""How many inspections that we know, the latest first, are asked for before none of ours counts as found: one may be gone for good."""

MOST_HELD = 50
"""How many pages without anything that we know are read on before they are taken for another company's."""


def recognised(work: Work, pages: Iterable[Page], reach: Reach | None, *, everything: bool) -> Iterator[Page]:
    """Yield the pages once one of them has an inspection that we know; all of them where none that we know has to come.

    Of a page without anything that we know, an inspection is asked for by itself, as one that we know is: behind a cache that looks at no keys
    these are other addresses. A first walk has nothing that it could be known by, and without a `reach` nobody else's can come. `everything`:
    the walk is one through all there is.

    Raises:
        FeedOtherCompanyError: all that came is unknown to us, though what we know would have to come.
        FeedUnavailableError: nothing came of a walk through everything, or an inspection that it lists and ours are not found together.
    """
    if reach is None:
        yield from pages
        return
    must_come = db.session.scalars(_must_come(work, reach).limit(1)).first()
    work.commit()  # Nothing is open while the platform is asked.
    held: list[Page] = []
    known = must_come is None
    for page in pages:
        held.append(page)
        knows = _knows(work.company_id, page)
        known = known or knows
        if known:
            for one in held:
                if not knows or one is not page:
                    _prove(work, one)
                yield one
            held = []
        elif len(held) >= MOST_HELD:
            break
        else:
            work.commit()
    read = sum(len(page.inspections) + len(page.bad) for page in held)
    if known or (not read and not everything):
        return
    if not read:
        raise FeedUnavailableError(
            f"It lists no inspection at all, and inspection {must_come} would have to be there.",
            code="feed-nonsense",
        )
    raise FeedOtherCompanyError(
        f"Of {read} inspections that it lists we know none, and inspection {must_come}, which would have to come, does not. {_whose(work)}"
    )


def _must_come(work: Work, reach: Reach) -> Select[str]:
    """Return the inspections of ours that a walk of that reach has to bring, changed again or not."""
    comes = _is_there() if reach.deleted_too else InspectionRow.record["deleted_at"].as_string().is_(None)
    which = [InspectionRow.company_id == work.company_id]
    if reach.changed_since is not None:
        which.append(InspectionRow.source_updated_at >= reach.changed_since)
    if reach.starts is not None:
        first, last = reach.starts
        which += [InspectionRow.starts_at >= first, InspectionRow.starts_at < last]
    return (
        select(InspectionRow.key).where(*which).where(comes).order_by(InspectionRow.source_updated_at.desc())
    )


def _is_there() -> ColumnElement[bool]:
    """The condition for what the platform must still know, deleted or not."""
    deleted_at = InspectionRow.record["deleted_at"].as_string()
    return or_(deleted_at.is_(None), deleted_at > (utcnow() - TOMBSTONES_STAY).isoformat())


def _prove(work: Work, page: Page) -> None:
    """Ask for an inspection of the page by itself, for one that we know, and for the first again.

    One platform has both. Where another company's is asked, the listed one alone is found; where that ends meanwhile, it is not found any more.
    A platform that finds neither answers no such questions, which proves nothing.

    Raises:
        FeedUnavailableError: it finds the one that it lists and not ours, or ours and not the one that it lists.
    """
    listed = next((one.key for one in page.inspections if one.deleted_at is None), None)
    known = db.session.scalars(
        select(InspectionRow.key)
        .where(InspectionRow.company_id == work.company_id, _is_there())
        .order_by(InspectionRow.source_updated_at.desc())
        .limit(OURS_ASKED_FOR)
    ).all()
    work.commit()
    if listed is None or not known:
        return
    finds_listed, finds_ours = _finds(work, listed), any(_finds(work, key) for key in known)
    if finds_listed and not finds_ours:
        raise FeedUnavailableError(
            f"It finds inspection {listed} and not {known[0]}, which it listed before, so the list may be another company's.",
            code="feed-nonsense",
        )
    if finds_ours and not (finds_listed and _finds(work, listed)):
        raise FeedUnavailableError(
            f"It lists inspection {listed} and does not find it by itself, so the list may be another company's.",
            code="feed-nonsense",
        )


def _finds(work: Work, key: str) -> bool:
    try:
        return work.source.one(key) is not None
    except RuleError:
        return True  # Unreadable, and there.


def _knows(company_id: int, page: Page) -> bool:
    """Whether the page has an inspection that we know: by its id and the moment it was made, since other companies may count alike."""
    made = {one.key: one.created_at for one in page.inspections}
    rows = select(InspectionRow).where(
        InspectionRow.company_id == company_id, InspectionRow.key.in_([*made, *_unreadable(page)])
    )
    for row in db.session.scalars(rows):
        if row.key not in made or abs(row.inspection().created_at - made[row.key]) <= SLACK:
            return True
    aside = select(BadRecord.key).where(
        BadRecord.company_id == company_id, BadRecord.key.in_([*made, *_unreadable(page)])
    )
    return db.session.scalars(aside.limit(1)).first() is not None


def _unreadable(page: Page) -> list[str]:
    return [one.key for one in page.bad if one.key]


def _whose(work: Work) -> str:
    """Say whose feed it is by its own account, where it tells."""
    try:
        return f"The platform calls the company {work.source.company().name or 'nothing'}."
    except (FeedRefusedError, FeedUnavailableError):
        return "Whose they are the platform does not tell."
