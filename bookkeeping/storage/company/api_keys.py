"""Keys with which a company's platform asks us for answers. A key itself is shown once; what is kept is its digest. Who may make one is not decided here."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from bookkeeping.storage.base import Base, UtcDateTime, db, utcnow

SCOPES = {
    "read": "Read what is in the books: inspections, documents, payments",
    "sync": "Have changes read at once",
    "payments": "Tell of payments that were received",
}
"""What a key may be good for."""


class ApiKey(Base):
    """One key of one company. `shown` is its beginning, by which people tell keys apart; `scopes` are words of SCOPES, parted by spaces."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    shown: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    made_by: Mapped[str] = mapped_column(String(254))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str] = mapped_column(String(254), default="")

    def allows(self, scope: str) -> bool:
        """Return whether the key is good for this."""
        return scope in self.scopes.split()


def keys_of(company_id: int) -> list[ApiKey]:
    """Return the company's keys, newest first, revoked ones last."""
    rows = select(ApiKey).where(ApiKey.company_id == company_id)
    return list(db.session.scalars(rows.order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())))


def live_key(digest: str) -> ApiKey | None:
    """Return the key of this digest while it is in force."""
    return db.session.scalar(select(ApiKey).where(ApiKey.digest == digest, ApiKey.revoked_at.is_(None)))
