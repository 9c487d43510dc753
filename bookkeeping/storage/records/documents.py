"""What we know QuickBooks has of ours: the documents, the Customers behind them, old receipts, and drift."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bookkeeping.rules.hindering import Standing
from bookkeeping.rules.money import ZERO
from bookkeeping.rules.planning import Hindrance, Kind, Known
from bookkeeping.storage.base import Base, BigId, Cents, UtcDateTime, db, utcnow

DOCUMENT_KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of documents of ours that we keep up to date."""

FROZEN_BY_DEPOSITS: tuple[Kind, ...] = ("Payment", "RefundReceipt")
"""Those that a Deposit can hold; what it holds can be neither changed nor deleted."""


Pays = dict[tuple[str, str], Decimal]


class Document(Base):
    """One Invoice, Payment or RefundReceipt of ours. `balance` is what QuickBooks last said is open on an Invoice (None: it has not said yet); `links`
    are what else it said: of an Invoice [type, id] of what pays it, of a Payment [type, id, US dollars] of all that it pays.

    `fingerprint` and `body` are what we last wrote; `token_stale` says that a write of
    ours to a linked document has moved the SyncToken since. A new generation is a new row; the old one stays as deleted.

    `as_read` is the document as QuickBooks has it, while others have put something on it that an update must carry over
    (decision 20), or while a person's choice to restore ours is to be carried out; else None.

    `hands_off`: "" = ours; "drift" = changed in QuickBooks, a person has to choose; "kept" = left to the bookkeeper until it is managed again.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("company_id", "kind", "source_key", "generation"),
        Index("ix_documents_inspection", "company_id", "inspection_key"),
        Index("ix_documents_qbo", "company_id", "kind", "qbo_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    inspection_key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind] = mapped_column(String(20))
    source_key: Mapped[str] = mapped_column(String(64))
    generation: Mapped[int] = mapped_column(default=1)
    qbo_id: Mapped[str] = mapped_column(String(40))
    sync_token: Mapped[str] = mapped_column(String(20))
    token_stale: Mapped[bool] = mapped_column(default=False)
    doc_number: Mapped[str] = mapped_column(String(21), default="")
    fingerprint: Mapped[str] = mapped_column(String(64))
    fingerprint_for: Mapped[str] = mapped_column(
        String(40), default="", server_default=""
    )  # The Customer it was taken with, where that one was merged into `customer_id` since.
    body: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    left_out: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list, server_default="[]")
    """What QuickBooks refused of it and it goes without: [{what, value, code}]."""
    as_read: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    customer_id: Mapped[str] = mapped_column(String(40), default="")
    total: Mapped[Decimal] = mapped_column(Cents)
    applied: Mapped[Decimal] = mapped_column(Cents, default=Decimal("0.00"))
    balance: Mapped[Decimal | None] = mapped_column(Cents)
    links: Mapped[list[list[str]]] = mapped_column(JSON, default=list, server_default="[]")
    txn_date: Mapped[date]
    status: Mapped[str] = mapped_column(String(10), default="live")  # live | deleted
    hands_off: Mapped[str] = mapped_column(String(10), default="")
    deposit_id: Mapped[str] = mapped_column(String(40), default="")  # The Deposit that froze it, if any.
    deposit_account_id: Mapped[str] = mapped_column(
        String(40), default="", server_default=""
    )  # Where that one put it.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def name(self) -> str:
        """As a person would find it: `Invoice SP-1042`, `Payment ch_9`."""
        return f"{self.kind} {self.doc_number or self.body.get('PaymentRefNum') or ''}".rstrip()

    def standing(self) -> Standing:
        """Return what of it can be in the way of a write."""
        return Standing(self.name, self.total, self.txn_date, self.deposit_id)

    @property
    def in_books(self) -> Decimal:
        """What QuickBooks' TotalAmt was when it took what we last wrote, or has been put right to since; ours where it said none."""
        return self._total_in(self.body)

    @property
    def covered(self) -> Decimal | None:
        """How much of an Invoice is paid or lowered, by whatever, as QuickBooks last said; None while it has not."""
        return None if self.balance is None else self.stands_at - self.balance

    @property
    def stands_at(self) -> Decimal:
        """The total that QuickBooks has now: a person may have given it another since we wrote it, which stands there until ours is restored."""
        return self._total_in({**self.body, **(self.as_read or {})})

    @property
    def restoring(self) -> bool:
        """Whether somebody chose to restore ours and it is not written yet: `as_read` is what stands in QuickBooks until then."""
        return self.as_read is not None and not self.fingerprint and not self.hands_off

    def _total_in(self, row: dict[str, Any]) -> Decimal:
        said = row.get("TotalAmt")
        return self.total if said is None else Decimal(str(said)).quantize(Decimal("0.01"))

    @property
    def frozen(self) -> bool:
        """Whether it stays as it is or keeps another one so: a Deposit holds it, or it gives back what a Deposit holds."""
        return self.kind == "RefundReceipt" or bool(self.deposit_id)

    def known(self, *, history: bool = False) -> Known:
        """Return it in the planner's words."""
        return Known(
            kind=self.kind,
            source_key=self.source_key,
            qbo_id=self.qbo_id,
            generation=self.generation,
            fingerprint=self.fingerprint,
            customer_id=self.customer_id,
            amount=self.total,
            applied=self.applied,
            hands_off=bool(self.hands_off),
            history=history,
            fingerprint_for=self.fingerprint_for or "",
            covered=self.covered,
            elsewhere=self.elsewhere,
        )

    @property
    def pays(self) -> Pays:
        """What a Payment is applied to, as QuickBooks last said: US dollars by (type, id)."""
        return {(kind, qbo_id): Decimal(amount) for kind, qbo_id, amount in self.links}

    @property
    def unapplied(self) -> Decimal:
        """How much of a Payment pays nothing yet, so that it is its Customer's credit."""
        return max(self.total - self.applied - self.elsewhere, ZERO) if self.kind == "Payment" else ZERO

    @property
    def elsewhere(self) -> Decimal:
        """How much of a Payment pays something else than its Invoice, US dollars; a CreditMemo linked to it adds to it instead."""
        if self.kind != "Payment":
            return ZERO
        amounts = (-amount if kind == "CreditMemo" else amount for (kind, _), amount in self.pays.items())
        return max(sum(amounts, ZERO) - self.applied, ZERO)


class CustomerLink(Base):
    """Which QuickBooks Customer stands for a client of the platform (decision 2).

    `state`: linked; or ask = several fit and a person must choose among `candidates`.
    """

    __tablename__ = "customer_links"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    client_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="linked", index=True)
    qbo_id: Mapped[str] = mapped_column(String(40), default="")
    display_name: Mapped[str] = mapped_column(String(600), default="")
    sync_token: Mapped[str] = mapped_column(String(20), default="0")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    ours: Mapped[bool] = mapped_column(default=False)  # We created it, so we may keep its details current.
    because: Mapped[str] = mapped_column(Text, default="")
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    create_new: Mapped[bool] = mapped_column(default=False)  # A person said: none of them, make a new one.
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    left_out: Mapped[list[dict[str, str]]] = mapped_column(
        JSON, default=list, server_default="[]"
    )  # As of a document.
    # What we last wrote of email, phones and names: what the platform has not changed since is the bookkeeper's to change.
    as_written: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    def to_settle(self, unbillable: Mapping[str, str]) -> Hindrance | None:
        """Return why no document may be written for its Customer now (`unbillable` by id); taking documents away needs no Customer."""
        if self.qbo_id in unbillable:
            return Hindrance(unbillable[self.qbo_id], waits_for=f"customer:{self.client_key}")
        if self.qbo_id and self.state == "ask":
            return Hindrance("customer-to-confirm", self.because, f"customer:{self.client_key}")
        return None


class LegacyReceipt(Base):
    """A SalesReceipt that the integration of before August 2019 made, as its records tell (decision 11)."""

    __tablename__ = "legacy_receipts"
    __table_args__ = (UniqueConstraint("company_id", "receipt_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    inspection_key: Mapped[str] = mapped_column(String(64), index=True)
    receipt_id: Mapped[str] = mapped_column(String(40))
    amount: Mapped[Decimal] = mapped_column(Cents)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Drift(Base):
    """One document that a person changed in QuickBooks (decision 8). `fields` is [[label, ours, theirs], …].

    What it says of QuickBooks is kept current while nobody has settled it, and while the document is left to the bookkeeper by it.
    """

    __tablename__ = "drifts"
    __table_args__ = (Index("ix_drifts_open", "company_id", "settled_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # edited | voided | deleted | deposited
    fields: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    theirs: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    theirs_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    choice: Mapped[str] = mapped_column(String(20), default="")  # restore | keep
    document: Mapped[Document] = relationship()


def choice_to_keep(document: Document) -> Drift | None:
    """Return the newest *Keep theirs* of this document."""
    rows = select(Drift).where(Drift.document_id == document.id, Drift.choice == "keep")
    return db.session.scalars(rows.order_by(Drift.id.desc()).limit(1)).first()


def documents_of(company_id: int, inspection_keys: list[str]) -> dict[str, list[Document]]:
    """Return every document, deleted ones too, by inspection."""
    found: dict[str, list[Document]] = {key: [] for key in inspection_keys}
    for start in range(0, len(inspection_keys), 500):
        chunk = inspection_keys[start : start + 500]
        rows = select(Document).where(Document.company_id == company_id, Document.inspection_key.in_(chunk))
        for document in db.session.scalars(rows.order_by(Document.id)):
            found[document.inspection_key].append(document)
    return found


def payments_elsewhere(
    company_id: int, listed: Mapping[str, Iterable[str]], standing: Iterable[Document]
) -> dict[str, list[Document]]:
    """Return by inspection the Payments, deleted ones too, that were made for other inspections of payments that it lists, too.

    `listed` are ids of payments received by inspection. Those of which a Payment of its own is among `standing` are not looked for.
    """
    found: dict[str, list[Document]] = {key: [] for key in listed}
    own = {(one.inspection_key, one.source_key) for one in standing}
    listing: dict[str, list[str]] = {}
    for key, payments in listed.items():
        for payment in payments:
            if (key, payment) not in own:
                listing.setdefault(payment, []).append(key)
    wanted = sorted(listing)
    for start in range(0, len(wanted), 500):
        rows = select(Document).where(
            Document.company_id == company_id,
            Document.kind == "Payment",
            Document.source_key.in_(wanted[start : start + 500]),
        )
        for document in db.session.scalars(rows.order_by(Document.id)):
            for key in listing[document.source_key]:
                if document.inspection_key != key:
                    found[key].append(document)
    return found


def open_credits(company_id: int, customer_ids: Iterable[str]) -> dict[str, Decimal]:
    """Return how much of our Payments is the credit of each of these Customers, US dollars by QuickBooks id; absent for those without.

    What others gave a Customer as credit is on no record of ours.
    """
    wanted = sorted(set(customer_ids) - {""})
    found: dict[str, Decimal] = {}
    for start in range(0, len(wanted), 500):
        rows = select(Document).where(
            Document.company_id == company_id,
            Document.kind == "Payment",
            Document.status == "live",
            Document.total > Document.applied,
            Document.customer_id.in_(wanted[start : start + 500]),
        )
        for one in db.session.scalars(rows):
            if one.unapplied:
                found[one.customer_id] = found.get(one.customer_id, ZERO) + one.unapplied
    return found


def with_receipts(company_id: int, inspection_keys: Sequence[str]) -> set[str]:
    """Return which of these inspections still have a SalesReceipt of the earlier integration."""
    found: set[str] = set()
    for start in range(0, len(inspection_keys), 500):
        rows = select(LegacyReceipt.inspection_key).where(
            LegacyReceipt.company_id == company_id,
            LegacyReceipt.inspection_key.in_(inspection_keys[start : start + 500]),
            LegacyReceipt.replaced_at.is_(None),
        )
        found |= set(db.session.scalars(rows))
    return found


def customer_links(company_id: int, client_keys: Iterable[str]) -> dict[str, CustomerLink]:
    """Return which Customer stands for each of these clients, by client key; absent for those not decided yet."""
    wanted = sorted(client_keys)
    found: dict[str, CustomerLink] = {}
    for start in range(0, len(wanted), 500):
        rows = select(CustomerLink).where(
            CustomerLink.company_id == company_id, CustomerLink.client_key.in_(wanted[start : start + 500])
        )
        found |= {link.client_key: link for link in db.session.scalars(rows)}
    return found
