"""Exceptions: a difference is allowed while it is said with a cause, and the cause is to be seen in the books or on the platform.

A code without a line in `CAUSES` excuses nothing, and what waits without its cause is itself a finding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.checker.facts import Finding, Options, Wanted
from tests.checker.ledger import OURS, Books, Entry, Ours, cents, deposited, made_by_us, pays, sort_out
from tests.checker.wanted import customer_name, wanted


@dataclass(frozen=True)
class Evidence:
    """What is to be seen of one inspection, outside the product."""

    key: str
    one: Mapping[str, Any]
    want: Wanted
    books: Books
    ours: Ours
    touched: frozenset[str]
    said: Mapping[str, set[str]]
    called: Mapping[str, set[str]]
    """All names that each Customer ever had, by its id."""

    @property
    def payments(self) -> list[dict[str, Any]]:
        """Our Payments for it that stand."""
        return [row for paid in self.one["payments"] for row in self.ours.payments.get(str(paid["id"]), [])]

    @property
    def name(self) -> str:
        """The client's name without case and spacing."""
        return _plain(customer_name(self.one["buyer"])) if self.one["buyer"] else ""

    def touched_by_a_person(self) -> bool:
        """A person changed, voided or deleted a document of ours for it."""
        return self.key in self.touched

    def closed(self) -> bool:
        """The books are closed through some day."""
        [preferences] = self.books["Preferences"]
        return bool(preferences.get("AccountingInfoPrefs", {}).get("BookCloseDate"))

    def in_a_deposit(self) -> bool:
        """A Payment of ours for it lies in a Deposit."""
        return (
            bool({row["Id"] for row in self.payments} & deposited(self.books)) or self.touched_by_a_person()
        )

    def client_unclear(self) -> bool:
        """Another Customer has a name that may be the client's, or the client's own is not active."""
        alike = [
            each
            for each in self.books["Customer"]
            if any(self._alike(name) for name in self.called.get(each["Id"], {each["DisplayName"]}))
        ]
        return bool(alike) or self.customer_inactive()

    def customer_inactive(self) -> bool:
        """A document of ours for it stands on a Customer that was made inactive, whatever the client is called today."""
        inactive = {each["Id"] for each in self.books["Customer"] if not each.get("Active", True)}
        stands = [*self.ours.invoices.get(self.key, []), *self.payments]
        return any(row["CustomerRef"]["value"] in inactive for row in stands)

    def renamed_while_inactive(self) -> bool:
        """All documents of ours for it stand on one Customer that is inactive, and that we made."""
        stands = [*self.ours.invoices.get(self.key, []), *self.payments]
        return self.customer_inactive() and len({row["CustomerRef"]["value"] for row in stands}) == 1

    def something_inactive(self) -> bool:
        """An entry of the lists is not active."""
        lists = ("Customer", "Item", "Class", "Department", "Account", "PaymentMethod")
        return any(not each.get("Active", True) for kind in lists for each in self.books.get(kind, ()))

    def others_money(self) -> bool:
        """Money or a credit of somebody else's is with the client or on the Invoice, or ours was moved."""
        others = [each for kind, each in self.ours.others if kind in ("Payment", "CreditMemo")]
        mine = {each["Id"] for each in self.ours.invoices.get(self.key, [])}
        elsewhere = any(one not in mine for row in self.payments for _, one, _ in pays(row))
        unapplied = any(
            cents(row.get("UnappliedAmt")) for rows in self.ours.payments.values() for row in rows
        )
        return bool(others) or elsewhere or unapplied or self.touched_by_a_person()

    def client_waits(self) -> bool:
        """Another inspection of the same client carries the refusal."""
        return any(codes - {"waiting-for-customer"} for key, codes in self.said.items() if key != self.key)

    def not_wanted_for(self, code: str) -> bool:
        """The platform's own facts are the cause."""
        return self.want.reason == code

    def overpaid(self) -> bool:
        """More was received than the Invoice comes to, now or by what stands."""
        total = self.want.invoice.total if self.want.invoice else 0
        received = sum(one.amount for one in self.want.invoice.payments) if self.want.invoice else 0
        return received > total or self.others_money()

    def to_be_deleted(self) -> bool:
        """More of ours stands than should."""
        wanted = self.want.invoice
        return wanted is None or len(self.payments) > len(wanted.payments)

    def refunded(self) -> bool:
        """Something was given back, or there is a line below zero."""
        refunded = any(cents(paid["refunded_amount"]) for paid in self.one["payments"])
        return refunded or any(cents(line["amount"]) < 0 for line in self.one["line_items"])

    def _alike(self, name: str) -> bool:
        return bool(self.name) and (_plain(name).startswith(self.name) or _plain(name) == self.name)


CAUSES: dict[str, Callable[[Evidence], bool]] = {
    **dict.fromkeys(
        ("drift", "kept-theirs", "total-mismatch", "read-back-differs"), Evidence.touched_by_a_person
    ),
    **dict.fromkeys(("closed-books", "qbo-6200", "qbo-6210"), Evidence.closed),
    **dict.fromkeys(
        ("deposited", "qbo-6540", "cancelled-after-deposit", "no-refund-account"), Evidence.in_a_deposit
    ),
    **dict.fromkeys(("customer-to-confirm", "customer-inactive"), Evidence.client_unclear),
    **dict.fromkeys(("no-item", "inactive-reference", "qbo-610", "qbo-2500"), Evidence.something_inactive),
    **dict.fromkeys(
        ("same-money", "payment-differs", "paid-by-others", "not-applied"), Evidence.others_money
    ),
    "waiting-for-customer": Evidence.client_waits,
    "waiting-for-invoice": lambda seen: bool(seen.said.get(seen.key, set()) - {"waiting-for-invoice"}),
    "overpaid": Evidence.overpaid,
    "mass-delete-brake": Evidence.to_be_deleted,
    **dict.fromkeys(("refund-without-line", "line-without-refund"), Evidence.refunded),
    **{
        code: (lambda seen, code=code: seen.not_wanted_for(code))
        for code in ("negative-total", "no-client", "no-client-name")
    },
}
MAY_DIFFER = set(CAUSES) - {"overpaid", "refund-without-line", "line-without-refund"}
"""The codes under which the books may differ; the others are flags on documents that are exact."""

OF_ONE = {
    *("missing", "deleted though kept", "kept though deleted", "wrong cents", "wrong date", "wrong customer"),
    *("wrong item", "unapplied", "wrong class", "wrong words", "orphaned", "doubled"),
}
"""The kinds that an exception of that inspection can excuse."""


def unexcused(
    findings: Iterable[Finding],
    said: Mapping[str, set[str]],
    truth: Iterable[Mapping[str, Any]],
    options: Options,
    books: Books,
    history: Iterable[Entry],
) -> list[Finding]:
    """Return the findings that no exception excuses, and the exceptions without a cause.

    `said`: by inspection the codes that the product shows: why it waits, what of it waits, its flags.
    """
    truth, history = list(truth), list(history)
    want, ours, touched = wanted(truth, options), sort_out(books, history), _touched(truth, history)
    called = _called(history)
    seen = {
        str(one["id"]): Evidence(
            str(one["id"]), one, want[str(one["id"])], books, ours, touched, said, called
        )
        for one in truth
    }
    left = [
        Finding("excuse without cause", key, code)
        for key, codes in said.items()
        for code in sorted(codes)
        if key not in seen or not CAUSES.get(code, lambda _: False)(seen[key])
    ]
    for finding in findings:
        key = finding.about
        excused = bool(said.get(key, set()) & MAY_DIFFER)
        # What is no money and a person changed stays theirs without a word (decision 20).
        theirs = finding.kind in ("wrong words", "wrong class") and key in touched
        # A client's corrected name waits for its Customer to be active again, and nothing that is written waits with it.
        theirs |= finding.kind == "wrong customer" and key in seen and seen[key].renamed_while_inactive()
        if finding.kind not in OF_ONE or not (excused or theirs):
            left.append(finding)
    return left


def _called(history: list[Entry]) -> dict[str, set[str]]:
    """Return the names of each Customer: a client's name may have become another since, and its Customer been made inactive under the old one."""
    names: dict[str, set[str]] = {}
    for entry in history:
        if entry.get("entity") == "Customer" and entry["operation"] in ("create", "update"):
            names.setdefault(entry["id"], set()).add(entry["body"]["DisplayName"])
    return names


def _touched(truth: list[Mapping[str, Any]], history: list[Entry]) -> frozenset[str]:
    """Return the inspections of which a person changed, voided or deleted a document of ours."""
    made = made_by_us(history)
    of_payment = {str(paid["id"]): str(one["id"]) for one in truth for paid in one["payments"]}
    found = set()
    for entry in history:
        mark = made.get((entry.get("entity", ""), entry.get("id", "")))
        if mark is None or entry["by"] != "person" or entry["entity"] not in OURS:
            continue
        kind, key = mark
        inspection = (
            of_payment.get(key, "")
            if kind == "payment"
            else key.rsplit("-R", 1)[0]
            if kind == "refund"
            else key
        )
        found.add(inspection)
    return frozenset(found)


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
