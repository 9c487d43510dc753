"""How names are written where they are looked for."""

import pytest

from bookkeeping.storage.folding import fold, words_of

NAMES = {
    "Nguyễn": "nguyen",
    "Đỗ Thị Hoà": "do thi hoa",
    "Müller  Straße": "muller strasse",
    "Łukasz Øre": "lukasz ore",
    "O’Neil": "o'neil",
    "ＳＰ-１０４２": "sp-1042",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_folded_to_plain_small_letters(name):
    assert fold(name) == NAMES[name]
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("$24,106.35", ["24106.35"]),
        ("Ann 425.00", ["ann", "425.00"]),
        ("$", ["$"]),
        ("a,b", ["a,b"]),
        ("", []),
    ],
)
def test_an_amount_is_looked_for_without_its_signs(typed, words):
    assert words_of(typed) == words
