"""LineDecoder: bytes in, cut anywhere; lines out, all of them and in order.

For a proxy, a logger, or anyone who needs comments, unknown fields or the order of fields. It never joins lines into
events. Only the unfinished line is held. This is the readable decoder: `Decoder` gives the same events faster, and a
property test holds the two equal.
"""

from __future__ import annotations

from ._errors import EventTooLarge
from ._event import BlankLine, Comment, Field
from ._grammar import CR
from ._input import DEFAULT_MAX_EVENT_SIZE, StreamInput

_BLANK_LINE = BlankLine()


def parse_line(line: bytes) -> Field | Comment | BlankLine:
    """Turn one line, without its end, into what it says (WHATWG HTML 9.2.6)."""
    # "Streams must be decoded using the UTF-8 decode algorithm": one U+FFFD per maximal subpart of what is invalid.
    text = line.decode("utf-8", "replace")
    # "If the line is empty (a blank line)"
    if not text:
        return _BLANK_LINE
    # "If the line contains a U+003A COLON character (:)", the field's value is what follows it, and "if value starts
    # with a U+0020 SPACE character, remove it from value". "Otherwise [...] using the whole line as the field name, and
    # the empty string as the field value."
    name, _, value = text.partition(":")
    value = value.removeprefix(" ")
    # "If the line starts with a U+003A COLON character (:)"
    return Field(name, value) if name else Comment(value)


class LineDecoder(StreamInput):
    r"""An incremental, lossless parser of an event stream's lines (WHATWG HTML 9.2.5).

    What is lost is only what means nothing: the byte order mark, which line end was used, whether a colon stood before
    an empty value or a space after a colon, and which invalid bytes became U+FFFD. `encode_line` writes a line back,
    but no field whose name starts with U+FEFF: no client knows it, and at the start of a stream it would be another.

    Args:
        max_event_size: the most bytes that one line may have, at least 1; 64 MiB unless told. A security limit: without
            it an endless line fills the memory. The name is that of `Decoder`, so that one setting serves both.

    Raises:
        TypeError: `max_event_size` is not an int.
        UsageError: it is less than 1.

    >>> from sse_codec import LineDecoder
    >>> lines = LineDecoder()
    >>> lines.feed(b": ping\n\nevent: tick\nda")
    [Comment('ping'), BlankLine(), Field('event', 'tick')]
    >>> lines.feed(b"ta: 1\r\n\r\n")
    [Field('data', '1'), BlankLine()]
    """

    __slots__ = ()

    def __init__(self, *, max_event_size: int = DEFAULT_MAX_EVENT_SIZE) -> None:
        super().__init__(max_event_size=max_event_size)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Field | Comment | BlankLine]:
        """Take the next bytes of the stream; return the lines that they complete, in order.

        A line is returned by the call that brings the first byte of its end.

        Args:
            chunk: any number of bytes, none included. It is copied where needed, so the caller may reuse its buffer.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder is as it was before.
            EventTooLarge: a line passed `max_event_size`. Lines completed before it in the same chunk are returned
                first: then the next call raises. Every later call raises again, until `reset()`.
        """
        data = self._admit(chunk)
        if CR in data:
            data = self._unify_line_ends(data)
        *ended, rest = data.split(b"\n")
        lines: list[Field | Comment | BlankLine] = []
        try:
            for part in ended:
                self._hold(part)
                lines.append(parse_line(bytes(self._held)))
                self._held.clear()
            self._hold(rest)
        except EventTooLarge:
            if not lines:
                raise
        return lines

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
