import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bookkeeping.rules.references import (
    doc_number,
    is_short_number,
    mark,
    marked,
    note,
    payment_reference,
    refund_key,
    refund_number,
)


def test_document_number_is_the_inspection_id():
    assert doc_number("1042") == "SP-1042"
    assert doc_number("x" * 18) == "SP-" + "x" * 18


@pytest.mark.parametrize("number", ["B-7", "2026.114", "x" * 18])
def test_a_number_for_people_that_fits_is_used_as_it_is(number):
    assert is_short_number(number) and doc_number(number) == f"SP-{number}"


@pytest.mark.parametrize("number", ["", "x" * 19, "B 7", "№ 7", "B/7"])
def test_a_number_for_people_that_no_document_takes_is_not_used(number):
    assert not is_short_number(number)


def test_a_long_id_gives_the_same_short_number_every_time():
    key = "5f1c2a8e-7b1d-4c52-9a53-0e3b2f6a7c11"
    assert doc_number(key) == doc_number(key)
    assert len(doc_number(key)) == 21
    assert doc_number(key) != doc_number(key[:-1] + "2")


def test_a_refund_carries_the_invoices_number_and_its_own():
    assert (refund_number("1042", 1), refund_key("1042", 1)) == ("SP-1042-R1", "1042-R1")


@given(st.text(st.characters(), max_size=80), st.integers(1, 999))
def test_refund_numbers_and_keys_fit_and_are_told_apart(key, number):
    assert len(refund_number(key, number)) <= 21 and refund_number(key, number).endswith(f"-R{number}")
    assert len(refund_key(key, number)) <= 64
    assert refund_number(key, number) != refund_number(key, number + 1)
    assert refund_key(key, number) != refund_key(key, number + 1)


def test_a_number_that_had_to_be_cut_is_nobody_elses():
    assert refund_number("x" * 18, 1) != refund_number("x" * 17, 1) != refund_number("x" * 15 + "yyy", 1)


@given(st.text(st.characters(), max_size=80))
@example("half a pair \ud83c")
def test_document_numbers_fit(key):
    assert len(doc_number(key)) <= 21
    assert doc_number(key).isascii()


@given(st.text(max_size=80), st.text(max_size=5000), st.sampled_from(["inspection", "payment", "refund"]))
def test_our_mark_is_found_in_any_note(key, said, kind):
    text = note(mark(kind, key), said)
    assert len(text) <= 4000
    found = marked(f"Voided - {text}\nAnd a word of the bookkeeper")
    assert found and mark(*found) == mark(kind, key)


@pytest.mark.parametrize(
    "text", ["", "Tieout", "Tieout inspection", "Paid by check 12", "Tieout inspection 5 was here"]
)
def test_no_mark_is_found_where_there_is_none(text):
    assert marked(text) is None


def test_a_mark_that_the_platform_wrote_does_not_hide_ours():
    assert marked(note(mark("inspection", "7"), "Tieout inspection 6")) == ("inspection", "7")


def test_ids_that_begin_alike_are_told_apart():
    assert marked(mark("inspection", "12")) != marked(mark("inspection", "123"))


@given(st.none() | st.text(st.characters(), max_size=60))
def test_payment_reference_fits(text):
    reference = payment_reference(text)
    reference.encode("iso-8859-1")
    assert len(reference) <= 21 and "\n" not in reference


def test_a_check_number_stays():
    assert payment_reference(" 1187 ") == "1187"


def test_a_mark_between_lines_that_another_program_ended_with_carriage_returns_is_found():
    assert marked("Gate code 12\r\nTieout inspection 7\r\nPaid") == ("inspection", "7")
