"""The stand-in's answers have the shape of those recorded from real QuickBooks companies.

Whatever every recording of an entity carries, the stand-in's answer carries, too, and in the same type. It may carry more: a recording
shows one company, and not what others would see. Recordings that were trimmed are left out (`tests/recorded/README.md`).
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.harness.replaying import recording, recordings
from tests.standins.conftest import current, sale_line

TRIMMED = {"cdc-with-deletion"}
NO_ENTITIES = {"bId", "Fault", "time", "QueryResponse", "BatchItemResponse"}


def entities(content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (entity, object) for every whole object in an answer."""
    if not isinstance(content, dict):
        return
    for item in content.get("BatchItemResponse", ()):
        yield from entities(item)
    for name, found in [*content.items(), *content.get("QueryResponse", {}).items()]:
        for each in found if isinstance(found, list) else [found]:
            if name not in NO_ENTITIES and isinstance(each, dict) and "SyncToken" in each:
                yield name, each


def recorded() -> dict[str, list[dict[str, Any]]]:
    """Return the recorded objects by entity."""
    found = defaultdict(list)
    for name in recordings():
        if name not in TRIMMED:
            for entity, each in entities(recording(name).content):
                found[entity].append(each)
    return dict(found)


def shape(value: Any) -> Any:
    """Return the keys and types of a value; of a list, what all its elements have."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [common([shape(each) for each in value])] if value else []
    kind = type(value)
    return "number" if kind in (int, float, Decimal) else kind.__name__


def common(shapes: list[Any]) -> Any:
    """Return what all of these shapes have; one that they do not share is None."""
    first, *others = shapes
    for other in others:
        if isinstance(first, dict) and isinstance(other, dict):
            first = {key: common([first[key], other[key]]) for key in first if key in other}
        elif isinstance(first, list) and isinstance(other, list):
            first = [common([first[0], other[0]])] if first and other else []
        elif first != other:
            return None
    return first


def lacking(wanted: Any, given: Any, where: str) -> Iterator[str]:
    """Yield what of a wanted shape is not in the given one."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        for key, each in wanted.items():
            if key not in given:
                yield f"{where}.{key} is missing"
            else:
                yield from lacking(each, given[key], f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(given, list):
        if wanted and given:
            yield from lacking(wanted[0], given[0], f"{where}[]")
        elif wanted:
            yield f"{where} is empty"
    elif wanted is not None and wanted != given:
        yield f"{where} is {given}, not {wanted}"


@pytest.fixture
def answers(new_company) -> dict[str, list[dict[str, Any]]]:
    """What the stand-in answers, by entity, of objects like the recorded ones."""
    company = new_company(
        preferences={"TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}}, time_zone="UTC"
    )
    ada = company.customer(BillAddr={"Line1": "12 Oak St"})
    job = company.customer("12 Harbor View Road", Job=True, ParentRef={"value": ada["Id"]})
    taxed = company.invoice(ada, 0, Line=[sale_line(350, TaxCodeRef={"value": "TAX"}), sale_line(50, Qty=1)])
    new = company.invoice(ada, 100)
    voided = company.post("Invoice", current(company.invoice(ada, 80)), operation="void")
    payment = company.payment(taxed)
    receipts = [company.receipt(ada, 140), company.receipt(ada, 78.75, PaymentMethodRef={"value": "2"})]
    deposits = [
        company.deposit(("Payment", payment)),
        company.deposit(*(("SalesReceipt", one) for one in receipts)),
    ]
    someone = company.post("Employee", {"GivenName": "Elena", "FamilyName": "Pratt"})
    gone = company.post("Employee", current(someone) | {"sparse": True, "Active": False})
    return {
        "Invoice": [company.read("Invoice", one["Id"]) for one in (taxed, new, voided)],
        "Payment": [company.read("Payment", payment["Id"])],
        "SalesReceipt": [company.read("SalesReceipt", one["Id"]) for one in receipts],
        "Deposit": deposits[1:],
        "Customer": [company.read("Customer", one["Id"]) for one in (ada, job)],
        "Vendor": [company.post("Vendor", {"DisplayName": "Borden Family Store"})],
        "Employee": [gone],
        "Account": company.query("SELECT * FROM Account")["Account"],
        "TaxCode": [company.read("TaxCode", "TAX")],
        "CompanyInfo": [company.read("CompanyInfo", company.id)],
        "Preferences": [company.send("GET", "preferences").json()["Preferences"]],
    }


def test_every_recorded_entity_is_compared(answers):
    assert set(answers) == set(recorded())


def test_what_every_recording_carries_is_in_the_stand_ins_answers(answers):
    wrong = []
    for entity, objects in recorded().items():
        wanted = common([shape(each) for each in objects])
        for given in answers[entity]:
            wrong += lacking(wanted, shape(given), entity)
    assert wrong == []


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, int | float | Decimal]]:
    """Yield (key, number) for every number in a value."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from numbers(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each, name)
    elif not isinstance(value, bool) and isinstance(value, (int, float, Decimal)):
        yield name, value


def written(number: int | float | Decimal) -> tuple[str, str]:
    """Return what kind of number it is and how it is written: with places or without."""
    kind = "nothing" if not number else "whole" if number == int(number) else "broken"
    return kind, "without places" if isinstance(number, int) else "with places"


def test_numbers_are_written_with_and_without_places_as_recorded(answers):
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for objects in recorded().values():
        for name, number in numbers(objects):
            kind, how = written(number)
            wanted[name, kind].add(how)
    # Nothing is 0 and a price of 75 is 75, while an amount of 100 dollars comes as 100.0.
    assert wanted["UnitPrice", "whole"] == wanted["Balance", "nothing"] == {"without places"}
    assert wanted["Amount", "whole"] == {"with places"}
    wrong, seen = [], set()
    for entity, objects in answers.items():
        for name, number in numbers(objects):
            kind, how = written(number)
            seen.add((name, kind))
            if how not in wanted.get((name, kind), {how}):
                wrong.append(f"{entity}: {name} {number} is written {how}")
    assert wrong == []
    assert {("UnitPrice", "whole"), ("Qty", "whole"), ("TotalAmt", "whole"), ("Balance", "nothing")} <= seen


def test_reports_have_the_recorded_shape(company):
    ada = company.customer()
    company.invoice(ada, 239)
    asked = {"start_date": "2026-01-01", "end_date": "2026-06-30"}
    profit = company.send("GET", "reports/ProfitAndLoss", params=asked).json()
    aging = company.send("GET", "reports/AgedReceivables", params={"report_date": "2026-03-31"}).json()
    empty = company.send("GET", "reports/ProfitAndLoss", params=asked | {"end_date": "2026-01-31"}).json()
    both = [recording(f"report-profit-and-loss-{name}").content for name in ("empty", "production")]
    wanted = common([shape(each) for each in both])
    wrong = [*lacking(wanted, shape(profit), "full"), *lacking(wanted, shape(empty), "empty")]
    wanted = shape(recording("report-aged-receivables-subcustomers").content)
    del wanted["Header"]["DateMacro"], wanted["Header"]["StartPeriod"]  # It was asked for by a macro.
    assert [*wrong, *lacking(wanted, shape(aging), "aging")] == []


def test_faults_have_the_recorded_shape(company):
    refused = company.send("GET", "customer/1", headers={"Authorization": "Bearer nobody"}).json()
    assert list(lacking(shape(recording("fault-401-lowercase").content), shape(refused), "401")) == []
    told = [
        found
        for name in recordings()
        if isinstance(found := recording(name).content, dict) and "Fault" in found
    ]
    wanted = common([shape(each) for each in told])
    assert wanted == {"Fault": {"Error": [{"Message": "str", "Detail": "str", "code": "str"}], "type": "str"}}
    given = company.send("POST", "invoice", json={"BadJson": True})
    assert list(lacking(wanted, shape(given.json()), "Fault")) == []
