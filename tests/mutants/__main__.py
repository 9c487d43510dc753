"""`make mutants`: plant 300 faults in the rules and say which the rules' tests do not notice. Fails below nine in ten."""

import argparse
import random
import sys
import time
from itertools import islice

from tests.harness import ROOT
from tests.mutants.known import EQUIVALENT
from tests.mutants.planting import Mutant, faults_of
from tests.mutants.running import killed, passes

RULES = ROOT / "bookkeeping" / "rules"
TESTS = ROOT / "tests" / "bookkeeping" / "rules"


def chosen(asked: argparse.Namespace) -> list[Mutant]:
    """Return the mutants to try, the same for the same seed, in the order of their files."""
    paths = [path for path in sorted(RULES.glob("*.py")) if asked.file in path.stem]
    every = [fault for path in paths for fault in faults_of(path)]
    random.Random(asked.seed).shuffle(every)
    planted = (fault.planted(ROOT) for fault in every)
    wanted = (mutant for mutant in planted if mutant and mutant.key not in EQUIVALENT)
    mutants = list(islice(wanted, asked.number))
    print(f"{len(mutants)} of about {len(every)} mutants, seed {asked.seed}.", flush=True)
    return sorted(mutants, key=lambda mutant: (mutant.path, mutant.line))


def main() -> int:
    """Return an exit code: 0 when enough were noticed."""
    asked = asked_for()
    began = time.monotonic()
    if not passes(TESTS):
        print("The tests fail without a mutant: mend them first.")
        return 2
    survived: list[Mutant] = []
    tried = 0
    for mutant, noticed in killed(chosen(asked), TESTS, asked.processes):
        tried += 1
        if asked.verbose or not noticed:
            print("killed  " if noticed else "SURVIVED", mutant, flush=True)
        survived += [] if noticed else [mutant]
        if time.monotonic() - began > asked.minutes * 60:
            print(f"Stopped after {asked.minutes} minutes; fewer at a time: ARGS='--number 100'.")
            break
    share = 100 * (1 - len(survived) / tried) if tried else 0
    seconds = time.monotonic() - began
    print(f"{tried - len(survived)} of {tried} killed, {share:.1f} %, in {seconds:.0f} s.")
    return 0 if share >= asked.at_least else 1


def asked_for(given: list[str] | None = None) -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    words.add_argument("--number", type=int, default=300, help="how many mutants")
    words.add_argument("--minutes", type=int, default=30, help="stop after so long")
    words.add_argument("--seed", type=int, default=1, help="another seed chooses other mutants")
    words.add_argument("--file", default="", help="only in files with these letters in their name")
    words.add_argument("--processes", type=int, default=2, help="how many at a time")
    words.add_argument("--at-least", type=float, default=90, help="the share to be killed, in per cent")
    words.add_argument("--verbose", action="store_true", help="name the killed ones too")
    return words.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
