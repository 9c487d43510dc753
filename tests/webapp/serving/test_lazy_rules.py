"""Addresses whose builders are compiled late are the same addresses."""

import pytest
from werkzeug.routing import Map, Rule

from webapp.serving.lazy_rules import LazyRule

VALUES = {
    "_Id": 7,
    "AnyConverter": "csv",
    "IntegerConverter": 7,
    "_Word": "a b/é",
    "_Path": "a/b c",
    "UUIDConverter": "u",
}


def values_of(rule: Rule) -> dict[str, object]:
    """Return something for each place that the rule leaves open, and one more that it does not know."""
    return {**{name: VALUES[type(each).__name__] for name, each in rule._converters.items()}, "page": 2}


def test_each_address_of_the_app_is_built_as_werkzeug_builds_it(house):
    rules = [rule for rule in house.app.url_map.iter_rules() if isinstance(rule, LazyRule)]
    assert len(rules) > 150
    for rule in rules:
        plain = Rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods, defaults=rule.defaults)
        Map([plain], converters=house.app.url_map.converters)
        for unknown in (True, False):
            values = values_of(rule)
            assert rule.build(values, unknown) == plain.build(values, unknown) is not None
        assert rule.build(values, True) == plain.build(values, True), "The second time as the first."


def test_a_value_that_is_missing_is_the_same_mistake():
    rule = LazyRule("/inspections/<int:number>", endpoint="detail")
    Map([rule])
    with pytest.raises(TypeError):
        rule._build()
