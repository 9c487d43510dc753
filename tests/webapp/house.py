"""The web app for tests, with a real database: companies and people made in a line, and a browser that fills in forms."""

import re
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from types import CodeType
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask, Response, session
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import select
from werkzeug.test import TestResponse

from bookkeeping.settings import Settings
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.people.factors import has_factor
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import User
from bookkeeping.storage.people.sessions import hash_password
from bookkeeping.storage.records.inspections import InspectionRow
from webapp import create_app
from webapp.access.limits import know_this_browser
from webapp.people.login import start_session

PASSWORD = "correct horse battery"
NOWHERE = "redis://127.0.0.1:9/0"
_hash = hash_password(PASSWORD)


class _Compiled(BytecodeCache):
    """The templates of all apps of this process, compiled once. Each app would do it again, for as long as a test takes."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, bucket.code = self._codes.get(bucket.key, ("", None))
        if checksum != bucket.checksum:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = (bucket.checksum, bucket.code)


_compiled = _Compiled()


class House:
    """One running web app: `make_company`, `make_person`, `browser`; `db` work happens within `with house.app.app_context()`."""

    def __init__(self, database_url: str, redis_url: str = NOWHERE, **settings: Any):
        values = {
            "secret_key": "a secret for tests alone",
            "token_keys": (Fernet.generate_key().decode(),),
            "intuit_discovery_url": "http://127.0.0.1:9/.well-known/openid_configuration",
            "intuit_api_url": "http://127.0.0.1:9",
            "public_url": "http://127.0.0.1:8000",
        }
        self.settings = Settings(database_url=database_url, redis_url=redis_url, **{**values, **settings})
        self.app: Flask = create_app(self.settings)
        self.app.jinja_env.bytecode_cache = _compiled

    def make_company(self, name: str = "Blue Ridge Home Inspections", **values: Any) -> int:
        """Add a company and return its id."""
        with self.writing():
            base = {"feed_url": "http://127.0.0.1:9", "feed_key": "", "time_zone": "America/Denver"}
            company = Company(**{"name": name, **base, **values})
            db.session.add(company)
            db.session.flush()
            company.feed_key = vault().seal("key", company.id, "feed_key")
            db.session.commit()
            return company.id

    def make_person(self, role: str = "owner", company_id: int | None = None, email: str = "") -> str:
        """Add a person with PASSWORD, or one more place to a person who is there, and return the email address."""
        email = email or f"{role}{company_id or ''}@office.example"
        with self.writing():
            person = db.session.scalar(select(User).where(User.email == email))
            if person is None:
                ops_role = role if company_id is None else ""
                person = User(email=email, ops_role=ops_role, password_hash=_hash, name=role.title())
                db.session.add(person)
                db.session.flush()
            if company_id is not None:
                db.session.add(Membership(user_id=person.id, company_id=company_id, role=role))
            db.session.commit()
        return email

    def make_inspection(self, company_id: int, key: str, **values: Any) -> None:
        """Add a mirrored inspection."""
        now = datetime.now(UTC)
        base = {"record": {}, "content_hash": key, "starts_at": now, "source_updated_at": now, "due": False}
        with self.writing():
            db.session.add(InspectionRow(company_id=company_id, key=key, **{**base, **values}))
            db.session.commit()

    def browser(self, email: str = "") -> "Browser":
        """Return a browser with cookies of its own, logged in when an address is given."""
        browser = Browser(self.app)
        if email:
            self._let_in(browser, email)
        return browser

    def _let_in(self, browser: "Browser", email: str) -> None:
        """Log a browser in as the view does once it has taken the password; looking at passwords takes its time, by design."""
        environ = browser.client.environ_base
        with self.app.test_request_context("/login", method="POST", environ_base=environ):
            person = db.session.scalar(select(User).where(User.email == email))
            assert not has_factor(person.id), "a second factor is asked for by the pages: use log_in"
            start_session(person)
            db.session.commit()
            answer = Response()
            know_this_browser(answer, email)
            self.app.session_interface.save_session(self.app, session._get_current_object(), answer)
            db.session.remove()
        for line in answer.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                browser.client.set_cookie(name, morsel.value, path=morsel["path"] or "/", httponly=True)

    def writing(self):
        """An app context in which rows are added."""
        return self.app.app_context()


class _Client(FlaskClient):
    """Reads each answer to its end. A download that nobody reads would keep its app context open until it is thrown away, at any moment."""

    def open(self, *asked: Any, buffered: bool = True, **options: Any) -> TestResponse:
        return super().open(*asked, buffered=buffered, **options)


class Browser:
    """A browser without JavaScript: keeps cookies, takes the CSRF token from the page before, follows no redirect by itself."""

    def __init__(self, app: Flask):
        app.test_client_class = _Client
        self.client = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def read(self, path: str) -> str:
        """Return the page at the end of all redirects, which must be there."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def token(self, page: str = "/login") -> str:
        """Return the CSRF token of this browser's session."""
        text = self.client.get(page, follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found, text
        return found.group(1)

    def post(
        self, path: str, values: dict[str, str] | None = None, page: str = "/", **options: Any
    ) -> TestResponse:
        """Send a form as the page `page` has it."""
        headers = {"Referer": f"http://localhost{page}"}
        values = {"csrf_token": self.token(page), **(values or {})}
        return self.client.post(path, data=values, headers=headers, **options)

    def log_in(self, email: str, password: str = PASSWORD, next_path: str = "") -> TestResponse:
        """Fill in the login page."""
        target = "/login" + (f"?next={next_path}" if next_path else "")
        return self.post(target, {"email": email, "password": password}, page="/login")

    def cookie(self) -> str:
        """Return the value of the session's cookie."""
        return self.client.get_cookie("tieout").value
