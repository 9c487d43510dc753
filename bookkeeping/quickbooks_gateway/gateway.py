"""One company's QuickBooks: batches of writes out, reads and queries in. Answers are plain dicts with Decimal numbers.

What to send is made in `bodies`, what comes back is understood in `reading`; changes and reports have modules of their own.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException

from bookkeeping.errors import BookkeepingError, GoneError, TemporaryError
from bookkeeping.quickbooks_gateway import answers, changes
from bookkeeping.quickbooks_gateway.config import IntuitConfig, utc_now
from bookkeeping.quickbooks_gateway.limits import Limiter
from bookkeeping.quickbooks_gateway.transport import Meter, Tokens, Transport

PAGE = 1000
_IDS_PER_QUERY = 50
# Lists of names leave out inactive rows unless asked for them.
NAME_LISTS = {
    "Account",
    "Class",
    "Customer",
    "Department",
    "Employee",
    "Item",
    "PaymentMethod",
    "Term",
    "Vendor",
}
EVERY_ROW = "Active IN (true, false)"
_NOT_ENTITIES = {"bId", "time", "warnings", "Fault", "fault"}


@dataclass(frozen=True)
class ItemAnswer:
    """What became of one write of a batch: exactly one of `entity` (as QuickBooks stored it), `deleted` and `error` holds.

    `b_id` names the item. `entity` keeps its Id and status for a deletion too. `reference` is
    Intuit's reference of the call; `raw` this write's part of the answer as JSON text, empty when the answer has none.
    """

    b_id: str
    entity_name: str
    entity: dict[str, Any] | None
    deleted: bool = False
    error: BookkeepingError | None = None
    reference: str | None = None
    raw: str = ""


class Gateway:
    """One realm's QuickBooks. Threads may share it; `close` when done, or use it as a context manager.

    Every method may raise ThrottledError, TemporaryError, NotConnectedError, PermanentError or MisconfiguredError for the call as a
    whole. `outcome_unknown` on a TemporaryError says that a write may have been carried out.
    """

    def __init__(
        self,
        config: IntuitConfig,
        realm_id: str,
        tokens: Tokens,
        limiter: Limiter,
        meter: Meter,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.realm_id = realm_id
        self._clock = clock
        self._transport = Transport(config, realm_id, tokens, limiter, meter, clock)
        self._client = QuickBooks(company_id=realm_id, minorversion=75, use_decimal=True)
        self._client.session = self._transport
        self._client.sandbox = False
        self._client.api_url_v3 = f"{config.api_url}/v3"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def sign_in(self) -> None:
        """Make sure that the access token is good for a while, so that calls in threads need not renew it."""
        self._transport.sign_in()

    def renew_sign_in(self) -> None:
        """Renew the access token whether or not it would last."""
        self._transport.renew_sign_in()

    def send_batch(self, request_id: str, body: str) -> list[ItemAnswer]:
        """Send a frozen BatchItemRequest byte for byte; return one answer for each item, in the order of the request.

        `request_id` has at most 36 characters: the same id again returns the first answer. An item that the answer leaves out
        comes back with an unknown outcome.
        """
        asked = [item["bId"] for item in json.loads(body)["BatchItemRequest"]]
        content = self._post("batch", body, {"requestid": request_id})
        tid = self._transport.reference
        said = content.get("BatchItemResponse")
        items = [item for item in said if isinstance(item, dict)] if isinstance(said, list) else []
        answered = {str(item.get("bId")): _item_answer(item, tid) for item in items}
        return [answered.get(b_id) or _left_out(b_id, tid) for b_id in asked]

    def read(self, entity: str, qbo_id: str) -> dict[str, Any] | None:
        """Return the object as it is now, or None only if QuickBooks says that it does not exist (610)."""
        try:
            return _part(self._get(f"{entity.lower()}/{qbo_id}"), entity)
        except GoneError:
            return None

    def query_all(self, entity: str, where: str = "", fields: str = "*") -> Iterator[dict[str, Any]]:
        """Yield every row, each Id once, a page of 1,000 a call. Rows that are deleted meanwhile may hide others for this time.

        Name lists include inactive rows unless `where` speaks of Active.
        """
        if entity in NAME_LISTS and "active" not in where.lower():
            where = f"{where} AND {EVERY_ROW}" if where else EVERY_ROW
        condition = f" WHERE {where}" if where else ""
        position, seen = 1, set()
        while True:
            statement = f"SELECT {fields} FROM {entity}{condition} ORDERBY Id STARTPOSITION {position} MAXRESULTS {PAGE}"  # noqa: S608 - QuickBooks' own language, in our own words. # nosec B608
            rows = _rows(self._query(statement).get(entity, []))
            for row in rows:
                if row["Id"] not in seen:
                    seen.add(row["Id"])
                    yield row
            if len(rows) < PAGE:
                return
            position += len(rows)

    def read_many(self, entity: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the rows of these ids by id. An absent id is no proof that it is gone; only `read` gives that."""
        found: dict[str, dict[str, Any]] = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            chunk = ", ".join(quote(qbo_id) for qbo_id in wanted[start : start + _IDS_PER_QUERY])
            found |= {row["Id"]: row for row in self.query_all(entity, f"Id IN ({chunk})")}
        return found

    def company_info(self) -> dict[str, Any]:
        """Return QuickBooks' CompanyInfo."""
        return _part(self._get(f"companyinfo/{self.realm_id}"), "CompanyInfo")

    def preferences(self) -> dict[str, Any]:
        """Return QuickBooks' Preferences."""
        return _part(self._get("preferences"), "Preferences")

    def report(self, name: str, params: dict[str, str]) -> dict[str, Any]:
        """Return a report's raw Header, Columns and Rows."""
        return self._call(lambda: self._client.get_report(name, dict(params)))

    def changes(self, entities: Sequence[str], since: datetime) -> "changes.Changes":
        """Return what changed after `since` (aware), by entity, deletions included. See `changes.collect`.

        Raises:
            PermanentError: `since` is more than 30 days ago (code changes-too-old).
        """
        return changes.collect(self._change_data_capture, self.query_all, entities, since, self._clock())

    def _change_data_capture(self, entities: str, since: str) -> dict[str, Any]:
        return self._call(lambda: self._client.change_data_capture(entities, since))

    def _query(self, statement: str) -> dict[str, Any]:
        return _part(self._call(lambda: self._client.query(statement)), "QueryResponse")

    def _get(self, path: str) -> dict[str, Any]:
        return self._call(lambda: self._client.get(self._url(path)))

    def _post(self, path: str, body: str, params: dict[str, str]) -> dict[str, Any]:
        return self._call(lambda: self._client.post(self._url(path), body, params=params), writes=True)

    def _url(self, path: str) -> str:
        return f"{self._client.api_url}/company/{self.realm_id}/{path}"

    def _call(self, call: Callable[[], dict[str, Any]], writes: bool = False) -> dict[str, Any]:
        try:
            return call()
        except QuickbooksException as error:
            # The transport has raised everything we know of; what is left is an answer nobody can read.
            raise TemporaryError(str(error), outcome_unknown=writes) from error


def quote(value: str) -> str:
    """Return `value` as a string of the query language, quotes included."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _item_answer(item: dict[str, Any], tid: str | None) -> ItemAnswer:
    b_id, raw = item.get("bId", ""), json.dumps(item, default=str)
    found = answers.find_fault(item)
    if found:
        return ItemAnswer(b_id, "", None, error=answers.item_error(found, tid), reference=tid, raw=raw)
    for name, value in item.items():
        if name not in _NOT_ENTITIES and isinstance(value, dict):
            gone = value.get("status") == "Deleted"
            return ItemAnswer(b_id, name, value, deleted=gone, reference=tid, raw=raw)
    return _left_out(b_id, tid)


def _left_out(b_id: str, tid: str | None) -> ItemAnswer:
    error = TemporaryError(
        "QuickBooks' answer does not mention this.",
        code="unknown-outcome",
        reference=tid,
        outcome_unknown=True,
        whole_realm=False,
    )
    return ItemAnswer(b_id, "", None, error=error, reference=tid)


def _rows(found: Any) -> list[dict[str, Any]]:
    """The rows of a query. Raises TemporaryError when they are none, or one has no Id."""
    if not isinstance(found, list) or not all(
        isinstance(row, dict) and _is_id(row.get("Id")) for row in found
    ):
        raise TemporaryError("QuickBooks' answer has rows that we cannot read.")
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The named part of an answer. Raises TemporaryError when QuickBooks answered something else."""
    part = next((value for key, value in content.items() if key.lower() == name.lower()), None)
    if not isinstance(part, dict):
        raise TemporaryError(f"QuickBooks' answer has no {name}.")
    return part
