"""The matrix of roles in the docs is the one that the routes ask."""

from docs.make_roles import BEGIN, END, PAGE, addresses, matrix, page_with


def test_printed_matrix_is_the_one_in_force():
    page = PAGE.read_text(encoding="utf-8")
    assert BEGIN in page and END in page
    assert page == page_with(matrix(), page), "Run: python -m docs.make_roles"


def test_every_right_has_addresses():
    assert all(addresses().values())
