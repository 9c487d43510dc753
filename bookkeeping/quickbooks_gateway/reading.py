"""What QuickBooks says, in neutral words: documents, names, the company and its accounts.

Whether it differs from what we wrote is `differences`; fetching is `gateway` and `changes`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, overload

from bookkeeping.quickbooks_gateway.answers import readable
from bookkeeping.quickbooks_gateway.changes import changed_at
from bookkeeping.quickbooks_gateway.differences import differs, every_line
from bookkeeping.rules.accounts import IncomeAccount, main_income_account
from bookkeeping.rules.customers import NameEntry, NameKind
from bookkeeping.rules.eligibility import is_us

__all__ = [
    "CompanyFacts",
    "Seen",
    "SeenLine",
    "chart",
    "company_facts",
    "differs",
    "links_of",
    "money",
    "name_entry",
    "paid_by",
    "seen",
]

_SALES_LINE = "SalesItemLineDetail"


@dataclass(frozen=True)
class SeenLine:
    """One sales line, or on a Payment or Deposit one applied amount with the documents it is linked to as (type, id)."""

    amount: Decimal
    item_id: str = ""
    description: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What every document has. Amounts are US dollars; `changed_at` is aware UTC; `links` are (type, id) on the document itself.

    `deleted`: QuickBooks only remembers that it was there; then all but the ids and `changed_at` is empty.
    `voided`: still there, with zero amounts.
    """

    entity_name: str
    qbo_id: str
    sync_token: str = ""
    doc_number: str = ""
    txn_date: date | None = None
    customer_id: str = ""
    customer_name: str = ""
    total: Decimal = Decimal("0.00")
    private_note: str = ""
    lines: tuple[SeenLine, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    changed_at: datetime | None = None
    deleted: bool = False
    currency: str = ""

    @property
    def in_dollars(self) -> bool:
        """Whether its amounts are US dollars; one that names no currency is in the company's own."""
        return self.currency in ("", "USD")

    @property
    def voided(self) -> bool:
        """Whether a person voided it: QuickBooks zeroes the amounts and writes so in front of the note."""
        return not self.total and self.private_note.lower().startswith("voided")

    @property
    def deposited(self) -> bool:
        """Whether it is part of a bank deposit, so that QuickBooks refuses to change or delete it."""
        return any(kind == "Deposit" for kind, _ in self.links)


@dataclass(frozen=True)
class SeenInvoice(Seen):
    """An Invoice; `balance` is what is still open."""

    balance: Decimal = Decimal("0.00")
    due_date: date | None = None


@dataclass(frozen=True)
class SeenPayment(Seen):
    """A Payment; `unapplied` is what is linked to nothing."""

    unapplied: Decimal = Decimal("0.00")
    method_id: str = ""
    reference: str = ""
    deposit_account_id: str = ""


@dataclass(frozen=True)
class SeenReceipt(Seen):
    """A SalesReceipt."""

    method_id: str = ""
    reference: str = ""
    deposit_account_id: str = ""


@dataclass(frozen=True)
class SeenRefund(Seen):
    """A RefundReceipt; `deposit_account_id` is where the money was taken from."""

    method_id: str = ""
    reference: str = ""
    deposit_account_id: str = ""


@dataclass(frozen=True)
class SeenDeposit(Seen):
    """A Deposit; the links of its lines are what it swept up, `deposit_account_id` is where it put that."""

    deposit_account_id: str = ""

    @property
    def swept(self) -> tuple[tuple[str, str], ...]:
        """(type, id) of every document in this deposit."""
        return tuple(link for line in self.lines for link in line.links)


@dataclass(frozen=True)
class CompanyFacts:
    """What of a company decides how we may write. `close_date`: nothing on or before it can be changed.

    `automated_sales_tax`, `auto_apply_credit`: QuickBooks may change totals or apply credits by itself. `subscription` is QuickBooks' own word, empty if it does not say.
    `report_basis` is on which basis the company reads its reports: `Accrual` or `Cash`, empty if it does not say.
    """

    name: str
    country: str
    currency: str
    close_date: date | None
    auto_apply_credit: bool
    automated_sales_tax: bool
    subscription: str = ""
    class_on: str = (
        ""  # Where the company puts classes: on each line, on the invoice as a whole, or "" for nowhere.
    )
    uses_locations: bool = False
    several_currencies: bool = False
    report_basis: str = ""


@dataclass(frozen=True)
class AccountChoice:
    """An account that a bookkeeper can choose."""

    qbo_id: str
    name: str


@dataclass(frozen=True)
class Chart:
    """The accounts we need. `default_income` is the main service income account, `undeposited` is Undeposited Funds; None if absent."""

    default_income: AccountChoice | None
    undeposited: AccountChoice | None
    incomes: tuple[AccountChoice, ...]


@overload
def seen(entity_name: Literal["Invoice"], entity: Mapping[str, Any]) -> SeenInvoice: ...
@overload
def seen(entity_name: Literal["Payment"], entity: Mapping[str, Any]) -> SeenPayment: ...
@overload
def seen(entity_name: Literal["SalesReceipt"], entity: Mapping[str, Any]) -> SeenReceipt: ...
@overload
def seen(entity_name: Literal["RefundReceipt"], entity: Mapping[str, Any]) -> SeenRefund: ...
@overload
def seen(entity_name: Literal["Deposit"], entity: Mapping[str, Any]) -> SeenDeposit: ...
@overload
def seen(entity_name: str, entity: Mapping[str, Any]) -> Seen: ...
@readable
def seen(entity_name: str, entity: Mapping[str, Any]) -> Seen:
    """Return an Invoice, Payment, SalesReceipt, RefundReceipt or Deposit as we speak of it; any other entity as a plain Seen."""
    shapes: dict[str, type[Seen]] = {
        "Invoice": SeenInvoice,
        "Payment": SeenPayment,
        "SalesReceipt": SeenReceipt,
        "RefundReceipt": SeenRefund,
        "Deposit": SeenDeposit,
    }
    shape = shapes.get(entity_name, Seen)
    if entity.get("status") == "Deleted":
        return shape(entity_name, entity["Id"], changed_at=changed_at(entity), deleted=True)
    values: dict[str, Any] = {
        "entity_name": entity_name,
        "qbo_id": entity["Id"],
        "sync_token": str(entity.get("SyncToken", "")),
        "doc_number": entity.get("DocNumber") or "",
        "txn_date": _day(entity.get("TxnDate")),
        "customer_id": _ref(entity, "CustomerRef"),
        "customer_name": (entity.get("CustomerRef") or {}).get("name") or "",
        "total": money(entity.get("TotalAmt")),
        "private_note": entity.get("PrivateNote") or "",
        "lines": tuple(_lines(every_line(entity.get("Line")))),
        "links": links_of(entity),
        "currency": _ref(entity, "CurrencyRef"),
        "changed_at": changed_at(entity),
    }
    paid = {
        "method_id": _ref(entity, "PaymentMethodRef"),
        "reference": entity.get("PaymentRefNum") or "",
        "deposit_account_id": _ref(entity, "DepositToAccountRef"),
    }
    if shape is SeenInvoice:
        values |= {"balance": money(entity.get("Balance")), "due_date": _day(entity.get("DueDate"))}
    if shape is SeenPayment:
        values |= {"unapplied": money(entity.get("UnappliedAmt")), **paid}
    if shape in (SeenReceipt, SeenRefund):
        values |= paid
    if shape is SeenDeposit:
        values["deposit_account_id"] = paid["deposit_account_id"]
    return shape(**values)


@readable
def name_entry(kind: NameKind, entity: Mapping[str, Any]) -> NameEntry:
    """Return a Customer, Vendor or Employee for the name index. Emails and phones are joined by commas, as QuickBooks keeps several."""
    address = entity.get("BillAddr") or entity.get("PrimaryAddr") or {}
    parts = [address.get(name) for name in ("Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode")]
    phones = [
        (entity.get(name) or {}).get("FreeFormNumber")
        for name in ("PrimaryPhone", "Mobile", "AlternatePhone")
    ]
    return NameEntry(
        kind=kind,
        qbo_id=entity["Id"],
        display_name=entity.get("DisplayName") or "",
        email=(entity.get("PrimaryEmailAddr") or {}).get("Address") or "",
        phone=", ".join(phone for phone in phones if phone),
        address=", ".join(part for part in parts if part),
        active=entity.get("Active", True),
        given_name=entity.get("GivenName") or "",
        family_name=entity.get("FamilyName") or "",
        currency=_ref(entity, "CurrencyRef"),
    )


@readable
def company_facts(company_info: Mapping[str, Any], preferences: Mapping[str, Any]) -> CompanyFacts:
    """Return the facts of CompanyInfo and Preferences. `country` is ISO-2, `US` in any of QuickBooks' spellings."""
    named = {each.get("Name"): each.get("Value") for each in company_info.get("NameValue") or []}
    sales = preferences.get("SalesFormsPrefs") or {}
    accounting = preferences.get("AccountingInfoPrefs") or {}
    classes = {
        "line": accounting.get("ClassTrackingPerTxnLine"),
        "invoice": accounting.get("ClassTrackingPerTxn"),
    }
    country = company_info.get("Country") or (company_info.get("CompanyAddr") or {}).get("Country") or ""
    currencies = preferences.get("CurrencyPrefs") or {}
    home = currencies.get("HomeCurrency") or {}
    united_states = is_us(country)
    return CompanyFacts(
        name=company_info.get("CompanyName") or company_info.get("LegalName") or "",
        country="US" if united_states else country,
        currency=home.get("value") or ("USD" if united_states else ""),
        close_date=_day(accounting.get("BookCloseDate")),
        auto_apply_credit=_flag(sales.get("AutoApplyCredit")),
        automated_sales_tax=_flag((preferences.get("TaxPrefs") or {}).get("PartnerTaxEnabled")),
        subscription=named.get("SubscriptionStatus") or "",
        class_on=next((place for place, used in classes.items() if _flag(used)), ""),
        uses_locations=_flag(accounting.get("TrackDepartments")),
        several_currencies=_flag(currencies.get("MultiCurrencyEnabled")),
        report_basis=(preferences.get("ReportPrefs") or {}).get("ReportBasis") or "",
    )


def company_info_as_kept(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a company's kept facts say of CompanyInfo, in its own form; None when it was never read."""
    if not facts.get("country"):
        return None
    return {
        "CompanyName": facts["name"],
        "Country": facts["country"],
        "NameValue": [{"Name": "SubscriptionStatus", "Value": facts.get("subscription", "")}],
    }


@readable
def chart(accounts: Iterable[Mapping[str, Any]]) -> Chart:
    """Return what we need of the active accounts. Which income is for services is `rules.accounts`' to say; None when none is clear."""
    active = sorted((each for each in accounts if each.get("Active", True)), key=lambda each: int(each["Id"]))
    incomes = [each for each in active if each.get("AccountType") == "Income"]
    main = main_income_account(
        IncomeAccount(str(each["Id"]), each["Name"], each.get("AccountSubType") or "") for each in incomes
    )
    undeposited = [each for each in active if each.get("AccountSubType") == "UndepositedFunds"]
    return Chart(
        default_income=next(
            (_choice(each) for each in incomes if main and str(each["Id"]) == main.qbo_id), None
        ),
        undeposited=_choice(undeposited[0]) if undeposited else None,
        incomes=tuple(_choice(each) for each in incomes),
    )


def money(value: Any) -> Decimal:
    """Return an amount of QuickBooks (Decimal, int or text, or absent) in dollars and cents."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def links_of(part: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a document or a line of it is linked to, as (type, id)."""
    return tuple(
        (link.get("TxnType") or "", str(link.get("TxnId") or "")) for link in part.get("LinkedTxn") or []
    )


@readable
def paid_by(payment: Mapping[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Return what a Payment pays, by (type, id) of what it is applied to, in US dollars; empty for one that is gone."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in payment.get("Line") or []:
        for link in links_of(line):
            found[link] = found.get(link, Decimal("0.00")) + money(line.get("Amount"))
    return found


def _lines(lines: Iterable[Mapping[str, Any]]) -> Iterable[SeenLine]:
    for line in lines:
        detail = line.get(_SALES_LINE) or {}
        links = links_of(line)
        if line.get("DetailType") == _SALES_LINE or links:
            item = detail.get("ItemRef") or {}
            yield SeenLine(
                amount=money(line.get("Amount")),
                item_id=item.get("value") or "",
                description=line.get("Description") or "",
                links=links,
            )


def _ref(entity: Mapping[str, Any], name: str) -> str:
    return (entity.get(name) or {}).get("value") or ""


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _flag(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _choice(account: Mapping[str, Any]) -> AccountChoice:
    return AccountChoice(account["Id"], account.get("FullyQualifiedName") or account["Name"])


def plain(value: Any) -> Any:
    """Return QuickBooks' JSON with its Decimals as text, so that it can be stored."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)
