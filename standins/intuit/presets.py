"""What a new company starts with: chart of accounts, preferences, payment methods, terms and one item.

An ordinary US service company; ids of the best known accounts are those of Intuit's own sandbox companies.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from standins.intuit import names
from standins.intuit.realm import Realm

ACCOUNTS = [
    ("1", "Services", "Income", "ServiceFeeIncome"),
    ("2", "Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("3", "Discounts given", "Income", "DiscountsRefundsGiven"),
    ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("5", "Uncategorized Income", "Income", "ServiceFeeIncome"),
    ("6", "Unapplied Cash Payment Income", "Income", "UnappliedCashPaymentIncome"),
    ("7", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("8", "Advertising", "Expense", "AdvertisingPromotional"),
    ("9", "Office Supplies", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("10", "Insurance", "Expense", "Insurance"),
    ("11", "Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost"),
    ("12", "Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("13", "Retained Earnings", "Equity", "RetainedEarnings"),
    ("14", "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("33", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("35", "Checking", "Bank", "Checking"),
    ("36", "Savings", "Bank", "Savings"),
    ("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
]
PAYMENT_METHODS = [
    ("1", "Cash", "NON_CREDIT_CARD"),
    ("2", "Check", "NON_CREDIT_CARD"),
    ("3", "Visa", "CREDIT_CARD"),
    ("4", "MasterCard", "CREDIT_CARD"),
    ("5", "Discover", "CREDIT_CARD"),
    ("6", "American Express", "CREDIT_CARD"),
    ("7", "Diners Club", "CREDIT_CARD"),
    ("8", "Credit Card", "CREDIT_CARD"),
    ("9", "ACH", "NON_CREDIT_CARD"),
]
TERMS = [
    ("1", "Due on receipt", 0),
    ("2", "Net 10", 10),
    ("3", "Net 15", 15),
    ("4", "Net 30", 30),
    ("5", "Net 60", 60),
]
FIRST_FREE_ID = 100
CUSTOM_FIELDS = ({"DefinitionId": "1", "Name": "Crew", "Type": "StringType"},)
"""The company's custom fields on sales, as every sale shows them when nothing is written in."""


def _custom(switch: str, name: str) -> list[dict[str, Any]]:
    """The custom fields of a kind of form: which of the three are used, and what the used ones are called."""
    used = [
        {"Name": f"{switch}{number}", "Type": "BooleanType", "BooleanValue": number == 1}
        for number in (3, 2, 1)
    ]
    named = {"Name": f"{name}1", "Type": "StringType", "StringValue": CUSTOM_FIELDS[0]["Name"]}
    return [{"CustomField": used}, {"CustomField": [named]}]


def preferences(currency: str) -> dict[str, Any]:
    """Return the preferences of a new company."""
    return {
        "AccountingInfoPrefs": {
            "UseAccountNumbers": False, "TrackDepartments": False, "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False, "FirstMonthOfFiscalYear": "January", "TaxYearMonth": "January",
            "TaxForm": "6", "CustomerTerminology": "Customers", "DepartmentTerminology": "Location",
        },
        "ProductAndServicesPrefs": {
            "ForSales": True, "ForPurchase": True, "QuantityWithPriceAndRate": True, "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomTxnNumbers": False, "AllowDeposit": True, "AllowDiscount": True, "AllowShipping": False,
            "AllowEstimates": True, "AllowServiceDate": False, "AutoApplyCredit": True, "AutoApplyPayments": True,
            "ETransactionPaymentEnabled": False, "ETransactionEnabledStatus": "NotApplicable",
            "ETransactionAttachPDF": False, "EmailCopyToCompany": False, "IPNSupportEnabled": False,
            "UsingPriceLevels": False, "UsingProgressInvoicing": False, "DefaultTerms": {"value": "4"},
            "DefaultCustomerMessage": "Thank you for your business and have a great day!", "DefaultDiscountAccount": "3",
            "CustomField": _custom("SalesFormsPrefs.UseSalesCustom", "SalesFormsPrefs.SalesCustomName"),
        },
        "EmailMessagesPrefs": {
            f"{form.replace(' ', '')}Message": {"Subject": form, "Message": f"Your {form.lower()} is attached."}
            for form in ("Invoice", "Estimate", "Sales Receipt", "Statement")
        },
        "VendorAndPurchasesPrefs": {
            "TrackingByCustomer": False, "BillableExpenseTracking": False,
            "POCustomField": _custom("PurchasePrefs.UsePurchaseCustom", "PurchasePrefs.PurchaseCustomName"),
        },
        "TimeTrackingPrefs": {
            "UseServices": False, "BillCustomers": False, "ShowBillRateToAll": False, "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": False,
        },
        "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": currency}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you"}]},
    }  # fmt: skip


def _tax_code(code: str, taxable: bool) -> dict[str, Any]:
    rate = {"TaxRateRef": {"value": "1", "name": code}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}
    return {
        "Name": code,
        "Description": code,
        "Active": True,
        "Taxable": taxable,
        "TaxGroup": taxable,
        "SalesTaxRateList": {"TaxRateDetail": [rate] if taxable else []},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    }


def meta(realm_id: str, time_zone: str) -> dict[str, Any]:
    """Return the facts of a new company that QuickBooks shows nowhere."""
    return {
        "id": realm_id,
        "time_zone": time_zone,
        "next_id": FIRST_FREE_ID,
        "next_doc_number": 1001,
        "subscription": "subscribed",
        "permission": "ok",
        "closing_password": False,
        "warn_duplicate_doc_numbers": False,
        "tax_percent": "8.25",
    }


def fill(realm: Realm, name: str, country: str, currency: str, changes: dict[str, dict]) -> None:
    """Put the lists, the company's own facts and its preferences into a new company.

    `changes` are preferences by section that differ from the usual ones.
    """
    with realm.change():
        chosen = preferences(currency)
        for section, values in changes.items():
            if section not in chosen:
                raise ValueError(f"There is no section {section}; there are {', '.join(chosen)}.")
            chosen[section] |= values
        if chosen["TaxPrefs"]["UsingSalesTax"]:
            chosen["TaxPrefs"].setdefault("TaxGroupCodeRef", {"value": "TAX"})
        realm.add("Preferences", chosen, "1")
        address = {
            "Id": "1", "Line1": "500 Main Street", "City": "Denver", "CountrySubDivisionCode": "CO", "PostalCode": "80202",
            "Country": "USA" if country == "US" else country,
        }  # fmt: skip
        info = {
            "CompanyName": name,
            "LegalName": name,
            "CompanyAddr": address,
            "CustomerCommunicationAddr": address,
            "LegalAddr": address,
            "Email": {"Address": "books@example.com"},
            "PrimaryPhone": {"FreeFormNumber": "(303) 555-0142"},
            "WebAddr": {},
            "CompanyStartDate": "2015-01-01",
            "FiscalYearStartMonth": "January",
            "Country": country,
            "SupportedLanguages": "en",
            "DefaultTimeZone": realm.meta["time_zone"],
            "NameValue": [
                {"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"},
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
                {"Name": "IndustryType", "Value": "Building inspection services"},
            ],
        }
        realm.add("CompanyInfo", info, "1")
        for account_id, label, kind, sub_type in ACCOUNTS:
            body = {"Name": label, "AccountType": kind, "AccountSubType": sub_type}
            realm.add("Account", names.finished(realm, "Account", body, None), account_id)
        for method_id, label, kind in PAYMENT_METHODS:
            realm.add(
                "PaymentMethod",
                names.finished(realm, "PaymentMethod", {"Name": label, "Type": kind}, None),
                method_id,
            )
        for term_id, label, days in TERMS:
            body = {"Name": label, "DueDays": Decimal(days)}
            realm.add("Term", names.finished(realm, "Term", body, None), term_id)
        for code, taxable in (("NON", False), ("TAX", True)):
            realm.add("TaxCode", _tax_code(code, taxable), code)
        item = {"Name": "Services", "Type": "Service", "IncomeAccountRef": {"value": "1", "name": "Services"}}
        realm.add("Item", names.finished(realm, "Item", item, None), "1")
