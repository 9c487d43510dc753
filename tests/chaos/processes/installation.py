"""One installation on real processes, with a proxy in each of their ways, and a supervisor that replaces what ended."""

import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from launch.lifelines import signal_processes
from tests.chaos.processes.machine import Clock, SmallDisk
from tests.chaos.processes.proxy import Proxies, Proxy
from tests.harness.in_process import Shop
from tests.harness.processes import LOOPBACK, Process, answers, wait_until
from tests.harness.servers import Postgres, Valkey
from tests.harness.standins import StandIn
from tests.harness.tieout import Tieout

LEASE_SECONDS, POLL_SECONDS = 3, 2
ROLES = ("web", "worker", "worker", "tick")
OF_INTUIT = 0.06
"""Seconds for each answer of Intuit's, so that there is something under way to disturb."""


class Behind:
    """A stand-in as the installation sees it: at the proxy's address. What tests ask it goes past the proxy."""

    def __init__(self, standin: StandIn, proxy: Proxy):
        self._standin, self.state = standin, standin.state
        self.base_url = f"http://{LOOPBACK}:{proxy.port}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._standin, name)


class World:
    """What several stories share: the stand-ins, and PostgreSQL or the template of a SQLite file."""

    def __init__(self, folder: Path, database: str):
        self.folder, self.database = folder, database
        self.platform, self.intuit = StandIn("platform", folder), StandIn("intuit", folder)
        self.postgres = Postgres() if database == "postgresql" else None
        self.template = self.postgres.new_database() if self.postgres else str(folder / "template.db")
        url = self.postgres.url(self.template) if self.postgres else f"sqlite:///{self.template}"
        done = Tieout(folder, url, "redis://127.0.0.1:9/0").run_flask("db", "upgrade")
        assert done.code == 0, done.out + done.err

    def stop(self) -> None:
        """End them all."""
        for server in (self.platform, self.intuit, self.postgres):
            if server is not None:
                server.stop()


class Installation:
    """The processes of one story. `shop` is the same installation within this process, past the proxies."""

    def __init__(self, world: World, folder: Path, *, with_clock: bool):
        folder.mkdir()
        self.world, self.replaced = world, Counter[str]()
        self.disk, self.clock = SmallDisk(folder / "disk"), Clock(folder)
        self.proxies = Proxies()
        (self.disk.folder / "valkey").mkdir()
        self.valkey = Valkey(self.disk.folder / "valkey")
        self.ways = {
            "intuit": self.proxies.add(world.intuit.port, delay=OF_INTUIT),
            "platform": self.proxies.add(world.platform.port),
            "valkey": self.proxies.add(self.valkey.port),
        }
        direct, seen = self._new_database()
        outside = [Behind(server, self.ways[server.name]) for server in (world.platform, world.intuit)]
        self.shop = Shop(
            direct,
            self.valkey.url,
            *outside,
            POLL_SECONDS=str(POLL_SECONDS),
            LEASE_SECONDS=str(LEASE_SECONDS),
            AUDIT_HEADS_FILE=str(folder / "audit-heads.jsonl"),
        )
        settings = dict(self.shop.environment)
        del settings["DATABASE_URL"], settings["REDIS_URL"]
        through = self.valkey.url.replace(str(self.valkey.port), str(self.ways["valkey"].port))
        self.tieout = Tieout(
            folder, seen, through, **settings, **(self.clock.environment if with_clock else {})
        )
        self.roles: list[tuple[str, Process]] = []

    def start(self) -> None:
        """Start all processes; returns when the web app answers and both workers listen."""
        self.roles = [(role, self.tieout.start(role)) for role in ROLES]
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until the web app answers and every worker listens; what ends on its way there is replaced."""
        wait_until(lambda: self.supervise() or self._is_up(), "all processes to be up", 90)

    def _is_up(self) -> bool:
        workers = [process for role, process in self.roles if role == "worker"]
        listening = all("Listening on" in process.output() for process in workers)
        return listening and answers(f"{self.tieout.url}/healthz")

    def of(self, role: str) -> list[Process]:
        """Return the processes of this role that run."""
        return [process for name, process in self.roles if name == role and process.exit_code is None]

    def supervise(self) -> None:
        """Start what ended anew, as a supervisor does, and end what it left behind only when all ends."""
        for number, (role, process) in enumerate(self.roles):
            if process.exit_code is not None:
                self.replaced[role] += 1
                self.roles[number] = (role, self.tieout.start(role))

    def cut_database(self) -> None:
        """End every connection to the database, from the server's side."""
        if self.world.postgres:
            self.world.postgres.end_connections(self._database)

    def mend(self) -> None:
        """End every disturbance: lines, disk, Valkey, and whoever stands still."""
        for proxy in self.ways.values():
            proxy.mend()
        self.disk.free()
        if self.valkey.process.exit_code is not None:
            self.valkey.start()
        for _, process in self.roles:
            signal_processes(process.members(), signal.SIGCONT)
        self.supervise()

    def stop(self) -> None:
        """End everything."""
        self.mend()
        for _, process in self.roles:
            if process.exit_code is None:
                process.send(signal.SIGTERM)
        self.tieout.stop()
        self.valkey.process.kill()
        self.proxies.stop()
        if self.world.postgres:  # Before its disk goes: the server would miss the files.
            self.world.postgres.drop(self._database, self._place)
        self.disk.remove()

    def _new_database(self) -> tuple[str, str]:
        """Make an empty database on the small disk; return its address for us, and for the processes."""
        postgres = self.world.postgres
        if postgres is None:
            path = self.disk.folder / "tieout.db"
            shutil.copy(self.world.template, path)
            return f"sqlite:///{path}", f"sqlite:///{path}"
        self._place = postgres.new_tablespace(self.disk.folder / "tables")
        self._database = postgres.new_database(self.world.template, tablespace=self._place)
        proxy = self.ways["database"] = self.proxies.add(postgres.port)
        direct = postgres.url(self._database)
        return direct, direct.replace(f":{postgres.port}/", f":{proxy.port}/")
