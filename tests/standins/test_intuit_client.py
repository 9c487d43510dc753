"""The real python-quickbooks client against the stand-in: create, read, query, update, void, delete, batch, CDC."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from quickbooks import exceptions
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.objects import (
    Account,
    CompanyInfo,
    CreditMemo,
    Customer,
    Deposit,
    DiscountLine,
    DiscountLineDetail,
    Employee,
    Invoice,
    Item,
    Payment,
    PaymentLine,
    PaymentMethod,
    Preferences,
    Ref,
    RefundReceipt,
    SalesItemLine,
    SalesItemLineDetail,
    SalesReceipt,
    Term,
    Vendor,
)
from quickbooks.objects.deposit import DepositLine


@pytest.fixture
def qb(company):
    return company.client()


def ref(value) -> Ref:
    made = Ref()
    made.value = value
    return made


def line(amount, item="1") -> SalesItemLine:
    made = SalesItemLine()
    made.Amount = amount
    made.SalesItemLineDetail = SalesItemLineDetail()
    made.SalesItemLineDetail.ItemRef = ref(item)
    return made


def sale(kind, customer, *lines):
    made = kind()
    made.CustomerRef = customer.to_ref()
    made.Line = list(lines)
    return made


@pytest.fixture
def ada(qb) -> Customer:
    customer = Customer()
    customer.DisplayName = "Ada Reyes"
    return customer.save(qb=qb)


def test_bare_objects_are_taken_and_read_back(qb, ada):
    assert (ada.Id, ada.SyncToken, ada.FullyQualifiedName, ada.Active) == (ada.Id, "0", "Ada Reyes", True)
    item = Item()
    item.Name, item.Type, item.IncomeAccountRef = "Radon", "Service", ref("1")
    item = item.save(qb=qb)
    invoice = sale(Invoice, ada, line(Decimal("100.10"), item.Id)).save(qb=qb)
    assert (invoice.TotalAmt, invoice.Balance, invoice.SyncToken) == (100.1, 100.1, "0")
    again = Invoice.get(invoice.Id, qb=qb)
    assert [each.DetailType for each in again.Line] == ["SalesItemLineDetail", "SubTotalLineDetail"]
    assert again.Line[0].SalesItemLineDetail.ItemRef.name == "Radon"
    for kind in (SalesReceipt, CreditMemo):
        assert sale(kind, ada, line(50)).save(qb=qb).TotalAmt == 50
    refund = sale(RefundReceipt, ada, line(20))
    refund.DepositToAccountRef = ref("35")
    assert refund.save(qb=qb).TotalAmt == 20


def test_discount_line_of_the_client(qb, ada):
    discount = DiscountLine()
    discount.Amount = 35
    discount.DiscountLineDetail = DiscountLineDetail()
    assert sale(Invoice, ada, line(350), discount).save(qb=qb).TotalAmt == 315


def test_lists_of_people_and_small_lists(qb, ada):
    vendor = Vendor()
    vendor.DisplayName = "Peet's Radon Lab"
    assert vendor.save(qb=qb).Id
    employee = Employee()
    employee.GivenName, employee.FamilyName = "Kim", "Lee"
    assert employee.save(qb=qb).DisplayName == "Kim Lee"
    assert [each.DisplayName for each in Vendor.filter(DisplayName="Peet's Radon Lab", qb=qb)] == [
        "Peet's Radon Lab"
    ]
    assert {each.Name for each in PaymentMethod.all(qb=qb)} >= {"Cash", "Check", "Visa", "Credit Card"}
    assert [each.DueDays for each in Term.filter(Name="Net 30", qb=qb)] == [30]
    assert [each.Id for each in Account.filter(AccountSubType="UndepositedFunds", qb=qb)] == ["4"]


def test_save_twice_with_the_first_object_is_stale(qb, ada):
    ada.CompanyName = "Reyes LLC"
    assert ada.save(qb=qb).SyncToken == "1"
    with pytest.raises(exceptions.QuickbooksException) as refused:
        ada.save(qb=qb)
    assert refused.value.error_code == 5010


def test_payment_pays_void_reopens_delete_removes(qb, ada):
    invoice = sale(Invoice, ada, line(350)).save(qb=qb)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = ada.to_ref(), 350
    paid = PaymentLine()
    paid.Amount, paid.LinkedTxn = 350, [invoice.to_linked_txn()]
    payment.Line = [paid]
    payment = payment.save(qb=qb)
    paid_invoice = Invoice.get(invoice.Id, qb=qb)
    assert (paid_invoice.Balance, paid_invoice.SyncToken) == (0, "1")
    assert paid_invoice.LinkedTxn[0].TxnId == payment.Id
    with pytest.raises(exceptions.QuickbooksException) as refused:
        paid_invoice.void(qb=qb)
    assert refused.value.error_code == 6000
    payment.void(qb=qb)
    reopened = Invoice.get(invoice.Id, qb=qb)
    assert (reopened.Balance, reopened.SyncToken) == (350, "2")
    reopened.void(qb=qb)
    voided = Invoice.get(invoice.Id, qb=qb)
    assert (voided.TotalAmt, voided.PrivateNote) == (0, "Voided")
    voided.delete(qb=qb)
    with pytest.raises(exceptions.ObjectNotFoundException):
        Invoice.get(invoice.Id, qb=qb)
    with pytest.raises(exceptions.ObjectNotFoundException):
        voided.delete(qb=qb)


def test_deposited_receipt_is_frozen(qb, ada):
    receipt = sale(SalesReceipt, ada, line(120)).save(qb=qb)
    deposit = Deposit()
    deposit.DepositToAccountRef = ref("35")
    swept = DepositLine()
    swept.Amount, swept.LinkedTxn, swept.DetailType = 120, [receipt.to_linked_txn()], "DepositLineDetail"
    deposit.Line = [swept]
    assert deposit.save(qb=qb).TotalAmt == 120
    receipt = SalesReceipt.get(receipt.Id, qb=qb)
    assert receipt.LinkedTxn[0].TxnType == "Deposit"
    for act in (receipt.void, receipt.delete):
        with pytest.raises(exceptions.QuickbooksException) as refused:
            act(qb=qb)
        assert refused.value.error_code == 6540


def test_query_helpers(qb, ada):
    for number in range(3):
        sale(Invoice, ada, line(10 + number)).save(qb=qb)
    assert len(Invoice.all(qb=qb, order_by="TotalAmt DESC", max_results=2)) == 2
    assert [each.TotalAmt for each in Invoice.where("TotalAmt > '10'", order_by="TotalAmt", qb=qb)] == [
        11,
        12,
    ]
    assert Invoice.count(f"CustomerRef = '{ada.Id}'", qb=qb) == 3
    assert len(Customer.choose([ada.Id], qb=qb)) == 1
    assert len(Customer.filter(Active=True, qb=qb)) == 1
    assert [each.Name for each in Item.all(qb=qb)] == ["Services"]
    with pytest.raises(exceptions.ValidationException) as refused:
        Payment.where("UnappliedAmt > '0'", qb=qb)
    assert refused.value.error_code == 4001


def test_batch_of_the_client(qb):
    people = []
    for name in ("One", "Two", "one "):
        person = Customer()
        person.DisplayName = name
        people.append(person)
    made = batch_create(people, qb=qb)
    assert [each.DisplayName for each in made.successes] == ["One", "Two"]
    assert made.faults[0].Error[0].code == "6240"
    for person in made.successes:
        person.CompanyName = "Changed"
    assert len(batch_update(made.successes, qb=qb).successes) == 2
    invoices = [sale(Invoice, made.successes[0], line(10)).save(qb=qb) for _ in range(2)]
    assert len(batch_delete(invoices, qb=qb).faults) == 0
    assert Invoice.count(qb=qb) == 0


def test_change_data_capture_of_the_client(qb, ada):
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    kept, gone = (sale(Invoice, ada, line(10)).save(qb=qb) for _ in range(2))
    gone.delete(qb=qb)
    changes = change_data_capture([Invoice, Payment, Customer], since, qb=qb)
    assert [(each.Id, getattr(each, "status", "")) for each in changes.Invoice] == [
        (kept.Id, ""),
        (gone.Id, "Deleted"),
    ]
    assert [each.Id for each in changes.Customer] == [ada.Id]
    assert not hasattr(changes, "Payment")


def test_company_preferences_and_reports(qb, company):
    assert CompanyInfo.get(company.id, qb=qb).Country == "US"
    preferences = Preferences.get(qb=qb)
    assert preferences.CurrencyPrefs.HomeCurrency.value == "USD"
    assert not preferences.TaxPrefs.PartnerTaxEnabled
    report = qb.get_report("ProfitAndLoss", {"start_date": "2026-01-01", "end_date": "2026-01-31"})
    assert report["Header"]["ReportName"] == "ProfitAndLoss"


def test_read_payment_sent_back_whole_is_refused(qb, ada):
    """The extension block that QuickBooks puts into a read payment can't be sent back."""
    invoice = sale(Invoice, ada, line(10)).save(qb=qb)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = ada.to_ref(), 10
    paid = PaymentLine()
    paid.Amount, paid.LinkedTxn = 10, [invoice.to_linked_txn()]
    payment.Line = [paid]
    read = Payment.get(payment.save(qb=qb).Id, qb=qb)
    with pytest.raises(exceptions.ValidationException) as refused:
        read.save(qb=qb)
    assert refused.value.error_code == 2010
