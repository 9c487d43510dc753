"""The properties of every entity: which exist, of what kind, how long, and which can be asked for in a query.

Only tables. Kinds: `s<N>` text up to N · `d` date · `n` number · `m` money · `b` true/false · `r:<Entity>` reference ·
`r` reference not looked up · `address` `phone` `email` `web` `memo` their small objects · `e:A|B` one of ·
`x` taken as it is · `ro` read-only, taken and ignored · `lines` and `links` looked at by the rules of the entity.
"""

from __future__ import annotations

EVERY = {"Id": "ro", "SyncToken": "ro", "sparse": "ro", "domain": "ro", "MetaData": "ro", "status": "ro"}

_PERSON = {
    "DisplayName": "s500", "Title": "s16", "GivenName": "s100", "MiddleName": "s100", "FamilyName": "s100",
    "Suffix": "s16", "CompanyName": "s100", "PrintOnCheckName": "s110", "Active": "b",
    "PrimaryEmailAddr": "email", "PrimaryPhone": "phone", "Mobile": "phone", "AlternatePhone": "phone", "Fax": "phone",
    "WebAddr": "web", "BillAddr": "address", "ShipAddr": "address", "OtherAddr": "x", "OtherContactInfo": "x",
    "Notes": "s2000", "CurrencyRef": "x", "Balance": "ro", "V4IDPseudonym": "ro",
    "FullyQualifiedName": "ro", "Level": "ro", "Source": "ro",
}  # fmt: skip
_SALE = {
    "CustomerRef": "r:Customer", "TxnDate": "d", "DocNumber": "s21", "PrivateNote": "s4000", "CustomerMemo": "memo",
    "Line": "lines", "BillAddr": "address", "ShipAddr": "address", "ShipFromAddr": "address", "BillEmail": "email",
    "BillEmailCc": "email", "BillEmailBcc": "email", "ClassRef": "r:Class", "DepartmentRef": "r:Department",
    "CurrencyRef": "x", "ExchangeRate": "n", "GlobalTaxCalculation": "ro", "TxnTaxDetail": "x",
    "ApplyTaxAfterDiscount": "b", "PrintStatus": "e:NotSet|NeedToPrint|PrintComplete",
    "EmailStatus": "e:NotSet|NeedToSend|EmailSent", "CustomField": "x", "ShipDate": "d", "TrackingNum": "s31",
    "ShipMethodRef": "r", "FreeFormAddress": "b", "TxnSource": "ro", "TxnStatus": "ro", "TransactionLocationType": "x",
    "LinkedTxn": "ro", "TotalAmt": "ro", "Balance": "ro", "HomeBalance": "ro", "HomeTotalAmt": "ro",
    "DeliveryInfo": "ro", "RecurDataRef": "ro", "TaxExemptionRef": "ro", "ProjectRef": "r", "AttachableRef": "ro",
}  # fmt: skip
_MONEY_IN = {
    "DepositToAccountRef": "r:Account", "PaymentMethodRef": "r:PaymentMethod", "PaymentRefNum": "s21",
    "PaymentType": "x", "CheckPayment": "x", "CreditCardPayment": "x",
}  # fmt: skip
_TREE = {"Name": "s100", "Active": "b", "ParentRef": "x", "FullyQualifiedName": "ro", "Level": "ro"}

ENTITIES: dict[str, dict[str, str]] = {
    "Customer": _PERSON | {
        "Job": "b", "ParentRef": "r:Customer", "BillWithParent": "b", "Taxable": "b", "DefaultTaxCodeRef": "x",
        "SalesTermRef": "r:Term", "PaymentMethodRef": "r:PaymentMethod", "ARAccountRef": "r:Account", "ResaleNum": "s16",
        "PreferredDeliveryMethod": "s20", "PrimaryTaxIdentifier": "s21", "OpenBalanceDate": "d", "TaxExemptionReasonId": "x",
        "CustomerTypeRef": "r", "BalanceWithJobs": "ro", "IsProject": "ro", "ClientEntityId": "ro",
    },
    "Vendor": _PERSON | {
        "AcctNum": "s100", "TermRef": "r:Term", "APAccountRef": "r:Account", "TaxIdentifier": "s20", "Vendor1099": "b",
        "BillRate": "n", "CostRate": "n", "TaxReportingBasis": "x", "VendorPaymentBankDetail": "x",
        "OtherPhone": "phone",
    },
    "Employee": _PERSON | {
        "PrimaryAddr": "address", "EmployeeNumber": "s100", "SSN": "s100", "HiredDate": "d", "ReleasedDate": "d",
        "BirthDate": "d", "Gender": "x", "BillableTime": "b", "BillRate": "n", "CostRate": "n", "Organization": "b",
    },
    "Item": _TREE | {
        "Description": "s4000", "Sku": "s100", "Type": "e:Service|NonInventory|Inventory|Category|Group", "UnitPrice": "n",
        "Taxable": "b", "SubItem": "b", "IncomeAccountRef": "r:Account", "ExpenseAccountRef": "r:Account",
        "AssetAccountRef": "r:Account", "PurchaseDesc": "s1000", "PurchaseCost": "n", "TrackQtyOnHand": "b",
        "QtyOnHand": "n", "InvStartDate": "d", "SalesTaxCodeRef": "x", "PurchaseTaxCodeRef": "x", "ClassRef": "r:Class",
        "SalesTaxIncluded": "b", "PurchaseTaxIncluded": "b", "PrefVendorRef": "r:Vendor", "TaxClassificationRef": "x",
        "ItemCategoryType": "ro", "Source": "ro", "ReorderPoint": "n", "ItemGroupDetail": "x", "PrintGroupedItems": "b",
    },
    "Account": _TREE | {
        "AccountType": "s100", "AccountSubType": "s100", "AcctNum": "s20", "Description": "s4000", "SubAccount": "b",
        "CurrencyRef": "x", "TaxCodeRef": "x", "Classification": "ro", "CurrentBalance": "ro",
        "CurrentBalanceWithSubAccounts": "ro", "OnlineBankingEnabled": "ro", "FIName": "ro",
    },
    "PaymentMethod": {"Name": "s31", "Active": "b", "Type": "e:CREDIT_CARD|NON_CREDIT_CARD"},
    "Term": {
        "Name": "s31", "Active": "b", "Type": "ro", "DueDays": "n", "DiscountPercent": "n", "DiscountDays": "n",
        "DayOfMonthDue": "n", "DueNextMonthDays": "n", "DiscountDayOfMonth": "n",
    },
    "Class": _TREE | {"SubClass": "b"},
    "Department": _TREE | {"SubDepartment": "b", "Address": "address"},
    "TaxCode": {"Name": "s10", "Description": "s100", "Active": "b", "Taxable": "b", "TaxGroup": "b", "Hidden": "ro",
                "SalesTaxRateList": "x", "PurchaseTaxRateList": "x"},
    "Invoice": _SALE | {
        "DueDate": "d", "SalesTermRef": "r:Term", "DepositToAccountRef": "r:Account", "Deposit": "m",
        "AllowIPNPayment": "b", "AllowOnlinePayment": "b", "AllowOnlineCreditCardPayment": "b",
        "AllowOnlineACHPayment": "b", "InvoiceLink": "ro", "EInvoiceStatus": "ro",
    },
    "SalesReceipt": _SALE | _MONEY_IN,
    "RefundReceipt": _SALE | _MONEY_IN,
    "CreditMemo": _SALE | _MONEY_IN | {"SalesTermRef": "r:Term", "RemainingCredit": "ro", "InvoiceRef": "x"},
    "Payment": _MONEY_IN | {
        "CustomerRef": "r:Customer", "TotalAmt": "m", "TxnDate": "d", "PrivateNote": "s4000", "Line": "lines",
        "ARAccountRef": "r:Account", "CurrencyRef": "x", "ExchangeRate": "n", "ProcessPayment": "b", "UnappliedAmt": "ro",
        "TxnSource": "ro", "TxnStatus": "ro", "TransactionLocationType": "x", "TaxExemptionRef": "ro", "LinkedTxn": "ro",
        "HomeTotalAmt": "ro", "ProjectRef": "r", "AttachableRef": "ro",
    },
    "Deposit": {
        "DepositToAccountRef": "r:Account", "TxnDate": "d", "DocNumber": "s21", "PrivateNote": "s4000", "Line": "lines",
        "DepartmentRef": "r:Department", "CurrencyRef": "x", "ExchangeRate": "n", "GlobalTaxCalculation": "ro",
        "CashBack": "x", "TotalAmt": "ro", "HomeTotalAmt": "ro", "TxnStatus": "ro", "TxnSource": "ro", "AttachableRef": "ro",
        "TransactionLocationType": "x", "TxnTaxDetail": "x",
    },
    "Attachable": {
        "FileName": "s1000", "Note": "s2000", "AttachableRef": "x", "Category": "s100", "ContentType": "s100", "Lat": "s100",
        "Long": "s100", "PlaceName": "s2000", "Tag": "s2000", "Size": "ro", "FileAccessUri": "ro", "TempDownloadUri": "ro",
        "ThumbnailFileAccessUri": "ro", "ThumbnailTempDownloadUri": "ro",
    },
    "CompanyInfo": {
        "CompanyName": "s1024", "LegalName": "s1024", "Country": "s255", "CompanyAddr": "address",
        "LegalAddr": "address", "CustomerCommunicationAddr": "address", "PrimaryPhone": "phone", "Email": "email",
        "WebAddr": "web", "FiscalYearStartMonth": "ro", "CompanyStartDate": "ro", "SupportedLanguages": "ro",
        "DefaultTimeZone": "ro", "NameValue": "ro",
    },
    "Preferences": dict.fromkeys(("AccountingInfoPrefs", "ProductAndServicesPrefs", "SalesFormsPrefs", "EmailMessagesPrefs", "VendorAndPurchasesPrefs", "TimeTrackingPrefs", "TaxPrefs", "CurrencyPrefs", "ReportPrefs", "OtherPrefs"), "x"),
}  # fmt: skip

LINE = {
    "Id": "ro", "LineNum": "ro", "Description": "s4000", "Amount": "m", "DetailType": "x", "LinkedTxn": "links",
    "CustomField": "x", "SalesItemLineDetail": "x", "DiscountLineDetail": "x", "SubTotalLineDetail": "x",
    "DescriptionLineDetail": "x", "GroupLineDetail": "x",
}  # fmt: skip
SALES_DETAIL = {
    "ItemRef": "r:Item", "Qty": "n", "UnitPrice": "n", "ClassRef": "r:Class", "TaxCodeRef": "x", "ServiceDate": "d",
    "TaxInclusiveAmt": "n", "DiscountRate": "n", "DiscountAmt": "n", "MarkupInfo": "x", "ItemAccountRef": "r:Account",
    "PriceLevelRef": "x", "TaxClassificationRef": "x", "DeferredRevenue": "x",
}  # fmt: skip
DISCOUNT_DETAIL = {
    "PercentBased": "b", "DiscountPercent": "n", "DiscountAccountRef": "r:Account", "ClassRef": "r:Class",
    "TaxCodeRef": "x", "ServiceDate": "d", "Discount": "x", "DiscountRef": "x",
}  # fmt: skip
GROUP_DETAIL = {"GroupItemRef": "r:Item", "Quantity": "n", "Line": "x", "ServiceDate": "d"}
PAYMENT_LINE = {"Id": "ro", "LineNum": "ro", "Amount": "m", "LinkedTxn": "links", "Description": "s4000"}
DEPOSIT_LINE = {
    "Id": "ro", "LineNum": "ro", "Description": "s4000", "Amount": "m", "DetailType": "x", "LinkedTxn": "links",
    "DepositLineDetail": "x", "CustomField": "x", "DepositToAccountRef": "x", "ProjectRef": "x",
}  # fmt: skip
DEPOSIT_DETAIL = {
    "AccountRef": "r:Account", "Entity": "x", "PaymentMethodRef": "r:PaymentMethod", "CheckNum": "s21",
    "ClassRef": "r:Class", "TxnType": "x", "TaxCodeRef": "x", "TaxApplicableOn": "x",
}  # fmt: skip
LINK = {"TxnId": "x", "TxnType": "x", "TxnLineId": "x"}
ADDRESS = {
    "Line1": 500, "Line2": 500, "Line3": 500, "Line4": 500, "Line5": 500, "City": 255, "CountrySubDivisionCode": 255,
    "PostalCode": 30, "Country": 255, "CountryCode": 255, "Note": 1000,
}  # fmt: skip

NAME_LISTS = ("Customer", "Vendor", "Employee")
SALES = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
TRANSACTIONS = (*SALES, "Payment", "Deposit")
LISTS = tuple(name for name, fields in ENTITIES.items() if "Active" in fields)
VOIDABLE = ("Invoice", "Payment", "SalesReceipt")
SWEPT = ("Payment", "SalesReceipt", "RefundReceipt")
"""What a Deposit can hold: money in, and money given back out of Undeposited Funds, which takes as much off it."""

_PEOPLE_QUERY = (
    "DisplayName", "GivenName", "MiddleName", "FamilyName", "CompanyName", "FullyQualifiedName", "PrintOnCheckName",
    "Active", "PrimaryEmailAddr", "Balance",
)  # fmt: skip
_SALE_QUERY = ("DocNumber", "TxnDate", "CustomerRef", "Balance", "TotalAmt")
QUERYABLE: dict[str, tuple[str, ...]] = {
    "Customer": _PEOPLE_QUERY,
    "Vendor": _PEOPLE_QUERY,
    "Employee": tuple(name for name in _PEOPLE_QUERY if name not in ("Balance", "FullyQualifiedName")),
    "Item": ("Name", "Type", "Active", "Sku", "FullyQualifiedName"),
    "Account": ("Name", "AccountType", "AccountSubType", "Classification", "Active", "FullyQualifiedName"),
    "PaymentMethod": ("Name", "Active", "Type"),
    "Term": ("Name", "Active"),
    "Class": ("Name", "Active", "FullyQualifiedName"),
    "Department": ("Name", "Active", "FullyQualifiedName"),
    "TaxCode": ("Name", "Active"),
    "Invoice": (*_SALE_QUERY, "DueDate", "SalesTermRef", "ProjectRef"),
    "SalesReceipt": _SALE_QUERY,
    "RefundReceipt": _SALE_QUERY,
    "CreditMemo": _SALE_QUERY,
    "Payment": ("TxnDate", "CustomerRef", "TotalAmt", "PaymentRefNum", "ProjectRef"),
    "Deposit": ("TxnDate", "DocNumber", "TotalAmt"),
    "Attachable": (
        "FileName",
        "Note",
        "Category",
        "AttachableRef.EntityRef.Type",
        "AttachableRef.EntityRef.value",
    ),
    "CompanyInfo": (),
    "Preferences": (),
}

BY_LOWER_NAME = {name.lower(): name for name in ENTITIES}
CDC_EXCLUDED = ("TaxCode", "CompanyInfo", "Preferences")
