"""Failed and waiting inspections over all companies, grouped by what is behind them. Reads only.

Every query starts from the failures themselves (index ix_inspections_failures), so its cost follows how much is failing now and
never how much has ever been synced. Company-wide problems and health are in `companies.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, not_, or_, select
from sqlalchemy.orm import aliased

from bookkeeping.faults import CATALOGUE
from bookkeeping.logbook.pages import STUCK_STATES
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.paging import Page, Position, keyset_page
from bookkeeping.storage.records.inspections import OPEN_STATES, InspectionRow, held_dollars
from bookkeeping.storage.work.ops import Mute

FAILURE_ORDER = ((InspectionRow.id + 0).label("id"),)
"""Newest first. An expression rather than the column: sorting the few that fail is cheap, while a database that walks the primary
key to have them sorted walks over all inspections there are."""
WAITS_FOR_CUSTOMER = "waiting-for-customer"
RISING_ATTEMPTS = 5
_CUSTOMER = "customer:"


@dataclass(frozen=True)
class FailureFilter:
    """Which failures; empty means all. `held_for`: at least so long. `text` is looked for in id, client, address and detail.

    `handling` is a class of the catalogue. Muted ones are left out unless `muted` asks for them alone. `rising`: tried
    RISING_ATTEMPTS times and more.
    """

    company_id: int | None = None
    code: str = ""
    handling: str = ""
    held_for: timedelta | None = None
    text: str = ""
    key: str = ""
    muted: bool = False
    rising: bool = False


@dataclass
class CompanyShare:
    """What one cause holds up in one company."""

    company_id: int
    name: str
    count: int = 0
    amount: Decimal = Decimal("0.00")
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, count: int, amount: Decimal, oldest: datetime | None, newest: datetime | None) -> None:
        """Count more of it in."""
        self.count += count
        self.amount += amount
        self.oldest = min((at for at in (self.oldest, oldest) if at), default=None)
        self.newest = max((at for at in (self.newest, newest) if at), default=None)


@dataclass
class CauseGroup:
    """One cause with the companies it holds up, most money first. `whole`: it stops whole companies, or has no documents."""

    code: str
    whole: bool = False
    companies: list[CompanyShare] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many inspections it holds up."""
        return sum(share.count for share in self.companies)

    @property
    def amount(self) -> Decimal:
        """For how many US dollars."""
        return sum((share.amount for share in self.companies), Decimal("0.00"))

    @property
    def oldest(self) -> datetime | None:
        """Since when."""
        return min((share.oldest for share in self.companies if share.oldest), default=None)

    @property
    def newest(self) -> datetime | None:
        """When the newest of them came."""
        return max((share.newest for share in self.companies if share.newest), default=None)


def failure_groups(wanted: FailureFilter) -> list[CauseGroup]:
    """Return what fails by root cause, then company: most money first. A refused Customer counts with all that waits for it."""
    rows = select(
        InspectionRow.company_id.label("company_id"),
        root_code().label("code"),
        held_dollars().label("total"),
        held_at().label("since"),
    )
    one = rows.where(*conditions(wanted)).subquery()
    grouped = select(
        one.c.code,
        one.c.company_id,
        func.count(),
        func.sum(one.c.total, type_=InspectionRow.total.type),
        func.min(one.c.since, type_=InspectionRow.polled_at.type),
        func.max(one.c.since, type_=InspectionRow.polled_at.type),
    ).group_by(one.c.code, one.c.company_id)
    found = db.session.execute(grouped).all()
    names = company_names({row[1] for row in found})
    groups: dict[str, CauseGroup] = {}
    for code, company_id, *sums in found:
        share = CompanyShare(company_id, names[company_id])
        share.add(*sums)
        groups.setdefault(code, CauseGroup(code)).companies.append(share)
    return in_order(list(groups.values()))


def in_order(groups: list[CauseGroup]) -> list[CauseGroup]:
    """Return the groups with most money first, their companies likewise."""
    for group in groups:
        group.companies.sort(key=lambda share: (-share.amount, -share.count, share.name))
    return sorted(groups, key=lambda group: (-group.amount, -group.count, group.code))


def failures_page(wanted: FailureFilter, position: Position | None, size: int = 50) -> Page[InspectionRow]:
    """Return a page of the failing inspections, the newest first."""
    return keyset_page(select(InspectionRow).where(*conditions(wanted)), FAILURE_ORDER, position, size)


def every_failure(wanted: FailureFilter, chunk: int = 500) -> Iterator[tuple[InspectionRow, str, str]]:
    """Yield each failing inspection with its root cause and its company's name, newest first, a chunk at a time."""
    below: int | None = None
    while True:
        rows = select(InspectionRow, root_code(), Company.name).join(
            Company, Company.id == InspectionRow.company_id
        )
        rows = rows.where(*conditions(wanted)).order_by(FAILURE_ORDER[0].desc()).limit(chunk)
        found = db.session.execute(rows if below is None else rows.where(InspectionRow.id < below)).all()
        yield from ((row, cause, company) for row, cause, company in found)
        if len(found) < chunk:
            return
        below = found[-1][0].id


def root_codes(rows: list[InspectionRow]) -> dict[int, str]:
    """Return the cause behind each of these inspections, by row id."""
    chosen = select(InspectionRow.id, root_code()).where(InspectionRow.id.in_([row.id for row in rows]))
    return dict(db.session.execute(chosen).all())


def failure_count(wanted: FailureFilter) -> int:
    """Return how many inspections fail so."""
    count = select(func.count()).select_from(InspectionRow)
    return db.session.scalar(count.where(*conditions(wanted))) or 0


def conditions(wanted: FailureFilter) -> list[ColumnElement[bool]]:
    """Return the filter as conditions on `InspectionRow`."""
    found = [in_states(*STUCK_STATES), _is_muted() if wanted.muted else not_(_is_muted())]
    if wanted.company_id is not None:
        found.append(InspectionRow.company_id == wanted.company_id)
    if wanted.code:
        found.append(InspectionRow.reason.in_((wanted.code, WAITS_FOR_CUSTOMER)))
        found.append(root_code() == wanted.code)
    if wanted.handling:
        found.append(_handled_as(wanted.handling))
    if wanted.held_for is not None:
        found.append(held_at() <= utcnow() - wanted.held_for)
    if wanted.rising:
        found.append(InspectionRow.failures >= RISING_ATTEMPTS)
    if wanted.key:
        found.append(InspectionRow.key == wanted.key)
    if wanted.text:
        columns = (InspectionRow.key, InspectionRow.client_name, InspectionRow.address, InspectionRow.detail)
        bare = wanted.text.removeprefix("SP-")
        found.append(
            or_(
                InspectionRow.key == bare,
                *(column.icontains(wanted.text, autoescape=True) for column in columns),
            )
        )
    return found


def in_states(*states: str) -> ColumnElement[bool]:
    """The condition for inspections in one of these open states (not in sync, not left out), in words of the index over them.

    The states stand in the statement itself: for bound values neither database can tell that the index covers them.
    """
    open_ones = InspectionRow.state.in_([literal_column(f"'{state}'") for state in OPEN_STATES])
    return open_ones if set(states) == set(OPEN_STATES) else and_(open_ones, InspectionRow.state.in_(states))


def root_code() -> ColumnElement[str]:
    """The cause behind an inspection: its own, or that of the inspection whose Customer it waits for."""
    root = aliased(InspectionRow)
    behind = (
        select(func.max(root.reason))
        .where(
            root.company_id == InspectionRow.company_id,
            root.client_key == func.substr(InspectionRow.waits_for, len(_CUSTOMER) + 1),
            root.state.in_(STUCK_STATES),
            root.reason != WAITS_FOR_CUSTOMER,
        )
        .correlate(InspectionRow)
        .scalar_subquery()
    )
    waits = and_(InspectionRow.reason == WAITS_FOR_CUSTOMER, InspectionRow.waits_for != "")
    return case((waits, func.coalesce(behind, InspectionRow.reason)), else_=InspectionRow.reason)


def held_at() -> ColumnElement[datetime]:
    """Since when an inspection is held up."""
    return func.coalesce(InspectionRow.held_since, InspectionRow.polled_at)


def company_names(ids: set[int]) -> dict[int, str]:
    """Return the names of these companies."""
    found: dict[int, str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        rows = select(Company.id, Company.name).where(Company.id.in_(wanted[start : start + 500]))
        found |= dict(db.session.execute(rows).all())
    return found


def _is_muted() -> ColumnElement[bool]:
    """A mute covers a cause everywhere, in one company, or at one inspection. It means the cause that the row itself names
    or, for one that waits for a Customer, the one behind it."""
    here = or_(Mute.company_id.is_(None), Mute.company_id == InspectionRow.company_id)
    this = or_(Mute.inspection_key == "", Mute.inspection_key == InspectionRow.key)
    live = (Mute.until > utcnow(), Mute.ended_at.is_(None))
    return select(Mute.id).where(Mute.code == root_code(), here, this, *live).exists()


def _handled_as(handling: str) -> ColumnElement[bool]:
    """Codes that the catalogue does not know are refusals."""
    own = root_code()
    known = [code for code, entry in CATALOGUE.items() if entry.handling == handling]
    if handling == CATALOGUE["refused"].handling:
        return or_(own.in_(known), own.not_in(list(CATALOGUE)))
    return own.in_(known) if known else false()
