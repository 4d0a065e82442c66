"""Find why a text is not JSON, and where."""

from __future__ import annotations

import re
from typing import NamedTuple

#: A string, or a number that does not exist in JSON.
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)', re.DOTALL)

#: Python's messages that end in "at", and the words that a finding uses instead.
_REASONS = {
    "Invalid control character at": "a control character or a line end inside a string",
    "Unterminated string starting at": "a string that does not end",
}


class Fault(NamedTuple):
    """Why a text is not JSON, and the index where."""

    reason: str
    position: int


def json_fault(text: str) -> Fault | None:
    """Return why a text is not JSON; None if it is."""
    import json

    try:
        # Numbers are kept as text, because Python refuses to read very long ones.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return Fault(_REASONS.get(error.msg, error.msg), error.pos)
    except _ConstantError as error:
        return Fault(f"{error} is not a JSON number", constant(text))
    except RecursionError:
        return Fault("nested too deeply", 0)
    return None


def constant(text: str) -> int:
    """Return the index of the first NaN or Infinity outside a string, or -1."""
    return next((match.start() for match in _CONSTANT.finditer(text) if match[1]), -1)


def has_constant(text: str) -> bool:
    """Tell whether a text would be JSON if JSON had NaN and Infinity, and has one of them."""
    import json

    found: list[str] = []
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=found.append)
    except (ValueError, RecursionError):
        return False
    return bool(found)


class _ConstantError(Exception):
    """JSON has no such number."""


def _refuse(name: str) -> None:
    raise _ConstantError(name)
