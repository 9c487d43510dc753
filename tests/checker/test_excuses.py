"""An exception excuses a difference only while its cause is to be seen, and one without a cause is a finding."""

from pathlib import Path

import pytest

from tests.checker.compare import check_books
from tests.checker.excuses import unexcused
from tests.checker.facts import Finding
from tests.checker.right_books import RightBooks


@pytest.fixture
def right(tmp_path: Path) -> RightBooks:
    """Three inspections, booked as they should be."""
    return RightBooks(tmp_path)


def left(right: RightBooks, said: dict[str, set[str]]) -> list[Finding]:
    """Return what is not excused."""
    history = right.history()
    found = check_books(right.truth(), right.options, right.books(), history)
    return unexcused(found, said, right.truth(), right.options, right.books(), history)


def edit(right: RightBooks) -> None:
    """A person gives the first Invoice another day."""
    right.person("update", "Invoice", Id=right.first("Invoice")["Id"], sparse=True, TxnDate="2026-01-02")


def test_a_difference_that_a_person_made_is_excused_while_it_is_said(right: RightBooks):
    edit(right)
    assert left(right, {right.keys[0]: {"drift"}}) == []
    assert {finding.kind for finding in left(right, {})} == {"wrong date"}
    assert "wrong date" in {finding.kind for finding in left(right, {right.keys[1]: {"drift"}})}


def test_a_drift_that_nobody_made_is_a_finding(right: RightBooks):
    assert [str(one) for one in left(right, {right.keys[0]: {"drift"}})] == [
        f"excuse without cause: {right.keys[0]} drift"
    ]


@pytest.mark.parametrize("code", ["planned-again", "unexpected", "no such code"])
def test_what_should_have_ended_by_itself_excuses_nothing(right: RightBooks, code: str):
    right.change(right.keys[0], canceled=True)
    found = {finding.kind for finding in left(right, {right.keys[0]: {code}})}
    assert found == {"kept though deleted", "excuse without cause"}


def test_closed_books_are_seen_in_the_preferences(right: RightBooks):
    right.change(right.keys[0], canceled=True)
    said = {right.keys[0]: {"closed-books"}}
    assert "excuse without cause" in {finding.kind for finding in left(right, said)}
    closing = {"AccountingInfoPrefs": {"BookCloseDate": "2035-01-01"}}
    right.intuit.post(f"/_standin/realms/{right.realm_id}/preferences", closing)
    assert left(right, said) == []


def test_a_clients_new_name_waits_while_its_customer_is_inactive(right: RightBooks):
    right.change(right.keys[0], buyer={"first_name": "Somebody", "last_name": "Else"})
    assert "wrong customer" in {finding.kind for finding in left(right, {})}
    customer = right.first("Invoice")["CustomerRef"]["value"]
    right.person("update", "Customer", Id=customer, sparse=True, Active=False)
    assert left(right, {}) == []
    assert left(right, {right.keys[0]: {"customer-inactive"}}) == []


def test_the_brake_excuses_only_what_should_be_deleted(right: RightBooks):
    said = {right.keys[0]: {"mass-delete-brake"}}
    assert {finding.kind for finding in left(right, said)} == {"excuse without cause"}
    right.change(right.keys[0], canceled=True)
    assert left(right, said) == []


def test_what_is_doubled_or_foreign_is_never_excused_by_another_inspection(right: RightBooks):
    right.app(
        "create",
        "Invoice",
        CustomerRef=right.first("Invoice")["CustomerRef"],
        Line=right.first("Invoice")["Line"][:1],
    )
    assert [one.kind for one in left(right, {key: {"drift"} for key in right.keys}) if one.kind == "foreign"]
