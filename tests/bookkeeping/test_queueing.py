"""What a worker of ours runs from the queue: one function, with one company's id, and nothing before or after it. Only the last test asks a queue."""

import os

import pytest
from redis import Redis
from rq.executions import Execution
from rq.job import Callback, Job
from rq.registry import StartedJobRegistry, clean_registries

from bookkeeping.queueing import LOOK_AT_COMPANY, Bell, BellJob, JobNotAllowedError
from bookkeeping.storage.base import db
from tests.harness.servers import Valkey
from tests.webapp.house import House
from worker.jobs import look_at


def job(function: str = LOOK_AT_COMPANY, args=(7,), **options) -> BellJob:
    """Return a job as it would lie in the queue; `Redis()` connects to nothing by itself."""
    made = BellJob.create(function, args=args, connection=Redis(), serializer="json", **options)
    return made


def test_the_one_job_runs_with_a_companys_id():
    assert job().func is look_at and job(args=[2**31 - 1]).func is look_at


@pytest.mark.parametrize(
    "args",
    [(), (0,), (-1,), (2**31,), (10**22,), (True,), ("7",), (7.0,), (None,), ([7],), (7, 8)],
)
def test_anything_but_one_id_in_range_is_refused(args):
    with pytest.raises(JobNotAllowedError, match="one company's id"):
        _ = job(args=args).func


def test_named_arguments_and_other_functions_are_refused():
    with pytest.raises(JobNotAllowedError, match="one company's id"):
        _ = job(kwargs={"company_id": 7}).func
    for function in ("os.system", "worker.jobs.bell", "subprocess.run"):
        with pytest.raises(JobNotAllowedError, match="not a job of Tieout"):
            _ = job(function).func


@pytest.mark.parametrize("when", ["on_success", "on_failure", "on_stopped"])
def test_nothing_is_called_back(when):
    planted = job(**{when: Callback("os.getcwd")})
    with pytest.raises(JobNotAllowedError, match="calls nothing back"):
        _ = planted.func
    # RQ asks for these even when the job itself was refused.
    assert planted.success_callback is planted.failure_callback is planted.stopped_callback is None
    plain = Job.create("os.getcwd", connection=Redis(), **{when: Callback("os.getcwd")})
    assert os.getcwd in (plain.success_callback, plain.failure_callback, plain.stopped_callback), (
        "RQ itself would"
    )


def test_no_job_waits_for_another_or_is_repeated():
    waiting, again, repeated = job(), job(), job()
    waiting._dependency_ids, again.retries_left, repeated.repeats_left = ["other"], 3, 2
    for planted in (waiting, again, repeated):
        with pytest.raises(JobNotAllowedError, match="waits for no other"):
            _ = planted.func


def test_errors_of_the_database_hide_what_was_bound(sqlite_url):
    house = House(sqlite_url)
    with house.app.app_context():
        assert db.engine.hide_parameters


def test_a_job_of_a_machine_that_went_away_is_given_up_though_its_execution_is_gone(valkey: Valkey):
    bell = Bell(valkey.url)
    bell.ring(7)
    queue = bell.queue
    [lost] = queue.jobs
    started = StartedJobRegistry(queue=queue)
    with queue.connection.pipeline() as pipeline:
        lost.prepare_for_execution("a worker far away", pipeline)
        execution = Execution.create(lost, ttl=60, pipeline=pipeline)
        pipeline.execute()
    queue.connection.delete(execution.key)  # It is gone a minute before its entry is.
    for entry in queue.connection.zrange(started.key, 0, -1):
        queue.connection.zadd(started.key, {entry: 1})
    clean_registries(queue)  # As every worker does, each half minute.
    assert started.count == 0
    assert queue.fetch_job(lost.id) is None
    assert bell.ring(7)
