"""`python -m tests.chaos --seeds 1-20 --database postgresql`: chaos on real processes; print what went wrong, how to tell it again, and figures."""

import argparse
import sys

from tests.chaos.processes.machine import lacking, take_a_room
from tests.chaos.processes.stories import DATABASES, ROUNDS


def main() -> int:
    """Tell the stories; return 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", default="1-20", help="such as 7, or 1-100")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many disturbances each story has")
    parser.add_argument("--keep", action="store_true", help="keep the logs of stories that went well, too")
    given = parser.parse_args()
    take_a_room("tests.chaos")
    # Only now: whatever is imported would be imported twice.
    from tests.chaos.processes.running import run_seeds

    cannot = lacking()
    for what, why in cannot.items():
        print(f"Left out: {what}: {why}.")
    first, _, last = given.seeds.partition("-")
    failed = False
    for database in DATABASES if given.database == "both" else (given.database,):
        seeds = range(int(first), int(last or first) + 1)
        figures = run_seeds(seeds, database, given.rounds, cannot, keep=given.keep)
        print(f"On {database}: {figures.said()}", flush=True)
        failed |= bool(figures.failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
