"""What work tells the run that it is for: how far it is, what it found, and what became of its writes. All in the current transaction."""

from typing import Any

from worker.holding.work import Work


def tell(
    work: Work, phase: str | None = None, *, done: int | None = None, total: int | None = None, **result: Any
) -> None:
    """Note progress on the run; what is left out stays as it was. `result` is added to the run's result."""
    if work.run_id is None:
        return
    run = work.run
    run.phase = phase if phase is not None else run.phase
    run.done = done if done is not None else run.done
    run.total = total if total is not None else run.total
    if result:
        run.result = {**run.result, **result}


def count(work: Work, outcomes: dict[str, int]) -> None:
    """Add to the run's counts by outcome."""
    if work.run_id is None or not outcomes:
        return
    run = work.run
    run.counts = {name: run.counts.get(name, 0) + outcomes.get(name, 0) for name in {*run.counts, *outcomes}}
