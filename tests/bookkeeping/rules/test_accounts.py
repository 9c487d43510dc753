"""The income account for services is chosen by what it is; where none is clear, none is chosen."""

import random

import pytest

from bookkeeping.rules.accounts import CATCH_ALLS, SPECIAL, IncomeAccount, main_income_account

SERVICES = ("Services", "ServiceFeeIncome")
FEES = ("Fees Billed", "ServiceFeeIncome")
DISCOUNTS = ("Discounts given", "DiscountsRefundsGiven")
UNAPPLIED = ("Unapplied Cash Payment Income", "UnappliedCashPaymentIncome")
UNCATEGORIZED = ("Uncategorized Income", "ServiceFeeIncome")
PRODUCT = ("Sales of Product Income", "SalesOfProductIncome")
INSPECTION = ("Inspection Income", "OtherPrimaryIncome")
LANDSCAPING = ("Landscaping Services", "OtherPrimaryIncome")


@pytest.mark.parametrize(
    ("chart", "chosen"),
    [
        ([DISCOUNTS, UNAPPLIED, INSPECTION], "Inspection Income"),
        ([FEES, SERVICES, DISCOUNTS, LANDSCAPING, UNCATEGORIZED, PRODUCT], "Services"),
        ([SERVICES, INSPECTION], "Inspection Income"),
        ([FEES, LANDSCAPING], "Fees Billed"),
        ([("Cleaning services", "ServiceFeeIncome"), ("Services ", "ServiceFeeIncome")], "Services "),
        ([FEES, ("Cleaning services", "ServiceFeeIncome")], "Cleaning services"),
        ([("Radon Inspections", ""), ("Inspections", "")], "Inspections"),
        ([("Radon Inspections", ""), ("Inspection Income", "")], "Inspection Income"),
        ([("Inspections", ""), ("Inspection Income", "")], None),
        ([DISCOUNTS, LANDSCAPING, ("Rent", "OtherPrimaryIncome")], "Landscaping Services"),
        ([UNCATEGORIZED, ("Income", "OtherPrimaryIncome")], "Income"),
        ([FEES, ("Consulting", "ServiceFeeIncome")], None),
        ([("Radon Inspections", ""), ("Mold Inspections", "")], None),
        ([("Rent", "OtherPrimaryIncome"), ("Income", "OtherPrimaryIncome")], None),
        ([DISCOUNTS, UNAPPLIED, UNCATEGORIZED, PRODUCT], None),
        ([], None),
    ],
)
def test_the_income_account_is_chosen_by_what_it_is_whatever_its_id(chart, chosen):
    for seed in range(6):
        ids = random.Random(seed).sample(range(1, 99), len(chart))
        accounts = [IncomeAccount(str(number), *each) for number, each in zip(ids, chart, strict=True)]
        random.Random(seed).shuffle(accounts)
        found = main_income_account(accounts)
        assert (found.name if found else None) == chosen


# QuickBooks' own words (the AccountSubType of an income account, and the accounts that a new company file has), not ours.
KEPT_FOR_SOMETHING_ELSE = (
    "DiscountsRefundsGiven",
    "NonProfitIncome",
    "SalesOfProductIncome",
    "UnappliedCashPaymentIncome",
)
MADE_BY_QUICKBOOKS = ("Billable Expense Income", "Sales of Product Income", "Uncategorized Income")


def test_no_other_account_is_set_aside():
    assert (sorted(SPECIAL), sorted(CATCH_ALLS)) == (
        list(KEPT_FOR_SOMETHING_ELSE),
        [name.casefold() for name in MADE_BY_QUICKBOOKS],
    )


@pytest.mark.parametrize("sub_type", KEPT_FOR_SOMETHING_ELSE)
def test_an_account_kept_for_something_else_is_never_chosen(sub_type):
    assert main_income_account([IncomeAccount("1", "Inspection Income", sub_type)]) is None


@pytest.mark.parametrize("name", MADE_BY_QUICKBOOKS)
def test_a_catch_all_is_never_chosen(name):
    assert main_income_account([IncomeAccount("1", name, "ServiceFeeIncome")]) is None
