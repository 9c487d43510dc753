"""One holder's work on one company: its lease, its gateway and its clock. What it tells the run it works for is `progress`."""

import os
import socket
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import update
from werkzeug.utils import cached_property

from bookkeeping.errors import MisconfiguredError, NotConnectedError
from bookkeeping.inspection_source.source import Source
from bookkeeping.metrics import count_call
from bookkeeping.queue_health import limits_name
from bookkeeping.quickbooks_gateway.gateway import Gateway
from bookkeeping.quickbooks_gateway.limits import RedisLimiter
from bookkeeping.quickbooks_gateway.oauth import OAuth
from bookkeeping.quickbooks_gateway.tokens import TokenKeeper
from bookkeeping.sources.opening import open_source
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection, bind_unbound, note_refused_use
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.work.leases import Lease, take_lease
from bookkeeping.storage.work.runs import Run
from bookkeeping.storage.work.usage import note_usage
from worker.app import bell, intuit_config, settings
from worker.holding.tokens import GatewayTokens

SLICE_SECONDS = 30
SLICE_INSPECTIONS = 180
"""Paid by new clients they are 18 batches: less than half a minute of Intuit's ceiling, so that their slice is no longer than any other."""
WAVE_WAITS = 65.0
"""Seconds that a batch of a wave may wait for its place: a minute's window of the limits, and a little."""


class Work:
    """Holds one company. `now` is the clock that decides what is due; `patience` is how many throttles the work waits out itself."""

    def __init__(
        self, company_id: int, lease: Lease, *, now: Callable[[], datetime] = utcnow, patience: int = 0
    ) -> None:
        self.company_id = company_id
        self.lease = lease
        self.now = now
        self.patience = patience
        self.run_id: int | None = None
        self.calls = 0
        self._unbound = False
        self._limiter: RedisLimiter | None = None
        self._to_note: deque[Any] | None = None  # Calls made in threads, until `note_calls` writes them down.
        self._slice_ends = time.monotonic() + SLICE_SECONDS

    @property
    def company(self) -> Company:
        """The company's row in the current transaction."""
        return db.session.get_one(Company, self.company_id)

    @property
    def connection(self) -> Connection | None:
        """The connection's row in the current transaction, or None before the first consent."""
        return db.session.get(Connection, self.company_id)

    @property
    def existing_connection(self) -> Connection:
        """The connection's row, for what follows a consent.

        Raises:
            NotConnectedError: there was no consent yet.
        """
        connection = self.connection
        if connection is None:
            raise NotConnectedError(code="not-connected")
        return connection

    @property
    def run(self) -> Run:
        """The run that this work is for."""
        return db.session.get_one(Run, self.run_id)

    @property
    def slice_over(self) -> bool:
        """True when it is time to let other companies have the worker."""
        return not self.has_time_for(0)

    def has_time_for(self, seconds: float) -> bool:
        """Whether the slice lasts so much longer: what would not fit in is left to the next, and whoever waits comes first."""
        return time.monotonic() + seconds <= self._slice_ends

    def new_slice(self) -> None:
        """Start counting a new slice (foreground work goes from one to the next)."""
        self._slice_ends = time.monotonic() + SLICE_SECONDS

    @cached_property
    def source(self) -> Source:
        """The company's source of inspections."""
        source = open_source(self.company, public_only=not settings().with_standins)
        self.lease.commit()  # No transaction stays open while the platform is read.
        return source

    @cached_property
    def gateway(self) -> Gateway:
        """The company's QuickBooks.

        Raises:
            NotConnectedError: there is no usable connection.
            MisconfiguredError: another Intuit than ours granted it (other-intuit): it is left alone.
        """
        self.refuse_other_intuit()
        connection = self.connection
        if connection is None or not connection.usable:
            code = connection.code if connection is not None and connection.code else "not-connected"
            raise NotConnectedError(connection.detail if connection else "", code=code)
        realm_id = vault().open(connection.realm, self.company_id, "realm")
        self._unbound = not connection.intuit_environment
        self.lease.commit()
        config = intuit_config()
        tokens = TokenKeeper(OAuth(config), GatewayTokens(self.company_id), utcnow)
        self._limiter = RedisLimiter(
            bell().redis, config, max_wait=90 if self.patience else 20, named=limits_name(self.company_id)
        )
        return Gateway(config, realm_id, tokens, self._limiter, self._meter, utcnow)

    def refuse_other_intuit(self) -> None:
        """Do nothing with a connection that another Intuit than this process's granted; ops are told, the connection lives (decision 10).

        Raises:
            MisconfiguredError: it was (other-intuit); the detail names the settings that differ.
        """
        connection = self.connection
        if connection is None or not connection.held:
            return
        how = connection.granted_elsewhere(intuit_config().identity)
        if how:
            note_refused_use(self.company_id, how)
            self.lease.commit()
            raise MisconfiguredError(how, code="other-intuit")

    def forget_gateway(self) -> None:
        """Make the next use of `gateway` start from the connection's row again (after a reconnect or a refusal)."""
        self.__dict__.pop("gateway", None)

    def commit(self) -> None:
        """Commit under the fence.

        Raises:
            LeaseLostError: another worker took the company; nothing of this transaction was kept.
        """
        self.lease.commit()

    def before_call(self) -> None:
        """Make sure that the lease is ours and outlasts the call, and that no transaction is open while it runs."""
        self.lease.renew()

    @contextmanager
    def waiting_longer(self) -> Iterator[None]:
        """Let calls in threads wait for a place longer than the lease would allow: who waits for them keeps it meanwhile.

        What they cost is written down by `note_calls`.
        """
        limiter, self._to_note = self._limiter, deque()
        if limiter is None:
            raise AssertionError("the gateway is made before anything flies")
        before, limiter.max_wait = limiter.max_wait, max(limiter.max_wait, WAVE_WAITS)
        try:
            yield
        finally:
            limiter.max_wait = before
            self.note_calls()
            self._to_note = None

    def note_calls(self) -> None:
        """Write down, in the current transaction, the calls that came back from threads since the last time."""
        calls = []
        while self._to_note:  # Threads may add to it meanwhile.
            calls.append(self._to_note.popleft())
        self._note(calls)

    def _meter(self, facts: Any) -> None:
        if self._to_note is not None:
            self._to_note.append(facts)
            return
        self._note([facts])
        self.lease.renew()  # Commits. Reading long lists, call after call, must not outlast the lease.

    def _note(self, calls: list[Any]) -> None:
        for facts in calls:
            self._note_one(facts)
        if calls and self.run_id is not None:
            more = update(Run).where(Run.id == self.run_id).values(calls=Run.calls + len(calls))
            db.session.execute(more)

    def _note_one(self, facts: Any) -> None:
        self.calls += 1
        if self._unbound and facts.status == HTTPStatus.OK:
            bind_unbound(self.company_id, intuit_config().identity)
            self._unbound = False
        count_call(bell().redis, facts.kind, facts.status, facts.seconds)
        note_usage(
            self.company_id, facts.kind, facts.metered, failed=facts.status is None or facts.status >= 400
        )


def hold_company(company_id: int, *, now: Callable[[], datetime] = utcnow, patience: int = 0) -> Work:
    """Take the company's lease and return the work on it; the caller releases `work.lease`.

    Raises:
        LeaseTakenError: another worker is on it.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    lease = take_lease(f"company:{company_id}", owner, settings().lease_seconds)
    return Work(company_id, lease, now=now, patience=patience)
