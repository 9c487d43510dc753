"""The filter above ops' failures: right fields narrow, wrong ones say so and narrow nothing."""

from datetime import timedelta

import pytest
from werkzeug.datastructures import MultiDict

from bookkeeping.logbook.failures import FailureFilter
from webapp.ops.filter import FailureFilterForm


def _read(house, **values) -> FailureFilterForm:
    with house.app.app_context():
        return FailureFilterForm.read(MultiDict(values))


def test_nothing_asked_is_everything(house):
    form = _read(house)
    assert (form.wanted, form.given, form.company_name) == (FailureFilter(), {}, "")


def test_every_field_narrows(house, company):
    asked = {
        "cause": "qbo-6240",
        "company": str(company),
        "handling": "refused",
        "age": "3d",
        "text": " Oak ",
    }
    form = _read(house, **asked, key="1042", only="rising")
    assert form.wanted == FailureFilter(
        company, "qbo-6240", "refused", timedelta(days=3), "Oak", "1042", muted=False, rising=True
    )
    assert form.given == {**asked, "text": "Oak", "key": "1042", "only": "rising"}
    with house.app.app_context():
        assert form.company_name == "Blue Ridge Home Inspections"
    assert _read(house, only="muted").wanted == FailureFilter(muted=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", "4711"),
        ("company", "x"),
        ("handling", "odd"),
        ("age", "2d"),
        ("only", "all"),
        ("text", "x" * 201),
    ],
)
def test_a_wrong_field_says_so_and_narrows_nothing(field, value, house):
    form = _read(house, **{field: value})
    assert form[field].errors and form.wanted == FailureFilter()
    assert field not in form.given
