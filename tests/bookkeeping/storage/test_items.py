"""Which Item a name stands for, over the rows of the local index; no database is asked."""

from bookkeeping.rules.names import name_key
from bookkeeping.storage.company.items import ItemNames
from bookkeeping.storage.company.names import NamedThing


def thing(qbo_id: str, name: str, kind: str = "Service", active: bool = True) -> NamedThing:
    return NamedThing(qbo_id=qbo_id, name=name, name_key=name_key(name), active=active, more={"type": kind})


def test_several_items_of_one_own_name_are_not_guessed_among():
    names = ItemNames([thing("1", "Homes:Radon"), thing("2", "Shops:Radon"), thing("3", "Homes:Mold")])
    assert "radon" not in names.ids and names.ids["mold"] == "3"
    assert names.several("RADON") == ["Homes:Radon", "Shops:Radon"] and names.several("Mold") == []
    assert names.ids["homes:radon"] == names.ids["homes-radon"] == "1"


def test_one_on_top_is_meant_by_its_name_alone():
    names = ItemNames([thing("1", "Homes:Radon"), thing("2", "Radon")])
    assert names.ids["radon"] == "2" and names.several("Radon") == []


def test_a_category_makes_way_for_an_item_of_its_name():
    assert ItemNames([thing("1", "Radon", "Category")]).name_to_make("Radon") == "Radon (service)"
    assert ItemNames([thing("1", "Radon", "Category")]).ids == {}
    both = ItemNames([thing("1", "Radon", "Category"), thing("2", "Radon (service)")])
    assert both.ids["radon"] == "2"
    inside = ItemNames([thing("1", "Radon", "Category"), thing("2", "Radon:Radon")])
    assert inside.ids["radon"] == "2"
    assert len(ItemNames([thing("1", "x" * 100, "Group")]).name_to_make("x" * 100)) == 100
