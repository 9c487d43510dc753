"""Documents read back: what each verdict is, by query and by Id."""

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reconciling.rereading import freshen


def _documents(desk: Desk) -> list[Document]:
    mine = select(Document).where(Document.company_id == desk.id).order_by(Document.id)
    return list(db.session.scalars(mine))


def test_documents_are_told_apart_as_ours_changed_and_gone(desk: Desk):
    keys = desk.book(*(inspection(number, payments=[]) for number in (1, 2, 3)))
    desk.sync_until_quiet()
    made = {one["DocNumber"]: one for one in desk.books()["Invoice"]}
    _ours, changed, gone = (made[f"SP-{key}"] for key in keys)
    token = {"SyncToken": "0"}
    desk.write(
        [
            ("update", "Invoice", {"Id": changed["Id"], **token, "sparse": True, "DueDate": "2031-01-01"}),
            ("delete", "Invoice", {"Id": gone["Id"], **token}),
        ]
    )
    with desk.holding() as work:
        for by_id in (False, True):
            documents = _documents(desk)
            verdicts = freshen(work, documents, by_id=by_id)
            assert [verdicts[one.id] for one in documents] == ["ours", "changed", "gone"], by_id
        assert [one.hands_off for one in _documents(desk)] == ["", "drift", ""]
        assert [one.sync_token for one in _documents(desk)] == ["0", "1", "0"]
        assert freshen(work, []) == {}


def test_many_are_asked_for_at_once_and_one_by_its_id(desk: Desk):
    desk.book(*(inspection(number, payments=[]) for number in (1, 2, 3)))
    desk.sync_until_quiet()
    with desk.holding() as work:
        before = work.calls
        freshen(work, _documents(desk))
        assert work.calls == before + 1
        freshen(work, _documents(desk), by_id=True)
        assert work.calls == before + 4
