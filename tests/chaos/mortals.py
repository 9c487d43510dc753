"""Workers that can be killed and stopped at will, and a company with a bit of everything to do for them."""

import json
import subprocess
import sys
from typing import Any

from tests.functional.office import inspection
from tests.harness import ROOT
from tests.harness.in_process import Desk, Shop
from tests.harness.processes import base_environment


class Mortals:
    """The process of `tests.chaos.crashing`, which forks workers and lets them die or stand still."""

    def __init__(self, environment: dict[str, str]):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.crashing"],
            cwd=ROOT,
            env={**base_environment(), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def warm_up(self, company_id: int) -> None:
        """Do the job for this company once without a fork; each one after it costs a fraction then."""
        self._asked({"warm_up": company_id})

    def look_at(self, company_id: int, **order: Any) -> dict[str, Any]:
        """Do the job for this company in a process of its own; return what became of it. `at` and `signal` end it early."""
        return self._asked({"company": company_id, **order})

    def go_on(self, pid: int) -> dict[str, Any]:
        """Wake the one that stands still, and return what became of it."""
        return self._asked({"go_on": pid})

    def stop(self) -> None:
        """End it, and all that stand still."""
        self._process.stdin.close()
        self._process.wait(10)

    def _asked(self, order: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        facts = json.loads(self._process.stdout.readline())
        assert not facts["complaints"], facts["complaints"]
        assert facts["ended"] in (0, "SIGKILL", "SIGSTOP"), facts
        return facts


def everything_to_do(shop: Shop) -> Desk:
    """Return a company whose next sync makes, changes and removes documents of every kind."""
    desk = shop.open()
    keys = desk.book(*(inspection(number) for number in (1, 2, 3)))
    assert desk.run()["state"] == "done"
    desk.assert_exact("before", invoices_ever=3)
    desk.change(keys[0], line_items=[{"kind": "service", "name": "Full Home Inspection", "amount": "300.00"}])
    buyer = {"new": True, "first_name": "Luis", "last_name": "Vega", "email": "luis@client.example"}
    desk.change(keys[1], buyer=buyer)
    desk.change(keys[2], canceled=True)
    new = [{"kind": "service", "name": "Sewer Scope", "amount": "210.00"}]
    paid = [{"amount": "110.00", "method": "ach", "reference": "ach_4"}]
    desk.book(inspection(4, line_items=new, payments=paid))
    desk.press_sync_now()
    return desk
