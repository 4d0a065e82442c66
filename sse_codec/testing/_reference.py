"""The reference decoder: a transcription of the algorithms of two standards, step by step, with their variable names.

Encoding Standard, "UTF-8 decode" and the UTF-8 decoder; WHATWG HTML 9.2.5 "Parsing an event stream" and 9.2.6
"Interpreting an event stream". It takes a whole stream and works code point by code point. It shares no code with
`Decoder` or `LineDecoder`, only the types that they return. What is not in the standard is marked as ours: above all,
where events end in the wire, and what the unfinished block would have dispatched.
"""

# No `from __future__ import annotations` here: `Reference` claims to come from the package, which lacks some of the
# names that its types would be looked up by.
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from sse_codec._event import BlankLine, Comment, Field, Line, ReceivedEvent


class ReferenceBlock(NamedTuple):
    """A block of an event stream: the lines between two blank lines, and the values of its fields.

    The attributes are those of `sse_codec.Block`.
    """

    data: str | None
    event: str | None
    id: str | None
    retry: int | None
    lines: tuple[Line, ...]
    last_event_id: str


class Reference(NamedTuple):
    """The meaning of a whole event stream.

    Attributes:
        events: the dispatched events, in order.
        ends: for each event, the number of bytes after which it is complete. A decoder that has been fed exactly that
            many must have returned it.
        lines: all complete lines, in order, as `LineDecoder` returns them.
        last_event_id: the last event ID string at the end of the stream.
        reconnection_time: the reconnection time in milliseconds. None if no field set it.
        unfinished: the event that a missing blank line would have dispatched. None if there is none.
        blocks: all complete blocks, in order, as `BlockDecoder` returns them.
    """

    events: list[ReceivedEvent]
    ends: list[int]
    lines: list[Line]
    last_event_id: str
    reconnection_time: int | None
    unfinished: ReceivedEvent | None
    blocks: list[ReferenceBlock]

    @property
    def comments(self) -> list[str]:
        """The texts of all comments, in order."""
        return [line.text for line in self.lines if isinstance(line, Comment)]


def reference_decode(wire: bytes, *, last_event_id: str = "") -> Reference:
    r"""Decode a whole event stream as the standard says (WHATWG HTML 9.2.5, 9.2.6). Slow; for tests.

    Args:
        wire: all bytes of one connection's stream.
        last_event_id: the last event ID string when the connection was made.

    Raises:
        TypeError: `wire` is not bytes.

    >>> from sse_codec.testing import reference_decode
    >>> stream = reference_decode(b": hi\nid: 1\ndata: one\n\ndata: tw")
    >>> stream.events, stream.ends
    ([ReceivedEvent(data='one', id='1', last_event_id='1')], [22])
    >>> stream.comments, stream.unfinished
    (['hi'], ReceivedEvent(data='tw', last_event_id='1'))
    """
    if not isinstance(wire, bytes):
        raise TypeError(f"reference_decode() takes bytes, not {type(wire).__name__}")
    interpreter = _Interpreter(last_event_id)
    rest = ""
    for line, end in _lines(_utf_8_decode(wire)):
        if end is None:
            rest = line
        else:
            interpreter.process_line(line, end)
    # "Once the end of the file is reached, any pending data must be discarded." Ours: the event it would have become.
    last_event_id, reconnection_time = interpreter.last_event_id, interpreter.reconnection_time
    dispatched, seen, blocks = len(interpreter.events), len(interpreter.lines), interpreter.blocks.copy()
    if rest:
        interpreter.process_line(rest, len(wire))
    interpreter.process_line("", len(wire))
    return Reference(
        interpreter.events[:dispatched],
        interpreter.ends[:dispatched],
        interpreter.lines[:seen],
        last_event_id,
        reconnection_time,
        interpreter.events[dispatched] if len(interpreter.events) > dispatched else None,
        blocks,
    )


#: A cache: the fixed cases are the same in each check, and most producers send the same bytes for them. Callers must
#: not change the result.
remembered_decode = lru_cache(maxsize=16384)(reference_decode)


def _utf_8_decode(wire: bytes) -> Iterator[tuple[str, int]]:
    """Encoding Standard, "UTF-8 decode" and 9.1.1 "UTF-8 decoder": yield each code point with the offset of its end."""
    # "Let buffer be the result of peeking three bytes from ioQueue, converted to a byte sequence. If buffer is 0xEF
    # 0xBB 0xBF, then read three bytes from ioQueue. (Do nothing with those bytes.)"
    position = 3 if wire[:3] == b"\xef\xbb\xbf" else 0
    end = len(wire)

    code_point = bytes_seen = bytes_needed = 0
    lower_boundary, upper_boundary = 0x80, 0xBF
    while position < end:
        byte = wire[position]
        position += 1
        if bytes_needed == 0:
            if byte <= 0x7F:
                yield chr(byte), position
            elif 0xC2 <= byte <= 0xDF:
                bytes_needed = 1
                code_point = byte & 0x1F
            elif 0xE0 <= byte <= 0xEF:
                if byte == 0xE0:
                    lower_boundary = 0xA0
                if byte == 0xED:
                    upper_boundary = 0x9F
                bytes_needed = 2
                code_point = byte & 0xF
            elif 0xF0 <= byte <= 0xF4:
                if byte == 0xF0:
                    lower_boundary = 0x90
                if byte == 0xF4:
                    upper_boundary = 0x8F
                bytes_needed = 3
                code_point = byte & 0x7
            else:
                yield "\ufffd", position
            continue
        if not lower_boundary <= byte <= upper_boundary:
            code_point = bytes_needed = bytes_seen = 0
            lower_boundary, upper_boundary = 0x80, 0xBF
            position -= 1  # "Restore byte to ioQueue."
            yield "\ufffd", position
            continue
        lower_boundary, upper_boundary = 0x80, 0xBF
        code_point = (code_point << 6) | (byte & 0x3F)
        bytes_seen += 1
        if bytes_seen == bytes_needed:
            yield chr(code_point), position
            code_point = bytes_needed = bytes_seen = 0
    if bytes_needed:  # "If byte is end-of-queue and UTF-8 bytes needed is not 0"
        yield "\ufffd", position


def _lines(stream: Iterable[tuple[str, int]]) -> list[tuple[str, int | None]]:
    """HTML 9.2.6: return the lines, each with the offset of its end. The last has None if it is incomplete.

    "a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character not
    preceded by a U+000D CARRIAGE RETURN (CR) character, and a single U+000D CARRIAGE RETURN (CR) character not followed
    by a U+000A LINE FEED (LF) character being the ways in which a line can end."
    """
    lines: list[tuple[str, int | None]] = []
    line: list[str] = []
    previous = ""
    for character, end in stream:
        if character == "\r":
            lines.append(("".join(line), end))  # ours: the line has ended, whether or not an LF follows
            line = []
        elif character == "\n":
            if previous != "\r":
                lines.append(("".join(line), end))
                line = []
        else:
            line.append(character)
        previous = character
    if line:
        lines.append(("".join(line), None))
    return lines


class _Interpreter:
    """HTML 9.2.6, with the buffers that it names."""

    def __init__(self, last_event_id: str) -> None:
        self.events: list[ReceivedEvent] = []
        self.ends: list[int] = []
        self.lines: list[Line] = []
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self.data_buffer = ""
        self.event_type_buffer = ""
        # The standard initialises it to the empty string for each stream. Then the first event after reconnecting would
        # lose the last event ID, so browsers keep it.
        self.last_event_id_buffer = last_event_id
        # Ours: the block's own lines and fields.
        self.blocks: list[ReferenceBlock] = []
        self.block_lines: list[Line] = []
        self.block_event: str | None = None
        self.block_id: str | None = None
        self.block_retry: int | None = None

    def process_line(self, line: str, end: int) -> None:
        # "If the line is empty (a blank line): Dispatch the event, as defined below."
        if line == "":
            self.lines.append(BlankLine())
            self.end_block()
            self.dispatch_event(end)
        # "If the line starts with a U+003A COLON character (:): Ignore the line."
        elif line[0] == ":":
            text = line[1:]
            if text != "" and text[0] == " ":
                text = text[1:]
            self.lines.append(Comment(text))
            self.block_lines.append(Comment(text))
        # "If the line contains a U+003A COLON character (:)"
        elif ":" in line:
            # "Collect the characters on the line before the first U+003A COLON character (:), and let field be that
            # string. Collect the characters on the line after the first U+003A COLON character (:), and let value be
            # that string. If value starts with a U+0020 SPACE character, remove it from value."
            colon = line.index(":")
            field = line[:colon]
            value = line[colon + 1 :]
            if value != "" and value[0] == " ":
                value = value[1:]
            self.process_field(field, value)
        # "Otherwise, the string is not empty but does not contain a U+003A COLON character (:)"
        else:
            self.process_field(line, "")

    def process_field(self, field: str, value: str) -> None:
        self.lines.append(Field(field, value))
        self.block_lines.append(Field(field, value))
        if field == "event":
            # "Set the event type buffer to field value."
            self.event_type_buffer = value
            self.block_event = value
        elif field == "data":
            # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the
            # data buffer."
            self.data_buffer += value
            self.data_buffer += "\n"
        elif field == "id":
            # "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value.
            # Otherwise, ignore the field."
            if "\x00" not in value:
                self.last_event_id_buffer = value
                self.block_id = value
        elif field == "retry":
            # "If the field value consists of only ASCII digits, then interpret the field value as an integer in base
            # ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field."
            if value == "" or any(character not in "0123456789" for character in value):
                return
            while value[0] == "0" and len(value) > 1:
                value = value[1:]
            if len(value) <= 18:  # ours: an absurdly long number is ignored
                self.reconnection_time = self.block_retry = int(value)
        # "Otherwise: The field is ignored."

    def end_block(self) -> None:
        """Ours: keep the lines between two blank lines as a block."""
        if self.block_lines:
            data = self.data_buffer.removesuffix("\n") if self.data_buffer else None
            self.blocks.append(
                ReferenceBlock(
                    data,
                    self.block_event,
                    self.block_id,
                    self.block_retry,
                    tuple(self.block_lines),
                    self.last_event_id_buffer,
                )
            )
        self.block_lines = []
        self.block_event = None

    def dispatch_event(self, end: int) -> None:
        block_id, self.block_id = self.block_id, None
        block_retry, self.block_retry = self.block_retry, None
        # "Set the last event ID string of the event source to the value of the last event ID buffer. The buffer does
        # not get reset, so the last event ID string of the event source remains set to this value until the next time
        # it is set by the server."
        self.last_event_id = self.last_event_id_buffer
        # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
        # return."
        if self.data_buffer == "":
            self.event_type_buffer = ""
            return
        # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character from
        # the data buffer."
        self.data_buffer = self.data_buffer.removesuffix("\n")
        # "Initialize event's type attribute to "message", its data attribute to data, [...] and its lastEventId
        # attribute to the last event ID string of the event source." "If the event type buffer has a value other than
        # the empty string, change the type of the newly created event to equal the value of the event type buffer."
        event_type = "message"
        if self.event_type_buffer != "":
            event_type = self.event_type_buffer
        self.events.append(ReceivedEvent(self.data_buffer, event_type, block_id, block_retry, self.last_event_id))
        self.ends.append(end)
        # "Set the data buffer and the event type buffer to the empty string."
        self.data_buffer = ""
        self.event_type_buffer = ""
