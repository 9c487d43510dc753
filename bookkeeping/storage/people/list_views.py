"""Views of a list that people keep: its filters and order under a name, for oneself or for all of the company."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow

MOST_VIEWS = 50
"""How many one person can keep in one company."""

LONGEST_NAME, LONGEST_ADDRESS = 60, 1000


class ListView(Base):
    """One kept view. `address` is the query string of the list; `who` keeps it, and if `shared` all of the company see it."""

    __tablename__ = "list_views"
    __table_args__ = (Index("ix_list_views_company", "company_id", "list", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    list: Mapped[str] = mapped_column(String(20))
    who: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    address: Mapped[str] = mapped_column(String(LONGEST_ADDRESS))
    shared: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def views_of(company_id: int, which: str, who: str) -> list[ListView]:
    """Return the views of this list that the person sees: their own and those for all, by name."""
    rows = select(ListView).where(ListView.company_id == company_id, ListView.list == which)
    rows = rows.where(or_(ListView.who == who, ListView.shared.is_(True)))
    return list(db.session.scalars(rows.order_by(func.lower(ListView.name), ListView.id)))


def view_seen(company_id: int, view_id: int, who: str) -> ListView | None:
    """Return the view of that id, if the person sees it."""
    row = db.session.get(ListView, view_id)
    return (
        row if row is not None and row.company_id == company_id and (row.shared or row.who == who) else None
    )


def keep_view(
    company_id: int, which: str, who: str, name: str, address: str, *, shared: bool
) -> ListView | None:
    """Keep a view in the current transaction; one of that name of the same person is replaced. None when they keep too many."""
    mine = [one for one in views_of(company_id, which, who) if one.who == who]
    row = next((one for one in mine if one.name.casefold() == name.casefold()), None)
    if row is None:
        if len(mine) >= MOST_VIEWS:
            return None
        row = ListView(company_id=company_id, list=which, who=who)
        db.session.add(row)
    row.name, row.address, row.shared = name, address, shared
    db.session.flush()
    return row
