"""Items, classes, locations and accounts that the bookkeeper chose; what nobody chose changes no fingerprint."""

from dataclasses import replace

from bookkeeping.rules.documents import desired_documents, invoice_fingerprint, payment_fingerprint
from tests.bookkeeping.rules.factories import SETTINGS, inspection, line, payment

MINE = inspection(
    lines=(line("425.00", name="Home"), line("150.00", name="Radon")), payments=(payment("575.00"),)
)


def invoice(**choices):
    return desired_documents(MINE, replace(SETTINGS, **choices)).invoice


def test_chosen_item_keeps_its_name_and_id():
    chosen = invoice(item_names=(("Radon", "Tests:Radon"),), item_ids=(("Tests:Radon", "41"),))
    assert [(one.item, one.item_id) for one in chosen.lines] == [("Home", ""), ("Tests:Radon", "41")]


def test_new_item_name_has_no_colon():
    assert invoice(item_names=(("Radon", "Tests:Radon"),)).lines[1].item == "Tests-Radon"


def test_id_of_an_item_alone_changes_no_fingerprint():
    assert invoice_fingerprint(invoice(item_ids=(("Radon", "41"),)), "7") == invoice_fingerprint(
        invoice(), "7"
    )


def test_class_goes_by_inspector_else_by_the_default():
    named = (("", "1"), (MINE.inspector_name, "2"))
    assert {one.class_id for one in invoice(classes=named).lines} == {"2"}
    assert {one.class_id for one in invoice(classes=(("", "1"),)).lines} == {"1"}
    whole = invoice(classes=named, class_on="invoice")
    assert whole.class_id == "2"
    assert {one.class_id for one in whole.lines} == {""}


def test_choices_that_show_on_the_document_change_its_fingerprint():
    plain = invoice_fingerprint(invoice(), "7")
    assert invoice_fingerprint(invoice(classes=(("", "1"),)), "7") != plain
    assert invoice_fingerprint(invoice(locations=(("", "1"),)), "7") != plain
    bank = replace(SETTINGS, deposit_account_id="35")
    [there], [here] = desired_documents(MINE, bank).payments, desired_documents(MINE, SETTINGS).payments
    assert payment_fingerprint(there, "7", "8") != payment_fingerprint(here, "7", "8")
