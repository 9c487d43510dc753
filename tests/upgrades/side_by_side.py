"""The last release and this one at work on one database, as in a deploy: web, workers and ticks of both, real processes; then the checker.

Run by `make upgrades`, on SQLite and PostgreSQL: too long for every run of the tests, and it needs the repository's history.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launch.services import procfile
from tests.checker.against import assert_books_exact
from tests.functional.office import Office, inspection
from tests.harness.processes import Process, base_environment, wait_until
from tests.harness.servers import Valkey
from tests.harness.standins import StandIn
from tests.harness.tieout import Ended, Tieout
from tests.upgrades.releases import code_of, last_release, libraries_of

RELEASE = last_release()
SECONDS = 90.0


class Before(Tieout):
    """An installation of the last release: its own code, lines of Procfile and libraries, with the settings of another one."""

    def __init__(self, now: Tieout, code: Path, libraries: Path):
        super().__init__(now.folder / "before", now.environment["DATABASE_URL"], now.environment["REDIS_URL"])
        self.folder.mkdir()
        self._code = code
        own = {"PORT": str(self.port), "PUBLIC_URL": self.url}
        self.environment = {**now.environment, **own, "PYTHONPATH": f"{code}:{libraries}"}

    def run_flask(self, *words: object, input: str | None = None, seconds: float = SECONDS) -> Ended:
        """Run a command of the release to its end."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *map(str, words)]
        done = subprocess.run(
            command,
            cwd=self._code,
            env=self._all(),
            input=input,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, name: str) -> Process:
        """Start the line `name` of the release's Procfile."""
        environment = self._all()
        command = procfile(self._code / "Procfile", environment)[name]
        log = self.folder / f"{name}-{len(self._started)}.log"
        process = Process(command, log, environment=environment, folder=self._code)
        self._started.append(process)
        return process

    def _all(self) -> dict[str, str]:
        return {**base_environment(), **self.environment}


@pytest.fixture
def now(make_tieout: Callable[..., Tieout], empty_url: str) -> Tieout:
    """This release's installation on a database without tables."""
    return make_tieout(empty_url, POLL_SECONDS="2", LEASE_SECONDS="5")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tieout.db'}"
    postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.new_database())


@pytest.fixture
def before(now: Tieout, tmp_path: Path) -> Iterator[Before]:
    """The last release's installation on the same database."""
    code = code_of(RELEASE, tmp_path / "code")
    release = Before(now, code, libraries_of(code, tmp_path / "libraries"))
    yield release
    release.stop()


class Deploy:
    """An office whose owner is logged in at both web apps, and waits for what is booked."""

    def __init__(self, office: Office, now: Tieout, before: Before):
        self.office, self.now, self.before = office, now, before
        self.booked = 0

    def at(self, release: Tieout) -> Office:
        """The office as the owner sees it at this release's web app."""
        self.office.tieout = release
        self.office.log_in()
        return self.office

    def book_and_sync(self, release: Tieout, count: int = 2) -> list[str]:
        """Book inspections, press *Sync now* at this release's web app, and wait until their Invoices are there."""
        numbers = range(self.booked + 1, self.booked + count + 1)
        self.booked += count
        keys = self.office.book(*(inspection(number) for number in numbers))
        page = "/settings/quickbooks"
        self.at(release).submit(f"{page}/sync", {}, page)
        self.wait_for(self.booked)
        return keys

    def break_off(self, dies: Process) -> None:
        """Kill a worker once its first writes are at QuickBooks and before it knows; the other release's settles them and does the rest."""
        office = self.office
        slow = {"kind": "slow", "seconds": 5, "when": "after", "operation": "batch", "times": 1}
        office.intuit.post("/_standin/faults", {"realm": office.realm_id, **slow})
        known = len(office.history())
        office.book(*(inspection(self.booked + number) for number in (1, 2)))
        self.booked += 2
        page = "/settings/quickbooks"
        self.at(self.before).submit(f"{page}/sync", {}, page)
        wait_until(lambda: len(office.history()) > known, "a write", SECONDS)
        dies.kill()
        self.now.worker()
        self.wait_for(self.booked)

    def wait_for(self, invoices: int) -> None:
        """Wait until the books have so many Invoices, each paid."""

        def there() -> bool:
            books = self.office.books()
            return [len(books["Invoice"]), len(books["Payment"])] == [invoices, invoices]

        wait_until(
            there,
            f"{invoices} Invoices in the books\n{self.now.logs()[-3000:]}\n{self.before.logs()[-3000:]}",
            SECONDS,
        )


def jobs_done(process: Process) -> int:
    """Return how many jobs a worker has done."""
    return process.output().count("Job OK")


def has_worked(process: Process) -> None:
    """Return once the worker has come to the end of a job: what it writes is there a moment earlier."""
    process.wait_until(lambda: jobs_done(process), "the end of a job")


def test_both_releases_at_work_on_one_database_leave_exact_books_and_the_old_one_takes_it_back(
    now: Tieout, before: Before, platform: StandIn, intuit: StandIn, valkey: Valkey
):
    assert before.run_flask("db", "upgrade").code == 0
    before.web(), before.tick()
    deploy = Deploy(Office(before, platform, intuit).open().connect(), now, before)
    old_worker = before.worker()
    keys = deploy.book_and_sync(before)

    assert (migrated := now.run_flask("db", "upgrade")).code == 0, migrated.err
    now.web()
    keys += deploy.book_and_sync(now)  # Asked for at the new pages, done by the old worker.
    has_worked(old_worker)
    old_worker.stop()
    new_worker = now.worker()
    now.tick()
    keys += deploy.book_and_sync(before)  # The other way round.
    has_worked(new_worker)

    another = before.worker()
    jobs = jobs_done(new_worker) + jobs_done(another)
    for release in (before, now, before, now):
        keys += deploy.book_and_sync(release, 3)
    deploy.office.change(keys[0], line_items=[{"kind": "service", "name": "Radon", "amount": "650.00"}])
    assert jobs_done(new_worker) + jobs_done(another) > jobs
    new_worker.stop()
    deploy.break_off(another)
    assert_books_exact(deploy.office, "while both run")

    before.stop()
    deploy.book_and_sync(now)
    assert_books_exact(deploy.office, "after the deploy")
    now.stop()
    assert (down := now.run_flask("db", "downgrade", RELEASE.revision)).code == 0, down.err
    before.web(), before.tick(), before.worker()
    deploy.book_and_sync(before)
    assert_books_exact(deploy.office, "back at the last release")
