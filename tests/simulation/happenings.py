"""What can happen: on the platform, to people in QuickBooks, on our pages, and to machines and networks. Each takes the life and chance.

What cannot happen just now (nothing booked, QuickBooks refuses a person) simply does not.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests

from tests.simulation.life import Life

Happening = Callable[[Life, random.Random], None]
SERVICES = ("Full Home Inspection", "Radon", "Sewer Scope", "Mold")


def _dollars(chance: random.Random, most: int = 80_000) -> str:
    return f"{chance.randint(1, most) / 100:.2f}"


def _lines(chance: random.Random) -> list[dict[str, Any]]:
    """Return line items; now and then none, seldom with a discount."""
    named = chance.sample(SERVICES, chance.choice((0, 1, 1, 1, 2, 3)))
    lines = [{"kind": "service", "name": name, "amount": _dollars(chance)} for name in named]
    if lines and chance.random() < 0.2:
        lines.append({"kind": "discount", "name": "Repeat client", "amount": "-0.01"})
    if lines and chance.random() < 0.2:
        lines.append({"kind": "tax", "name": "Sales tax", "amount": "4.11"})
    return lines


def _start(life: Life, chance: random.Random) -> str:
    return (
        life.moment.now() + timedelta(days=chance.randint(-2, 9), hours=chance.randint(-6, 6))
    ).isoformat()


def _one(life: Life, chance: random.Random) -> str:
    return chance.choice(life.keys)


def _client(number: int) -> dict[str, Any]:
    return {
        "ref": f"c{number}",
        "first_name": "Luis",
        "last_name": f"Vega {number}",
        "email": f"luis{number}@client.example",
    }


def book(life: Life, chance: random.Random) -> None:
    life.clients += 1
    lines = _lines(chance)
    total = sum(float(line["amount"]) for line in lines)
    buyer = _client(chance.choice((life.clients, life.clients, max(1, life.clients - 1))))
    values = {
        "datetime": _start(life, chance),
        "confirmed": chance.random() < 0.8,
        "property_address": f"{life.clients} Oak St",
        "inspector_name": chance.choice(("Dana Cole", "Ed Moss")),
        "buyer": buyer,
        "line_items": lines,
    }
    if total > 0 and chance.random() < 0.6:
        now = life.moment.now().isoformat()
        paid = f"{total:.2f}" if chance.random() < 0.7 else _dollars(chance)
        values["payments"] = [
            {"amount": paid, "method": "card", "received_at": now, "reference": f"ch_{life.clients}"}
        ]
    made = life.platform.post(f"/_standin/companies/{life.platform_id}/inspections", [values])
    life.keys += [str(one["id"]) for one in made]


def _change(life: Life, key: str, **values: Any) -> None:
    life.platform.request("PATCH", f"/_standin/inspections/{key}", json=values)


def decide(life: Life, chance: random.Random) -> None:
    what = chance.choice(("confirmed", "confirmed", "canceled", "canceled", "deleted"))
    _change(life, _one(life, chance), **{what: chance.random() < 0.6})


def reschedule(life: Life, chance: random.Random) -> None:
    _change(life, _one(life, chance), datetime=_start(life, chance))


def change_fees(life: Life, chance: random.Random) -> None:
    _change(life, _one(life, chance), line_items=_lines(chance))


def change_client(life: Life, chance: random.Random) -> None:
    _change(life, _one(life, chance), buyer=_client(chance.randint(1, life.clients + 1)))


def correct_client(life: Life, chance: random.Random) -> None:
    key = _one(life, chance)
    _change(
        life,
        key,
        buyer={
            "first_name": chance.choice(("Luis", "Luisa", "L.")),
            "phone": f"555-01{chance.randint(10, 99)}",
        },
    )


def pay(life: Life, chance: random.Random) -> None:
    method = chance.choice(("card", "ach", "check", "cash", "other"))
    life.platform.post(
        f"/_standin/inspections/{_one(life, chance)}/payments", {"amount": _dollars(chance), "method": method}
    )


def change_payment(life: Life, chance: random.Random) -> None:
    path = f"/_standin/inspections/{_one(life, chance)}"
    payments = life.platform.get(path)["payments"]
    if not payments:
        return
    paid = chance.choice(payments)
    half = f"{int(float(paid['amount']) * 50) / 100:.2f}"
    values = chance.choice(
        (
            {"voided_at": life.moment.now().isoformat()},
            {"voided_at": None, "refunded_amount": "0.00"},
            {"refunded_amount": paid["amount"]},
            {"refunded_amount": half},
        )
    )
    life.platform.request("PATCH", f"{path}/payments/{paid['id']}", json=values)


PLATFORM: dict[str, Happening] = {
    "book": book,
    "decide": decide,
    "reschedule": reschedule,
    "change fees": change_fees,
    "change client": change_client,
    "correct client": correct_client,
    "pay": pay,
    "change payment": change_payment,
}


def _do(life: Life, operation: str, entity: str, **body: Any) -> dict[str, Any] | None:
    """Let a person do something in QuickBooks; None when QuickBooks refuses."""
    item = {"operation": operation, entity: body}
    told = life.intuit.post(f"/_standin/realms/{life.realm_id}/batch", {"BatchItemRequest": [item]})
    answer = told["BatchItemResponse"][0] if "BatchItemResponse" in told else {}
    found: dict[str, Any] | None = answer.get(entity)
    return found


def _document(life: Life, chance: random.Random, *kinds: str) -> tuple[str, dict[str, Any]] | None:
    books = life.books()
    found = [(kind, one) for kind in kinds for one in books[kind]]
    return chance.choice(found) if found else None


def edit(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Invoice", "Payment"):
        kind, one = found
        changes: dict[str, Any] = chance.choice(
            (
                {"TxnDate": "2026-01-15"},
                {"PrivateNote": "Checked by Pat"},
                {"CustomerMemo": {"value": "Thank you!"}} if kind == "Invoice" else {"PaymentRefNum": "777"},
                {"DocNumber": f"X-{one['Id']}"} if kind == "Invoice" else {"PrivateNote": "seen"},
            )
        )
        _do(life, "update", kind, Id=one["Id"], sparse=True, **changes)


def edit_amount(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Invoice"):
        lines = [line for line in found[1]["Line"] if line["DetailType"] == "SalesItemLineDetail"]
        detail = {**lines[0]["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 123.45}
        lines[0] = {**lines[0], "Amount": 123.45, "SalesItemLineDetail": detail}
        _do(life, "update", "Invoice", Id=found[1]["Id"], sparse=True, Line=lines)


def void(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Invoice", "Payment"):
        _do(life, "void", found[0], Id=found[1]["Id"])


def delete(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Invoice", "Payment"):
        _do(life, "delete", found[0], Id=found[1]["Id"])


def deposit(life: Life, chance: random.Random) -> None:
    books = life.books()
    swept = {
        link["TxnId"]
        for one in books["Deposit"]
        for line in one["Line"]
        for link in line.get("LinkedTxn", ())
    }
    free = [one for one in books["Payment"] if one["Id"] not in swept and one["TotalAmt"]]
    chosen = free[: chance.randint(1, 3)]
    bank = next(one["Id"] for one in books["Account"] if one["AccountType"] == "Bank")
    lines = [
        {
            "Amount": one["TotalAmt"],
            "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
        }
        for one in chosen
    ]
    if lines:
        _do(life, "create", "Deposit", DepositToAccountRef={"value": bank}, Line=lines)


def undo_deposit(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Deposit"):
        _do(life, "delete", "Deposit", Id=found[1]["Id"])


def merge(life: Life, chance: random.Random) -> None:
    customers = [one for one in life.books()["Customer"] if one["Active"]]
    if len(customers) > 1:
        merged, into = chance.sample(customers, 2)
        page = f"/books/{life.realm_id}/customer/{merged['Id']}/merge"
        _press(life, page, into=into["Id"])


def rename(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Customer", "Item"):
        kind, one = found
        named = (
            {"DisplayName": f"{one['DisplayName']} & Co"}
            if kind == "Customer"
            else {"Name": f"{one['Name']} NC"}
        )
        _do(life, "update", kind, Id=one["Id"], sparse=True, **named)


def switch(life: Life, chance: random.Random) -> None:
    """Make a Customer or an Item inactive, or active again."""
    if found := _document(life, chance, "Customer", "Customer", "Item"):
        kind, one = found
        _do(life, "update", kind, Id=one["Id"], sparse=True, Active=not one.get("Active", True))


def close_books(life: Life, chance: random.Random) -> None:
    day = (life.today() - timedelta(days=chance.randint(1, 20))).isoformat()
    _prefer(life, AccountingInfoPrefs={"BookCloseDate": chance.choice((day, day, None))})


def credit_memo(life: Life, chance: random.Random) -> None:
    if found := _document(life, chance, "Invoice"):
        line = next((one for one in found[1]["Line"] if one["DetailType"] == "SalesItemLineDetail"), None)
        if line:
            detail = {"ItemRef": line["SalesItemLineDetail"]["ItemRef"], "Qty": 1, "UnitPrice": 20}
            lines = [{"DetailType": "SalesItemLineDetail", "Amount": 20, "SalesItemLineDetail": detail}]
            _do(life, "create", "CreditMemo", CustomerRef=found[1]["CustomerRef"], Line=lines)


def pay_by_hand(life: Life, chance: random.Random) -> None:
    owed = [one for one in life.books()["Invoice"] if one["Balance"] > 0]
    if owed:
        one = chance.choice(owed)
        amount = one["Balance"] if chance.random() < 0.6 else 10
        amount = min(amount, one["Balance"])
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Invoice"}]}
        _do(life, "create", "Payment", CustomerRef=one["CustomerRef"], TotalAmt=amount, Line=[line])


def auto_credits(life: Life, chance: random.Random) -> None:
    _prefer(life, SalesFormsPrefs={"AutoApplyCredit": chance.random() < 0.5})


def plan_change(life: Life, chance: random.Random) -> None:
    """The plan loses or gains Classes and Locations."""
    has = chance.random() < 0.5
    _prefer(life, AccountingInfoPrefs={"ClassTrackingPerTxnLine": has, "TrackDepartments": has})


def _prefer(life: Life, **sections: Any) -> None:
    life.intuit.post(f"/_standin/realms/{life.realm_id}/preferences", sections)


def _press(life: Life, page: str, **form: str) -> None:
    prepared = requests.Request("POST", life.intuit.base_url + page, data=form).prepare()
    life.intuit.answer("POST", prepared.path_url, dict(prepared.headers), str(prepared.body).encode())


BOOKS: dict[str, Happening] = {
    "edit": edit,
    "edit amount": edit_amount,
    "void": void,
    "delete": delete,
    "deposit": deposit,
    "undo deposit": undo_deposit,
    "merge": merge,
    "rename": rename,
    "switch": switch,
    "close books": close_books,
    "credit memo": credit_memo,
    "pay by hand": pay_by_hand,
    "auto credits": auto_credits,
    "plan change": plan_change,
}


def outage(life: Life, chance: random.Random) -> None:
    """QuickBooks answers badly for a while, before or after it did what was asked."""
    kind = chance.choice(("503", "502", "500", "429", "401", "cut", "truncated", "html", "item"))
    rule = {"realm": life.realm_id, "kind": kind, "when": chance.choice(("before", "after"))}
    rule |= {"times": chance.randint(1, 6), "nth": chance.randint(1, 4)}
    if kind == "429":
        life.pauses_known = True
        rule["retry_after"] = chance.choice((25, 47, 125))
    if kind == "item":
        rule |= {"when": "before", "entity": chance.choice(("Invoice", "Payment", "Customer"))}
        rule |= {"code": chance.choice(("10000", "3001"))}
    life.intuit.post("/_standin/faults", rule)


def platform_outage(life: Life, chance: random.Random) -> None:
    kind = chance.choice(("503", "429", "cut", "truncated", "html", "500"))
    life.platform.post("/_standin/faults", {"kind": kind, "times": chance.randint(1, 3)})


def late_commits(life: Life, chance: random.Random) -> None:
    life.platform.post("/_standin/late-commits", {"seconds": chance.choice((0, 20, 90))})


def lapse(life: Life, chance: random.Random) -> None:
    """The subscription or a permission goes, or comes back."""
    given = chance.choice(({"subscription": "lapsed"}, {"permission": "denied"}))
    if chance.random() < 0.5:
        given = {"subscription": "subscribed", "permission": "ok"}
    life.intuit.post(f"/_standin/realms/{life.realm_id}/company", given)


def expire(life: Life, chance: random.Random) -> None:
    life.intuit.post("/_standin/tokens/expire", {"realm_id": life.realm_id})


def revoke(life: Life, chance: random.Random) -> None:
    """Somebody disconnects the app in QuickBooks; an owner connects again, at once or later."""
    life.intuit.post("/_standin/tokens/revoke", {"realm_id": life.realm_id})
    if chance.random() < 0.6:
        life.pass_time(chance.randint(60, 7200))
        life.connect()


def flush(life: Life, chance: random.Random) -> None:
    life.redis.flushdb()


def clock_jump(life: Life, chance: random.Random) -> None:
    """This machine's clock is set right: a little back, or ahead. The others' clocks are not."""
    life.set_clock(chance.choice((-120, -20, 35, 300)))


FAULTS: dict[str, Happening] = {
    "outage": outage,
    "platform outage": platform_outage,
    "late commits": late_commits,
    "lapse": lapse,
    "expire": expire,
    "revoke": revoke,
    "flush": flush,
    "clock jump": clock_jump,
}
