"""A house with failures for ops: companies, failing inspections, and the rows behind them, made in a line or by the thousand."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from bookkeeping.storage.base import db
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from tests.webapp.house import House
from tests.webapp.records import inspection_row

HOUR = timedelta(hours=1)
SECRETS_IN_A_BODY = {"BillEmail": {"Address": "ann@client.example"}, "access_token": "s3cret-token"}


def now() -> datetime:
    """This instant, aware UTC."""
    return datetime.now(UTC)


def connected_company(house: House, name: str, state: str = "connected", **values: Any) -> int:
    """Return the id of a company whose connection is in this state."""
    company_id = house.make_company(name, last_poll_at=now(), **values)
    with house.writing():
        row = Connection(company_id=company_id, state=state, realm="sealed", realm_digest=f"d{company_id}")
        row.code = "qbo-3200" if state == "reconnect" else ""
        db.session.add(row)
        db.session.commit()
    return company_id


def failing(house: House, company_id: int, key: str, code: str = "qbo-6200", **values: Any) -> None:
    """Add an inspection of $425.00 that this cause holds up."""
    state = values.pop("state", "needs-you")
    base = {"reason": code, "client_key": f"c{key}", "held_since": now() - 3 * HOUR, "failures": 1}
    with house.writing():
        db.session.add(inspection_row(company_id, key, state, now(), {}, {**base, **values}))
        db.session.commit()


def refused_operation(house: House, company_id: int, key: str, code: str = "qbo-6200", **values: Any) -> int:
    """Add the operation that QuickBooks refused, with its call."""
    with house.writing():
        call = Call(
            company_id=company_id,
            request_id=f"req-{company_id}-{key}",
            path="batch",
            body="{}",
            body_hash="h",
        )
        call.state, call.attempts, call.sent_at, call.answered_at = "answered", 2, now() - HOUR, now() - HOUR
        operation = Operation(
            company_id=company_id,
            inspection_key=key,
            kind="Invoice",
            action="create",
            source_key=key,
            doc_number=f"SP-{key}",
            subject="Ann O'Neil · 12 Oak St",
            amount=Decimal("425.00"),
            body=json.dumps({"DocNumber": f"SP-{key}", **SECRETS_IN_A_BODY}),
            outcome="refused",
            code=code,
            detail="Account period closed",
            reference="1-5f-tid",
            created_at=now() - HOUR,
            settled_at=now() - HOUR,
        )
        operation.answer = json.dumps(
            {"Fault": {"Error": [{"code": "6200", "Detail": "ann@client.example"}]}}
        )
        for number, status in ((1, 503), (2, 200)):
            attempt = Attempt(number=number, sent_at=now() - HOUR, answered_at=now() - HOUR, status=status)
            attempt.answer = "<h1>Unavailable</h1> Bearer s3cret-token" if status == 503 else ""
            call.attempt_log.append(attempt)
        for name, value in values.items():
            setattr(operation, name, value)
        call.operations.append(operation)
        db.session.add(call)
        db.session.commit()
        return operation.id


def many_failing(
    house: House, company_ids: list[int], per_company: int, codes: list[str], **values: Any
) -> None:
    """Add very many failing inspections in one go, their causes in turn."""
    base = {
        "record": {},
        "content_hash": "h",
        "starts_at": now(),
        "source_updated_at": now(),
        "state": "needs-you",
        "total": Decimal("100.00"),
        "held_since": now() - 2 * HOUR,
        "due": False,
    }
    with house.writing():
        for company_id in company_ids:
            rows = [
                {
                    **base,
                    "company_id": company_id,
                    "key": f"{company_id}-{n}",
                    "reason": codes[n % len(codes)],
                    **values,
                }
                for n in range(per_company)
            ]
            db.session.execute(insert(InspectionRow), rows)
        db.session.commit()
