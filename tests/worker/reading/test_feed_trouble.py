"""A feed in trouble, through the real poll: nothing is booked that is not this company's, taken back that was told, or lost on the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookkeeping.acts.companies import change_company
from bookkeeping.errors import FeedOtherCompanyError, FeedUnavailableError
from bookkeeping.faults import fault
from bookkeeping.inspection_source.feed import EVERYTHING
from bookkeeping.inspection_source.source import Reach
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import FEED_STOPPED
from bookkeeping.storage.records.inspections import BadRecord
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.poll import MANY_SET_BACK, full_poll, poll
from worker.reading.recognising import MOST_HELD, recognised


def trouble(desk: Desk, kind: str, **values: Any) -> None:
    """Let the next list of inspections come so."""
    rule = {"kind": kind, "path": "/v2/inspections", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", {**rule, **values})


def ago(**how_long: float) -> str:
    """Return the moment so long ago, as the platform takes it."""
    return (utcnow() - timedelta(**how_long)).isoformat()


def another(desk: Desk, count: int = 1) -> int:
    """Make another company on the platform, with so many inspections; return its number there."""
    made = desk.platform.post("/_standin/companies", {"name": "Front Range", "time_zone": "America/Denver"})
    path = f"/_standin/companies/{made['id']}/inspections"
    desk.platform.post(path, [inspection(number + 900) for number in range(count)])
    return made["id"]


@pytest.mark.parametrize("step", [poll, full_poll])
def test_another_companys_inspections_are_refused_before_anything_is_kept(desk: Desk, step):
    desk.book(inspection(1), inspection(2))
    desk.do(poll)
    before, cursor = sorted(desk.mirrored()), desk.company().source_cursor
    trouble(desk, "other_company", as_company=another(desk))
    with pytest.raises(FeedOtherCompanyError) as caught:
        desk.do(step)
    assert "Of 1 inspections that it lists we know none" in caught.value.detail
    row = desk.company()
    assert (sorted(desk.mirrored()), row.source_cursor, row.feed_state) == (before, cursor, "other-company")
    assert row.feed_stopped and fault(FEED_STOPPED["other-company"]).who == "ops"
    desk.book(inspection(3))
    desk.do(step)
    assert len(desk.mirrored()) == 3 and desk.company().feed_state == "ok"


def test_what_a_wrong_key_brought_is_forgotten_with_it_while_nothing_is_booked(desk: Desk):
    [key] = desk.book(inspection(1))
    wrong = desk.platform.get(f"/_standin/companies/{another(desk)}")["keys"][0]["key"]
    with desk.holding() as work:
        change_company(work.company, "ops", feed_key=wrong)
        work.commit()
    desk.do(poll)
    assert len(desk.mirrored()) == 1
    with desk.holding() as work:
        change_company(work.company, "ops", feed_key=desk.feed_key)
        work.commit()
    desk.do(poll)
    assert list(desk.mirrored()) == [key]


def test_an_inspection_of_the_same_number_made_at_another_moment_is_not_the_one_we_know(desk: Desk):
    """Platforms count each company's inspections from one."""
    [key] = desk.book(inspection(1))
    desk.do(poll)
    other = {"attributes": {"created_at": "2026-01-02T03:04:05Z"}}
    desk.change(key, raw=other, line_items=[])
    with pytest.raises(FeedOtherCompanyError):
        desk.do(poll)
    desk.change(key, raw=None)
    desk.do(poll)
    assert desk.company().feed_state == "ok"


def test_pages_without_end_that_we_know_nothing_of_are_not_read_to_their_end(desk: Desk):
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        [page] = work.source.changed(None)
        strange = replace(page, inspections=(replace(page.inspections[0], key="strange"),))
        unread = replace(page, inspections=())
        pages = iter([strange] * (MOST_HELD + 5))
        with pytest.raises(FeedOtherCompanyError, match=f"Of {MOST_HELD} inspections"):
            list(recognised(work, pages, Reach(EVERYTHING), everything=True))
        assert len(list(pages)) == 5
        assert (
            len(list(recognised(work, iter([unread, page, unread]), Reach(EVERYTHING), everything=True))) == 3
        )


def test_a_page_of_news_is_refused_where_the_platform_finds_ours_and_not_what_it_lists(desk: Desk):
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        [page] = work.source.changed(None)
        strange = replace(page, inspections=(replace(page.inspections[0], key="strange"),))
        with pytest.raises(FeedUnavailableError, match="strange and does not find it by itself"):
            list(recognised(work, iter([page, strange]), Reach(EVERYTHING), everything=True))


@pytest.mark.parametrize("answers", [1, 2, 3, 4])
@pytest.mark.parametrize("deleted", [False, True], ids=["ours living", "ours deleted"])
def test_news_of_another_company_are_refused_also_where_nothing_of_ours_has_to_come(
    desk: Desk, deleted, answers
):
    """However many answers are another company's: the list alone, or one and more of the questions after it."""
    [key] = desk.book(inspection(1))
    desk.change(key, deleted=deleted)
    desk.do(poll)
    trouble(desk, "other_company", as_company=another(desk), times=answers)
    nothing = Reach(utcnow() + timedelta(hours=1))
    with desk.holding() as work, pytest.raises(FeedUnavailableError) as caught:
        list(recognised(work, work.source.changed(None), nothing, everything=False))
    assert caught.value.code == "feed-nonsense" and "another company's" in caught.value.detail
    assert len(desk.mirrored()) == 1


def test_a_platform_that_lost_the_inspection_told_last_is_read_while_it_has_others_of_ours(desk: Desk):
    desk.book(inspection(1))
    [lost] = desk.book(inspection(2))
    desk.do(poll)
    rule = {"kind": "404", "times": 1, "path": f"/v2/inspections/{lost}", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", rule)
    with desk.holding() as work:
        [new] = desk.book(inspection(3))
        [news] = [
            one for one in work.source.changed(None) if any(each.key == new for each in one.inspections)
        ]
        news = replace(news, inspections=tuple(one for one in news.inspections if one.key == new))
        nothing = Reach(utcnow() + timedelta(hours=1))
        assert list(recognised(work, iter([news]), nothing, everything=False)) == [news]


def test_a_platform_that_answers_no_question_for_one_inspection_is_read_all_the_same(desk: Desk):
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/dialect", {"dialect": "small-pages"})
    desk.book(inspection(1))
    desk.do(poll)
    desk.book(*(inspection(number) for number in range(2, 9)))
    place = {"path": "/v2/inspections/", "company_id": int(desk.platform_id)}
    desk.platform.post("/_standin/faults", {"kind": "404", "times": 99, **place})
    desk.do(poll)
    assert len(desk.mirrored()) == 8 and desk.company().feed_state == "ok"


def test_what_we_know_may_come_unreadable_or_after_pages_of_news(desk: Desk):
    [key] = desk.book(inspection(1))
    desk.do(poll)
    speak = {"dialect": "small-pages"}
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/dialect", speak)
    desk.book(*(inspection(number) for number in range(2, 9)))
    desk.change(key, raw={"omit": ["datetime"]})  # It comes last now.
    desk.do(poll)
    assert len(desk.mirrored()) == 8 and desk.company().feed_state == "ok"


def test_a_company_whose_last_inspections_were_deleted_long_ago_and_dropped_there_is_no_stranger(desk: Desk):
    """A platform lists for thirty days what was deleted."""
    long_ago = ago(days=40)
    desk.book(inspection(1, created_at=long_ago, updated_at=long_ago, deleted_at=long_ago))
    desk.do(poll)
    desk.platform.post("/_standin/tombstones/purge")
    desk.do(full_poll)
    desk.book(inspection(2))
    desk.do(full_poll)
    assert len(desk.mirrored()) == 2 and desk.company().feed_state == "ok"


def test_a_feed_that_lists_nothing_any_more_is_said_and_changes_nothing(desk: Desk):
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/feed/keep")
    [key] = desk.book(inspection(1))
    desk.sync()
    trouble(desk, "past")
    with pytest.raises(FeedUnavailableError, match=f"inspection {key} would have to be there"):
        desk.do(full_poll)
    trouble(desk, "past")
    desk.do(poll)  # That nothing has changed is nothing unusual.
    assert desk.company().feed_state == "ok" and len(desk.books()["Invoice"]) == 1


def test_a_feed_that_goes_back_in_time_takes_nothing_back(desk: Desk):
    """A platform set back to a copy has forgotten money that it received: people are told, the books stay."""
    hour_ago = ago(hours=1)
    keys = desk.book(*(inspection(one, payments=[], updated_at=hour_ago) for one in range(MANY_SET_BACK)))
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/feed/keep")
    for key in keys:
        desk.platform.post(f"/_standin/inspections/{key}/payments", {"amount": "575.00", "method": "card"})
    desk.sync()
    paid = [575] * MANY_SET_BACK
    assert [one["TotalAmt"] for one in desk.books()["Payment"]] == paid
    trouble(desk, "past")
    desk.run("nightly")
    assert [one["TotalAmt"] for one in desk.books()["Payment"]] == paid
    with desk.shop.app.app_context():
        assert (
            "save the inspection there once more" in db.session.get_one(BadRecord, (desk.id, keys[0])).reason
        )
    desk.run("nightly")
    with desk.shop.app.app_context():
        assert db.session.get(BadRecord, (desk.id, keys[0])) is None


def test_of_a_few_what_was_read_last_is_the_truth_whatever_its_stamp(desk: Desk):
    [key] = desk.book(inspection(1))
    desk.sync()
    [paid] = desk.platform.get(f"/_standin/inspections/{key}")["payments"]
    desk.platform.request("DELETE", f"/_standin/inspections/{key}/payments/{paid['id']}")
    desk.change(key, updated_at=ago(hours=1))
    desk.run("nightly")
    assert desk.books()["Payment"] == []


@pytest.mark.parametrize("kind", ["moves", ""])
def test_pages_that_change_mid_walk_and_ties_on_their_borders_lose_nothing(desk: Desk, kind):
    desk.platform.post(f"/_standin/companies/{desk.platform_id}/dialect", {"dialect": "small-pages"})
    at = ago(minutes=1)
    keys = desk.book(*(inspection(number, updated_at=at) for number in range(1, 9)))
    if kind:
        trouble(desk, kind, times=2)
    desk.do(poll)
    assert sorted(desk.mirrored()) == sorted(keys)
    same = [{"id": key, "property_address": "2 Elm St", "updated_at": ago(seconds=5)} for key in keys]
    desk.platform.request("PATCH", f"/_standin/companies/{desk.platform_id}/inspections", json=same)
    if kind:
        trouble(desk, kind, times=3)
    desk.do(poll)
    assert {row.record["address"]["line1"] for row in desk.mirrored().values()} == {"2 Elm St"}


def test_a_feed_that_deletes_everything_at_once_is_braked_and_forgotten_once_it_takes_that_back(desk: Desk):
    keys = desk.book(*(inspection(number) for number in range(1, 7)))
    desk.sync()
    path = f"/_standin/companies/{desk.platform_id}/inspections"
    desk.platform.request("PATCH", path, json=[{"id": key, "deleted": True} for key in keys])
    desk.run("nightly")
    assert (len(desk.books()["Invoice"]), len(desk.books()["Payment"])) == (6, 6)
    assert {(row.state, row.reason) for row in desk.mirrored().values()} == {("waiting", "mass-delete-brake")}
    assert desk.company().brake_at is not None
    desk.platform.request("PATCH", path, json=[{"id": key, "deleted": False} for key in keys])
    desk.run("nightly")
    assert {(row.state, row.reason) for row in desk.mirrored().values()} == {("in-sync", "")}
    assert desk.company().brake_at is None


@pytest.mark.parametrize("state", ["revoked", "forbidden"])
def test_a_dead_key_deletes_nothing_and_a_living_one_goes_on_where_it_stopped(desk: Desk, state):
    [key] = desk.book(inspection(1))
    desk.sync()
    keys = f"/_standin/companies/{desk.platform_id}/keys/state"
    desk.platform.post(keys, {"state": state})
    desk.change(key, canceled=True)
    assert [one["code"] for one in desk.run("nightly")["problems"]] == ["feed-refused"]
    assert len(desk.books()["Invoice"]) == 1 and desk.company().feed_state == "refused"
    desk.platform.post(keys, {"state": "active"})
    desk.run("nightly")
    assert desk.books()["Invoice"] == [] and desk.company().feed_state == "ok"
