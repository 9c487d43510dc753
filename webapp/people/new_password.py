"""The two fields by which anybody chooses a password: joining, or instead of a forgotten one. What may be chosen is `acts.joining`'s."""

from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import DataRequired, EqualTo

_NEW = {"autocomplete": "new-password"}


class NewPasswordForm(FlaskForm):
    password = PasswordField("New password", [DataRequired("Choose a password.")], render_kw=_NEW)
    again = PasswordField(
        "The same again", [EqualTo("password", "The two differ. Type the same twice.")], render_kw=_NEW
    )
