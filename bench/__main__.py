"""Everything that is measured, in one table and one JSON file: `python -m bench`, or `python -m bench --small` in some minutes.

Each line is a program of its own, run after the other, so that one alone has the machine. What each measures is in its own words; how to
read it is in README.md beside this file. The JSON is in var/bench.json.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.reporting import table

OUT = Path("var/bench.json")

WHOLE = {
    "one company at Intuit's ceiling": "writing --inspections 600",
    "a first sync of 10,000, on a clock 5 times as fast": "writing --inspections 10000 --scale 5",
    "nothing but ours, beside a loop without any wait": "writing --inspections 1000 --call 0 --item 0 --no-limits",
    "beside a loop, 50 ms a call": "writing --inspections 1000 --call 0.05 --item 0 --no-limits",
    "beside a loop, 300 ms a call": "writing --inspections 1000 --call 0.3 --item 0 --no-limits",
    "what acts and days cost": "footprint",
    "size of a company": "large",
    "many companies": "many",
    "another database": "copying",
    "an owner's pages": "pages",
    "ops' pages as history grows": "ops_scale",
}
SMALL = {
    "one company at Intuit's ceiling": "writing --inspections 60",
    "nothing but ours, beside a loop without any wait": "writing --inspections 60 --call 0 --item 0 --no-limits",
    "what acts and days cost": "footprint --inspections 30",
    "size of a company": "large --sizes 300 900",
    "many companies": "many --companies 10 --midnight 10",
    "another database": "copying --inspections 500",
    "an owner's pages": "pages",
    "ops' pages as history grows": "ops_scale --small",
}


def main() -> int:
    """Run all, print the table, keep the JSON; 1 when a program says that an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="sizes that only show that it works")
    given = parser.parse_args()
    found, missed = {}, []
    for name, words in (SMALL if given.small else WHOLE).items():
        found[name], code = run(words)
        missed += [name] if code else []
        print(f"\n{name}  (python -m bench.{words})")
        for line in table(found[name]):
            print(f"  {line}", flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\nAll of it is in {OUT}.", *[f"Missed: {name}." for name in missed])
    return 1 if missed else 0


def run(words: str) -> tuple[Any, int]:
    """Run one program; return what it says, as it says it in JSON, and its exit code."""
    module, *more = words.split()
    asked = [] if module == "ops_scale" else ["--json"]
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *more, *asked], capture_output=True, text=True
    )
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError:
        return {"failed": (done.stdout + done.stderr)[-2000:]}, done.returncode or 1


if __name__ == "__main__":
    sys.exit(main())
