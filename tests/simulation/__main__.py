"""`python -m tests.simulation --seeds 1-100`: tell the stories of these seeds; print what went wrong, how to tell it again, and the figures.

`--crashes all`: break the scenarios of `scenarios` off at every step instead.

Each seed is told in a process of its own, forked from one that has everything imported, on its own database.
"""

import argparse
import os
import sys

if os.environ.get("PYTHONHASHSEED") != "0":  # The order of sets must be the same each time.
    os.execve(
        sys.executable,
        [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
        {**os.environ, "PYTHONHASHSEED": "0"},
    )

from tests.simulation.databases import DATABASES
from tests.simulation.running import Figures, run_crashes, run_seeds
from tests.simulation.stories import DAYS


def main() -> int:
    """Tell the stories; return 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="1-20", help="such as 7, or 1-1000")
    parser.add_argument(
        "--steps", default="", help="of one seed: only the steps of these numbers, such as 0,3,17"
    )
    parser.add_argument("--days", type=int, default=DAYS, help="how long each story is")
    parser.add_argument(
        "--planted", default="", help="three bookings and a mistake of ours: double, lose or touch"
    )
    parser.add_argument("--no-shrinking", action="store_true", help="only say that a seed failed")
    parser.add_argument("--going-on", action="store_true", help="go on after a failure")
    parser.add_argument("--kept", action="store_true", help="before them, the stories that went wrong once")
    parser.add_argument(
        "--crashes", default="", help="instead: break these scenarios off, such as refund,restore, or all"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="of the steps of a scenario, die at every such one"
    )
    parser.add_argument(
        "--pairs", default="20", help="so many pairs of steps besides, the next worker dying, too; or all"
    )
    parser.add_argument("--database", choices=DATABASES, default="sqlite", help="where all of it happens")
    given = parser.parse_args()
    if given.crashes:
        pairs = None if given.pairs == "all" else int(given.pairs)
        return 1 if run_crashes(given.crashes, given.every, pairs, given.database) else 0
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    steps = [int(one) for one in given.steps.split(",") if one]
    figures: Figures = run_seeds(
        seeds,
        steps,
        planted=given.planted,
        days=given.days,
        shrink=not given.no_shrinking,
        going_on=given.going_on,
        kept=given.kept,
        database=given.database,
    )
    print(figures.said())
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
