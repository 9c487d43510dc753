"""Who may do what: the one table that every route asks. `docs/roles.md` is made from it (`python -m docs.make_roles`).

A route names a right (`@open_to(Right.READ)`), never a role; which roles have the right stands here and nowhere else.
"""

from enum import StrEnum

from bookkeeping.storage.people.people import COMPANY_ROLES, OPS_ROLES

ROLES = (*COMPANY_ROLES, *OPS_ROLES)

ROLE_NAMES = {
    "owner": "owner",
    "bookkeeper": "bookkeeper",
    "accountant": "accountant",
    "ops": "ops-admin",
    "ops-read-only": "ops read-only",
}
"""What the roles are called on screen. `ops` is the word of the commands for those of ops who act."""


class Right(StrEnum):
    """Something that a person may do. The value says it in words, for the printed matrix."""

    OWN_LOGIN = "One's own login: password, second factor, sessions, logging out"
    COMPANIES = "One's own companies: which there are, going to another, accepting an invitation"
    OWN_NOTICES = "What oneself is mailed about"
    OWN_VIEWS = "Views of lists that one keeps for oneself"
    READ = "Read everything of the company, and download it"
    SYNC = "Sync, check QuickBooks, refresh, pause and resume"
    SETTLE = "Retry, answer questions about Customers and Payments, settle what was changed in QuickBooks"
    BOOKS = "Say how books are kept: Items, accounts, dates, practice"
    FILES = "Drop files of inspections, take them and take them back"
    STATEMENTS = "Make a tie-out statement"
    HOLD = "Have a first sync wait until somebody looked at the practice run"
    APPROVE_DELETES = "Approve many deletes at once"
    CONNECT = "Connect and disconnect QuickBooks"
    HOOK = "Make the address that the platform calls"
    API = "Make and revoke API keys, and say where the platform is called back"
    MIGRATE = "Preview, confirm, cancel and go on with a migration"
    PEOPLE = "Invite, give roles, remove, end sessions, require a second factor"
    OPS_READ = "See every company, its failures and how the installation does"
    OPS_ACT = "Retry, mute, note, sync, pause and approve deletes for any company"
    OPS_CHANGE = "Change a company's name, time zone and platform, and remove it"


_EVERYBODY = ROLES
_COMPANY = COMPANY_ROLES
_WORKING = ("owner", "bookkeeper")
_OWNERS = ("owner",)

MATRIX: dict[Right, tuple[str, ...]] = {
    Right.OWN_LOGIN: _EVERYBODY,
    Right.COMPANIES: _COMPANY,
    Right.OWN_NOTICES: _COMPANY,
    Right.OWN_VIEWS: _COMPANY,
    Right.READ: _COMPANY,
    Right.SYNC: _WORKING,
    Right.SETTLE: _WORKING,
    Right.BOOKS: _WORKING,
    Right.FILES: _WORKING,
    Right.STATEMENTS: _WORKING,
    Right.HOLD: _OWNERS,
    Right.APPROVE_DELETES: _OWNERS,
    Right.CONNECT: _OWNERS,
    Right.HOOK: _OWNERS,
    Right.API: _OWNERS,
    Right.MIGRATE: _OWNERS,
    Right.PEOPLE: _OWNERS,
    Right.OPS_READ: OPS_ROLES,
    Right.OPS_ACT: ("ops",),
    Right.OPS_CHANGE: ("ops",),
}

CHANGES_THE_BOOKS = {
    Right.SYNC,
    Right.SETTLE,
    Right.BOOKS,
    Right.FILES,
    Right.STATEMENTS,
    Right.HOLD,
    Right.APPROVE_DELETES,
    Right.CONNECT,
    Right.HOOK,
    Right.API,
    Right.MIGRATE,
    Right.PEOPLE,
    Right.OPS_ACT,
    Right.OPS_CHANGE,
}
"""The rights by which something of a company is changed: neither accountants nor those of ops who only look have any."""


def may(role: str, right: Right) -> bool:
    """Return whether somebody of this role has the right."""
    return role in MATRIX[right]


def roles_with(rights: tuple[Right, ...]) -> tuple[str, ...]:
    """Return the roles that have at least one of these rights."""
    return tuple(role for role in ROLES if any(may(role, right) for right in rights))
