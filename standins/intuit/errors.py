"""The faults QuickBooks answers with: one class, and one small constructor for each code that needs its own words.

Where a fault is raised is decided by the rules; how it looks on the wire is in `wire`.
"""

from __future__ import annotations


class QuickBooksFault(Exception):
    """A refused request.

    `code` is QuickBooks' own number as text, `kind` the Fault type, `status` the HTTP status outside a batch.
    """

    def __init__(
        self,
        code: int | str,
        message: str,
        detail: str,
        *,
        element: str = "",
        status: int = 400,
        kind: str = "ValidationFault",
    ):
        super().__init__(f"{code} {message}: {detail}")
        self.code = str(code)
        self.message = message
        self.detail = detail
        self.element = element
        self.status = status
        self.kind = kind

    def as_json(self) -> dict:
        """Return the Fault object of the v3 API."""
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}
        return {"Error": [error], "type": self.kind}


INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def malformed(detail: str) -> QuickBooksFault:
    """The request as a whole makes no sense (an empty batch)."""
    return QuickBooksFault(400, "MalformedRequest", detail)


def unsupported_operation(detail: str) -> QuickBooksFault:
    """The operation does not exist for this entity."""
    return QuickBooksFault(500, "Unsupported Operation", detail)


def no_such_path(path: str) -> QuickBooksFault:
    """There is nothing at this address; QuickBooks says so with status 400 and the code of an unsupported operation."""
    return unsupported_operation(f"Operation Could not find resource for relative : {path} is not supported.")


def duplicate_request() -> QuickBooksFault:
    """The request id was used before for something else."""
    return QuickBooksFault(
        600, "Duplicate Request ID", "The request id was already used for a different request."
    )


def not_found(detail: str = INACTIVE) -> QuickBooksFault:
    """The object is gone, or a reference was made inactive."""
    return QuickBooksFault(610, "Object Not Found", f"Object Not Found : {detail}")


def deleted() -> QuickBooksFault:
    """The object was deleted earlier."""
    return not_found("Another user has deleted this transaction.")


def batch_too_big(count: int) -> QuickBooksFault:
    """More than 30 items in a batch."""
    detail = f"The maximum number of batch items is 30. Supplied:{count}"
    return QuickBooksFault(1040, "Batch size exceeds the limit", detail)


def unknown_entity(name: str) -> QuickBooksFault:
    """The path or the batch item names no entity."""
    return QuickBooksFault(2000, "Invalid Object Name", f"{name} is not a valid object name")


def unknown_property(name: str) -> QuickBooksFault:
    """A property the entity does not have."""
    return QuickBooksFault(
        2010,
        "Request has invalid or unsupported property",
        f"Property Name:{name} specified is unsupported or invalid",
        element=name,
    )


def missing(name: str) -> QuickBooksFault:
    """A required property is absent."""
    return QuickBooksFault(
        2020,
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        element=name,
    )


def invalid(code: int, what: str, name: str, value: object) -> QuickBooksFault:
    """A value of the wrong form: codes 2030 to 2290, each with `what` as its message."""
    return QuickBooksFault(
        code, f"Invalid {what}", f"Invalid {what} : {name}. Supplied value:{value}", element=name
    )


def too_long(name: str, maximum: int, length: int) -> QuickBooksFault:
    """A string beyond its limit."""
    return QuickBooksFault(
        2050,
        "String length is either shorter or longer than supported by specification",
        f"Min:0 Max:{maximum} supported. Supplied length:{length}",
        element=name,
    )


def bad_reference(what: str, ref_id: object) -> QuickBooksFault:
    """A reference to something that never existed."""
    return QuickBooksFault(
        2500, "Invalid Reference Id", f"Invalid Reference Id : {what} element id {ref_id} not found"
    )


def stale() -> QuickBooksFault:
    """The SyncToken is not the current one."""
    return QuickBooksFault(
        5010,
        "Stale Object Error",
        "Stale Object Error : You and another user were working on this at the same time. "
        "The other user finished before you did, so your work was not saved.",
    )


def business(detail: str) -> QuickBooksFault:
    """A business rule said no; the detail says which."""
    return QuickBooksFault(
        6000,
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
    )


def wrong_amount(value: object) -> QuickBooksFault:
    """Amount differs from quantity times price."""
    return QuickBooksFault(
        6070,
        "Amount calculation incorrect in the request",
        f"Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. Supplied value:{value}",
    )


def duplicate_document(number: str, entity: str, txn_id: str) -> QuickBooksFault:
    """The document number is taken and the company asked for unique ones."""
    return QuickBooksFault(
        6140,
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={entity} with TxnId={txn_id}",
    )


def lapsed() -> QuickBooksFault:
    """The company's subscription ended: it can be read, not written."""
    text = "Subscription period has ended or canceled or there was a billing problem"
    return QuickBooksFault(
        6190,
        text,
        f"{text} : You can't add data to QuickBooks because your subscription ended or there was a billing problem.",
    )


def period_closed(with_password: bool) -> QuickBooksFault:
    """The date lies in a closed period; the API cannot give the password."""
    text = (
        "Account Period Closed, Cannot Update Through Services API"
        if with_password
        else "Account Period Closed"
    )
    return QuickBooksFault(
        6210 if with_password else 6200,
        text,
        f"{text} : The account period has closed and the account books cannot be updated through the QuickBooks API. "
        "Please use the QuickBooks website to make these changes.",
    )


def duplicate_name(detail: str) -> QuickBooksFault:
    """The name is taken."""
    return QuickBooksFault(
        6240, "Duplicate Name Exists Error", f"The name supplied already exists. : {detail}"
    )


def deposited() -> QuickBooksFault:
    """The money already sits in a bank deposit."""
    text = "Deposited Transaction cannot be changed"
    return QuickBooksFault(
        6540,
        text,
        f"{text} : If you want to modify or delete the deposited transaction, you must edit the deposit it appears on "
        "and remove it.",
    )


def permission_denied() -> QuickBooksFault:
    """The connecting user may no longer do this."""
    return QuickBooksFault(
        5020, "Permission Denied Error", "Permission Denied Error : You do not have permission for this."
    )


def user_lost() -> QuickBooksFault:
    """The connecting user was removed from the company or is no longer an administrator."""
    return QuickBooksFault(
        120, "Authorization Failure", "Authorization Failure : The user has no access to this company.",
        status=401, kind="AuthorizationFault",
    )  # fmt: skip
