"""Customers, vendors, employees, items and the small lists: names, lengths, letters, activating, full and sparse updates."""

import pytest

from tests.standins.conftest import current, fault


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"DisplayName": "A", "Nickname": "Al"}, "2010"),
        ({"DisplayName": "A", "BillAddr": {"Street": "Oak"}}, "2010"),
        ({"DisplayName": "x" * 501}, "2050"),
        ({"DisplayName": "A", "GivenName": "x" * 101}, "2050"),
        ({"DisplayName": "A", "PrimaryPhone": {"FreeFormNumber": "5" * 31}}, "2050"),
        ({"DisplayName": "A:B"}, "2040"),
        ({"DisplayName": "A\tB"}, "2040"),
        ({"DisplayName": "Zoë 🏠"}, "2040"),
        ({"DisplayName": "A", "Notes": "“quoted”"}, "2040"),
        ({"DisplayName": "A", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
        ({"DisplayName": "A", "Taxable": "maybe"}, "2230"),
        ({"DisplayName": "A", "ParentRef": {"value": "9999"}, "Job": True}, "2500"),
        ({}, "6080"),
        ({"DisplayName": "  "}, "6080"),
    ],
)
def test_customer_is_refused(company, body, code):
    assert company.refusal("Customer", body)[0] == code
    assert company.books()["Customer"] == []


def test_customer_gets_what_follows_from_the_rest(company):
    body = {
        "GivenName": "Ada",
        "FamilyName": "Reyes",
        "BillAddr": {"Line1": "12 Oak St", "City": "Reno"},
        "Notes": "Zoë",
    }
    made = company.post("Customer", body)
    assert (made["DisplayName"], made["FullyQualifiedName"], made["PrintOnCheckName"]) == ("Ada Reyes",) * 3
    assert made["BillAddr"]["Id"] and made["BillAddr"]["City"] == "Reno"
    assert (made["SyncToken"], made["Active"], made["Balance"]) == ("0", True, 0)
    assert "CompanyName" not in made


@pytest.mark.parametrize("entity", ["Customer", "Vendor", "Employee"])
def test_names_are_unique_over_three_lists(company, entity):
    company.post("Vendor", {"DisplayName": "Peet's Lab"})
    code, detail = company.refusal(entity, {"DisplayName": "  PEET'S lab "})
    assert code == "6240" and "already" in detail


def test_deactivated_customer_is_renamed_frees_the_name_and_comes_back(company):
    ada = company.customer("Ada Reyes")
    gone = company.post("Customer", current(ada) | {"sparse": True, "Active": False})
    assert (gone["DisplayName"], gone["FullyQualifiedName"], gone["Active"]) == (
        "Ada Reyes (deleted)",
        "Ada Reyes (deleted)",
        False,
    )
    assert company.query("SELECT * FROM Customer") == {}
    found = company.query(
        "SELECT * FROM Customer WHERE DisplayName = 'ada reyes (deleted)' AND Active IN (true,false)"
    )
    assert [each["Id"] for each in found["Customer"]] == [ada["Id"]]
    code, _ = company.refusal("Invoice", {"CustomerRef": {"value": ada["Id"]}, "Line": []})
    assert code == "610"
    second = company.customer("Ada Reyes")
    back = current(gone) | {"sparse": True, "Active": True}
    assert company.refusal("Customer", back)[0] == "6240"
    company.post("Customer", current(second) | {"sparse": True, "DisplayName": "Ada Reyes 2"})
    assert company.post("Customer", back)["DisplayName"] == "Ada Reyes"


def test_customer_with_a_balance_stays_active(company):
    ada = company.customer()
    invoice = company.invoice(ada)
    assert company.refusal("Customer", current(ada) | {"sparse": True, "Active": False})[0] == "6000"
    company.payment(invoice)
    assert company.post("Customer", current(ada) | {"sparse": True, "Active": False})["Active"] is False


def test_sparse_update_changes_only_what_is_named_full_update_clears_the_rest(company):
    ada = company.customer(CompanyName="Reyes LLC", Notes="gate code 4")
    sparse = company.post("Customer", current(ada) | {"sparse": True, "Notes": "gate code 5"})
    assert (sparse["CompanyName"], sparse["Notes"], sparse["SyncToken"]) == ("Reyes LLC", "gate code 5", "1")
    cleared = company.post("Customer", current(sparse) | {"sparse": True, "Notes": "", "DisplayName": ""})
    assert "Notes" not in cleared and cleared["DisplayName"] == "Ada Reyes"
    full = company.post("Customer", current(cleared) | {"DisplayName": "Ada Reyes"})
    assert "CompanyName" not in full


@pytest.mark.parametrize("token", ["0", "7"])
def test_token_that_is_not_the_current_one_is_stale(company, token):
    ada = company.customer()
    company.post("Customer", current(ada) | {"sparse": True, "Notes": "a"})
    assert (
        company.refusal("Customer", {"Id": ada["Id"], "SyncToken": token, "sparse": True, "Notes": "b"})[0]
        == "5010"
    )
    assert company.read("Customer", ada["Id"])["Notes"] == "a"


def test_lists_have_no_delete(company):
    ada = company.customer()
    assert fault(company.send("POST", "customer?operation=delete", json=current(ada)))[0] == "500"


def test_sub_customers_have_a_path_and_five_levels(company):
    above = company.customer("Level 1")
    for level in range(2, 6):
        above = company.post(
            "Customer", {"DisplayName": f"Level {level}", "Job": True, "ParentRef": {"value": above["Id"]}}
        )
    assert above["FullyQualifiedName"] == "Level 1:Level 2:Level 3:Level 4:Level 5"
    deeper = {"DisplayName": "Level 6", "Job": True, "ParentRef": {"value": above["Id"]}}
    assert company.refusal("Customer", deeper)[0] == "700"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Name": "Radon", "Type": "Service"}, "2020"),
        ({"Name": "Radon", "IncomeAccountRef": {"value": "1"}}, "2020"),
        ({"Name": "Radon", "Type": "Service", "IncomeAccountRef": {"value": "35"}}, "6430"),
        ({"Name": "Radon", "Type": "Inventory", "IncomeAccountRef": {"value": "1"}}, "2020"),
        ({"Name": "A:B", "Type": "Service", "IncomeAccountRef": {"value": "1"}}, "2040"),
        ({"Name": " services ", "Type": "Service", "IncomeAccountRef": {"value": "1"}}, "6240"),
        ({"Name": "x" * 101, "Type": "Service", "IncomeAccountRef": {"value": "1"}}, "2050"),
        ({"Name": "Radon", "Type": "Thing", "IncomeAccountRef": {"value": "1"}}, "2170"),
    ],
)
def test_item_is_refused(company, body, code):
    assert company.refusal("Item", body)[0] == code


def test_full_update_of_an_item_needs_its_account(company):
    item = company.post("Item", {"Name": "Radon", "Type": "Service", "IncomeAccountRef": {"value": "1"}})
    assert company.refusal("Item", current(item) | {"Name": "Radon Test"})[0] == "2020"
    assert company.post("Item", current(item) | {"Name": "Radon Test", "sparse": True})["UnitPrice"] == 0
    gone = company.post("Item", {"Id": item["Id"], "SyncToken": "1", "sparse": True, "Active": False})
    assert gone["Name"] == "Radon Test (deleted)"


def test_small_lists_can_be_added_to(company):
    assert company.post("PaymentMethod", {"Name": "Zelle"})["Type"] == "NON_CREDIT_CARD"
    assert company.post("Term", {"Name": "Net 7", "DueDays": 7})["DueDays"] == 7
    account = company.post("Account", {"Name": "Radon income", "AccountType": "Income"})
    assert (account["Classification"], account["CurrentBalance"]) == ("Revenue", 0)
    assert company.refusal("Account", {"Name": "Odd"})[0] == "6010"
    assert company.post("Class", {"Name": "North"})["FullyQualifiedName"] == "North"
    assert company.post("Department", {"Name": "Reno"})["Active"] is True


def test_company_facts_and_preferences_can_be_updated(company):
    info = company.read("CompanyInfo", company.id)
    assert info["CompanyAddr"]["Country"] == "USA" and "Lat" not in info["CompanyAddr"]
    changed = company.post("CompanyInfo", current(info) | {"sparse": True, "LegalName": "Summit LLC"})
    assert (changed["LegalName"], changed["Country"]) == ("Summit LLC", "US")
    preferences = company.send("GET", "preferences").json()["Preferences"]
    assert "BookCloseDate" not in preferences["AccountingInfoPrefs"]
    closed = company.post(
        "Preferences", current(preferences) | {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}}
    )
    assert closed["AccountingInfoPrefs"]["BookCloseDate"] == "2025-12-31"
    assert closed["AccountingInfoPrefs"]["CustomerTerminology"] == "Customers"


def test_what_was_made_inactive_is_refused_on_a_change_that_names_it_and_left_alone_by_one_that_does_not(
    company,
):
    ada = company.customer()
    invoice = company.invoice(ada, 0)
    company.post("Customer", current(ada) | {"sparse": True, "Active": False})
    change = current(invoice) | {"sparse": True, "PrivateNote": "Seen"}
    assert company.refusal("Invoice", change | {"CustomerRef": {"value": ada["Id"]}})[0] == "610"
    assert company.post("Invoice", change)["PrivateNote"] == "Seen"
