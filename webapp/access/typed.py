"""What addresses and forms say, as every view reads it: without null characters, which PostgreSQL takes in no text, and always readable.

Files and JSON are neither: their own readers look at them (`bookkeeping.inspection_source`).
"""

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict, iter_multi_items
from werkzeug.routing import PathConverter, UnicodeConverter, ValidationError

_NO_ASCII = re.compile(rb"[\x80-\xff]")


class Fields(ImmutableMultiDict[str, Any]):
    """Fields by name, in their order."""

    def __init__(self, sent: Any = ()) -> None:
        fields: Iterable[tuple[str, Any]] = iter_multi_items(sent)
        super().__init__([(_storable(name), _storable(value)) for name, value in fields])


class TypedRequest(Request):
    """A request whose `args` and `form` hold what a database can, whatever was sent."""

    parameter_storage_class = Fields

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Bytes that a browser would have escaped: unescaped ones need not be text at all.
        self.query_string = _NO_ASCII.sub(lambda found: b"%%%02X" % found[0][0], self.query_string)


class _Word(UnicodeConverter):
    def to_python(self, value: str) -> str:
        return _there(super().to_python(value))


class _Path(PathConverter):
    def to_python(self, value: str) -> str:
        return _there(super().to_python(value))


def set_up_typed(app: Flask) -> None:
    """Let every view read requests so; hang it in before the first address."""
    app.request_class = TypedRequest
    app.url_map.converters |= {"default": _Word, "string": _Word, "path": _Path}


def _storable(value: Any) -> Any:
    return value.replace("\x00", "") if isinstance(value, str) else value


def _there(value: str) -> str:
    """Return an id out of an address; one that no database can hold is none: 404."""
    if "\x00" in value:
        raise ValidationError
    return value
