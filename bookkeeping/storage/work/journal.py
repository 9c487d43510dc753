"""The journal: every write to QuickBooks is a committed row before it is sent, and settled with what came back.

An Operation is one intended write; a Call is one HTTP request with its frozen bytes, its request id and its operations in order; an
Attempt is one time that it was sent.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bookkeeping.errors import BookkeepingError
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, db, utcnow

OUTCOMES = {
    "created": "Created",
    "updated": "Updated",
    "deleted": "Deleted",
    "waiting": "Waiting",
    "refused": "Refused",
    "drift": "Changed in QuickBooks",
    "unknown": "Unknown",
    "planned": "Planned",
}


class Call(Base):
    """One HTTP request to QuickBooks. `state`: written → answered | unknown (no answer; the same bytes go again under the
    same request id) | abandoned (looked up instead, or superseded)."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_open", "company_id", "state"),
        Index("ix_calls_stuck", "state", "created_at"),
        Index("ix_calls_run", "run_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    request_id: Mapped[str] = mapped_column(String(50), unique=True)
    path: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    body_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default="written")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reference: Mapped[str] = mapped_column(String(100), default="")
    operations: Mapped[list["Operation"]] = relationship(back_populates="call", order_by="Operation.position")
    attempt_log: Mapped[list["Attempt"]] = relationship(back_populates="call", order_by="Attempt.number")


class Attempt(Base):
    """One time that a Call was sent. `answered_at` stays empty when no answer came, or when we ended before it came.

    `status` is HTTP's; `answer` what came back when it was not a usable answer (those are kept an operation each).
    """

    __tablename__ = "call_attempts"

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(40), default="")
    reference: Mapped[str] = mapped_column(String(100), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    call: Mapped[Call] = relationship(back_populates="attempt_log")


class Operation(Base):
    """One intended write and what became of it. Rows without a call never went out (they wait on something else).

    `intent` is unique: company, kind, source key, action, generation and the hash of the body, so that no intent is planned twice
    while one of it is open.
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index("ix_operations_log", "company_id", "id"),
        Index("ix_operations_when", "company_id", "created_at"),
        Index("ix_operations_outcome", "company_id", "outcome", "id"),
        Index("ix_operations_inspection", "company_id", "inspection_key", "id"),
        Index("ix_operations_run", "run_id", "id"),
        Index("ix_operations_failures", "outcome", "code", "company_id"),
        Index("ix_operations_settled", "settled_at", "outcome", "code"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    b_id: Mapped[str] = mapped_column(String(10), default="")
    inspection_key: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(
        String(20)
    )  # Customer | Item | PaymentMethod | Invoice | Payment | RefundReceipt | SalesReceipt
    action: Mapped[str] = mapped_column(String(10))  # create | update | delete
    source_key: Mapped[str] = mapped_column(String(110))
    generation: Mapped[int] = mapped_column(default=1)
    doc_number: Mapped[str] = mapped_column(String(40), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")  # Client and address, for the log.
    amount: Mapped[Decimal | None] = mapped_column(Cents)
    body: Mapped[str] = mapped_column(Text, default="")
    body_hash: Mapped[str] = mapped_column(String(64), default="")
    document: Mapped[str] = mapped_column(
        Text, default=""
    )  # What to note when it succeeds: JSON of the documents row.
    qbo_id: Mapped[str] = mapped_column(String(40), default="")
    outcome: Mapped[str] = mapped_column(String(10), default="planned")
    code: Mapped[str] = mapped_column(String(40), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    reference: Mapped[str] = mapped_column(String(100), default="")
    answer: Mapped[str] = mapped_column(
        Text, default=""
    )  # What QuickBooks said: whole for a refusal, the main facts of what it stored else.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    call: Mapped[Call | None] = relationship(back_populates="operations")

    # What the answer that settled it came to, for the run that sent it: no columns, and not there before.
    __allow_unmapped__ = True
    error: BookkeepingError | None
    warning: str


DOCUMENTS = ("Invoice", "Payment", "RefundReceipt")
WRITTEN = ("created", "updated", "deleted")


def documents_settled(run_id: int) -> dict[str, int]:
    """Return what became of the documents of a run so far: how many by outcome, without those that are still on their way."""
    mine = (Operation.run_id == run_id, Operation.kind.in_(DOCUMENTS), Operation.outcome != "planned")
    rows = select(Operation.outcome, func.count()).where(*mine).group_by(Operation.outcome)
    return dict(db.session.execute(rows).all())


def writing_since(run_id: int) -> datetime | None:
    """Return when the run planned its first document, None before that."""
    mine = (Operation.run_id == run_id, Operation.kind.in_(DOCUMENTS))
    return db.session.scalar(select(Operation.created_at).where(*mine).order_by(Operation.id).limit(1))


class ApiUsage(Base):
    """Calls to QuickBooks per company, day (UTC) and kind; metered ones count against Intuit's monthly quota."""

    __tablename__ = "api_usage"
    __table_args__ = (Index("ix_api_usage_day", "day", "metered"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    metered: Mapped[bool] = mapped_column(default=False)
    count: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
