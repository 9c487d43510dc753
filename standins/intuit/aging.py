"""Who owes what since when: Aged Receivables, Customer Balance, and the Transaction List; as of a day, from the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from standins.intuit import errors, ledger, views
from standins.intuit.realm import Realm, Record
from standins.intuit.schema import TRANSACTIONS
from standins.intuit.views import cell

ZERO = Decimal("0.00")


def open_items(realm: Realm, end: date) -> list[tuple[str, str, Decimal]]:
    """Return (customer id, due date, open amount) of all that was open at the end of a day; credits are negative.

    A payment counts as applied from the later of its own date and that of what it pays.
    """
    until, items = end.isoformat(), []
    for entity, sign in (("Invoice", 1), ("CreditMemo", -1)):
        for record in realm.all(entity):
            if record.body["TxnDate"] <= until:
                paid = sum(
                    (
                        amount
                        for payment, amount in ledger.applications(realm, record)
                        if payment.body["TxnDate"] <= until
                    ),
                    ZERO,
                )
                due = record.body.get("DueDate", record.body["TxnDate"])
                items.append((record.ref("CustomerRef"), due, sign * (record.body["TotalAmt"] - paid)))
    for payment in realm.all("Payment"):
        if payment.body["TxnDate"] <= until:
            left = payment.body["TotalAmt"]
            for line in payment.body.get("Line", ()):
                link = line["LinkedTxn"][0]
                if realm.find(link["TxnType"], link["TxnId"]).body["TxnDate"] <= until:
                    left += line["Amount"] * (-1 if link["TxnType"] == "Invoice" else 1)
            items.append((payment.ref("CustomerRef"), payment.body["TxnDate"], -left))
    return [item for item in items if item[2]]


def _whole(options: dict[str, str], name: str, default: int) -> int:
    value = options.get(name, str(default))
    if not value.isdigit() or not 1 <= int(value) <= 365:
        raise errors.invalid(2090, "Number", name, value)
    return int(value)


def _customer_rows(
    realm: Realm, sums: dict[str, list[Decimal]], options: dict[str, str], width: int
) -> list[dict]:
    wanted = set(options["customer"].split(",")) if options.get("customer") else None
    shown = {each for each in sums if any(sums[each]) and (wanted is None or each in wanted)}
    outermost = [each for each in realm.all("Customer") if not each.ref("ParentRef")]
    rows, totals = _family_rows(realm, sums, shown, outermost, width)
    if rows:
        summary = {"ColData": [{"value": "TOTAL"}, *[{"value": cell(value)} for value in totals]]}
        rows.append({"Summary": summary, "type": "Section", "group": "GrandTotal"})
    return rows


def _family_rows(
    realm: Realm, sums: dict[str, list[Decimal]], shown: set[str], customers: list[Record], width: int
) -> tuple[list[dict[str, Any]], list[Decimal]]:
    """Return the rows of these customers by name, and their sums. One with sub-customers that owe is a section with a row of its own."""
    rows: list[dict[str, Any]] = []
    totals = [ZERO] * width
    for customer in sorted(customers, key=lambda each: each.body["DisplayName"]):
        name, own = customer.body["DisplayName"], [ZERO] * width
        if customer.id in shown:
            own = sums[customer.id]
        children = realm.under("parent", "Customer", customer.id)
        inner, below = _family_rows(realm, sums, shown, children, width)
        family = [mine + theirs for mine, theirs in zip(own, below, strict=True)]
        totals = [total + value for total, value in zip(totals, family, strict=True)]
        cells = [{"value": name, "id": customer.id}, *[{"value": cell(value)} for value in own]]
        if inner:
            cells[-1] = {"value": f"{own[-1]:.2f}"}
            sums_of_all = [{"value": f"Total {name}"}, *[{"value": f"{value:.2f}"} for value in family]]
            section = {"Header": {"ColData": cells}, "Rows": {"Row": inner}}
            rows.append(section | {"Summary": {"ColData": sums_of_all}, "type": "Section"})
        elif customer.id in shown:
            rows.append({"ColData": cells} | ({"type": "Data"} if customer.ref("ParentRef") else {}))
    return rows, totals


def aged_receivables(
    realm: Realm, start: date, end: date, basis: str, options: dict[str, str]
) -> tuple[list[dict], list[dict]]:
    """Return the columns and rows of an A/R aging summary as of the last day."""
    days, periods = _whole(options, "aging_period", 30), _whole(options, "num_periods", 4)
    aged_from = realm.today() if options.get("aging_method", "Report_Date") == "Current" else end
    titles = ["Current", *[f"{index * days + 1} - {(index + 1) * days}" for index in range(periods - 1)]]
    titles += [f"{(periods - 1) * days + 1} and over", "Total"]
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * len(titles))
    for customer, due, amount in open_items(realm, end):
        late = (aged_from - date.fromisoformat(due)).days
        bucket = 0 if late <= 0 else min((late - 1) // days + 1, periods)
        sums[customer][bucket] += amount
        sums[customer][-1] += amount
    columns = [
        {"ColTitle": "", "ColType": "Customer"},
        *[{"ColTitle": title, "ColType": "Money"} for title in titles],
    ]
    return columns, _customer_rows(realm, sums, options, len(titles))


def customer_balance(
    realm: Realm, start: date, end: date, basis: str, options: dict[str, str]
) -> tuple[list[dict], list[dict]]:
    """Return the columns and rows of what each customer owes as of the last day."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO])
    for customer, _, amount in open_items(realm, end):
        sums[customer][0] += amount
    return [
        {"ColTitle": "", "ColType": "Customer"},
        {"ColTitle": "Total", "ColType": "Money"},
    ], _customer_rows(realm, sums, options, 1)


def transaction_list(
    realm: Realm, start: date, end: date, basis: str, options: dict[str, str]
) -> tuple[list[dict], list[dict]]:
    """Return the columns and rows of all transactions of a period, oldest first."""
    titles = [
        ("Date", "tx_date"), ("Transaction Type", "txn_type"), ("Num", "doc_num"), ("Posting", "is_no_post"),
        ("Name", "name"), ("Memo/Description", "memo"), ("Account", "account_name"), ("Amount", "subt_nat_amount"),
    ]  # fmt: skip
    columns = [{"ColTitle": title, "ColType": kind} for title, kind in titles]
    found = [
        record
        for entity in TRANSACTIONS
        for record in realm.all(entity)
        if start.isoformat() <= record.body["TxnDate"] <= end.isoformat()
        and options.get("customer") in (None, "", record.ref("CustomerRef"))
        and options.get("transaction_type") in (None, "", record.entity)
    ]
    rows = []
    for record in sorted(found, key=lambda each: (each.body["TxnDate"], int(each.id))):
        body = views.shown(realm, record)
        account = body.get("DepositToAccountRef", {}).get("name", "Accounts Receivable (A/R)")
        cells = [
            {"value": body["TxnDate"]},
            {"value": record.entity, "id": record.id},
            {"value": body.get("DocNumber", "")},
            {"value": "Yes"},
            {
                "value": body.get("CustomerRef", {}).get("name", ""),
                "id": body.get("CustomerRef", {}).get("value", ""),
            },
            {"value": body.get("PrivateNote", "")},
            {"value": account},
            {"value": f"{body['TotalAmt']:.2f}"},
        ]
        rows.append({"ColData": cells, "type": "Data"})
    return columns, rows
