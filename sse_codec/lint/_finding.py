"""Finding: one thing that is wrong with a stream, where it is, and its output formats."""

from dataclasses import asdict, dataclass
from typing import Literal

from sse_codec._text import escape_command

from ._codes import CODES
from ._excerpt import SHOWN, excerpt, width


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an event stream, or likely to be. Immutable, hashable, equal by value.

    Args:
        code: the kind of finding, a key of `CODES`.
        line: the number of its line, from 1.
        column: the place in the line, in characters, from 1. It is one past the last character if the finding is about
            the line's end.
        offset: the same place in the stream, in bytes, from 0. A byte order mark counts.
        text: the line, cut to about 100 characters around the place, with unprintable characters escaped.
        caret: the index of the place in `text`.
        what: what was found.
        effect: what clients do with it.
        fix: what to do about it.
        count: how many findings this one stands for. It is more than 1 only if `Linter.close` or `Linter.stop` returns
            it for repeated findings that were counted. Its place is that of the last one.

    >>> from sse_codec.lint import lint
    >>> [finding] = lint(b"retry: soon\\n\\n")
    >>> finding.code, finding.severity, finding.line, finding.column, finding.offset
    ('invalid-retry', 'error', 1, 8, 7)
    >>> finding.text, finding.caret, finding.what
    ('retry: soon', 7, "a reconnection time that is not a number: 'soon'")
    """

    code: str
    line: int
    column: int
    offset: int
    text: str
    caret: int
    what: str
    effect: str
    fix: str
    count: int = 1

    @property
    def severity(self) -> Literal["error", "warning"]:
        """ "error": a conforming client loses something; "warning": it does not, but see `effect`."""
        return CODES[self.code].severity

    def to_json(self) -> str:
        """Return the finding as a JSON object on one line, with `severity` and all arguments as keys."""
        import json

        return json.dumps({"severity": self.severity, **asdict(self)}, ensure_ascii=False)

    def annotation(self, file: str = "") -> str:
        """Return the finding as a workflow command of GitHub Actions, which shows it next to the line of the file.

        Args:
            file: the path of the stream's file in the repository, if it is in one.

        >>> from sse_codec.lint import lint
        >>> [finding] = lint(b"retry: 0\\n\\n")
        >>> print(finding.annotation("streams/a.sse"))  # doctest: +ELLIPSIS
        ::warning file=streams/a.sse,line=1,col=8,title=unlikely-retry::a reconnection time of 0 ms: ...
        """
        place = {"file": file, "line": self.line, "col": self.column, "title": self.code}
        properties = ",".join(f"{name}={escape_command(str(place[name]), ',:')}" for name in place if place[name])
        return f"::{self.severity} {properties}::{escape_command(f'{self.what}: {self.effect}; {self.fix}')}"

    def __str__(self) -> str:
        return (
            f"{self.severity}[{self.code}] line {self.line}, column {self.column} (byte {self.offset}): "
            f"{self.what}\n    {self.text}\n    {' ' * width(self.text[: self.caret])}^\n"
            f"    {self.effect}\n    {self.fix}"
        )


class Place:
    """A line of the stream, and the position of a byte in it."""

    __slots__ = ("at", "body", "line", "offset")

    def __init__(self, line: int, offset: int, body: bytes, at: int = 0) -> None:
        self.line = line
        self.offset = offset
        self.body = body
        self.at = at

    def moved(self, at: int) -> "Place":
        """Return a different place in the same line."""
        return Place(self.line, self.offset, self.body, at)

    def finding(self, code: str, what: str, effect: str, fix: str) -> Finding:
        """Make a finding for this place."""
        before = self.body[: self.at].decode("utf-8", "replace")
        text, caret = excerpt(before, self.body[self.at : self.at + 4 * (SHOWN + 1)].decode("utf-8", "replace"))
        return Finding(code, self.line, len(before) + 1, self.offset + self.at, text, caret, what, effect, fix)
