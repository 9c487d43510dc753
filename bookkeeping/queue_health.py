"""How the queue stands: reachable, how many rings wait and how long, which workers live, which companies' QuickBooks are paused. Reads only."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import NoSuchJobError

from bookkeeping.queueing import Bell

WORKER_IS_GONE_SECONDS = 120
_PAUSED = "qbo:{company-*}:paused"


@dataclass(frozen=True)
class WorkerLine:
    """One registered worker. `alive` is False when it has not been heard of for two minutes."""

    name: str
    state: str
    heard_at: datetime | None
    alive: bool


@dataclass(frozen=True)
class QueueHealth:
    """The queue at this moment. Without an answer only `problem` says something: the error's name."""

    problem: str = ""
    depth: int = 0
    oldest: datetime | None = None
    workers: list[WorkerLine] = field(default_factory=list)
    paused_companies: dict[int, int] = field(default_factory=dict)  # Company: seconds left.

    @property
    def alive(self) -> int:
        """How many workers live."""
        return sum(1 for worker in self.workers if worker.alive)


def queue_health(bell: Bell) -> QueueHealth:
    """Ask the queue once; never raises for an unreachable one."""
    try:
        return QueueHealth(
            depth=bell.depth(), oldest=_oldest(bell), workers=_workers(bell), paused_companies=_paused(bell)
        )
    except RedisError as error:
        return QueueHealth(problem=type(error).__name__)


def _oldest(bell: Bell) -> datetime | None:
    ids = bell.queue.get_job_ids(0, 1)
    if not ids:
        return None
    try:
        job = bell.queue.job_class.fetch(ids[0], connection=bell.redis, serializer=bell.queue.serializer)
    except NoSuchJobError:
        return None  # Taken or expired in this moment.
    return _aware(job.enqueued_at)


def _workers(bell: Bell) -> list[WorkerLine]:
    now, lines = datetime.now(UTC), []
    for worker in Worker.all(connection=bell.redis, queue=bell.queue):
        heard = _aware(worker.last_heartbeat)
        alive = heard is not None and (now - heard).total_seconds() < WORKER_IS_GONE_SECONDS
        lines.append(WorkerLine(worker.name, str(getattr(worker.state, "value", worker.state)), heard, alive))
    return sorted(lines, key=lambda line: line.name)


def limits_name(company_id: int) -> str:
    """Return what stands for the company's realm in the keys of the gateway's limiter: no realm id lies in the queue's server."""
    return f"company-{company_id}"


def _paused(bell: Bell) -> dict[int, int]:
    """Return the companies that Intuit throttles now, with the seconds left. The keys are those of the gateway's limiter."""
    found = {}
    for key in bell.redis.scan_iter(match=_PAUSED, count=1000):
        name = key.decode() if isinstance(key, bytes) else key
        left = bell.redis.ttl(name)
        if left > 0:
            found[int(name.split("company-", 1)[1].split("}", 1)[0])] = left
    return found


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
