"""To Intuit and back: consent, the callback with its checks, disconnecting. What is then done with QuickBooks is the worker's."""

import logging
from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from bookkeeping.acts import connecting, syncing
from bookkeeping.acts.telling import tell_owners
from bookkeeping.errors import BookkeepingError, MisconfiguredError
from bookkeeping.faults import fault
from bookkeeping.quickbooks_gateway.oauth import TokenSet
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection, connection_of, note_refused_use
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.work.runs import queue_run
from bookkeeping.storage.work.tokens import ConnectionTokens
from webapp.access.confirming import password_is_right, recently_confirmed
from webapp.access.limits import by_person, client_address, limiter
from webapp.access.matrix import Right
from webapp.access.roles import open_to, public
from webapp.access.security import start_writing
from webapp.frame.bell import commit_and_ring
from webapp.frame.standing import local_today
from webapp.quickbooks_settings.holding import hold_first_sync
from webapp.quickbooks_settings.pages import show_page
from webapp.quickbooks_settings.platform import is_abroad
from webapp.quickbooks_settings.sign_in import intuit_config, sign_in

logger = logging.getLogger(__name__)
bp = Blueprint("connecting", __name__)


@bp.route("/quickbooks/connect", methods=["GET", "POST"])
@open_to(Right.CONNECT)
@recently_confirmed("Connect QuickBooks.")
@limiter.limit("20 per minute", key_func=by_person)
def connect() -> Response:
    """Send the owner to Intuit's consent page. GET is for Intuit's own Reconnect link."""
    start_writing()
    if is_abroad():  # Before any consent: what must be refused is not asked for.
        known = fault("platform-not-us")
        return _stay(f"{known.title}. {known.cause} {known.remedy}")
    if request.form.get("asked") == "hold":
        hold_first_sync(current_user.company, request.form.get("hold") == "yes")
    state = connecting.begin_consent(current_user.company.id, current_user.session_digest)
    db.session.commit()
    try:
        return redirect(sign_in().authorize_url(state), 303)
    except BookkeepingError as error:
        return _stay(_sign_in_trouble(error))


@bp.get("/quickbooks/callback")
@open_to(Right.CONNECT)
@limiter.limit("20 per minute", key_func=by_person)
def callback() -> Response:
    """Take what Intuit sends back; nothing is exchanged or stored unless all of it is as it must be."""
    start_writing()
    company, given = current_user.company, request.args
    known = connecting.use_consent(given.get("state", ""), current_user.session_digest)
    db.session.commit()
    if known != company.id:
        return _stay(
            "That answer from Intuit does not belong to a request made here, or it came too late. "
            "Nothing was connected. You can try again at once."
        )
    if given.get("error"):
        return _stay(_refusal(given["error"]), "warning")
    if not given.get("code") or not given.get("realmId"):
        return _stay("Intuit's answer was not complete. Nothing was connected. You can try again at once.")
    try:
        tokens = sign_in().exchange(given["code"])
    except BookkeepingError as error:
        return _stay(_sign_in_trouble(error))
    return _take(company, given["realmId"], tokens)


def _take(company: Company, realm: str, tokens: TokenSet) -> Response:
    """Store the connection and start the first run, or refuse a company whose documents are in another realm.

    Which realm it is only the browser said: it counts when the first run was let in (`worker.reading.company`)."""
    if connecting.is_another_realm(company.id, realm):
        _refuse(company.id, "other-realm", tokens)
        words = fault("other-realm")
        return _stay(f"{words.title}. {words.cause} {words.remedy}")
    before = db.session.get(Connection, company.id)
    again = before is not None and before.set_up_at is not None
    connecting.store_connection(
        company.id, realm, asdict(tokens), current_user.email, intuit_config().identity
    )
    if company.start_date is None:
        company.start_date = local_today(company)
    why = "reconnected" if again else "connected"
    held = company.hold_first_sync and company.last_sync_at is None and not again
    if held:
        syncing.hold_for_review(company)
        queue_run(company.id, "practice", why, current_user.email)
    else:
        queue_run(company.id, "sync" if again else "first", why, current_user.email)
    record_act(company.id, current_user.email, f"{why} QuickBooks", address=client_address())
    _tell(company.id, f"QuickBooks was {why}", f"{current_user.email} {why} QuickBooks.")
    commit_and_ring(company.id)
    logger.info("QuickBooks connected", extra={"company_id": company.id, "again": again})
    flash(_what_is_next(again=again, held=held, legacy=company.legacy and company.cutoff is None), "success")
    return redirect(url_for("home.page"), 303)


def _what_is_next(*, again: bool, held: bool, legacy: bool) -> str:
    """Return what to say after *Enable*: that the person is done, unless something of the start is left to them."""
    if again:
        return "QuickBooks is connected again. What waited goes through now; there is nothing else to do."
    if held:
        return "QuickBooks is connected. Nothing is sent yet: the practice run is made first, and you start the sync."
    if legacy:
        return "QuickBooks is connected. Your SalesReceipts stay as they are until you choose a cutoff and confirm it."
    return (
        "You're done. We look at your QuickBooks company, then inspections of today and later get there by themselves. "
        "You can close this page."
    )


def _refuse(company_id: int, problem: str, tokens: TokenSet) -> None:
    record_act(
        company_id,
        current_user.email,
        "refused a QuickBooks company",
        subject=problem,
        address=client_address(),
    )
    db.session.commit()
    try:
        sign_in().revoke(tokens.refresh_token)
    except BookkeepingError as error:
        logger.warning("Revoking failed", extra={"company_id": company_id, "code": error.code})


@bp.post("/quickbooks/disconnect")
@open_to(Right.CONNECT)
def disconnect() -> Response | tuple[str, int]:
    """End the connection, with the password again: revoke at Intuit, forget the tokens, keep every record."""
    if not password_is_right():
        return show_page(disconnect_error="That is not your password. Nothing was changed."), 422
    company = current_user.company
    if _granted_elsewhere(company.id):
        words = fault("other-intuit")
        return _stay(f"{words.title}. That is ours to mend: our staff has been told. Nothing was changed.")
    told = revoke_stored(company.id)
    if db.session.get(Connection, company.id) is not None:
        connecting.end_connection(company.id)
        record_act(company.id, current_user.email, "disconnected QuickBooks", address=client_address())
        _tell(company.id, "QuickBooks was disconnected", f"{current_user.email} disconnected QuickBooks.")
        db.session.commit()
    flash("QuickBooks is disconnected. Every record is kept; you can enable it again at any time.", "success")
    if not told:
        flash("Intuit could not be told just now. Remove Tieout in QuickBooks too, under Apps.", "warning")
    return redirect(url_for("settings.page"), 303)


@bp.get("/quickbooks/disconnected")
@public
@limiter.limit("30 per minute")
def disconnected() -> str | Response:
    """Where Intuit sends people who ended the connection inside QuickBooks. It proves nothing, so we look for ourselves.

    Looking is renewing the sign-in, which costs no metered read whoever calls this. The realm leaves the address at once.
    """
    if not request.args:
        return render_template("disconnected.html")
    realm = request.args.get("realmId", "")
    start_writing()
    company_id = connecting.company_of_realm(realm) if realm.isdigit() else None
    if company_id is not None:
        queue_run(company_id, "sign-in", "disconnected in QuickBooks")
        commit_and_ring(company_id)
    return redirect(url_for(".disconnected"))


def revoke_stored(company_id: int) -> bool:
    """Revoke the stored grant; False when Intuit could not be told. No transaction is open meanwhile."""
    try:
        found = ConnectionTokens(company_id).load()
        if found is not None:
            sign_in().revoke(found[0]["refresh_token"])
    except BookkeepingError as error:
        logger.warning("Revoking failed", extra={"company_id": company_id, "code": error.code})
        return False
    return True


def _granted_elsewhere(company_id: int) -> bool:
    """Whether another Intuit than ours granted the connection: it could not be revoked from here, and stays as it is (decision 10)."""
    connection = connection_of(company_id)
    how = connection.granted_elsewhere(intuit_config().identity) if connection and connection.held else ""
    if how:
        note_refused_use(company_id, how)
        logger.error("Another Intuit's connection", extra={"company_id": company_id, "detail": how})
    db.session.commit()
    return bool(how)


def _tell(company_id: int, title: str, sentence: str) -> None:
    tell_owners(company_id, title, sentence, address=client_address())


def _refusal(error: str) -> str:
    if error == "access_denied":
        return "You did not allow access at Intuit, so nothing was connected. You can try again whenever you want to."
    logger.warning("Intuit ended the sign-in", extra={"error": error[:60]})
    return "Intuit ended the sign-in, so nothing was connected. You can try again at once."


def _sign_in_trouble(error: BookkeepingError) -> str:
    logger.log(
        logging.ERROR if isinstance(error, MisconfiguredError) else logging.WARNING,
        "Sign-in at Intuit failed",
        extra={"code": error.code, "detail": error.detail, "intuit_tid": error.reference},
    )
    if isinstance(error, MisconfiguredError):
        return "Intuit does not accept our app at the moment. That is ours to mend: our staff has been told. Nothing was changed."
    return "Intuit's sign-in did not answer as it should. Nothing was changed. Wait a minute, then try again."


def _stay(sentence: str, tone: str = "danger") -> Response:
    flash(sentence, tone)
    return redirect(url_for("quickbooks.page"), 303)
