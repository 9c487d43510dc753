"""Which passwords are taken: long ones that are not among the first that somebody tries."""

import pytest

from bookkeeping.acts.joining import check_password

WHO = {"email": "dana.reyes@blueridge.example", "company": "Blue Ridge Home Inspections"}


@pytest.mark.parametrize(
    "plain", ["correct horse battery", "kavo-mire-tusa-beno-47", "gehört mir ganz allein", "x7#Qm!42pZw&k"]
)
def test_a_long_password_of_ones_own_is_taken(plain):
    check_password(plain, **WHO)


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ("", "12 to 200"),
        ("x7#Qm!42pZw", "12 to 200"),
        ("x" * 201, "12 to 200"),
        ("password", "12 to 200"),
        ("passwordpassword", "tried first"),
        ("123456789012", "tried first"),
        ("qwertyuiop12", "tried first"),
        ("aaaaaaaaaaaaaaaa", "tried first"),
        ("dana.reyes@blueridge.example", "your address"),
        ("DanaReyes2026!", "your address"),
        ("blueridgehomeinspections", "your company"),
        ("BlueRidge2026!", "your company"),
        ("Tieout-Tieout-1", "our name"),
        ("QuickBooks2026!", "our name"),
    ],
)
def test_what_is_short_common_or_everybodys_is_refused(plain, says):
    with pytest.raises(ValueError, match=says):
        check_password(plain, **WHO)


def test_only_the_beginning_of_a_very_long_one_is_worked_out():
    """All of `4@8({[</369!|…` in two hundred letters would be ten seconds of work, for whoever has a link."""
    with pytest.raises(ValueError, match="tried first"):
        check_password("abc" * 11 + "x7#Qm!42pZw&k", **WHO)
    check_password("x7#Qm!42pZw&k" + "abc" * 11, **WHO)


def test_a_name_within_a_password_of_ones_own_is_no_harm():
    check_password("blue heron over dana's pond", **WHO)
