"""Everything that can go wrong on purpose. The class alone decides what happens next; nobody reads message text.

Plain words, causes and remedies for each code are in `faults.py`.
"""

from datetime import datetime


class BookkeepingError(Exception):
    """Every error we raise on purpose. `code` names an entry of the fault catalogue; `detail` is for Details panels.

    `reference` is the other side's reference number (QuickBooks' `intuit_tid`), or None. `status` and `answer` are the HTTP answer
    that brought the error, as it came (cut, without our token); None and "" when none arrived. `element` is the property that
    QuickBooks names as refused, "" when it names none. `waits_for` names what must be settled first, where that is known
    ("list:Class:12").
    """

    code = "unexpected"
    status: int | None = None
    answer: str = ""
    element: str = ""
    waits_for: str = ""

    def __init__(self, detail: str = "", *, code: str | None = None, reference: str | None = None) -> None:
        super().__init__(detail or code or self.code)
        self.detail = detail
        self.code = code or self.code
        self.reference = reference


class RuleError(BookkeepingError):
    """The inspection cannot be booked as it stands: a person must change something."""

    code = "rule"


class PermanentError(BookkeepingError):
    """QuickBooks refuses, and will again until someone changes something."""

    code = "refused"


class GoneError(PermanentError):
    """QuickBooks says that the object no longer exists (its code 610). On a delete that is success."""

    code = "qbo-610"


class DuplicateNameError(PermanentError):
    """A Customer, Vendor, Employee or Item of that name exists (6240): look again, then add a suffix."""

    code = "qbo-6240"


class TemporaryError(BookkeepingError):
    """Timeout, throttling, outage: try again later. `not_before` is when, if the other side said so.

    `outcome_unknown` is True when the request may have been carried out although no answer arrived.
    `whole_realm` is True when every other request to this company would fail likewise now.
    """

    code = "temporary"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        reference: str | None = None,
        not_before: datetime | None = None,
        outcome_unknown: bool = False,
        whole_realm: bool = True,
    ) -> None:
        super().__init__(detail, code=code, reference=reference)
        self.not_before = not_before
        self.outcome_unknown = outcome_unknown
        self.whole_realm = whole_realm


class ThrottledError(TemporaryError):
    """The other side asks us to slow down (429, or Intuit's ThrottleExceeded in any encoding)."""

    code = "qbo-3001"


class StaleSyncTokenError(TemporaryError):
    """Changed in QuickBooks since we read it (5010): read by Id, plan again."""

    code = "qbo-5010"


class NotConnectedError(BookkeepingError):
    """No usable connection: work for this company waits until an owner (re)connects or a person settles it."""

    code = "reconnect-needed"


class MisconfiguredError(BookkeepingError):
    """Our own installation is wrong (app keys, URLs). For ops, never for the owner."""

    code = "misconfigured"


class FeedRefusedError(BookkeepingError):
    """The inspection platform refuses our key (401 or 403): polling this company stops, nothing is deleted."""

    code = "feed-refused"


class FeedForeignError(FeedRefusedError):
    """The platform does not speak our feed, and will not later: nothing is read past what was proven whole, nothing is deleted."""

    code = "feed-foreign"


class FeedOtherCompanyError(FeedRefusedError):
    """The feed lists another company's inspections: nothing of them is kept, nothing is deleted."""

    code = "feed-other-company"


class PlatformAbroadError(FeedRefusedError):
    """The platform says that the company is not in the United States, which we do not serve: it is paused, nothing is deleted."""

    code = "platform-not-us"


class FeedUnavailableError(TemporaryError):
    """The inspection platform cannot be reached or answers nonsense: try again later."""

    code = "feed-unavailable"


class LeaseTakenError(BookkeepingError):
    """Another worker holds this company."""

    code = "lease-taken"


class LeaseLostError(BookkeepingError):
    """Our lease ran out and another worker took the company: nothing may be settled any more."""

    code = "lease-lost"
