"""The filter above ops' failures, from the address (GET) or from the form of a button (POST): the same fields, checked once."""

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import Form, IntegerField, StringField, ValidationError
from wtforms.validators import Length, NumberRange, Optional

from bookkeeping.logbook.failures import FailureFilter
from bookkeeping.storage.company.companies import company_or_none
from webapp.frame.filters import choice
from webapp.ops.words import AGES, HANDLINGS, age_span

_SHOWN = {"muted": "Muted ones", "rising": "Tried often"}


class FailureFilterForm(Form):
    """What of the failures to show, and what a *Retry all* covers."""

    cause = StringField("Cause", validators=[Length(max=40)])
    company = IntegerField("Company", validators=[Optional(), NumberRange(1, 2**31 - 1)])
    handling = choice("Class", HANDLINGS)
    age = choice("Held for", AGES)
    only = choice("Only", _SHOWN)
    text = StringField(
        "Search",
        filters=[lambda typed: (typed or "").strip()],
        validators=[Length(max=200, message="Search for at most 200 letters.")],
    )
    key = StringField("Inspection", validators=[Length(max=64)])

    def validate_company(self, field: IntegerField) -> None:
        """Refuse a company that is not there."""
        if field.data and company_or_none(field.data) is None:
            raise ValidationError("There is no company of this number.")

    @classmethod
    def read(cls, values: MultiDict[str, str] | None = None) -> "FailureFilterForm":
        """Return the filter of the address, or of these values; wrong fields have `errors` and narrow nothing."""
        form = cls(request.args if values is None else values)
        form.validate()
        return form

    @property
    def given(self) -> dict[str, str]:
        """What was asked for, for links and forms of the same filter."""
        return {field.name: str(field.data) for field in self if field.data and not field.errors}

    @property
    def wanted(self) -> FailureFilter:
        """The filter itself."""
        right = {field.name: field.data for field in self if not field.errors}
        return FailureFilter(
            company_id=right.get("company"),
            code=right.get("cause") or "",
            handling=right.get("handling") or "",
            held_for=age_span(right.get("age") or ""),
            text=right.get("text") or "",
            key=right.get("key") or "",
            muted=right.get("only") == "muted",
            rising=right.get("only") == "rising",
        )

    @property
    def company_name(self) -> str:
        """The name of the company asked for, "" without one."""
        company = (
            company_or_none(self.company.data) if self.company.data and not self.company.errors else None
        )
        return company.name if company else ""
