"""A company with SalesReceipts and its migration in whichever state, put into rows as the worker leaves them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.records.migration_basis import basis_of
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt
from tests.webapp.house import House
from tests.webapp.records import Records

PAGE = "/settings/quickbooks/migration"
CUTOFF = datetime(2019, 1, 1, 7, tzinfo=UTC)
"""Midnight in Denver."""

Blockers = list[list[str]]
DEPOSITED = ["receipt-deposited", "It is part of Deposit 232."]
EDITED = ["receipt-changed", ""]


@dataclass
class Plan:
    """A legacy company that is connected; `migrate` puts its migration into a state."""

    house: House
    company_id: int
    receipts: dict[str, Blockers] = field(default_factory=lambda: {"1": [], "2": []})

    def __post_init__(self) -> None:
        self.records = Records(self.house, self.company_id)
        self.records.connect(facts={"report_basis": "Cash"})
        with self.house.writing():
            company = db.session.get_one(Company, self.company_id)
            company.legacy, company.last_sync_at = True, utcnow()
            db.session.commit()
        for number, start in enumerate((CUTOFF - timedelta(days=40), CUTOFF, CUTOFF + timedelta(days=90))):
            key = str(100 + number)
            self.records.inspection(key, starts_at=start)
            self.records.keep(
                LegacyReceipt(
                    company_id=self.company_id,
                    inspection_key=key,
                    receipt_id=f"r{number}",
                    amount=Decimal("425.00"),
                )
            )

    def migrate(self, state: str, **values: Any) -> int:
        """Return the id of the company's only migration, in this state, with these values besides."""
        now = utcnow()
        done = {"previewed_at": now, "sha256": "9" * 64, "manifest": "{}\n", "numbers": self.numbers()}
        done |= {"forecast": {basis: sums(differs=basis == "cash") for basis in ("accrual", "cash")}}
        confirmed = {
            "confirmed_at": now,
            "confirmed_by": "ann@office.example",
            "runs_at": now + timedelta(hours=6),
        }
        times: dict[str, Any] = {} if state in ("previewing", "failed") else done
        times = times | (confirmed if state in ("scheduled", "running", "paused", "done") else {})
        times |= {"started_at": now, "canary_at": now} if state in ("running", "paused", "done") else {}
        times |= {"finished_at": now} if state == "done" else {}
        times |= {"code": "qbo-3200"} if state == "failed" else {}
        times |= {"code": "read-back-differs"} if state == "paused" else {}
        with self.house.writing():
            company = db.session.get_one(Company, self.company_id)
            db.session.execute(delete(MigrationReceipt).where(MigrationReceipt.company_id == company.id))
            db.session.execute(delete(Migration).where(Migration.company_id == company.id))
            row = Migration(
                company_id=company.id, cutoff=CUTOFF, typed_cutoff="2019-01-01T00:00", asked_by="ann"
            )
            row.state, row.basis = state, basis_of(company, CUTOFF)
            for name, value in (times | values).items():
                setattr(row, name, value)
            company.cutoff = CUTOFF if row.started_at else None
            db.session.add(row)
            db.session.flush()
            if row.sha256:
                db.session.add_all(
                    self._receipt(row.id, company.id, at, state) for at in enumerate(self.receipts.items(), 1)
                )
            db.session.commit()
            return row.id

    def numbers(self) -> dict[str, Any]:
        """What the preview counted."""
        held = sum(1 for blockers in self.receipts.values() if blockers)
        some = len(self.receipts) - held
        counts = {"change": some, "stay": 39, "blocked": held, "new": 1, "never": 2, "kept": 0}
        amounts = {name: {"count": count, "total": f"{425 * count}.00"} for name, count in counts.items()}
        return amounts | {"invoices": some, "payments": some, "open": "0.00", "accounts": []}

    def _receipt(
        self, migration_id: int, company_id: int, at: tuple[int, tuple[str, Blockers]], state: str
    ) -> MigrationReceipt:
        position, (number, blockers) = at
        code, detail = blockers[0] if blockers else ("", "")
        free = {"done": "done", "running": "working", "paused": "working"}.get(state, "planned")
        return MigrationReceipt(
            migration_id=migration_id,
            company_id=company_id,
            position=position,
            receipt_id=f"r{number}",
            inspection_key="101",
            client_name="Ann O'Neil",
            starts_at=CUTOFF,
            recorded=Decimal("425.00"),
            total=Decimal("425.00"),
            facts=receipt_facts(number, blockers),
            state="blocked" if blockers else free,
            code=code,
            detail=detail,
        )  # fmt: skip


def receipt_facts(number: str, blockers: Blockers) -> dict[str, Any]:
    """The manifest's entry of a receipt of $425.00."""
    return {
        "place": "blocked" if blockers else "change",
        "recorded_amount": "425.00",
        "receipt": {"number": f"R{number}", "date": "2019-01-01", "total": "425.00", "sales_tax": "0.00", "content": "c"},
        "invoice": {"number": f"SP-{number}", "date": "2019-01-01", "total": "425.00"},
        "payments": [{"payment_id": f"p{number}", "date": "2019-02-01", "amount": "425.00", "applied": "425.00"}],
        "blockers": blockers,
        "notes": [],
    }  # fmt: skip


def sums(*, differs: bool) -> dict[str, Any]:
    """A forecast of one basis: January's income moves to February, or stays."""
    january, february = ("0.00", "850.00") if differs else ("850.00", "0.00")
    less, more = ("-850.00", "850.00") if differs else ("0.00", "0.00")
    causes = [[f"SalesReceipt R{number}", "101", "-425.00"] for number in (1, 2)] if differs else []
    months = [
        {"name": "2019-01", "before": "850.00", "after": january, "difference": less, "causes": causes},
        {"name": "2019-02", "before": "0.00", "after": february, "difference": more, "causes": []},
    ]
    year = {"name": "2019", "before": "850.00", "after": "850.00", "difference": "0.00", "causes": []}
    return {"months": months, "years": [year]}
