import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.text import (
    EMAIL_LIMIT,
    cut,
    email_field,
    emails,
    name_typed,
    one_line,
    transliterate,
)


@given(st.text(st.characters()))  # Halves of surrogate pairs too.
def test_result_is_in_quickbooks_character_set(text):
    written = transliterate(text)
    written.encode("iso-8859-1")
    assert all(letter in "\n\t" or letter.isprintable() or letter == "\xa0" for letter in written)


@given(st.text())
def test_transliterating_twice_changes_nothing(text):
    assert transliterate(transliterate(text)) == transliterate(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays(text):
    assert transliterate(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ann O’Neil — “Bo” …", 'Ann O\'Neil - "Bo" ...'),
        ("José Muñoz", "José Muñoz"),
        ("Jose\u0301", "José"),
        ("Łukasz Żak", "Lukasz Zak"),
        ("Nguyễn Văn", "Nguyen Van"),
        ("Radon ☢️ test 🏠", "Radon  test "),
        ("½ bath ⅓", "½ bath 1/3"),
        ("ﬁne™", "fineTM"),
        ("王", "?"),
        ("a\x00b\x07c\x85d\u200be", "abcde"),
    ],
)
def test_examples(text, written):
    assert transliterate(text) == written


@given(st.text(), st.integers(3, 50))
def test_cut_keeps_the_limit_and_short_text(text, limit):
    short = cut(text, limit)
    assert len(short) <= limit
    assert (short == text) if len(text) <= limit else short.endswith("...")


@given(st.text())
def test_one_line_is_one_trimmed_line(text):
    line = one_line(text)
    assert line == line.strip() and "\n" not in line and "  " not in line
    assert one_line(line) == line


def test_bad_addresses_are_left_out_and_good_ones_kept():
    assert emails("ada@example.com; bo@, bo@example.org") == ("ada@example.com", "bo@example.org")
    assert (
        email_field("a b@example.com")
        == email_field("ada@@example.com")
        == email_field("josé@example.com")
        == ""
    )


@given(st.lists(st.emails(), max_size=5))
def test_email_field_holds_whole_addresses_within_the_limit(addresses):
    field = email_field(",".join(addresses))
    assert len(field) <= EMAIL_LIMIT
    assert set(filter(None, field.split(","))) <= set(emails(",".join(addresses)))


REFUSED_BY_INTUIT = (
    "ada..reyes@a.example",
    "ada.@a.example",
    ".ada@a.example",
    "ada@-a.example",
    "ada@a-.example",
)


@pytest.mark.parametrize("address", [*REFUSED_BY_INTUIT, "ada@example", "ada@.example", "ada@a..example"])
def test_an_address_that_intuit_refuses_is_left_out_and_keeps_nothing_else_out(address):
    assert email_field(f"{address}, bo@example.org") == "bo@example.org"


@pytest.mark.parametrize(
    "address", ["a@b.co", "a.b-c+d@sub-domain.example", "o'neil@1st.example", "_x_@a.b.c.example"]
)
def test_an_unusual_address_that_intuit_takes_is_kept(address):
    assert email_field(address) == address


@pytest.mark.parametrize(
    ("letters", "written"),
    [
        ("‘’‚‛′ʼ", "''''''"),
        ("“”„‟″", '"""""'),
        ("‐‑‒–—―−", "-------"),
        ("•‣●", "***"),
        ("\u2028\u2029", "\n\n"),
        ("œŒłŁđĐıħĦŧŦ", "oeOElLdDihHtT"),
        ("…⁄€≤≥≠", ".../EUR<=>=!="),
    ],
)
def test_what_has_no_decomposition_is_spelled_as_one_would_type_it(letters, written):
    assert transliterate(letters) == written


UNSEEN = [
    letter
    for letter in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and not letter.isspace()
]


def test_a_name_is_kept_without_anything_that_nobody_sees():
    assert {"\x00", "\xad", "\u200b", "\u202e", "\u2066", "\ufeff", "\U000e0041"} < set(UNSEEN)
    assert [letter for letter in UNSEEN if name_typed(f"Ann{letter}a") != "Anna"] == []
    assert name_typed("".join(UNSEEN)) == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Needs\tyou \r\n now\u2028 ", "Needs you now"),
        ("\u3164", ""),
        ("x\u115f\u2800", "x"),
        ("José Muñoz-王 🏠", "José Muñoz-王 🏠"),
        ("שלום عام", "שלום عام"),
    ],
)
def test_a_name_keeps_what_is_seen_on_one_line(typed, kept):
    assert name_typed(typed) == kept
