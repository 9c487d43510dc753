"""Whose a realm is: proven with the present consent, not with one from before; and what a company that was refused may do then."""

from datetime import timedelta

from bookkeeping.acts.connecting import end_connection, is_another_realm, realm_is_taken, store_connection
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from tests.harness.in_process import Desk, Shop


def _consent(desk: Desk, realm: str, *, named: str) -> None:
    """Connect with a consent for `realm`, while the address on the way back names another."""
    given = desk.intuit.post(f"/_standin/realms/{realm}/token")
    now = utcnow()
    tokens = {name: given[name] for name in ("access_token", "refresh_token")}
    tokens["access_expires_at"] = now + timedelta(seconds=given["expires_in"])
    tokens["refresh_expires_at"] = now + timedelta(seconds=given["x_refresh_token_expires_in"])
    with desk.shop.app.app_context():
        store_connection(desk.id, named, tokens, "owner")
        db.session.commit()


def _stands(desk: Desk) -> tuple[str, str]:
    with desk.shop.app.app_context():
        row = db.session.get_one(Connection, desk.id)
        return row.state, row.code


def _taken(desk: Desk, realm: str) -> bool:
    """Whether a company other than this one is refused there."""
    with desk.shop.app.app_context():
        try:
            return realm_is_taken(desk.id, realm)
        finally:
            db.session.rollback()


def test_a_realm_that_was_once_ones_own_is_proven_anew_by_each_consent(shop: Shop):
    """Books change hands: who kept them before, and names them on the way back from Intuit, keeps nobody out."""
    former, other = shop.open(), shop.open()
    former.run("first")
    assert _stands(former) == ("connected", "") and _taken(other, former.realm_id)
    with shop.app.app_context():
        end_connection(former.id)
        db.session.commit()
    _consent(former, other.realm_id, named=former.realm_id)
    assert not _taken(other, former.realm_id)
    former.run()
    assert _stands(former) == ("refused", "not-let-in")
    assert not _taken(other, former.realm_id)


def test_who_was_refused_anothers_realm_may_connect_its_own(shop: Shop):
    first, second = shop.open(), shop.open()
    first.run("first")
    _consent(second, first.realm_id, named=first.realm_id)
    second.run("first")
    assert _stands(second) == ("refused", "realm-taken")
    with shop.app.app_context():
        assert not is_another_realm(second.id, second.realm_id)
    _consent(second, second.realm_id, named=second.realm_id)
    second.run("first")
    assert _stands(second) == ("connected", "") and _stands(first) == ("connected", "")
