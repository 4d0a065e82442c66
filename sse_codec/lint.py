r"""What is wrong with an event stream, where, and what a client makes of it: a browser drops it in silence.

In come the bytes of one connection, cut anywhere; out go findings. It changes nothing and decodes no events. Work is
linear in the bytes for every chunking, and what is held is bounded: the line in progress, those lines of its block that
a finding may still name (the first `data` and comment, the latest `event`, `id` and `retry`), and the payload where an
option asks about it; each of them up to `max_event_size` bytes. Of a longer line the rest is counted but not looked at.
A line that ends in CR is looked at with the byte after it, which says whether the CR is the whole line end.

A finding is an *error* when a client loses something. A stream **loses nothing** when

1. its bytes are UTF-8, so that every line arrives as it was written; and
2. each of its fields is among what a conforming client keeps of the field's block: a `data` value as a line of the
   event's data, an `event` value as the event's type (an empty one is "message"), an `id` value as the last event ID, a
   `retry` value as the reconnection time; and
3. nothing but comments, and `retry` fields, which act at once, comes behind the last blank line.

So an event that is decoded and encoded again has every field of its block, comments aside: they are made to be dropped.
What follows:

- A block of an `id` alone is fine, because its blank line commits the id (9.2.6, "Dispatch the event" sets the last
  event ID string before it looks at the data), and resuming from there loses nothing. So is a block of a `retry` alone.
- An `event` in a block without `data` is an error: no event is dispatched, and the type is lost with it.
- A field given twice is an error where the values differ, because the first is lost, and a warning where they do not.

A *warning* is what a conforming client survives and others may not, or what is more likely a mistake than meant. One
that is a habit of the producer (its line ends, its spaces) is given once, at the first place.

    errors                                   warnings
    not-an-event-stream  unknown-field       leading-bom     bare-cr
    late-bom             invalid-utf-8       trailing-space  mixed-line-ends
    id-with-null         invalid-retry       eaten-space     escaped-line-end
    overwritten-field    event-without-data  repeated-field  empty-event
    unfinished-block     event-too-large     unlikely-retry  comment-in-block
    and on request:                          padded-event    large-event
    invalid-json         missing-id
    duplicate-id         missing-sentinel

>>> from sse_codec.lint import lint
>>> for finding in lint(b'event: tick\nData: 1\n\n'):
...     print(finding)
error[unknown-field] line 2, column 1 (byte 12): 'Data' is no field of the standard
    Data: 1
    ^
    a client ignores the line
    write 'data': names are exact, case and spaces included
error[event-without-data] line 1, column 1 (byte 0): an event type in a block without data
    event: tick
    ^
    a client dispatches no event, and the type is lost
    give the block a data field; an empty one, "data:", will do
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from ._errors import show
from ._grammar import BOM, DATA, DEFAULT_EVENT, EVENT, ID, RETRY, parse_retry
from ._input import DEFAULT_MAX_EVENT_SIZE, StreamInput, _not_bytes
from ._iterate import close_source, iterate_chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any, Literal, TypedDict

    from typing_extensions import Unpack

    from ._iterate import Chunks

    class Options(TypedDict, total=False):
        """The options of `Linter`."""

        json: bool
        unique_ids: bool
        require_ids: bool
        sentinel: str | None
        max_event_size: int
        ignore: Collection[str]


__all__ = ["CODES", "Finding", "Linter", "lint"]

CODES: dict[str, Literal["error", "warning"]] = {
    "not-an-event-stream": "error",
    "unknown-field": "error",
    "late-bom": "error",
    "invalid-utf-8": "error",
    "id-with-null": "error",
    "invalid-retry": "error",
    "overwritten-field": "error",
    "event-without-data": "error",
    "unfinished-block": "error",
    "event-too-large": "error",
    "invalid-json": "error",
    "missing-id": "error",
    "duplicate-id": "error",
    "missing-sentinel": "error",
    "leading-bom": "warning",
    "bare-cr": "warning",
    "mixed-line-ends": "warning",
    "trailing-space": "warning",
    "eaten-space": "warning",
    "escaped-line-end": "warning",
    "repeated-field": "warning",
    "empty-event": "warning",
    "padded-event": "warning",
    "unlikely-retry": "warning",
    "comment-in-block": "warning",
    "large-event": "warning",
}
"""Every code of a finding, and its severity."""

_KNOWN = (DATA, EVENT, ID, RETRY)

# At a line of 64 KiB `bufio.Scanner`, which most Go clients read with, stops for good, and so does `readline` of
# asyncio's reader; at an event of 256 KiB Spring's WebClient does. All unless told otherwise.
_LONG_LINE = 64 * 1024
_LARGE_BLOCK = 256 * 1024

_DAY = 24 * 60 * 60 * 1000

#: How many ids are remembered, the latest ones, to find one that is given again; some 10 MB.
_REMEMBERED_IDS = 100_000

#: The most characters of a line that a finding shows.
_SHOWN = 100


class Finding:
    """One thing that is wrong, or likely to be, with an event stream. Immutable, hashable, equal by value.

    Args:
        code: what kind it is, one of `CODES`.
        line: the number of its line, from 1.
        column: where in the line, in characters, from 1; behind the last one for what concerns the line's end.
        offset: the same place in the stream, in bytes, from 0; a byte order mark counts.
        text: the line, control characters and the like escaped, cut to at most 100 characters around the place.
        caret: the index in `text` that stands for the place.
        what: what was found.
        effect: what a conforming client does with it.
        mend: what to do about it.

    >>> from sse_codec.lint import lint
    >>> [finding] = lint(b"retry: soon\\n\\n")
    >>> finding.code, finding.severity, finding.line, finding.column, finding.offset
    ('invalid-retry', 'error', 1, 8, 7)
    >>> finding.text, finding.caret, finding.what
    ('retry: soon', 7, "a reconnection time that is not a number: 'soon'")
    """

    __slots__ = ("_caret", "_code", "_column", "_effect", "_line", "_mend", "_offset", "_text", "_what")
    __match_args__ = ("code", "line", "column", "offset", "text", "caret", "what", "effect", "mend")

    def __init__(  # noqa: PLR0917  # nobody else makes one, but pickle
        self, code: str, line: int, column: int, offset: int, text: str, caret: int, what: str, effect: str, mend: str
    ) -> None:
        self._code = code
        self._line = line
        self._column = column
        self._offset = offset
        self._text = text
        self._caret = caret
        self._what = what
        self._effect = effect
        self._mend = mend

    @property
    def code(self) -> str:
        """What kind of finding it is, one of `CODES`."""
        return self._code

    @property
    def severity(self) -> Literal["error", "warning"]:
        """ "error": a client loses something; "warning": it does not, but see `effect`."""
        return CODES[self._code]

    @property
    def line(self) -> int:
        """The number of the line, from 1."""
        return self._line

    @property
    def column(self) -> int:
        """Where in the line, in characters, from 1."""
        return self._column

    @property
    def offset(self) -> int:
        """Where in the stream, in bytes, from 0."""
        return self._offset

    @property
    def text(self) -> str:
        """The line as it may be shown: escaped, and cut around the place."""
        return self._text

    @property
    def caret(self) -> int:
        """The index in `text` of the place."""
        return self._caret

    @property
    def what(self) -> str:
        """What was found."""
        return self._what

    @property
    def effect(self) -> str:
        """What a conforming client does with it."""
        return self._effect

    @property
    def mend(self) -> str:
        """What to do about it."""
        return self._mend

    def to_json(self) -> str:
        """Return it as a JSON object on one line, with `severity` and all arguments as keys."""
        import json

        keys = {name: getattr(self, name) for name in ("severity", *self.__match_args__)}
        return json.dumps(keys, ensure_ascii=False)

    def annotation(self, file: str = "") -> str:
        """Return it as a workflow command of GitHub Actions, which shows it beside the file's line.

        Args:
            file: the path of the stream in the repository, if it is a file of one.

        >>> from sse_codec.lint import lint
        >>> [finding] = lint(b"retry: 0\\n\\n")
        >>> print(finding.annotation("streams/a.sse"))  # doctest: +ELLIPSIS
        ::warning file=streams/a.sse,line=1,col=8,title=unlikely-retry::a reconnection time of 0 ms: ...
        """
        place = {"file": file, "line": self._line, "col": self._column, "title": self._code}
        properties = ",".join(f"{name}={_escape_command(str(place[name]), ',:')}" for name in place if place[name])
        return f"::{self.severity} {properties}::{_escape_command(f'{self._what}: {self._effect}; {self._mend}')}"

    def __str__(self) -> str:
        return (
            f"{self.severity}[{self._code}] line {self._line}, column {self._column} (byte {self._offset}): "
            f"{self._what}\n    {self._text}\n    {' ' * _width(self._text[: self._caret])}^\n"
            f"    {self._effect}\n    {self._mend}"
        )

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        values = zip(self.__match_args__, self._values(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()


def lint(chunks: Chunks, **options: Unpack[Options]) -> Iterator[Finding]:
    r"""Check one connection's event stream; yields each finding when the bytes that prove it have come.

    Args:
        chunks: whatever `sse_codec.decode` takes: bytes, an iterable of bytes cut anywhere, or a binary file.
        options: those of `Linter`.

    Raises: what `Linter` and `Linter.feed` raise; what can be said at once, here and now. What `chunks` raises passes
        unchanged.

    >>> from sse_codec.lint import lint
    >>> [finding.code for finding in lint([b"data: one\n\nda", b"ta: two\n"])]
    ['unfinished-block']
    """
    return _lint(iterate_chunks("lint", chunks), Linter(**options))


def _lint(source: Iterator[Any], linter: Linter) -> Iterator[Finding]:
    try:
        for chunk in source:
            yield from linter.feed(chunk)
    finally:
        close_source(source)
    yield from linter.close()


class _Place:
    """A line of the stream, and a byte in it."""

    __slots__ = ("at", "body", "line", "offset")

    def __init__(self, line: int, offset: int, body: bytes, at: int = 0) -> None:
        self.line = line
        self.offset = offset
        self.body = body
        self.at = at

    def finding(self, code: str, what: str, effect: str, mend: str) -> Finding:
        before = self.body[: self.at].decode("utf-8", "replace")
        text, caret = _excerpt(before, self.body[self.at : self.at + 4 * _SHOWN].decode("utf-8", "replace"))
        return Finding(code, self.line, len(before) + 1, self.offset + self.at, text, caret, what, effect, mend)


class Linter:
    r"""An incremental check of an event stream: feed it the bytes as they come, and read what is wrong with them.

    Most options are what only you can know of your stream, and make errors of it; `ignore` leaves out what you know
    already. Without options it says what is wrong for everybody.

    Args:
        json: every payload must be JSON, the sentinel aside.
        unique_ids: no id may come twice, as it can't say where to resume then. The latest 100,000 are remembered.
        require_ids: every event must have an id of its own.
        sentinel: the data that the last event must have, such as "[DONE]"; None: any.
        max_event_size: as for `Decoder`, in bytes, at least 1: a client with this limit fails at a larger block, which
            is an error here; 64 MiB unless told. Also the most that is held of a line.
        ignore: codes of findings, any of `CODES`, that are known and not to be given.

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: `max_event_size` is less than 1, or `ignore` has something that is no code.

    >>> from sse_codec.lint import Linter
    >>> linter = Linter(sentinel="[DONE]")
    >>> [finding.code for finding in linter.feed(b"id: 1\nretry: 1s\nda")]
    ['invalid-retry']
    >>> linter.feed(b"ta: [DONE]\n")
    []
    >>> [finding.code for finding in linter.close()]
    ['unfinished-block', 'missing-sentinel']
    """

    _end: bytes

    def __init__(
        self,
        *,
        json: bool = False,
        unique_ids: bool = False,
        require_ids: bool = False,
        sentinel: str | None = None,
        max_event_size: int = DEFAULT_MAX_EVENT_SIZE,
        ignore: Collection[str] = (),
    ) -> None:
        if not isinstance(sentinel, (str, type(None))):
            raise TypeError(f"sentinel must be a str, not {type(sentinel).__name__}")
        if isinstance(ignore, str):  # it is a collection of str too
            raise TypeError("ignore takes a set or list of codes, not a str")
        StreamInput(max_event_size=max_event_size)  # checks it
        self._json = json
        self._unique_ids = unique_ids
        self._require_ids = require_ids
        self._sentinel = sentinel
        self._limit = max_event_size
        for code in ignore:
            if code not in CODES:
                raise ValueError(f"{show(code)} is no code of a finding{_did_you_mean(code)}")
        self._ignored = frozenset(ignore)
        self._begin_stream()

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Finding]:
        """Take the next bytes of the stream; return what they prove, in the order it was noticed.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The linter is as it was before.
        """
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise _not_bytes(chunk)
        data = bytes(chunk)
        if self._end and data:
            # The line ended in a CR that was the last byte so far.
            if data.startswith(b"\n"):
                self._end += b"\n"
                data = data[1:]
            self._end_line()
        # bytes.splitlines cuts at LF, CR and CRLF and at nothing else.
        for piece in data.splitlines(keepends=True):
            if self._end:  # a CR, and what follows it is another line
                self._end_line()
            body = piece.rstrip(b"\r\n")
            self._end = piece[len(body) :]
            self._hold(body)
            if self._end.endswith(b"\n"):
                self._end_line()
        return self._take_found()

    def close(self) -> list[Finding]:
        """End the stream; return what its end proves. The linter is then as new, for another stream."""
        if self._end:
            self._end_line()
        if self._line_size:
            self._look_at_line(ended=False)
        self._end_stream()
        found = self._take_found()
        self._begin_stream()
        return found

    def _begin_stream(self) -> None:
        self._found: list[Finding] = []
        self._given: set[str] = set()  # the codes of habits that were given
        self._line = 1
        self._offset = 0  # of the line in progress
        self._held = bytearray()  # its first bytes, up to the limit
        self._line_size = 0
        self._end = b""  # how it ended, so far
        self._body: bytes | None = None  # all of what is held, once the line has ended
        self._bom_possible = True
        self._first = True  # neither a field nor a comment has come
        self._foreign = False  # it is something else than an event stream, and no known field has come
        self._line_end = b""  # LF or CRLF, whichever came first
        self._spaced: Finding | None = None  # at the first text after "data: "
        self._tight = False  # a text has come right after "data:"
        self._trailing: Finding | None = None  # at the first text with a space behind it
        self._trimmed = False  # a text without one has come
        self._ids: dict[int, int] = {}
        self._is_sentinel = False
        self._begin_block()

    def _begin_block(self) -> None:
        self._block_size = 0
        self._large = False
        self._too_large = False
        self._data_place: _Place | None = None
        self._payload = bytearray()
        self._comment_place: _Place | None = None
        self._fields: dict[str, tuple[_Place, str]] = {}  # the latest event, id and retry that count, and their values

    def _take_found(self) -> list[Finding]:
        found, self._found = self._found, []
        return [finding for finding in found if finding.code not in self._ignored]

    def _add(self, place: _Place, code: str, what: str, effect: str, mend: str) -> None:
        self._found.append(place.finding(code, what, effect, mend))

    def _add_habit(self, place: _Place, code: str, what: str, effect: str, mend: str) -> None:
        """Add a finding that is given once for a stream."""
        if code not in self._given:
            self._given.add(code)
            self._add(place, code, what, effect, mend)

    # Bytes to lines

    def _hold(self, part: bytes) -> None:
        """Take a part of a line, or all of it."""
        self._line_size += len(part)
        self._held += part[: max(self._limit + len(BOM) - len(self._held), 0)]
        if self._bom_possible:
            self._bom_possible = not self._end and len(self._held) < len(BOM) and BOM.startswith(self._held)
            if self._held.startswith(BOM):
                self._drop_bom()
        if not self._bom_possible:
            del self._held[self._limit :]
            self._check_size()

    def _drop_bom(self) -> None:
        self._add(
            _Place(1, 0, BOM),
            "leading-bom",
            "a byte order mark",
            "a client drops it here, but would not when the stream is joined to another one",
            'write UTF-8 without a mark ("utf-8", not "utf-8-sig")',
        )
        del self._held[: len(BOM)]
        self._line_size -= len(BOM)
        self._offset += len(BOM)

    def _check_size(self) -> None:
        """Check the size of the block so far, the line in progress included; whichever limit it passes first, first."""
        block_left = _LARGE_BLOCK - self._block_size
        limit_left = self._limit + 1 - self._block_size
        if limit_left <= min(_LONG_LINE, block_left):
            self._check_limit(limit_left)
        if block_left >= _LONG_LINE:
            self._check_large(
                _LONG_LINE, "line of 64 KiB", "Go's bufio.Scanner and asyncio's readline stop at such a line"
            )
        else:
            self._check_large(block_left, "block of 256 KiB", "Spring's WebClient stops at such an event")
        self._check_limit(limit_left)

    def _check_large(self, left: int, what: str, whose: str) -> None:
        if not self._large and self._line_size >= max(left, 1):
            self._large = True
            self._add(
                self._start(left),
                "large-event",
                f"a {what} or more",
                f"a client of the standard takes it; {whose}, unless told otherwise",
                "send less in one event, or tell those who read it to raise their limits",
            )

    def _check_limit(self, left: int) -> None:
        if not self._too_large and self._line_size >= max(left, 1):
            self._too_large = True
            self._add(
                self._start(left),
                "event-too-large",
                f"a block of more than {self._limit} bytes, the limit asked for",
                "a client with this limit fails here, and gets nothing more",
                "end the block earlier, or raise the limit on both sides",
            )

    def _start(self, size: int) -> _Place:
        """Return the start of the line in progress; it is shown up to a size that has come, however it was cut."""
        return _Place(self._line, self._offset, bytes(self._held[: max(size, 0)]))

    def _here(self, at: int = 0) -> _Place:
        """Return a place in the line in progress."""
        return _Place(self._line, self._offset, bytes(self._held) if self._body is None else self._body, at)

    def _end_line(self) -> None:
        self._check_line_end()
        if self._line_size:
            self._look_at_line(ended=True)
        else:
            self._end_block()
        self._offset += self._line_size + len(self._end)
        self._line += 1
        self._line_size = 0
        self._end = b""
        self._body = None
        self._held.clear()

    def _check_line_end(self) -> None:
        if self._end == b"\r":
            self._add_habit(
                self._here(len(self._held)),
                "bare-cr",
                "a line that ends in CR alone",
                "a client of the standard ends the line here; many others do not, and wait for a LF",
                "write LF; if the CR is a payload's, start a new data field after it",
            )
        elif not self._line_end:
            self._line_end = self._end
        elif self._end != self._line_end:
            names = {b"\n": "LF", b"\r\n": "CRLF"}
            self._add_habit(
                self._here(len(self._held)),
                "mixed-line-ends",
                f"a line that ends in {names[self._end]}, after others that end in {names[self._line_end]}",
                "a client of the standard takes both; one that looks for two of the same finds no blank line",
                "write LF everywhere",
            )

    def _look_at_line(self, *, ended: bool) -> None:
        """Look at a line that is not blank; without an end it is the last one, and clients drop it."""
        line = self._body = bytes(self._held)
        name, colon, value = line.partition(b":")
        if colon and not name:
            self._comment()
        else:
            spaced = value.startswith(b" ")
            start = len(name) + len(colon) + spaced
            field = name.decode("utf-8", "replace")
            if field in _KNOWN:
                self._first = self._foreign = False
                # Of a line whose rest was not kept nothing is known but its name.
                whole = len(line) == self._line_size
                self._field(field, line[start:] if whole else None, start, spaced=spaced, ended=ended)
            else:
                self._unknown_field(field, has_colon=bool(colon))
            self._block_size += self._line_size + 1
        if not self._foreign:
            self._check_utf_8(line)

    def _check_utf_8(self, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError as error:
            if self._line_size > len(line) and error.end == len(line):
                return  # it is cut, and so is the character
            self._add(
                self._here(error.start),
                "invalid-utf-8",
                f"not UTF-8: the byte 0x{line[error.start]:02X}",
                "a client reads U+FFFD in its place",
                "encode the stream as UTF-8, and never cut a text within a character before encoding it",
            )

    # Lines to fields

    def _comment(self) -> None:
        self._first = False
        if self._data_place is not None:
            self._glued(self._here())
        elif self._comment_place is None:
            self._comment_place = self._here()

    def _glued(self, comment: _Place) -> None:
        self._add_habit(
            comment,
            "comment-in-block",
            "a comment in the block of an event",
            "a client of the standard drops the comment; one that takes whole blocks for comments drops the event",
            "put a blank line between a comment and an event",
        )

    def _field(self, name: str, value: bytes | None, start: int, *, spaced: bool, ended: bool) -> None:
        """Look at a known field; its value starts at a byte of the line; None: it was too long to be kept."""
        if name == DATA:
            self._data(b"" if value is None else value, start, spaced=spaced)
        elif value is not None:
            text = value.decode("utf-8", "replace")
            place = self._here(start)
            if name == RETRY:
                self._retry(text, place, ended=ended)
            elif name == ID:
                self._id(text, place)
            else:
                self._event(text, place)

    def _data(self, value: bytes, start: int, *, spaced: bool) -> None:
        if self._data_place is None:
            self._data_place = self._here(start)
            if self._comment_place is not None:
                self._glued(self._comment_place)
        if (self._json or self._sentinel is not None) and not self._too_large:
            self._payload += value + b"\n"
        if value:
            self._check_spaces(value, start, spaced=spaced)
            if value.endswith((rb"\n\n", rb"\r\n\r\n")):
                self._add_habit(
                    self._here(start + len(value.rstrip(rb"\rn"))),
                    "escaped-line-end",
                    "a payload that ends in a backslash and a letter, twice, where line ends may be meant",
                    "a client takes them as text",
                    "write real line ends: in a shell with printf, in a program in a string that is not raw",
                )

    def _check_spaces(self, value: bytes, start: int, *, spaced: bool) -> None:
        """Look for a space behind the payload, and for one before it that the format eats.

        A text may begin and end with spaces that are meant, so one text proves nothing: the spaces are a mistake when
        all texts end in one, or when some texts come with a space before them and some without. JSON and "[DONE]" have
        none of their own.
        """
        is_text = value.lstrip()[:1] not in (b"{", b"[", b'"', b"}", b"]")
        trimmed = value.rstrip(b" \t")
        if len(trimmed) == len(value):
            self._trimmed = self._trimmed or is_text
        elif self._trailing is None:
            self._trailing = self._here(start + len(trimmed)).finding(
                "trailing-space",
                "white space at the end of a payload",
                'a client keeps it as part of the payload, and takes "[DONE] " for no "[DONE]"',
                "write nothing between a payload and the end of its line",
            )
        if len(trimmed) < len(value) and not is_text and trimmed.endswith((b"}", b"]", b'"')):
            self._add_held(self._trailing)
        if is_text and spaced and self._spaced is None:
            self._spaced = self._here(start - 1).finding(
                "eaten-space",
                "a space after the colon, where other texts of the stream have none",
                "a client drops one space: if this one belongs to the text, it is lost",
                'write "data: " before every payload, so that a space at its start survives',
            )
        self._tight = self._tight or (is_text and not spaced)
        if self._tight and self._spaced is not None:
            self._add_held(self._spaced)

    def _add_held(self, finding: Finding | None) -> None:
        """Add a finding of a habit that was held until something proved it."""
        if finding is not None and finding.code not in self._given:
            self._given.add(finding.code)
            self._found.append(finding)

    def _event(self, value: str, place: _Place) -> None:
        if not value:
            self._add_habit(
                place,
                "empty-event",
                "an event type that is empty",
                f'a client takes it for the default, "{DEFAULT_EVENT}"',
                "leave the field out",
            )
        elif value.strip(" \t") != value:
            self._add_habit(
                place,
                "padded-event",
                f"white space around an event type: {show(value)}",
                "a client takes it as part of the type, and who listens for the bare one hears nothing",
                'write the type right after "event: ", and nothing between it and the end of its line',
            )
        self._set(EVENT, value or DEFAULT_EVENT, place)

    def _id(self, value: str, place: _Place) -> None:
        if "\0" in value:
            place.at += place.body[place.at :].index(0)
            self._add(
                place,
                "id-with-null",
                "an id with U+0000 in it",
                "a client ignores the field, and later resumes behind an earlier event",
                "send an id without it",
            )
        else:
            self._set(ID, value, place)

    def _retry(self, value: str, place: _Place, *, ended: bool) -> None:
        time = parse_retry(value)
        if time is None:
            too_long = value.isascii() and value.isdigit()
            self._add(
                place,
                "invalid-retry",
                f"a reconnection time {'beyond all sense' if too_long else 'that is not a number'}: {show(value)}",
                "a client ignores the field",
                "write milliseconds, as ASCII digits and nothing else",
            )
            return
        if not 0 < time <= _DAY:
            self._add(
                place,
                "unlikely-retry",
                f"a reconnection time of {time} ms",
                "a client that lost its connection comes back at once, over and over"
                if time == 0
                else "a client that lost its connection stays away for more than a day",
                "write milliseconds, and a few thousand of them",
            )
        if ended:  # else it does not act, and the end of the stream says so
            self._set(RETRY, str(time), place)

    def _set(self, name: str, value: str, place: _Place) -> None:
        """Note what a field other than data sets, and what became of an earlier one of its block."""
        if name in self._fields:
            earlier, lost = self._fields[name]
            if lost != value:
                self._add(
                    earlier,
                    "overwritten-field",
                    f"the {name} field is overwritten by line {place.line}, in the same block",
                    "a client keeps the later value, and this one is lost",
                    "give a block one field of the name; end the block with a blank line if it is two events",
                )
            else:
                self._add(
                    place,
                    "repeated-field",
                    f"the same {name} field as in line {earlier.line}, once more",
                    "a client sets the same value again",
                    "write it once",
                )
        self._fields[name] = place, value

    def _unknown_field(self, name: str, *, has_colon: bool) -> None:
        first, self._first = self._first, False
        meant = _meant(name)
        kind = _foreign_kind(name, has_colon=has_colon or meant is not None) if first else ""
        if kind:
            self._foreign = True
            self._add(
                self._here(),
                "not-an-event-stream",
                f"this is {kind}, not an event stream",
                "a client ignores every line without a known field, and finds no events",
                "look at the response's status and headers: an error page, a proxy, or another format is likely",
            )
        elif self._foreign:
            pass  # said once
        elif name.startswith("\ufeff"):
            self._add(
                self._here(),
                "late-bom",
                "U+FEFF at the start of a line that is not the stream's first",
                "a client takes it as part of the field's name, does not know the field and ignores it",
                "write no byte order mark; where streams are joined, drop each one's",
            )
        else:
            self._add(
                self._here(),
                "unknown-field",
                f"{show(name)} is no field of the standard",
                "a client ignores the line",
                self._how_to_mend(name, meant, has_colon=has_colon),
            )

    def _how_to_mend(self, name: str, meant: str | None, *, has_colon: bool) -> str:
        if meant is not None:
            return f"write {meant!r}: names are exact, case and spaces included"
        may_be_type = has_colon and len(name) <= _SHOWN and name.isalpha()
        if self._data_place is not None and not may_be_type:
            return 'if it continues the payload, write "data: " before each of its lines'
        if may_be_type:
            return (
                f'for an event of this type write "event: {name}", and its payload in a data field; else leave it out'
            )
        return 'if it is a payload, write "data: " before each of its lines; a remark starts with a colon'

    # Fields to blocks

    def _end_block(self) -> None:
        if self._data_place is not None:
            self._end_event(self._data_place)
        elif EVENT in self._fields:
            place = self._fields[EVENT][0]
            place.at = 0
            self._add(
                place,
                "event-without-data",
                "an event type in a block without data",
                "a client dispatches no event, and the type is lost",
                'give the block a data field; an empty one, "data:", will do',
            )
        if ID in self._fields:
            self._check_unique(*self._fields[ID])
        self._begin_block()

    def _end_event(self, place: _Place) -> None:
        if self._require_ids and ID not in self._fields:
            self._add(
                place,
                "missing-id",
                "an event without an id",
                "a client that reconnects behind it asks for what followed an earlier one",
                "give every event an id",
            )
        payload = self._payload[:-1].decode("utf-8", "replace")
        self._is_sentinel = not self._too_large and payload == self._sentinel
        if self._json and not self._too_large and not self._is_sentinel:
            self._check_json(payload, place)

    def _check_json(self, payload: str, place: _Place) -> None:
        fault = json_fault(payload)
        if fault is None:
            return
        reason, line, position = fault
        if line > 1:
            reason = f"{reason}, in line {line} of the payload"
        else:
            place.at += _bytes_of(self._payload, position)
        self._add(
            place,
            "invalid-json",
            f"a payload that is not JSON: {reason}",
            "a client hands it to JSON.parse, which throws",
            "send JSON; if it is what ends the stream, name it as the sentinel",
        )

    def _check_unique(self, place: _Place, value: str) -> None:
        if not self._unique_ids or not value:  # an empty one resets, and may do so again
            return
        key = hash(value)
        if key in self._ids:
            self._add(
                place,
                "duplicate-id",
                f"the id {show(value)} once more, after line {self._ids[key]}",
                "a client that reconnects behind it can't be told from one that does so behind the first",
                "give every event an id of its own",
            )
        self._ids[key] = place.line
        if len(self._ids) > _REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]

    def _end_stream(self) -> None:
        if not self._trimmed:
            self._add_held(self._trailing)
        lost = self._line_size and self._held[:1] != b":" and not self._foreign
        last = _Place(self._line, self._offset, bytes(self._held), len(self._held))
        if lost or self._data_place is not None or EVENT in self._fields or ID in self._fields:
            self._add(
                last,
                "unfinished-block",
                "the stream ends inside a block"
                if self._data_place is None
                else f"the stream ends inside the event of line {self._data_place.line}",
                "a client discards what the block says",
                "end every block with a blank line, the last one too",
            )
        if self._sentinel is not None and not self._is_sentinel:
            self._add(
                last,
                "missing-sentinel",
                f"the stream does not end with an event of {show(self._sentinel)}",
                "a client that waits for it can't tell the end from a lost connection",
                "send it as the last event",
            )


def _bytes_of(data: bytearray, characters: int) -> int:
    """Return of how many bytes the first characters of a text were made, where U+FFFD is any that are not UTF-8."""
    ends = range(len(data) + 1)
    return bisect_right(ends, characters, key=lambda end: len(data[:end].decode("utf-8", "replace"))) - 1


def _meant(name: str) -> str | None:
    """Return the known field whose name this looks like."""
    return _closest(name.strip().lower(), _KNOWN)


def _did_you_mean(code: str) -> str:
    close = _closest(code, CODES)
    return f"; did you mean {close!r}?" if close else ""


def _closest(name: str, known: Collection[str]) -> str | None:
    import difflib

    if len(name) > 2 * max(map(len, known)):
        return None  # as difflib would, too, but for 40 times the memory
    matches = difflib.get_close_matches(name, known, 1, 0.75)
    return matches[0] if matches else None


def _foreign_kind(name: str, *, has_colon: bool) -> str:
    """Say what a stream is whose first field has this name, an unknown one; "" when it may be an event stream."""
    start = name.lstrip()
    if "\0" in name:
        return "UTF-16"
    if name.startswith("\x1f\ufffd"):
        return "compressed (gzip)"
    if start.startswith("<"):
        return "HTML or XML"
    if start.startswith(("{", "[")):
        return "JSON"
    if start.startswith("HTTP/"):
        return "an HTTP response with its head"
    return "" if has_colon else "plain text"


def json_fault(text: str) -> tuple[str, int, int] | None:
    """Say what keeps a text from being JSON, with the line, from 1, and the index where; None when nothing does."""
    import json

    try:
        # The numbers are kept as text: Python refuses to read very long ones.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return error.msg, error.lineno, error.pos
    except ValueError as error:
        return str(error), 1, 0
    except RecursionError:
        return "nested too deeply", 1, 0
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is none of its numbers")


def _excerpt(before: str, behind: str) -> tuple[str, int]:
    """Return what a finding shows of a line, given both sides of the place; and the index of the place in it."""
    shown_before = before if len(before) <= _SHOWN // 2 else "..." + _last(before)
    room = _SHOWN - min(len(before), _SHOWN // 2)
    shown_behind = behind if len(behind) <= room else behind[:room] + "..."
    left = printable(shown_before)
    return left + printable(shown_behind), len(left)


def _last(text: str) -> str:
    return text[len(text) - _SHOWN // 2 :]


def printable(text: str) -> str:
    """Escape what a terminal would not show, or obey: control and format characters, separators, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _escape_command(text: str, more: str = "") -> str:
    """Escape a value in a workflow command of GitHub Actions; in a property, `more` as well."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
