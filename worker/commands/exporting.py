"""Everything on record of one company as a ZIP of CSV files, one a table, for the company itself: readable, and without any secret."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, Select, Table, bindparam, select

from bookkeeping.cells import cell
from bookkeeping.storage.base import Base, db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.memberships import Membership

SECRETS = {
    "api_keys": {"digest"},
    "callbacks": {"secret"},
    "companies": {"feed_key", "source_credentials", "hook_digest"},
    "connections": {"realm", "realm_digest", "tokens"},
    "consent_states": {"digest", "session_digest"},
    "invitations": {"digest"},
    "notices": {"sealed_link"},
    "users": {"password_hash"},
}
"""Columns that open something, or would tell whoever finds the file what does."""

OF_THE_HOUSE = {
    "factors",
    "heartbeats",
    "hourly_counts",
    "leases",
    "login_sessions",
    "ops_retry_items",
    "ops_views",
    "recovery_codes",
    "reset_links",
    "reset_requests",
    "scheduled_runs",
}
"""Tables that are about people's logins, ops' work or the installation, and hold nothing of a company."""

_READ_ME = """Everything that Tieout has on record of {name} (company {id}), written at {at}.

One CSV file a table, in UTF-8, with a line of column names. Moments are in UTC. Fields that hold a structure are JSON.
Passwords, tokens, keys and the like are left out.
"""


def write_export(company_id: int, file: str) -> dict[str, int]:
    """Write the ZIP and return the rows of each table that has any."""
    name = db.session.get_one(Company, company_id).name
    rows: dict[str, int] = {}
    with (
        open(file, "wb", opener=_for_its_owner_alone) as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr("README.txt", _READ_ME.format(name=name, id=company_id, at=utcnow().isoformat()))
        for table, query in tables_of_a_company():
            written = _write(archive, table, query, company_id)
            if written:
                rows[table.name] = written
    return rows


def _for_its_owner_alone(file: str, flags: int) -> int:
    return os.open(file, flags, 0o600)


def tables_of_a_company() -> Iterator[tuple[Table, Select[Any]]]:
    """Yield every table that holds rows of companies, with a query of those of `:company`: its own, or its parent row's."""
    mine = bindparam("company", type_=Integer)
    members = select(Membership.user_id).where(Membership.company_id == mine)
    for table in Base.metadata.sorted_tables:
        if table.name in OF_THE_HOUSE:
            continue
        columns = [column for column in table.columns if column.name not in SECRETS.get(table.name, ())]
        query = select(*columns).order_by(*table.primary_key.columns)
        parents = [key.column.table for key in table.foreign_keys if "company_id" in key.column.table.c]
        if table.name == "companies":
            yield table, query.where(table.c.id == mine)
        elif table.name == "users":
            yield table, query.where(table.c.id.in_(members))
        elif "company_id" in table.c:
            yield table, query.where(table.c.company_id == mine)
        elif parents:
            yield table, query.join(parents[0]).where(parents[0].c.company_id == mine)


def _write(archive: zipfile.ZipFile, table: Table, query: Select[Any], company_id: int) -> int:
    found = db.session.execute(query, {"company": company_id}, execution_options={"yield_per": 1000})
    count = 0
    with (
        archive.open(f"{table.name}.csv", "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, "utf-8", newline="") as text,
    ):
        writer = csv.writer(text)
        writer.writerow(found.keys())
        for row in found:
            writer.writerow([_cell(value) for value in row])
            count += 1
    return count


def _cell(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return cell(value.isoformat() if hasattr(value, "isoformat") else value)
