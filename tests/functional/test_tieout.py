"""The tie-out statement over real books: each difference that a person could plant there is found and named, to the cent."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from bookkeeping.rules.money import dollars
from bookkeeping.rules.tieout_causes import CAUSES, verdict_of
from tests.functional.office import Office, inspection

MEASURES = ("booked", "invoiced", "received", "refunded", "open")
SIDES = ("platform", "quickbooks", "difference")
NO_DIFFERENCE = {"count": 0, "dollars": "0.00"}


@pytest.fixture
def office(tieout, platform, intuit) -> Office:
    """A connected company with six paid inspections in its books, from tomorrow on."""
    tieout.web()
    made = Office(tieout, platform, intuit).open().connect()
    made.keys = made.book(*[inspection(number, days=1) for number in range(1, 7)])
    made.sync()
    return made


def days() -> list[str]:
    """The options for a range around today, whatever the time of the year."""
    now = datetime.now(UTC)
    return [
        "--from",
        f"{now - timedelta(days=100):%Y-%m-%d}",
        "--to",
        f"{now + timedelta(days=100):%Y-%m-%d}",
    ]


def statement(office: Office, *options: str) -> dict[str, Any]:
    """Make a statement that must have nothing unexplained."""
    made = office.tieout.flask_json("tieout", office.id, *(options or days()))
    assert made["unexplained"] == "0.00" and made["unexplained_count"] == 0
    return made


def edit(office: Office, entity: str, qbo_id: str, act: str = "save", **fields: str) -> None:
    """Do something to a document on the pages of QuickBooks, as a bookkeeper would."""
    path = f"{office.intuit.base_url}/books/{office.realm_id}/{entity.lower()}/{qbo_id}/{act}"
    answer = requests.post(path, fields, timeout=30)
    assert answer.ok, answer.text


def create(office: Office, entity: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a document through QuickBooks' API, past Tieout."""
    items = {"BatchItemRequest": [{"bId": "1", "operation": "create", entity: body}]}
    answer = office.intuit.post(f"/_standin/realms/{office.realm_id}/batch", items)["BatchItemResponse"][0]
    assert entity in answer, answer
    return answer[entity]


def one_of(office: Office, entity: str, key: str) -> dict[str, Any]:
    """Return the document of an inspection as the books have it."""
    books = office.books()
    [invoice] = [one for one in books["Invoice"] if one.get("DocNumber") == f"SP-{key}"]
    if entity == "Invoice":
        return invoice
    [payment] = [
        one
        for one in books["Payment"]
        if any(line["LinkedTxn"][0]["TxnId"] == invoice["Id"] for line in one["Line"])
    ]
    return payment


def named(made: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return (cause, inspection, kind, id) of what is explained."""
    return [
        (one["cause"], one["inspection"], *((one["document"] or {}).get(name, "") for name in ("kind", "id")))
        for one in made["explained"]
    ]


def test_both_sides_agree_to_the_cent_on_each_database(tieout_on_each_database, platform, intuit):
    tieout_on_each_database.web()
    office = Office(tieout_on_each_database, platform, intuit).open().connect()
    partly = [
        {
            "amount": "300.00",
            "method": "check",
            "received_at": inspection(2)["datetime"],
            "refunded_amount": "25.00",
        }
    ]
    office.book(inspection(1), inspection(2, payments=partly), inspection(3, days=40))
    office.sync()
    office.forget_calls()
    made = statement(office)
    assert made["explained"] == []
    assert all(made["totals"][one]["difference"] == NO_DIFFERENCE for one in MEASURES)
    assert made["totals"]["invoiced"]["quickbooks"] == {"count": 3, "dollars": "1725.00"}
    assert made["totals"]["received"]["quickbooks"] == {"count": 3, "dollars": "1425.00"}
    assert made["totals"]["refunded"]["quickbooks"] == {"count": 1, "dollars": "25.00"}
    assert made["totals"]["open"]["quickbooks"] == {"count": 1, "dollars": "300.00"}
    assert {call["operation"] for call in office.calls()} == {
        "query"
    }  # It looked for itself, and wrote nothing.
    sums = [Decimal(month["invoiced"]["quickbooks"]["dollars"]) for month in made["months"]]
    assert sum(sums) == Decimal("1725.00")
    assert_home_shows(office, made)


def assert_home_shows(office: Office, made: dict[str, Any]) -> None:
    """Check that Home has this month's figures just as the statement has them."""
    page = office.get("/").text
    [card] = re.findall(r'<section [^>]*id="this-month".*?</section>', page, re.DOTALL)
    [month] = re.findall(r"#month-(\d{4}-\d\d)", card)
    [figures] = [one for one in made["months"] if one["month"] == month]
    rows = re.findall(r"<tr.*?</tr>", card, re.DOTALL)[1:]
    for row, measure in zip(rows, ("invoiced", "received", "open"), strict=True):
        cells = [re.sub(r"<[^>]+>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for said, side in zip(cells, ("platform", "quickbooks"), strict=False):
            wanted = figures[measure][side]
            assert said == [f"${Decimal(wanted['dollars']):,.2f}", f"{wanted['count']}"]
        assert (cells[2] == ["none"]) is (figures[measure]["difference"] == NO_DIFFERENCE)


def test_every_planted_difference_is_named_and_counted_to_the_cent(office):
    """One company in whose books everything went wrong, each in another inspection, by hand or through the API."""
    missing, doubled, amount, moved, unapplied, clean = office.keys
    plants = {
        missing: plant_missing(office, missing),
        doubled: plant_doubled(office, doubled),
        amount: plant_wrong_amount(office, amount),
        moved: plant_wrong_month(office, moved),
        unapplied: plant_unapplied(office, unapplied),
        "": plant_foreign(office, clean),
    }
    made = statement(office)
    assert sorted(named(made)) == sorted(one for found in plants.values() for one in found)
    assert clean not in {key for _, key, *_ in named(made)}
    # Missing −575.00, doubled +575.00, amount +25.25, foreign +99.50; the moved one only changes months.
    assert made["totals"]["invoiced"]["difference"] == {"count": 1, "dollars": "124.75"}
    # Missing −575.00, foreign +20.00.
    assert made["totals"]["received"]["difference"] == {"count": 0, "dollars": "-555.00"}
    # Doubled +575.00, amount +25.25, foreign +99.50, unapplied +575.00.
    assert made["totals"]["open"]["difference"] == {"count": 4, "dollars": "1274.75"}
    assert made["to_look_at"] == 7
    assert_home_shows(office, made)
    months = {month["month"]: month for month in made["months"]}
    there = one_of(office, "Invoice", moved)["TxnDate"]
    assert months[there[:7]]["invoiced"]["quickbooks"] == {"count": 1, "dollars": "575.00"}
    # A statement of the day that it was moved to finds it too, and so does one of the day where it belongs.
    assert named(statement(office, "--from", there, "--to", there)) == plants[moved]
    right = one_of(office, "Payment", moved)["TxnDate"]
    assert plants[moved][0] in named(statement(office, "--from", right, "--to", right))


def plant_missing(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Delete both documents."""
    payment, invoice = one_of(office, "Payment", key), one_of(office, "Invoice", key)
    edit(office, "Payment", payment["Id"], "delete")
    edit(office, "Invoice", invoice["Id"], "delete")
    return [("missing", key, "", ""), ("missing", key, "", "")]


def plant_doubled(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Copy the Invoice, as a person does with a button: the memo comes along."""
    ours = one_of(office, "Invoice", key)
    lines = [line for line in ours["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    kept = {name: ours[name] for name in ("CustomerRef", "TxnDate", "PrivateNote")}
    copy = create(office, "Invoice", {**kept, "Line": lines})
    return [("doubled", key, "Invoice", copy["Id"])]


def plant_wrong_amount(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Raise a line."""
    ours = one_of(office, "Invoice", key)
    amounts = {f"amount_{one['Id']}": str(one["Amount"]) for one in ours["Line"] if "Id" in one}
    raised = next(line for line in ours["Line"] if line.get("Amount") == 150)
    edit(office, "Invoice", ours["Id"], line="yes", **{**amounts, f"amount_{raised['Id']}": "175.25"})
    return [("wrong-amount", key, "Invoice", ours["Id"])]


def plant_wrong_month(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Date the Invoice forty days earlier."""
    ours = one_of(office, "Invoice", key)
    edit(
        office,
        "Invoice",
        ours["Id"],
        TxnDate=f"{datetime.fromisoformat(ours['TxnDate']) - timedelta(days=40):%Y-%m-%d}",
    )
    return [("wrong-month", key, "Invoice", ours["Id"])]


def plant_unapplied(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Take the Payment off its Invoice."""
    payment = one_of(office, "Payment", key)
    loose = {
        "Id": payment["Id"],
        "sparse": True,
        "CustomerRef": payment["CustomerRef"],
        "TotalAmt": 575,
        "Line": [],
    }
    items = {"BatchItemRequest": [{"bId": "1", "operation": "update", "Payment": loose}]}
    answer = office.intuit.post(f"/_standin/realms/{office.realm_id}/batch", items)
    assert answer["BatchItemResponse"][0]["Payment"]["UnappliedAmt"] == 575
    return [("unapplied", key, "Payment", payment["Id"])]


def plant_foreign(office: Office, key: str) -> list[tuple[str, str, str, str]]:
    """Book an Invoice under a number like ours, and money of another business, for the same Customer."""
    ours = one_of(office, "Invoice", key)
    whose = {"CustomerRef": ours["CustomerRef"], "TxnDate": ours["TxnDate"]}
    item = ours["Line"][0]["SalesItemLineDetail"]["ItemRef"]
    line = {"Amount": 99.5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": item}}
    marked = create(
        office,
        "Invoice",
        {**whose, "DocNumber": f"SP-{key}0", "PrivateNote": "Tieout inspection 999999", "Line": [line]},
    )
    money = create(office, "Payment", {**whose, "TotalAmt": 20})
    return [("foreign", "", "Invoice", marked["Id"]), ("foreign", "", "Payment", money["Id"])]


def test_what_is_not_in_the_books_by_rule_is_explained(office):
    [early] = office.book(inspection(3, days=-30))
    [late] = office.book(inspection(4, days=3))
    office.tieout.flask_json("poll", office.id)
    office.change(
        office.keys[0], line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "600.00"}]
    )
    office.tieout.flask_json("poll", office.id)
    made = statement(office)
    causes = {(cause, key) for cause, key, *_ in named(made)}
    assert ("before-start", early) in causes
    assert ("waiting", late) in causes
    assert ("changed-since", office.keys[0]) in causes
    assert made["to_look_at"] == 0
    assert_terminal_shows(office, made)


def assert_terminal_shows(office: Office, made: dict[str, Any]) -> None:
    """Check that the command without `--json` has the same figures by month, and each difference on one line."""
    ended = office.tieout.run_flask("tieout", office.id, *days())
    assert ended.code == 0 and ended.out.startswith(f"{office.name} beside ")
    lines = ended.out.splitlines()
    assert lines[-1] == f"{verdict_of(made).said}."
    printed = [line.split() for line in lines]
    for name, sides in [*((one["month"], one) for one in made["months"]), ("Total", made["totals"])]:
        starts = [number for number, cells in enumerate(printed) if cells[:1] == [name]]
        if not starts:
            assert not any(sides[measure][side]["count"] for measure in MEASURES for side in SIDES)
            continue
        block = [printed[starts[0]][1:], *printed[starts[0] + 1 : starts[0] + len(MEASURES)]]
        for cells, measure in zip(block, MEASURES, strict=True):
            ours, theirs, apart = (sides[measure][side] for side in SIDES)
            wanted = [f"{ours['count']}", in_words(ours), f"{theirs['count']}", in_words(theirs)]
            gap = ["-"] if apart == NO_DIFFERENCE else [f"{apart['count']:+d}", in_words(apart)]
            assert cells == [measure.title(), *wanted, *gap]
    for one in made["explained"]:
        assert f"  {CAUSES[one['cause']].title}: {one['sentence']}" in lines


def in_words(figure: dict[str, Any]) -> str:
    return dollars(Decimal(figure["dollars"]))


def test_impossible_days_get_one_line(tieout, platform, intuit):
    office = Office(tieout, platform, intuit).open()
    for options in (
        ("--from", "2026-02-30"),
        ("--from", "2026-05-01", "--to", "2026-04-01"),
        ("--from", "1850-01-01"),
        ("--from", "1995-01-01", "--to", "2026-01-01"),
        ("--to", "<script>alert(1)</script>" * 400),
    ):
        ended = tieout.run_flask("tieout", office.id, *options)
        assert ended.code == 1 and ended.err.startswith("Error: ") and "Traceback" not in ended.err
        assert len(ended.err.splitlines()) == 1 and len(ended.err) < 400
    # Nor is there anything to tie out for a company that never connected, or for one that is not there.
    assert tieout.run_flask("tieout", office.id).code == 1
    assert tieout.run_flask("tieout", 4711).code == 1


def test_without_quickbooks_it_fails_and_says_why(office):
    office.intuit.process.kill()
    ended = office.tieout.run_flask("tieout", office.id, "--json")
    assert ended.code == 1
    assert '"error"' in ended.out and "QuickBooks" in ended.out and "Traceback" not in ended.err
