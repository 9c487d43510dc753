"""Requests and answers as JSON for reading, their amounts to the letter: parsed as numbers they would lose their cents."""

import json
import re
from typing import Any

_AMOUNT = "\ue000"  # Of Unicode's private use, so that no text of ours begins with it.


def parsed(text: str) -> Any:
    """Return the content of JSON, amounts as marked text.

    Raises:
        ValueError: it is none.
    """
    return json.loads(text, parse_float=lambda number: f"{_AMOUNT}{number}")


def readable(content: Any) -> str:
    """Return what was parsed, or a part of it, as JSON with line breaks."""
    return re.sub(f'"{_AMOUNT}([^"]*)"', r"\1", json.dumps(content, indent=2, ensure_ascii=False))
