"""The guides in docs/guides: every command in them is one that there is and takes these words, every address is a page, every picture is made."""

import re
import shlex

import click
import pytest

from tests.harness import ROOT
from tests.shots import IMAGES, PAGES, SHOWN
from tests.webapp.house import House
from worker.commands.register import COMMANDS, command

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_BYTES = 3_000_000
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def commands_of(path) -> list[list[str]]:
    """Return the words of each command line: in the blocks, and between backticks."""
    text = path.read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    lines += re.findall(r"`((?:make|tieout|flask) [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return [shlex.split(line) for line in lines if line.strip()]


def parse(words: list[str]) -> None:
    """Have the command that these words name take the rest of them, as it would before it does anything.

    Raises:
        click.ClickException, KeyError: there is no such command, or it takes no such words.
    """
    name, *rest = words
    assert name in COMMANDS, name
    found: click.Command = command(name)
    context = found.make_context(name, list(rest))
    while isinstance(found, click.Group):
        said, inner, rest = found.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None, words
        context = inner.make_context(said, rest, parent=context)
        found = inner


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_command_of_a_guide_is_there_and_takes_its_words(path):
    for words in commands_of(path):
        match words:
            case ["make", target, *more]:
                assert target in TARGETS, words
                for one in more:
                    name, _, value = one.partition("=")
                    if target == "flask" and name == "ARGS":
                        parse(shlex.split(value))
                    assert name in ("ARGS", "F", "M", "SEEDS", "PYTEST_ARGS"), words
            case ["flask", "--app", "wsgi", *rest] | ["tieout", *rest]:
                parse(rest)
            case _:
                raise AssertionError(f"{path.name}: {words}")


def test_a_command_that_is_none_is_found():
    for words in (["no-such-thing"], ["status", "1", "--colour"], ["user", "crown", "a@b.example"]):
        with pytest.raises((AssertionError, SystemExit, click.ClickException)):
            parse(words)


def test_every_address_of_a_guide_is_a_page():
    places = House("sqlite://").app.url_map.bind("")
    for path in GUIDES:
        addresses = re.findall(r"`(/[a-z0-9/-]*)`", path.read_text(encoding="utf-8"))
        assert addresses, path.name
        for address in addresses:
            assert places.test(address, method="GET"), (path.name, address)


def test_pictures_are_those_that_are_made_and_shown_and_are_small():
    names = {one.name for one in PAGES}
    assert {name.removesuffix("-narrow") for name in SHOWN} <= names
    there = {path.name for path in IMAGES.iterdir()}
    assert there == {f"{name}.webp" for name in SHOWN}, "make shots"
    shown = {name for path in PAPERS for name in re.findall(r"images/([\w.-]+)", path.read_text("utf-8"))}
    assert shown == there
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) < MOST_BYTES
