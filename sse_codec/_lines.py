"""LineDecoder: bytes in, cut anywhere; lines out, all of them and in order.

For a proxy, a logger, or anyone who needs comments, unknown fields or the order of fields. It never joins lines into
events. Only the unfinished line is held. What its lines say, taken together by the rules of 9.2.6, is what `Decoder`
gives, and a property test holds the two to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from ._errors import EventTooLarge
from ._event import BlankLine, Comment, Field, Line
from ._grammar import CR
from ._input import AFTER_CR, DEFAULT_MAX_EVENT_SIZE, FLOWING, StreamInput, unify_line_ends
from ._interpret import decode_text

_BLANK_LINE: Final = BlankLine()

#: Bytes; a larger chunk is taken in pieces, so that what is made of it on the way stays small.
_WINDOW: Final = 64 * 1024

#: Makes a Field whose slots are still to be set; see `new_received`.
_new_field: Final = partial(Field.__new__, Field)


#: Makes a Comment whose slot is still to be set.
_new_comment: Final = partial(Comment.__new__, Comment)


def parse_line(line: bytes) -> Line:
    """Turn one line, without its end, into what it says (WHATWG HTML 9.2.6)."""
    [parsed] = parse_lines([decode_text(line)])
    return parsed


def parse_lines(lines: Iterable[str]) -> list[Line]:
    """Turn lines, without their ends, into what they say."""
    parsed: list[Line] = []
    for line in lines:
        # "If the line is empty (a blank line)"
        if not line:
            parsed.append(_BLANK_LINE)
            continue
        # "If the line contains a U+003A COLON character (:)", the field's value is what follows it, and "if value
        # starts with a U+0020 SPACE character, remove it from value". "Otherwise [...] using the whole line as the
        # field name, and the empty string as the field value." Name and space in one call, where the first colon has a
        # space after it.
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

    What is lost is only what means nothing: the byte order mark, which line end was used, whether a colon stood before
    an empty value or a space after a colon, and which invalid bytes became U+FFFD. `encode_line` writes a line back,
    but no field whose name starts with U+FEFF: no client knows it, and at the start of a stream it would be another.

    Args:
        max_event_size: the most bytes that one line may have, at least 1; 64 MiB by default, None for no limit. It is a
            security limit: without it an endless line fills the memory. It has the name that `Decoder` gives it, so
            that one setting serves both, but it does not bound a block: `BlockDecoder` does.

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
        #: Bytes; the largest chunk in which no line can pass the limit, and which is tried as whole lines first.
        self._small = min(_WINDOW, self._limit)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Line]:
        """Take the next bytes of the stream; return the lines that they complete, in order.

        A line is returned by the call that brings the first byte of its end.

        Args:
            chunk: any number of bytes, none included. It is copied where needed, so the caller may reuse its buffer.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder is as it was before.
            EventTooLarge: a line passed `max_event_size`. Lines completed before it in the same chunk are returned
                first: then the next call raises. Every later call raises again, until `reset()`.
        """
        data = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in data:
            if data[-1] == CR:
                self._state = AFTER_CR
            data = unify_line_ends(data)
        if not self._held and len(data) <= self._small and data.endswith(b"\n"):
            # Whole lines are how an event arrives (benchmarks: "lines, event a feed"; 0.6 of the time).
            return parse_lines(decode_text(data).split("\n")[:-1])
        lines: list[Line] = []
        try:
            for start in range(0, len(data), _WINDOW):
                self._take(data[start : start + _WINDOW], lines)
        except EventTooLarge:
            if not lines:
                raise
        return lines

    def _take(self, data: bytes, lines: list[Line]) -> None:
        held = self._held
        if len(held) + len(data) <= self._limit:
            # No line can pass the limit, so all that end here are decoded in one call.
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

        For the standard such a line does not count: "any pending data must be discarded" (9.2.6).

        Raises:
            EventTooLarge: the decoder has failed and is not reset.

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
        r"""Make ready for the next connection: drop an unfinished line, expect a byte order mark again.

        Also the only way out of `EventTooLarge`.

        >>> from sse_codec import LineDecoder
        >>> lines = LineDecoder()
        >>> lines.feed(b"data: cut o")
        []
        >>> lines.reset()
        >>> lines.feed(b"data: next\n")
        [Field('data', 'next')]
        """
        super().reset()
