"""Which rules and icons of Bootstrap stay: those that something names, in whatever way it puts the name together."""

import pytest

from webapp.serving.cutting import cut_icons, cut_styles


@pytest.mark.parametrize(
    ("css", "source", "kept"),
    [
        (".a{x:y}.b{x:y}", '<p class="a">', ".a{x:y}"),
        (".a,.b,.a.b,.a>.b,.a .c{x:y}", "a c", ".a,.a .c{x:y}"),
        ("p,a:hover,:root{x:y}", "", "p,a:hover,:root{x:y}"),
        (".a:not(.b):is(:hover,:focus){x:y}", "a", ".a:not(.b):is(:hover,:focus){x:y}"),
        (
            "@media (min-width:1px){.a{x:y}.b{x:y}}@media print{.b{x:y}}",
            "a",
            "@media (min-width:1px){.a{x:y}}",
        ),
        ('@charset "UTF-8";/*! .b{} */.a{x:y}', "a", ".a{x:y}"),
        ("@keyframes k{0%{x:y}to{x:y}}", "", "@keyframes k{0%{x:y}to{x:y}}"),
        (".btn-x{x:y}.btn-z{x:y}", 'class="btn btn-{{ tone }}" {{ button("x") }}', ".btn-x{x:y}"),
        (".is-x{x:y}.is-z{x:y}", '"is-" ~ ("x" if wrong)', ".is-x{x:y}"),
        (".row-2{x:y}.row{x:y}", 'f"row-{n}"; "row-2"', ".row-2{x:y}"),
    ],
    ids=range(10),
)
def test_rules_stay_whose_classes_are_named(css, source, kept):
    assert cut_styles(css, [source]) == kept


def test_a_style_sheet_that_ends_within_a_rule_is_not_taken():
    with pytest.raises(ValueError, match="brace"):
        cut_styles(".a{x:y", ["a"])


def test_icons_stay_that_are_named_in_quotes():
    svg = '<svg><symbol class="bi" viewBox="0 0 16 16" id="{}">\n <path d="{}"/>\n</symbol></svg>'
    whole = svg.format("house", "M1") + svg.format("gear-fill", "M2") + svg.format("x", "M3")
    cut = cut_icons(whole, ["{{ icon('gear-fill') }} the house", 'look("x-ray")'])
    assert (
        cut.count("<symbol") == 1
        and '<symbol id="gear-fill" viewBox="0 0 16 16"><path d="M2"/></symbol>' in cut
    )
