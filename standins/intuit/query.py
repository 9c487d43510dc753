"""The query language: from the text of a statement to a `Query`, or QuickBooks' own complaint.

SELECT … FROM … WHERE … ORDERBY … STARTPOSITION … MAXRESULTS …; running it is `query_run`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from standins.intuit.errors import QuickBooksFault

_TOKEN = re.compile(
    r"""\s*(?:(?P<STRING_LITERAL>'(?:[^'\\]|\\.)*')|(?P<NUMBER>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<IDENTIFIER>[A-Za-z_][\w.]*)|(?P<SYMBOL><=|>=|!=|<>|[=<>(),*]))""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = {
    "select", "from", "where", "and", "or", "in", "like", "orderby", "order", "by", "asc", "desc", "startposition",
    "maxresults", "count", "not",
}  # fmt: skip
DEFAULT_RESULTS, MOST_RESULTS = 100, 1000


@dataclass
class Condition:
    """One comparison: `field` and `operator` as written, values as text or bool."""

    field: str
    operator: str
    values: list[str | bool]


@dataclass
class Query:
    """A parsed statement. `fields` is empty for `*`."""

    entity: str = ""
    count: bool = False
    fields: list[str] = field(default_factory=list)
    where: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    size: int = DEFAULT_RESULTS


def parser_error(detail: str) -> QuickBooksFault:
    """The statement can't be read."""
    return QuickBooksFault(4000, "Error parsing query", f"QueryParserError: {detail}")


def validation_error(detail: str) -> QuickBooksFault:
    """The statement can be read but not answered."""
    return QuickBooksFault(4001, "Invalid query", f"QueryValidationError: {detail}")


@dataclass
class _Token:
    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "IDENTIFIER" else ""


class _Reader:
    """The tokens of a statement and where we are among them."""

    def __init__(self, statement: str):
        self.statement = statement
        self.tokens: list[_Token] = []
        self.at = 0
        position, end = 0, len(statement.rstrip())
        while position < end:
            match = _TOKEN.match(statement, position)
            if match is None:
                start = position + len(statement[position:]) - len(statement[position:].lstrip())
                line, column = self._place(start)
                raise parser_error(
                    f'Invalid content. Lexical error at line {line}, column {column}.  Encountered: "{statement[start]}"'
                )
            self.tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            position = match.end()
        self.tokens.append(_Token("EOF", "", len(statement)))

    def _place(self, position: int) -> tuple[int, int]:
        before = self.statement[:position]
        return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def unexpected(self) -> QuickBooksFault:
        """Return the fault for the token we stand on."""
        token = self.token
        line, column = self._place(token.position)
        if token.kind == "EOF":
            what = '"<EOF>"'
        elif token.kind == "SYMBOL" or token.word in _KEYWORDS:
            what = f'" "{token.text}" "{token.text} ""'
        else:
            what = f'" <{token.kind}> "{token.text} ""'
        return parser_error(f"Encountered {what} at line {line}, column {column}.")

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def word(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        if self.token.word in words:
            self.at += 1
            return True
        return False

    def symbol(self, text: str) -> bool:
        """Take the next token if it is this symbol."""
        if self.token.kind == "SYMBOL" and self.token.text == text:
            self.at += 1
            return True
        return False

    def need(self, taken: bool) -> None:
        """Complain about the token we stand on unless it was taken."""
        if not taken:
            raise self.unexpected()

    def name(self) -> str:
        """Take the name of an entity or property."""
        if self.token.kind != "IDENTIFIER" or self.token.word in _KEYWORDS:
            raise self.unexpected()
        return self.take().text


def parse(statement: str) -> Query:
    """Return the Query a statement asks for. Raises the 4000 and 4001 faults."""
    reader, query = _Reader(statement), Query()
    reader.need(reader.word("select"))
    _selection(reader, query)
    reader.need(reader.word("from"))
    query.entity = reader.name()
    if reader.word("where"):
        query.where.append(_condition(reader))
        while reader.word("and"):
            query.where.append(_condition(reader))
    if reader.token.word in ("orderby", "order"):
        if reader.take().word == "order":
            reader.need(reader.word("by"))
        query.order.append(_ordering(reader))
        while reader.symbol(","):
            query.order.append(_ordering(reader))
    while reader.token.word in ("startposition", "maxresults"):
        which = reader.take().word
        if reader.token.kind != "NUMBER" or not re.fullmatch(r"-?\d+", reader.token.text):
            raise reader.unexpected()
        value = int(reader.take().text)
        lowest = 1 if which == "startposition" else 0
        if value < lowest:
            raise validation_error(f"value {value} is too small. Min allowed value is {lowest}")
        if which == "maxresults" and value > MOST_RESULTS:
            raise validation_error(f"value {value} is too large. Max allowed value is {MOST_RESULTS}")
        if which == "startposition":
            query.start = value
        else:
            query.size = value
    reader.need(reader.token.kind == "EOF")
    return query


def _selection(reader: _Reader, query: Query) -> None:
    if reader.word("count"):
        reader.need(reader.symbol("("))
        reader.need(reader.symbol("*"))
        reader.need(reader.symbol(")"))
        query.count = True
        return
    everything = False
    while True:
        if reader.symbol("*"):
            everything = True
        else:
            query.fields.append(reader.name())
        if not reader.symbol(","):
            break
    if everything:
        query.fields = []


def _condition(reader: _Reader) -> Condition:
    name = reader.name()
    if reader.word("in"):
        reader.need(reader.symbol("("))
        values = [_value(reader)]
        while reader.symbol(","):
            values.append(_value(reader))
        reader.need(reader.symbol(")"))
        return Condition(name, "in", values)
    if reader.word("like"):
        return Condition(name, "like", [_value(reader)])
    if reader.token.kind == "SYMBOL" and reader.token.text in ("=", "<", ">", "<=", ">="):
        return Condition(name, reader.take().text, [_value(reader)])
    raise reader.unexpected()


def _value(reader: _Reader) -> str | bool:
    token = reader.token
    if token.kind == "STRING_LITERAL":
        reader.take()
        return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
    if token.kind == "NUMBER":
        return reader.take().text
    if token.word in ("true", "false"):
        return reader.take().word == "true"
    raise reader.unexpected()


def _ordering(reader: _Reader) -> tuple[str, bool]:
    """Return (property, descending)."""
    name = reader.name()
    if reader.word("desc"):
        return name, True
    reader.word("asc")
    return name, False
