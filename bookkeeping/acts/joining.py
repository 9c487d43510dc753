"""How a person comes to have a login: checked and added. Passwords themselves are `sessions`' business."""

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.people.people import ROLES, User
from bookkeeping.storage.people.sessions import hash_password

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200


def check_password(plain: str) -> None:
    """Raises ValueError with a sentence when the password cannot be taken."""
    if not SHORTEST_PASSWORD <= len(plain) <= LONGEST_PASSWORD:
        raise ValueError(f"Use a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")


def add_user(email: str, password: str, role: str, company_id: int | None, name: str = "") -> User:
    """Add a person to the current transaction; the caller commits.

    Raises:
        ValueError: the address, role or password cannot be taken, or the address has a login already; a sentence says which.
    """
    try:
        # Reserved domains are let through: they are what demonstrations and tests use, and no mail is sent here.
        email = validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(f"{email!r} is no e-mail address: {error}") from None
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}: use {', '.join(ROLES)}.")
    check_password(password)
    if db.session.scalars(select(User.id).where(User.email == email)).first():
        raise ValueError(f"{email} has a login already.")
    person = User(
        email=email, name=name[:200], role=role, company_id=company_id, password_hash=hash_password(password)
    )
    db.session.add(person)
    db.session.flush()
    return person
