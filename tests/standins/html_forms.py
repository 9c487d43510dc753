"""Read forms from a page and press their buttons as a person without JavaScript does."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.select: str | None = None
        self.button: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            form = {
                "action": given.get("action", ""),
                "method": given.get("method", "get"),
                "fields": [],
                "buttons": [],
            }
            self.forms.append(form)
        elif not self.forms:
            return
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.forms[-1]["fields"].append([given.get("name"), given.get("value", "on")])
        elif tag == "select":
            self.select = given["name"]
        elif tag == "button":
            self.button = given | {"label": ""}
            self.forms[-1]["buttons"].append(self.button)
        elif tag == "option" and self.select:
            self._option(given)

    def _option(self, given: dict[str, str | None]) -> None:
        fields = self.forms[-1]["fields"]
        if not fields or fields[-1][0] != self.select or fields[-1][1] is None or "selected" in given:
            fields.append([self.select, given.get("value")])
            self.text_wanted = "value" not in given
        else:
            self.text_wanted = False

    def handle_data(self, text: str) -> None:
        if self.button is not None:
            self.button["label"] += text
        elif self.select and getattr(self, "text_wanted", False):
            self.forms[-1]["fields"][-1][1] = text
            self.text_wanted = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = None
        elif tag == "button":
            self.button = None


def press(
    session: requests.Session, url: str, label: str, number: int = 0, **typed: str
) -> requests.Response:
    """Open the page, type into the form that has the button (the `number`th such), press it, and return the page that follows.

    Raises:
        LookupError: the page has no such button, or its form no such field.
    """
    page = session.get(url, timeout=10)
    reader = _Forms()
    reader.feed(page.text)
    found = [
        (form, button)
        for form in reader.forms
        for button in form["buttons"]
        if button["label"].strip() == label
    ]
    if len(found) <= number:
        raise LookupError(
            f"{url} has no button {label}: {[b['label'] for f in reader.forms for b in f['buttons']]}"
        )
    form, button = found[number]
    values = dict(form["fields"])  # The last selected option counts.
    if unknown := set(typed) - set(values):
        raise LookupError(f"the form of {label} has no field {unknown}")
    values |= typed
    if button.get("name"):
        values[button["name"]] = button.get("value") or ""
    action = urljoin(url, form["action"])
    return session.request(form["method"].upper(), action, data=values, timeout=10)
