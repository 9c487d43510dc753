import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.names import clean_name, free_name, name_key


@given(st.text(max_size=700) | st.text("aA :\t\n.é", max_size=700))
def test_a_clean_name_is_legal_and_stays_so(text):
    name = clean_name(text)
    name.encode("iso-8859-1")
    assert len(name) <= 500
    assert not set(name) & set(":\t\n\r")
    assert name == name.strip()
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ann   O'Neil ", "Ann O'Neil"),
        ("Reyes: Ada\tand\nBo", "Reyes- Ada and Bo"),
        ("Back\\slash", "Back\\slash"),
        ("🏠", ""),
        ("a：b", "a-b"),
        ("Lee\ufe55 Trust", "Lee- Trust"),  # A small colon.
        ("a\ufe13b\u2a74c", "a-b--=c"),  # One for upright lines, and "is defined as".
    ],
)
def test_clean_name_examples(text, name):
    assert clean_name(text) == name


def test_a_name_over_the_limit_ends_in_an_ellipsis():
    assert clean_name("x" * 501) == "x" * 497 + "..."
    assert clean_name("x" * 500) == "x" * 500


@pytest.mark.parametrize(
    "name",
    [
        "Ada Reyes",
        " ada  REYES ",
        "ADA REYES (deleted)",
        "Ada Reyes (deleted) (deleted)",
        "Ada Reyes (deleted-1)",
    ],
)
def test_names_that_collide_have_one_key(name):
    assert name_key(name) == "ada reyes"


@given(st.text())
def test_name_key_is_stable(name):
    assert name_key(name_key(name)) == name_key(name)


@given(
    st.text("ab ", min_size=1, max_size=4),
    st.sets(st.text("ab ", max_size=4)),
    st.booleans(),
    st.integers(0, 4),
)
def test_a_free_name_is_not_taken(base, names, prefer_client, more):
    taken = {name_key(name) for name in names}
    for _ in range(more + 1):
        name = free_name(base, taken, prefer_client=prefer_client)
        assert name_key(name) not in taken
        taken.add(name_key(name))


def test_suffixes_count_up():
    assert free_name("Ada", set()) == "Ada"
    assert free_name("Ada", {"ada"}) == "Ada (2)"
    assert free_name("Ada", {"ada", "ada (2)"}) == "Ada (3)"
    assert free_name("Ada", {"ada"}, prefer_client=True) == "Ada (client)"
    assert free_name("Ada", {"ada", "ada (client)"}, prefer_client=True) == "Ada (client 2)"


def test_a_suffix_stays_within_the_limit():
    long = "x" * 500
    name = free_name(long, {name_key(long)})
    assert len(name) == 500 and name.endswith("... (2)")
