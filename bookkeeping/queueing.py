"""The doorbell. A job says only "look at company 7"; what is due, who holds it and what was sent are rows, not jobs."""

import logging
from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job

logger = logging.getLogger(__name__)

QUEUE = "bell"
LOOK_AT_COMPANY = "worker.jobs.look_at"
NAMES = ("", "-next", "-third", "-fourth")
"""What a company's rings are called, beside its number."""

ALLOWED = frozenset({LOOK_AT_COMPANY})


class JobNotAllowedError(Exception):
    """A job names a function that is not on the list: somebody else wrote into our queue."""


class Executions(ExecutionRegistry):
    """The executions of a job that there are: RQ 3.0.0 lists one for a minute longer than it exists.

    A worker that gives up the job of a machine which went away would meet that minute, end itself over it, and so would the next.
    """

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        """Return those that exist."""
        found = []
        for execution_id in self.get_execution_ids(start, end):
            try:
                found.append(Execution.fetch(execution_id, self.job_id, self.connection))
            except ValueError:  # What RQ says of one that is gone.
                continue
        return found


class BellJob(Job):
    """The job class of our workers: it runs nothing but what `ALLOWED` names, with one company's id, and nothing before or after it."""

    @property
    def func(self) -> Any:
        if self.func_name not in ALLOWED or self.instance is not None:
            raise JobNotAllowedError(f"{self.func_name!r} is not a job of Tieout")
        if self.kwargs or not isinstance(self.args, (list, tuple)) or not _is_one_id(self.args):
            raise JobNotAllowedError("a job of Tieout has one company's id and nothing else")
        if any((self._success_callback_name, self._failure_callback_name, self._stopped_callback_name)):
            raise JobNotAllowedError("a job of Tieout calls nothing back")
        if self._dependency_ids or self.retries_left or self.repeats_left:
            raise JobNotAllowedError("a job of Tieout waits for no other, and is not repeated by the queue")
        return super().func

    @property
    def execution_registry(self) -> "Executions":
        return Executions(self.id, connection=self.connection)

    # RQ would import and call these also for a job that was refused.
    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None


def _is_one_id(args: Sequence[Any]) -> bool:
    return len(args) == 1 and type(args[0]) is int and 0 < args[0] < 2**31


class Bell:
    """Rings for companies. A ring that is lost costs a minute: the sweep rings again for all that is due."""

    def __init__(self, redis_url: str) -> None:
        self.redis = Redis.from_url(
            redis_url, socket_connect_timeout=3, socket_timeout=10, health_check_interval=30
        )
        self.queue = Queue(QUEUE, connection=self.redis, job_class=BellJob, serializer="json")

    def ring(self, company_id: int) -> bool:
        """Ask a worker to look at this company; False when the queue is out of reach (the sweep will ring).

        However often it is rung, one ring waits. Beside a look that is under way one more may wait: what changed since is not missed
        then, nor the company when the worker at it has died, which the queue notices only after a minute or two. A name can be left
        behind twice in that time, by a worker that died with the ring in its hands, so that there are some more names.
        """
        try:
            for name in (f"bell-{company_id}{more}" for more in NAMES):
                if self._enqueue(company_id, name) or self._waits(name):
                    return True
        except RedisError as error:
            logger.warning(
                "Bell out of reach", extra={"company_id": company_id, "error": type(error).__name__}
            )
            return False
        return True

    def _waits(self, name: str) -> bool:
        """Whether the job of this name is where a worker will find it; its own word (queued) is not enough: it may have been taken."""
        return self.redis.lpos(self.queue.key, name) is not None

    def _enqueue(self, company_id: int, name: str) -> bool:
        """Queue one job of this name; False when there is one already, waiting or under way."""
        try:
            self.queue.enqueue_call(
                LOOK_AT_COMPANY,
                args=(company_id,),
                job_id=name,
                unique=True,
                timeout=300,
                ttl=900,
                result_ttl=0,
                failure_ttl=0,
            )
        except DuplicateJobError:
            return False
        return True

    def ring_again(self, company_id: int) -> bool:
        """Ring from within the job of that company, whose own id still blocks the name."""
        try:
            self.queue.enqueue_call(
                LOOK_AT_COMPANY, args=(company_id,), timeout=300, ttl=900, result_ttl=0, failure_ttl=0
            )
        except RedisError:
            return False
        return True

    def depth(self) -> int:
        """Return how many rings wait.

        Raises:
            RedisError: the queue is out of reach.
        """
        return self.queue.count
