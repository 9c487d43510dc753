"""What happens, from a seed: a list of steps that can be told again, and again without some of them. Pure; `telling` lets it happen.

Each step has chance of its own, so that leaving out another changes nothing in it but what it depends on.
"""

import random
from dataclasses import dataclass

DAYS = 30
LIKELY: dict[str, dict[str, int]] = {
    "platform": {
        "book": 30, "decide": 12, "reschedule": 6, "change fees": 8, "change client": 4, "correct client": 4, "pay": 8,
        "change payment": 8,
    },
    "books": {
        "edit": 8, "edit amount": 4, "void": 3, "delete": 4, "deposit": 8, "undo deposit": 2, "merge": 2, "rename": 3,
        "switch": 4, "close books": 4, "credit memo": 3, "pay by hand": 5, "auto credits": 2, "plan change": 2,
    },
    "office": {
        "settle": 4, "choose customers": 3, "answer money": 3, "change settings": 2, "start earlier": 1,
        "pause or resume": 1, "retry": 2, "let deletes through": 2, "check": 4,
    },
    "fault": {
        "outage": 10, "platform outage": 4, "late commits": 3, "lapse": 2, "expire": 3, "revoke": 1, "flush": 3,
        "clock jump": 3,
    },
    "feed": {"small pages": 4, "all at once": 2, "delete all": 2, "other company": 4, "back in time": 4, "dead key": 3},
}  # fmt: skip
"""How likely each happening is among those of its table."""
FLAVOURS = {
    "plain": {"platform": 60, "books": 0, "office": 5, "fault": 35},
    "people": {"platform": 45, "books": 35, "office": 20, "fault": 0},
    "feed": {"platform": 60, "books": 5, "office": 5, "fault": 10, "feed": 20},
    "all": {"platform": 40, "books": 25, "office": 12, "fault": 18, "feed": 5},
    "migration": {"platform": 55, "books": 10, "office": 8, "fault": 27},
}


@dataclass(frozen=True)
class Step:
    """One happening: its table, its name there, and the seed of its own chance."""

    table: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.table}:{self.name}:{self.number}"


@dataclass(frozen=True)
class Story:
    """A month of steps."""

    seed: int
    flavour: str
    steps: tuple[Step, ...]

    def without(self, left_out: set[int]) -> "Story":
        """Return the story without the steps of these numbers."""
        kept = tuple(step for number, step in enumerate(self.steps) if number not in left_out)
        return Story(self.seed, self.flavour, kept)


KEPT = (
    # An Invoice that a person had given another total stays as its deposited money left it, and more money was applied to it than it took.
    (
        831,
        "people",
        "platform:book:362218 | platform:book:954687 | platform:decide:637633 | platform:pay:207111 | platform:pay:886363 | "
        "work:day:155115 | platform:change fees:520890 | books:deposit:128884 | books:edit amount:393894",
    ),
    # Everything of a company was deleted, and another company's inspections on the next page were taken for its own.
    (
        647,
        "feed",
        "platform:book:680659 | platform:book:73402 | platform:book:924489 | platform:book:465606 | feed:small pages:533167 | "
        "work:day:794017 | feed:delete all:80601 | work:night:915341 | feed:other company:309822 | work:night:316778",
    ),
    # Money of others on an Invoice whose total a person had changed was not seen, and ours was taken off it for a move that QuickBooks refuses.
    (
        620,
        "people",
        "platform:book:532295 | platform:book:491556 | platform:book:529614 | work:night:453546 | books:edit amount:777492 | "
        "platform:book:784098 | books:pay by hand:401100 | platform:book:474706 | platform:book:910207 | work:day:126040 | "
        "books:switch:307559",
    ),
    # A client was corrected while its Customer was inactive, and nothing said it again once that was active.
    (
        923,
        "all",
        "platform:book:162644 | platform:book:627799 | platform:book:388706 | platform:book:924181 | platform:decide:88854 | "
        "platform:book:803140 | platform:book:71665 | work:sync:950506 | platform:book:762586 | books:switch:212199 | "
        "platform:book:562358 | platform:correct client:267483",
    ),
    # A deposit was undone after what it held was given back by a RefundReceipt: the Payment stays history.
    (
        536,
        "people",
        "platform:book:558443 | work:sync:622021 | platform:change payment:951461 | books:deposit:167361 | work:day:981394 | "
        "books:undo deposit:544378",
    ),
    # Somebody edited the Invoice that a migration had just made, before it was read back.
    (519, "migration", "work:day:590977 | books:edit:398321"),
    # A migration stood still half-way in closed books, which only its own page says.
    (
        319,
        "migration",
        "fault:outage:714113 | fault:lapse:659263 | work:day:778103 | work:night:509786 | books:close books:164376 | "
        "work:night:368529",
    ),
    # A note that somebody wrote before voiding our Payment was gone once ours was restored.
    (
        238,
        "feed",
        "platform:book:456123 | platform:book:428 | platform:book:164900 | platform:book:948404 | platform:book:378889 | "
        "work:nobody:793861 | platform:book:514664 | work:night:74412 | platform:book:919097 | books:edit:788 | "
        "platform:book:307841 | work:sync:290982 | books:void:89637",
    ),
    # A client was corrected while the subscription had lapsed, and nothing said it again.
    (
        215,
        "plain",
        "platform:book:437654 | work:day:650073 | fault:lapse:647592 | platform:correct client:758333 | work:night:793337",
    ),
    # A person had deleted one of our Payments, and the merge of its Customer was taken for a change of our Invoice by hand.
    (
        60,
        "people",
        "platform:book:297188 | platform:book:606032 | platform:book:161624 | platform:book:831655 | work:day:872520 | "
        "books:pay by hand:607227 | work:night:333872 | platform:book:550853 | platform:book:658374 | work:day:346066 | "
        "books:delete:910774 | office:change settings:441936 | books:pay by hand:457474 | platform:change fees:618530 | "
        "books:merge:719206 | books:merge:73669",
    ),
)
"""Stories that went wrong once, shortened: seed, flavour, steps as a failure prints them. What a seed tells changes with what can happen."""


def kept_stories() -> list[Story]:
    """Return the stories that went wrong once."""
    return [Story(seed, flavour, steps_from(text)) for seed, flavour, text in KEPT]


def steps_from(text: str) -> tuple[Step, ...]:
    """Return the steps of a line as `Short:` prints it."""
    parts = (one.strip().split(":") for one in text.split("|"))
    return tuple(Step(table, name, int(number)) for table, name, number in parts)


def story_of(seed: int, days: int = DAYS) -> Story:
    """Return the story of this seed, always the same one; of fewer days the beginning of it."""
    chance = random.Random(seed)
    flavour = "migration" if seed % 10 == 9 else chance.choice(list(FLAVOURS)[:4])
    steps = [Step("platform", "book", chance.randrange(10**6)) for _ in range(3)]
    for _day in range(days):
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            table = chance.choices(list(FLAVOURS[flavour]), list(FLAVOURS[flavour].values()))[0]
            weights = LIKELY[table]
            name = chance.choices(list(weights), list(weights.values()))[0]
            steps.append(Step(table, name, chance.randrange(10**6)))
            if chance.random() < 0.12:
                steps.append(Step("work", "sync", chance.randrange(10**6)))
        what = chance.choices(("night", "day", "nobody"), (15, 20, 65))[0]
        steps.append(Step("work", what, chance.randrange(10**6)))
    return Story(seed, flavour, tuple(steps))
