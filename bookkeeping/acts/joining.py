"""How a person comes to have a login and a place in a company: checked and added. Passwords themselves are `sessions`' business."""

import re

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.factors import has_factor
from bookkeeping.storage.people.memberships import add_membership, memberships_of
from bookkeeping.storage.people.people import COMPANY_ROLES, OPS_ROLES, User
from bookkeeping.storage.people.sessions import hash_password

SHORTEST_PASSWORD = 12
SHORTEST_WITH_FACTOR = 8
LONGEST_PASSWORD = 200
LONGEST_EMAIL = 200
"""Letters of an address: the narrowest column that says by it who did something."""

OF_OURS = ("tieout", "quickbooks", "intuit", "inspection", "inspections")
"""Words that the product is made of: the first that somebody tries who wants to come in here."""

_ENOUGH_SCORE = 2  # Of zxcvbn's 0 to 4: more than a million guesses.
_LOOKED_AT = 32  # Letters: enough to be strong, and a longer one of many signs is seconds of work.
_OWN_LETTERS = 8  # What must be left of a password without the words that everybody can guess.


def check_password(plain: str, *, email: str = "", company: str = "", with_factor: bool = False) -> None:
    """Refuse passwords that are short, common, or made of words that everybody can guess: the address, the company, the product.

    Raises:
        ValueError: a sentence that says what is wrong.

    Source: ASVS 5.0, 6.2 (length, common passwords, context-specific words, no rules of composition).
    """
    shortest = SHORTEST_WITH_FACTOR if with_factor else SHORTEST_PASSWORD
    if not shortest <= len(plain) <= LONGEST_PASSWORD:
        raise ValueError(f"Use a password of {shortest} to {LONGEST_PASSWORD} characters.")
    known = sorted(
        {word for word in _words(email, company) if len(word) > 3} | set(OF_OURS), key=len, reverse=True
    )
    left = plain.casefold()
    for word in known:
        left = left.replace(word, "")
    if len(left) < _OWN_LETTERS:
        raise ValueError("That is mostly your address, your company's name or our name. Use other words.")
    if _score(plain, [*known, email]) < _ENOUGH_SCORE:
        raise ValueError(
            "That is one of the passwords that are tried first. Use several words that have nothing in common."
        )


def _words(email: str, company: str) -> set[str]:
    """Return the words that address and name consist of, and the name written as one word."""
    parts = re.split(r"[^a-z0-9]+", f"{email} {company}".casefold())
    together = "".join(re.findall(r"[a-z0-9]+", company.casefold()))
    return {*parts, together, "".join(re.findall(r"[a-z0-9]+", email.casefold()))}


def _score(plain: str, known: list[str]) -> int:
    from zxcvbn import zxcvbn  # Its word lists take a while to load, and passwords are made rarely.

    return int(zxcvbn(plain[:_LOOKED_AT], user_inputs=known)["score"])


def choose_password(person: User, plain: str) -> None:
    """Give a person another password in the current transaction. With a second factor it may be shorter.

    Raises:
        ValueError: a sentence that says what is wrong with it.
    """
    check_password(
        plain, email=person.email, company=company_names(person), with_factor=has_factor(person.id)
    )
    person.password_hash = hash_password(plain)
    person.short_password = len(plain) < SHORTEST_PASSWORD


def company_names(person: User) -> str:
    """Return the names of the person's companies in one text, for `check_password`."""
    return " ".join(one.company.name for one in memberships_of(person.id))


def checked_email(typed: str) -> str:
    """Return an address as accounts are found by it. Reserved domains are let through: demonstrations and tests use them, and no mail is sent here.

    Raises:
        EmailNotValidError: it is none; its message is a sentence that says why.
    """
    email = validate_email(
        typed.strip(), check_deliverability=False, test_environment=True
    ).normalized.lower()
    if len(email) > LONGEST_EMAIL:
        raise EmailNotValidError(f"it is longer than {LONGEST_EMAIL} letters.")
    return email


def add_user(email: str, password: str, role: str, company_id: int | None, name: str = "") -> User:
    """Add a person, with a membership in the company or as ops, to the current transaction; the caller commits.

    Raises:
        ValueError: the address, role or password cannot be taken, or the address has a login already; a sentence says which.
    """
    try:
        email = checked_email(email)
    except EmailNotValidError as error:
        raise ValueError(f"{email!r} is no email address: {error}") from None
    roles = OPS_ROLES if company_id is None else COMPANY_ROLES
    if role not in roles:
        raise ValueError(f"There is no role {role!r} there: use {', '.join(roles)}.")
    company = db.session.get(Company, company_id) if company_id is not None else None
    check_password(password, email=email, company=company.name if company else "")
    if db.session.scalars(select(User.id).where(User.email == email)).first():
        raise ValueError(f"{email} has a login already.")
    person = User(email=email, name=name[:200], password_hash=hash_password(password))
    person.ops_role = role if company_id is None else ""
    db.session.add(person)
    db.session.flush()
    if company_id is not None:
        add_membership(person, company_id, role)
    return person
