"""Addresses of pages whose builders are compiled when a link to them is first made.

Werkzeug compiles two functions for each address as it is registered, which took four fifths of the time that the app takes to start; most
commands make no link at all. What an address looks like and which page it leads to is not touched.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LazyRule(Rule):
    """A rule that builds addresses as Werkzeug's does, from the first time on that one is built."""

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compiled: list[Builder] = []
        compile_now = super()._compile_builder

        def build(rule: "LazyRule", /, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build


def compile_addresses_late(app: Flask) -> None:
    """Let all rules that are registered from now on be lazy ones."""
    app.url_rule_class = LazyRule
