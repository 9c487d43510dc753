"""Which account of a chart the income from services goes to, by what the account is. Reading charts is the gateway's business."""

from collections.abc import Iterable
from dataclasses import dataclass

SPECIAL = frozenset(
    {"DiscountsRefundsGiven", "UnappliedCashPaymentIncome", "SalesOfProductIncome", "NonProfitIncome"}
)
"""Sub-types that QuickBooks, or its users, keep for something else than services."""

CATCH_ALLS = frozenset({"uncategorized income", "billable expense income", "sales of product income"})
"""Accounts that QuickBooks makes by itself for what nobody has sorted."""

SERVICE_FEES = "ServiceFeeIncome"


@dataclass(frozen=True)
class IncomeAccount:
    """An active account of type Income, in QuickBooks' words."""

    qbo_id: str
    name: str
    sub_type: str = ""


def main_income_account(accounts: Iterable[IncomeAccount]) -> IncomeAccount | None:
    """Return the one account that is clearly for services, or None: then a person has to choose.

    In this order, where exactly one fits: its name says inspections; it is for service fees and its name says services; it is the only
    one for service fees; its name says services; it is the only one at all. Never the first of several, since ids say nothing.

    Source: bookkeeping decision 3 ("The Invoice").
    """
    fit = [
        one
        for one in accounts
        if one.sub_type not in SPECIAL and one.name.strip().casefold() not in CATCH_ALLS
    ]

    def says(one: IncomeAccount, word: str) -> bool:
        return word in one.name.casefold()

    for tier in (
        [one for one in fit if says(one, "inspection")],
        [one for one in fit if one.sub_type == SERVICE_FEES and says(one, "service")],
        [one for one in fit if one.sub_type == SERVICE_FEES],
        [one for one in fit if says(one, "service")],
        fit,
    ):
        if tier:
            return tier[0] if len(tier) == 1 else _named_services(tier)
    return None


def _named_services(several: list[IncomeAccount]) -> IncomeAccount | None:
    """Of several, the one that carries QuickBooks' own plain name, if only one does."""
    plain = [
        one
        for one in several
        if one.name.strip().casefold() in ("services", "inspections", "inspection income")
    ]
    return plain[0] if len(plain) == 1 else None
