"""The report's sums: what stood before, what was forecast, and what stands now, by month and tax year on both bases."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bookkeeping.rules import forecast
from bookkeeping.rules.forecast import BASES, Basis, Change, Period
from bookkeeping.rules.money import ZERO
from bookkeeping.storage.records.documents import Document, documents_of
from bookkeeping.storage.records.migrations import Migration, MigrationReceipt

Income = dict[Basis, tuple[tuple[date, Decimal], ...]]


@dataclass(frozen=True)
class Line:
    """One month or tax year. `causes` explain what stands now beside what was forecast."""

    name: str
    before: Decimal
    forecast: Decimal
    now: Decimal
    causes: tuple[tuple[str, str, Decimal], ...]

    @property
    def difference(self) -> Decimal:
        """Now less forecast."""
        return self.now - self.forecast


def forecast_periods(migration: Migration) -> dict[Basis, dict[str, list[Period]]]:
    """Return the stored forecast as periods, by basis and `months` or `years`."""
    return {
        basis: {
            span: [_period(facts) for facts in migration.forecast[basis][span]]
            for span in ("months", "years")
        }
        for basis in BASES
    }


def forecast_accounts(migration: Migration) -> list[forecast.Account]:
    """Return the income accounts and tax lines that the preview found; none for a preview from before it looked at them."""
    return [
        forecast.Account(
            facts["kind"],
            facts["key"],
            facts["name"],
            Decimal(facts["before"]),
            Decimal(facts["after"]),
            tuple((name, key, Decimal(amount)) for name, key, amount in facts["causes"]),
        )
        for facts in (migration.numbers or {}).get("accounts", ())
    ]


def report_lines(migration: Migration, rows: list[MigrationReceipt]) -> dict[Basis, dict[str, list[Line]]]:
    """Return before, forecast and now by basis and `months` or `years`."""
    documents = documents_of(
        migration.company_id,
        [row.inspection_key for row in rows if row.state == "done" and not row.booked]
        + [other["inspection_id"] for other in migration.others if other["what"] == "new"],
    )
    deviations = [_receipt_change(row, documents) for row in rows]
    deviations += [
        Change(
            f"Invoice {other['invoice']['number']}",
            other["inspection_id"],
            _replacement(other),
            _of_documents(documents[other["inspection_id"]]),
        )
        for other in migration.others
        if other["what"] == "new" and other.get("invoice")
    ]
    stored = forecast_periods(migration)
    return {
        basis: {
            "months": _lines(stored[basis]["months"], forecast.by_month(deviations, basis)),
            "years": _lines(stored[basis]["years"], forecast.by_tax_year(deviations, basis)),
        }
        for basis in BASES
    }


def _lines(stored: list[Period], now: list[Period]) -> list[Line]:
    before = {period.name: period for period in stored}
    standing = {period.name: period for period in now}
    lines = []
    for name in sorted({*before, *standing}):
        was, is_now = before.get(name), standing.get(name)
        lines.append(
            Line(
                name,
                was.before if was else ZERO,
                was.after if was else ZERO,
                is_now.after if is_now else ZERO,
                is_now.causes if is_now else (),
            )
        )
    return lines


def _receipt_change(row: MigrationReceipt, documents: dict[str, list[Document]]) -> Change:
    """Return one receipt's income as forecast (before) and as it is now (after)."""
    facts = row.facts
    receipt = _receipt(facts.get("receipt"))
    expected = _replacement(facts) if facts["place"] == "change" else receipt
    now = receipt
    if row.state == "done":
        now = _replacement(row.booked) if row.booked else _of_documents(documents[row.inspection_key])
    elif row.code == "receipt-missing":
        now = _receipt(None)  # Somebody deleted it after the preview: nothing stands for it.
    number = (facts.get("receipt") or {}).get("number") or row.receipt_id
    return Change(f"SalesReceipt {number}", row.inspection_key, expected, now)


def _receipt(receipt: dict[str, Any] | None) -> Income:
    if not receipt:
        return dict.fromkeys(BASES, ())
    income = (
        (date.fromisoformat(receipt["date"]), Decimal(receipt["total"]) - Decimal(receipt["sales_tax"])),
    )
    return {"accrual": income, "cash": income}


def _replacement(facts: dict[str, Any]) -> Income:
    """Return the income of an Invoice with its Payments, as manifest, list of others or read-back facts write them."""
    invoice = facts["invoice"]
    payments = []
    for payment in facts["payments"]:
        day, amount = (payment["date"], payment["amount"]) if isinstance(payment, dict) else payment[1:3]
        payments.append((date.fromisoformat(day), Decimal(amount)))
    accrual = ((date.fromisoformat(invoice["date"]), Decimal(invoice["total"])),)
    return {"accrual": accrual, "cash": tuple(payments)}


def _of_documents(documents: list[Document]) -> Income:
    found: dict[Basis, list[tuple[date, Decimal]]] = defaultdict(list)
    for document in documents:
        if document.status == "live":
            found["accrual" if document.kind == "Invoice" else "cash"].append(
                (document.txn_date, document.total)
            )
    return {basis: tuple(found[basis]) for basis in BASES}


def _period(facts: dict[str, Any]) -> Period:
    causes = tuple((name, key, Decimal(amount)) for name, key, amount in facts["causes"])
    return Period(facts["name"], Decimal(facts["before"]), Decimal(facts["after"]), causes)
