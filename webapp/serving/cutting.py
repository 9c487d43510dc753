"""What pages take of Bootstrap: the rules and icons that our templates, scripts and views name. Pure; the files are read in `files.py`.

Names are looked for as plain words, so too much may stay and nothing that is named goes. A name put together in a template
(`btn-{{ tone }}`) is found by its beginning and the word that follows.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache

_WORD = re.compile(r"[A-Za-z][\w-]*")
_BEGINNING = re.compile(r"""[A-Za-z][\w-]*-(?=\{|["'] *~)""")
_QUOTED = re.compile(r"""["']([a-z0-9][a-z0-9-]*)["']""")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_BRACE = re.compile(r"[{}]")
_COMMA = re.compile(r",(?![^(]*\))")
_SYMBOL = re.compile(r'<symbol[^>]*? id="([^"]+)"[^>]*>(.*?)</symbol>', re.DOTALL)
_NEGATED = re.compile(r":not\([^)]*\)")


def cut_styles(css: str, sources: Iterable[str]) -> str:
    """Return the rules of a minified style sheet whose every class one of the sources names, in their order.

    A rule of several selectors keeps those that are used. Rules without a class (elements, `:root`, `@keyframes`) stay.
    """
    words: set[str] = set()
    beginnings: set[str] = set()
    for text in sources:
        words |= set(_WORD.findall(text))
        beginnings |= set(_BEGINNING.findall(text))

    def named(name: str) -> bool:
        return name in words or any(
            name.startswith(beginning) and name[len(beginning) :] in words for beginning in beginnings
        )

    return _cut(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL), cache(named))


def cut_icons(svg: str, sources: Iterable[str]) -> str:
    """Return one SVG file with those symbols of `svg` that the sources name in quotes."""
    named = {word for text in sources for word in _QUOTED.findall(text)}
    found = (
        f'<symbol id="{name}" viewBox="0 0 16 16">{drawing.strip()}</symbol>'
        for name, drawing in _SYMBOL.findall(svg)
        if name in named
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(found)}</svg>\n'


def _cut(css: str, named: Callable[[str], bool]) -> str:
    kept = []
    for head, body in _rules(css):
        if head.startswith(("@media", "@supports")):
            inner = _cut(body, named)
            kept += [f"{head}{{{inner}}}"] if inner else []
            continue
        selectors = (
            [head] if head.startswith("@") else [one for one in _COMMA.split(head) if _used(one, named)]
        )
        kept += [f"{','.join(selectors)}{{{body}}}"] if selectors else []
    return "".join(kept)


def _used(selector: str, named: Callable[[str], bool]) -> bool:
    return all(named(name) for name in _CLASS.findall(_NEGATED.sub("", selector)))


def _rules(css: str) -> Iterable[tuple[str, str]]:
    """Give what stands before each pair of outer braces, and between them; statements without a block are left out."""
    at = 0
    while (opening := css.find("{", at)) >= 0:
        depth, end = 1, opening + 1
        while depth:
            brace = _BRACE.search(css, end)
            if brace is None:
                raise ValueError("The style sheet does not close a brace.")
            depth, end = depth + (1 if brace[0] == "{" else -1), brace.end()
        yield css[at:opening].rpartition(";")[2].strip(), css[opening + 1 : end - 1]
        at = end
