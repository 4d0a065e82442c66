"""The error that a check raises: an AssertionError whose text is a bug report for whoever wrote the tested thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sse_codec.testing._rules import Rule

#: How the last part of a report begins, which is for who calls the check from Python.
ADVICE = "If this one is known, "

_SHOWN_BYTES = 400
_SHOWN_ITEMS = 12


class NotConforming(AssertionError):
    """What was tested does otherwise than the standard says; the text is a report of the smallest case found.

    Attributes:
        rule: the name of the rule that was broken, as in a check's option `without`.
        sentence: the sentence of the standard that it rests on.
        about: what touches that rule, in words.
        case: the smallest failing input: the chunks that a consumer was given, or the events that a producer was.
        wire: the bytes of the stream.
        expected: the events that the standard makes of it.
        got: what was consumed or produced instead; None when an exception was raised, which is the `__cause__`.
        examples: how many examples were drawn to find the first failure, before it was made smaller; 0 when it is one
            of the known places that are tried first.
    """

    examples = 0

    def __init__(
        self,
        rule: Rule[Any],
        what: str,
        body: str,
        *,
        case: Sequence[Any],
        wire: bytes,
        expected: Sequence[Any],
        got: Sequence[Any] | None,
    ) -> None:
        super().__init__(what)
        self.rule: str = rule.name
        self.sentence: str = rule.sentence
        self.about: str = rule.about
        self.case = case
        self.wire = wire
        self.expected = expected
        self.got = got
        self._what = what
        self._body = body

    def __str__(self) -> str:
        text = (
            f"{self._what}\n\n{self._body}\n"
            f"the rule that is touched: {self.rule} ({self.about})\nWHATWG HTML {self.sentence}"
        )
        # Without either there is nothing left to look at.
        if self.rule in {"data", "missing-blank-line"}:
            return text
        return f'{text}\n\n{ADVICE}without={{"{self.rule}"}} looks for others.'


def show_bytes(data: bytes) -> str:
    """Return bytes as a report shows them: whole, or the start and the end and how many are left out."""
    if len(data) <= _SHOWN_BYTES:
        return repr(data)
    left_out = len(data) - 2 * (_SHOWN_BYTES // 4)
    return f"{data[: _SHOWN_BYTES // 4]!r} ... {left_out} bytes ... {data[-(_SHOWN_BYTES // 4) :]!r}"


def show_value(value: object) -> str:
    """Return any value as a report shows it: escaped, and not for pages."""
    text = ascii(value)
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]} ... {len(text) - _SHOWN_BYTES} more"


def section(title: str, items: Sequence[str]) -> str:
    """Return a part of a report: a title and an item a line."""
    lines = [f"    {item}" for item in items[:_SHOWN_ITEMS]] or ["    (none)"]
    if len(items) > _SHOWN_ITEMS:
        lines.append(f"    ... and {len(items) - _SHOWN_ITEMS} more")
    return "\n".join([f"{title}:", *lines, ""])
