"""LineDecoder: takes bytes, cut anywhere, and returns every line in order.

Use it in a proxy or a logger, or wherever comments, unknown fields or the order of fields matter. It never joins lines
into events, and buffers only the unfinished line. A property test checks that its lines, processed by the rules of
9.2.6, make the same events as `Decoder`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from ._errors import EventTooLarge
from ._event import BlankLine, Comment, Field, Line
from ._grammar import CR
from ._input import AFTER_CR, DEFAULT_MAX_EVENT_SIZE, FLOWING, WINDOW, StreamInput, unify_line_ends
from ._interpret import decode_text

_BLANK_LINE: Final = BlankLine()

#: Makes a Field without setting its slots; see `new_received`.
_new_field: Final = partial(Field.__new__, Field)

#: Makes a Comment without setting its slot.
_new_comment: Final = partial(Comment.__new__, Comment)


def parse_line(line: bytes) -> Line:
    """Parse one line, given without its end (WHATWG HTML 9.2.6)."""
    [parsed] = parse_lines([decode_text(line)])
    return parsed


def parse_lines(lines: Iterable[str]) -> list[Line]:
    """Parse lines, given without their ends."""
    parsed: list[Line] = []
    for line in lines:
        # "If the line is empty (a blank line)"
        if not line:
            parsed.append(_BLANK_LINE)
            continue
        # "If the line contains a U+003A COLON character (:)", the field's value is what follows it, and "if value
        # starts with a U+0020 SPACE character, remove it from value". "Otherwise [...] using the whole line as the
        # field name, and the empty string as the field value." If a space follows the first colon, one call removes
        # both.
        name, _, value = line.partition(": ")
        if ":" in name:
            name, _, value = line.partition(":")
        if name:
            field = _new_field()
            field._name = name
            field._value = value
            parsed.append(field)
        else:
            # "If the line starts with a U+003A COLON character (:)"
            comment = _new_comment()
            comment._text = value
            parsed.append(comment)
    return parsed


class LineDecoder(StreamInput):
    r"""An incremental, lossless parser of an event stream's lines (WHATWG HTML 9.2.5).

    Only what has no meaning is lost: the byte order mark, the kind of line ends, the colon before an empty value, the
    space after a colon, and which invalid bytes became U+FFFD. `encode_line` writes lines back. It refuses a field
    whose name starts with U+FEFF: no client knows such a field, and at the start of a stream it would become another.

    Args:
        max_event_size: the most bytes that one line may have, at least 1; 64 MiB by default, None for no limit. This is
            a security limit: without it, an endless line would fill the memory. The name is the same as for `Decoder`,
            so that one setting serves both, but it does not limit blocks; that of `BlockDecoder` does.

    Raises:
        TypeError: `max_event_size` is not an int or None.
        ValueError: it is less than 1.

    >>> from sse_codec import LineDecoder
    >>> lines = LineDecoder()
    >>> lines.feed(b": ping\n\nevent: tick\nda")
    [Comment('ping'), BlankLine(), Field('event', 'tick')]
    >>> lines.feed(b"ta: 1\r\n\r\n")
    [Field('data', '1'), BlankLine()]
    """

    __slots__ = ("_small",)

    _UNIT = "line"

    def __init__(self, *, max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE) -> None:
        super().__init__(max_event_size=max_event_size)
        #: In bytes. No line can pass the limit in a chunk up to this size, so `feed` tries it as whole lines first.
        self._small = min(WINDOW, self._limit)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Line]:
        """Take the next bytes of the stream; return the lines that they complete, in order.

        A line is complete when the first byte of its end arrives: a CR is enough, even if an LF follows.

        Args:
            chunk: any number of bytes, including none. It is copied where needed, so the caller may reuse its buffer.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder's state does not change.
            EventTooLarge: a line exceeds `max_event_size`. If the same chunk completed lines before it, they are
                returned and the next call raises. Every later call raises again, until `reset()`.
        """
        data = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in data:
            if data[-1] == CR:
                self._state = AFTER_CR
            data = unify_line_ends(data)
        if not self._held and len(data) <= self._small and data.endswith(b"\n"):
            # Events arrive as whole lines (benchmarks: LineDecoder, event a feed; 0.6 of the time).
            return parse_lines(decode_text(data).split("\n")[:-1])
        lines: list[Line] = []
        try:
            for start in range(0, len(data), WINDOW):
                self._take(data[start : start + WINDOW], lines)
        except EventTooLarge:
            if not lines:
                raise
        return lines

    def _take(self, data: bytes, lines: list[Line]) -> None:
        held = self._held
        if len(held) + len(data) <= self._limit:
            # No line can pass the limit, so decode all lines that end here in one call.
            end = data.rfind(b"\n") + 1
            held += data[:end]
            if end:
                text = decode_text(held)
                held.clear()
                lines += parse_lines(text.split("\n")[:-1])
            held += data[end:]
            return
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._hold(part)
            lines.append(parse_line(bytes(held)))
            held.clear()
        self._hold(rest)

    def close(self) -> Field | Comment | None:
        """End the stream: return the line that has no end yet, if there is one, and reset for the next connection.

        The standard discards such a line: "any pending data must be discarded" (9.2.6).

        Raises:
            EventTooLarge: the decoder failed and was not reset.

        >>> from sse_codec import LineDecoder
        >>> lines = LineDecoder()
        >>> lines.feed(b"data: cut o")
        []
        >>> lines.close()
        Field('data', 'cut o')
        """
        rest = self._take_rest()
        line = parse_line(rest)
        return None if isinstance(line, BlankLine) else line

    def reset(self) -> None:
        r"""Prepare for the next connection: drop an unfinished line and expect a byte order mark again.

        After `EventTooLarge`, only this makes the decoder usable again.

        >>> from sse_codec import LineDecoder
        >>> lines = LineDecoder()
        >>> lines.feed(b"data: cut o")
        []
        >>> lines.reset()
        >>> lines.feed(b"data: next\n")
        [Field('data', 'next')]
        """
        super().reset()
