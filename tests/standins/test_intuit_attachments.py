"""Attachables: a list of their own; what is written on a transaction does not touch them, and its deletion takes their link alone."""

import pytest

from tests.standins.conftest import current, sale_line


@pytest.fixture
def ada(company):
    return company.customer()


def attach(company, kind, document, **fields):
    """Attach a note to a document, as Intuit's tutorial does."""
    link = {"EntityRef": {"type": kind, "value": document["Id"]}}
    return company.post("Attachable", {"AttachableRef": [link], "Note": "Signed agreement", **fields})


def test_an_attachment_outlives_every_write_of_its_document_and_loses_only_its_link_with_it(company, ada):
    invoice = company.invoice(ada, 425)
    made = attach(company, "Invoice", invoice, FileName="agreement.pdf")
    link = {"EntityRef": {"value": invoice["Id"], "type": "Invoice"}, "IncludeOnSend": False}
    assert (made["AttachableRef"], made["SyncToken"]) == ([link], "0")
    read = company.read("Invoice", invoice["Id"])
    assert "AttachableRef" not in read and read["SyncToken"] == invoice["SyncToken"]
    sparse = {"sparse": True, "Line": [sale_line(475)]}
    changed = company.post("Invoice", current(invoice) | sparse)
    whole = {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(480)], "AttachableRef": []}
    changed = company.post("Invoice", current(changed) | whole)
    changed = company.post("Invoice", current(changed), operation="void")
    assert company.read("Attachable", made["Id"]) == made
    company.post("Invoice", current(changed), operation="delete")
    after = company.read("Attachable", made["Id"])
    assert "AttachableRef" not in after and (after["FileName"], after["SyncToken"]) == ("agreement.pdf", "1")
    company.books()


def test_it_is_found_by_what_it_is_about_and_deleted_by_itself(company, ada):
    invoice = company.invoice(ada, 425)
    payment = company.payment(invoice)
    made = [attach(company, "Invoice", invoice), attach(company, "Payment", payment)]
    asked = "SELECT * FROM Attachable WHERE AttachableRef.EntityRef.Type = '{}' AND AttachableRef.EntityRef.value = '{}'"
    for one, kind, document in zip(made, ("invoice", "Payment"), (invoice, payment), strict=True):
        [found] = company.query(asked.format(kind, document["Id"]))["Attachable"]
        assert found["Id"] == one["Id"]
    company.post("Attachable", current(made[0]), operation="delete")
    assert company.query(asked.format("Invoice", invoice["Id"])) == {}
    assert company.read("Invoice", invoice["Id"])["TotalAmt"] == 425


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"AttachableRef": []}, "2020"),
        ({"Note": "x", "AttachableRef": [{"EntityRef": {"type": "Invoice", "value": "99999"}}]}, "2500"),
        ({"Note": "x", "AttachableRef": [{"EntityRef": {"type": "Nothing", "value": "1"}}]}, "2500"),
        ({"Note": "x", "AttachableRef": [{"Entity": {}}]}, "2010"),
        ({"Note": "x", "AttachableRef": {"EntityRef": {}}}, "2010"),
    ],
)
def test_one_that_is_nothing_or_about_nothing_is_refused(company, body, code):
    assert company.refusal("Attachable", body)[0] == code
