"""The error that a check raises: an AssertionError whose text is a bug report for the author of the tested code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import DEFAULT_EVENT

from ._rules import Rule

_SHOWN_BYTES = 400
_SHOWN_ITEMS = 12
#: How many characters to show before and after the place where two texts differ.
_SHOWN_AROUND = 10

#: Code that breaks one of these rules breaks everything, so there is nothing more to look for.
OF_EVERYTHING = {"data", "missing-blank-line", "content-type"}


class NotConforming(AssertionError):
    """The tested code does not do what the standard says. The text is a report of the smallest failing case found.

    Attributes:
        rule: the name of the broken rule, as in the option `without` of the checks.
        sentence: the sentence of the standard behind the rule.
        about: a description of the rule.
        case: the smallest failing input: the chunks for a consumer, or the events for a producer.
        wire: the bytes of the stream.
        expected: the events that the stream should carry.
        got: the items that a consumer returned, or the events that arrived from a producer. None if an exception was
            raised, which is then the `__cause__`.
        seed: the seed of the search, for the option `seed` of the checks. None if Hypothesis's setting `derandomize`
            decides what is drawn.
        touches: the names of all rules that the case touches.
        examples: how many examples were drawn until the first failure, before it was made smaller. 0 if it came from
            the fixed cases, which are tried first.
    """

    __module__ = "sse_codec.testing"  # set here, because it may be raised before the package's `__getattr__` sets it

    examples = 0
    seed: int | None = None
    touches: frozenset[str] = frozenset()

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
        again: str = "",
    ) -> None:
        super().__init__(what)
        self.rule: str = rule.name
        self.sentence: str = rule.sentence
        self.about: str = rule.about
        self.case = case
        self.wire = wire
        self.expected = expected
        self.got = got
        self._body = body
        self._again = again

    def finished(self, seed: int | None) -> NotConforming:
        """Set the seed of the search, drop the exceptions raised on the way, and return the failure."""
        self.seed = seed
        error: BaseException | None = self
        while error is not None:
            if isinstance(error.__context__, NotConforming):
                error.__context__ = None
            error = error.__cause__ or error.__context__
        return self.with_traceback(None)

    def but(self, note: str) -> NotConforming:
        """Add a sentence to the report, below the case, and return the failure."""
        self._body = f"{self._body}\n{note}\n"
        return self

    @property
    def report(self) -> str:
        """The text without the advice at its end, which only applies to calls from Python."""
        return f"{self.args[0]}\n\n{self._body}\nrule: {self.rule} ({self.about})\nWHATWG HTML {self.sentence}"

    def __str__(self) -> str:
        advice: list[str] = []
        if self.rule not in OF_EVERYTHING:
            advice.append(f'To skip this rule and look for others: without={{"{self.rule}"}}')
        if self._again:
            advice.append(f"To try this case alone: {self._again}")
        if self.examples and self.seed is not None:
            advice.append(f"To repeat the search: seed={self.seed}")
        return "\n".join([self.report, *([""] if advice else []), *advice])


class Final(BaseException):
    """Carries an error past the shrinker: code that hangs, or a mistake in the test."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def show_bytes(data: bytes) -> str:
    """Return bytes as a report shows them: whole, or the start, the number of bytes left out, and the end."""
    if len(data) <= _SHOWN_BYTES:
        return repr(data)
    left_out = len(data) - 2 * (_SHOWN_BYTES // 4)
    return f"{data[: _SHOWN_BYTES // 4]!r} ... {left_out} bytes ... {data[-(_SHOWN_BYTES // 4) :]!r}"


def show_value(value: object) -> str:
    """Return any value as a report shows it: escaped, and cut off if it is long."""
    text = ascii(value)
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]} ... {len(text) - _SHOWN_BYTES} more"


def section(title: str, items: Sequence[str]) -> str:
    """Return a part of a report: a title, then one item per line."""
    lines = [f"    {item}" for item in items[:_SHOWN_ITEMS]] or ["    (none)"]
    if len(items) > _SHOWN_ITEMS:
        lines.append(f"    ... and {len(items) - _SHOWN_ITEMS} more")
    return "\n".join([f"{title}:", *lines, ""])


def hidden_difference(what: str, got: object, should: object) -> list[str]:
    """Return where two texts differ, if `show_value` cuts both off before that; otherwise, return nothing."""
    if not (isinstance(got, str) and isinstance(should, str)) or got == should:
        return []
    if ascii(got)[:_SHOWN_BYTES] != ascii(should)[:_SHOWN_BYTES]:
        return []
    same, most = 0, min(len(got), len(should))
    while same < most:  # a binary search, because values can be long and there are many reports
        middle = (same + most + 1) // 2
        if got[same:middle] == should[same:middle]:
            same = middle
        else:
            most = middle - 1
    lengths = f"{len(got):,} characters" + (f" instead of {len(should):,}" if len(got) != len(should) else "")
    start = max(same - _SHOWN_AROUND, 0)
    parts = [ascii(text[start : same + _SHOWN_AROUND]) for text in (got, should)]
    return [f"{what}: {lengths}; from {start:,} on {parts[0]} instead of {parts[1]}"]


#: A short text, repeated many times.
_REPEATED = re.compile(r"(.{1,24}?)\1{9,}", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
#: The shortest repetition that is written as a multiplication.
_LONG = 60


def _python(text: str, literal: Callable[[str], str]) -> str:
    """Return a Python expression for a text, with repetitions written as multiplications."""
    parts: list[str] = []
    once: list[str] = []
    for line, group in groupby(_LINE.findall(text)):
        times = len(list(group))
        if times > 2 and times * len(line) > _LONG:
            parts += _pieces("".join(once), literal)
            once.clear()
            pieces = _pieces(line, literal)
            unit = pieces[0] if pieces == [literal(line)] else f"({' + '.join(pieces)})"
            parts.append(f"{unit} * {times}")
        else:
            once += [line] * times
    parts += _pieces("".join(once), literal)
    return " + ".join(parts) or literal("")


def _pieces(text: str, literal: Callable[[str], str]) -> list[str]:
    parts: list[str] = []
    at = 0
    for match in _REPEATED.finditer(text):
        if len(match[0]) >= _LONG:
            parts += [literal(text[at : match.start()])] * (at < match.start())
            parts.append(f"{literal(match[1])} * {len(match[0]) // len(match[1])}")
            at = match.end()
    return [*parts, literal(text[at:])] if at < len(text) else parts


def python_bytes(data: bytes) -> str:
    """Return bytes as Python to paste, complete but short."""
    return _python(data.decode("latin-1"), lambda part: ascii(part.encode("latin-1")))


def python_text(text: str) -> str:
    """Return a text as Python to paste."""
    return _python(text, ascii)


def python_chunks(chunks: Sequence[bytes]) -> str:
    """Return chunks as Python to paste: a list."""
    wire = b"".join(chunks)
    if len(chunks) > 4 and all(len(chunk) == 1 for chunk in chunks):
        return f"[bytes([byte]) for byte in {python_bytes(wire)}]"
    return f"[{', '.join(map(python_bytes, chunks))}]"


def python_event(event: ServerSentEvent) -> str:
    """Return an event as Python to paste."""
    parts = [python_text(event.data)]
    if event.event != DEFAULT_EVENT:
        parts.append(f"event={python_text(event.event)}")
    if event.id is not None:
        parts.append(f"id={python_text(event.id)}")
    if event.retry is not None:
        parts.append(f"retry={event.retry}")
    return f"ServerSentEvent({', '.join(parts)})"


def event_members(event: ServerSentEvent) -> dict[str, Any]:
    """Return the members of an event in JSON."""
    return {"data": event.data, "event": event.event, "id": event.id, "retry": event.retry}
