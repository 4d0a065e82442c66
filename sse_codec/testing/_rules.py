"""The rules of the standard that implementations break, each with its sentence and a test for what touches it.

A rule is one place where producers or consumers go wrong: a byte order mark, a lone CR, an id with U+0000. Its test
tells whether a stream, or a list of events to send, touches that place. Both checks rely on these tests:

- The user names the rules that the tested code does not support, and nothing that touches them is drawn.
- A failing example is made smaller, so whatever is still unusual about it is what makes the code fail. The first rule
  in the table that it touches is taken for the broken one. So the order of the tables matters: rules that are rarer,
  and that shrink away more easily, come first.

A rule for which the linter has a code has the same name. tests/test_lint.py checks that both mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from sse_codec._event import ServerSentEvent
from sse_codec._grammar import BOM, FIELDS_BYTES

from ._places import MAGIC_VALUES, SEPARATORS, SPECIAL_CHARACTERS

T = TypeVar("T")

#: Above these numbers, a value (in characters) or a line (in bytes) is long, and lines or events are many.
LONG_VALUE, LONG_LINE, MANY = 40, 50, 8


class Line(NamedTuple):
    """A line of the wire: its bytes and its line end, which is empty if the stream ends inside the line."""

    content: bytes
    end: bytes

    @property
    def name(self) -> bytes:
        return self.content.partition(b":")[0]

    @property
    def value(self) -> bytes:
        return self.content.partition(b":")[2].removeprefix(b" ")

    @property
    def is_known_field(self) -> bool:
        return self.name in FIELDS_BYTES


def lines_of(body: bytes) -> list[Line]:
    """Return the lines of a stream without its byte order mark. bytes.splitlines splits at LF, CR and CRLF only."""
    lines: list[Line] = []
    for line in body.splitlines(keepends=True):
        content = line.rstrip(b"\r\n")
        lines.append(Line(content, line[len(content) :]))
    return lines


class Stream:
    """A stream in the chunks that a consumer gets, parsed far enough to see which rules it touches."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.chunks = [chunk for chunk in chunks if chunk]
        self.has_empty_chunk = len(self.chunks) < len(chunks)
        self.wire = b"".join(chunks)
        self.has_bom = self.wire.startswith(BOM)
        self.body = self.wire.removeprefix(BOM)
        self.lines = lines_of(self.body)
        #: The blocks: the lines of each, without its blank line. The last is whatever follows the last blank line.
        self.blocks: list[list[Line]] = [[]]
        for line in self.lines:
            if line.content:
                self.blocks[-1].append(line)
            else:
                self.blocks.append([])

    @property
    def cuts(self) -> set[int]:
        """The offsets in the wire at which one chunk ends and another starts."""
        cuts: set[int] = set()
        at = 0
        for chunk in self.chunks[:-1]:
            at += len(chunk)
            cuts.add(at)
        return cuts

    @cached_property
    def values(self) -> list[str]:
        """The values of the data, event and id fields, as text."""
        return [line.value.decode("utf-8", "replace") for line in self.lines if line.name in {b"data", b"event", b"id"}]

    def any_value(self, test: Callable[[str], bool]) -> bool:
        """Tell whether a value of data, event or id passes a test."""
        return any(map(test, self.values))

    def any_field(self, test: Callable[[Line], bool]) -> bool:
        """Tell whether a line with a field of the standard passes a test."""
        return any(line.is_known_field and test(line) for line in self.lines)

    def any_text(self, pattern: str) -> bool:
        """Tell whether a pattern matches in the text of the stream: names, values or comments."""
        return re.search(pattern, self.body.decode("utf-8", "replace")) is not None


@dataclass(frozen=True)  # before 3.11 a NamedTuple can't be generic
class Rule(Generic[T]):
    """A rule of the standard: its name, a description, its sentence, and a test for what touches it.

    The sentence is quoted from the standard. Where the standard says nothing, it says what the standard leaves open.
    """

    name: str
    about: str
    sentence: str
    touched_by: Callable[[T], bool]
    #: A small case that touches this rule and no earlier one: the chunks of a stream, or events.
    example: tuple[Any, ...] = ()


def _always(_: object) -> bool:
    return True


def _never(_: object) -> bool:
    return False


_UTF_8 = '9.2.6: "Streams must be decoded using the UTF-8 decode algorithm."'
_BOM = '9.2.6: "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."'
_LINES = (
    '9.2.6: "The stream must then be parsed by reading everything line by line, with a U+000D CARRIAGE RETURN U+000A '
    "LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character not preceded by a U+000D CARRIAGE "
    "RETURN (CR) character, and a single U+000D CARRIAGE RETURN (CR) character not followed by a U+000A LINE FEED (LF) "
    'character being the ways in which a line can end."'
)
_DISPATCH = '9.2.6: "If the line is empty (a blank line): Dispatch the event, as defined below."'
_COMMENT = '9.2.6: "If the line starts with a U+003A COLON character (:): Ignore the line."'
_COLON = (
    '9.2.6: "Collect the characters on the line after the first U+003A COLON character (:), and let value be that '
    'string. If value starts with a U+0020 SPACE character, remove it from value."'
)
_NO_COLON = (
    '9.2.6: "Otherwise, the string is not empty but does not contain a U+003A COLON character (:): Process the field '
    '[...] using the whole line as the field name, and the empty string as the field value."'
)
_END = (
    '9.2.6: "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle '
    'of an event, before the final empty line, the incomplete event is not dispatched.)"'
)
_NAMES = (
    '9.2.6: "Field names must be compared literally, with no case folding performed." "Otherwise: The field is '
    'ignored."'
)
_EVENT = '9.2.6: "If the field name is "event": Set the event type buffer to the field value."'
_DATA = (
    '9.2.6: "If the field name is "data": Append the field value to the data buffer, then append a single U+000A LINE '
    'FEED (LF) character to the data buffer."'
)
_ID = (
    '9.2.6: "If the field name is "id": If the field value does not contain U+0000 NULL, then set the last event ID '
    'buffer to the field value. Otherwise, ignore the field."'
)
_RETRY = (
    '9.2.6: "If the field value consists of only ASCII digits, then interpret the field value as an integer in base '
    "ten, and set the event stream's reconnection time to that integer. Otherwise, ignore the field.\""
)
_STICKY = (
    '9.2.6: "Set the last event ID string of the event source to the value of the last event ID buffer. The buffer '
    "does not get reset, so the last event ID string of the event source remains set to this value until the next time "
    'it is set by the server."'
)
_NO_DATA = (
    '9.2.6: "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string '
    'and return." (After the last event ID string was set.)'
)
_ONE_LF = (
    "9.2.6: \"If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character "
    'from the data buffer." (Only one.)'
)
_TYPE = (
    '9.2.6: "If the event type buffer has a value other than the empty string, change the type of the newly created '
    'event to equal the value of the event type buffer."'
)
_CLEARED = '9.2.6: "Set the data buffer and the event type buffer to the empty string."'
_FIELD = '9.2.5: "field = 1*name-char [ colon [ space ] *any-char ] end-of-line". LF and CR are not in any-char.'
_BLOCK = '9.2.5: "event = *( comment / field ) end-of-line"; ' + _END
_NO_LIMIT = (
    '9.2.5: "field = 1*name-char [ colon [ space ] *any-char ] end-of-line". The standard sets no limit on the length '
    "of a line. Code may set one, but must then fail on longer lines, not truncate or drop them."
)
_ANY_LINES = (
    '9.2.5: "event = *( comment / field ) end-of-line". The standard sets no limit on the number of lines in a block. '
    "Code may set one, but must then fail on larger blocks, not truncate or drop them."
)
_ANY_EVENTS = '9.2.5: "stream = [ bom ] *event". The standard sets no limit on the number of events in a stream.'
_EMPTY_CHUNK = (
    "9.2.6 defines what a stream of bytes means. How the bytes are cut into chunks means nothing, and neither does an "
    "empty chunk."
)
_AS_IT_IS = (
    '9.2.6: "Append the field value to the data buffer". A value is text, and arrives as it was sent. The standard '
    "gives no value a special meaning, and has no escapes."
)
_ENCODED = '9.2.5: "Event streams in this format must always be encoded as UTF-8."'


def _is_cut_inside_the_bom(stream: Stream) -> bool:
    return stream.has_bom and not stream.cuts.isdisjoint({1, 2})


def _is_cut_inside_a_crlf(stream: Stream) -> bool:
    return any(stream.wire.startswith(b"\r\n", at - 1) for at in stream.cuts)


def _is_cut_inside_a_character(stream: Stream) -> bool:
    return any(0x80 <= stream.wire[at] <= 0xBF for at in stream.cuts)


def _is_invalid_utf_8(stream: Stream) -> bool:
    try:
        stream.wire.decode()
    except UnicodeDecodeError:
        return True
    return False


def _has_repeated_field(stream: Stream) -> bool:
    for block in stream.blocks:
        names = [line.name for line in block if line.name in {b"event", b"id", b"retry"}]
        if len(names) != len(set(names)):
            return True
    return False


def _has_block_without_data(stream: Stream) -> bool:
    return any(
        any(line.is_known_field for line in block) and not any(line.name == b"data" for line in block)
        for block in stream.blocks[:-1]
    )


def _has_blank_line_more(stream: Stream) -> bool:
    return not all(any(line.is_known_field for line in block) for block in stream.blocks[:-1])


def _has_empty_data(stream: Stream) -> bool:
    return any(
        [line.value for line in block if line.name == b"data"] == [b""] for block in stream.blocks
    )  # fmt: skip


def _has_many_lines(stream: Stream) -> bool:
    return any(len(block) > MANY for block in stream.blocks)


def _has_many_events(stream: Stream) -> bool:
    return sum(any(line.name == b"data" for line in block) for block in stream.blocks[:-1]) > MANY


def _has_mixed_line_ends(stream: Stream) -> bool:
    return len({line.end for line in stream.lines if line.end}) > 1


def _is_white(line: Line) -> bool:
    return bool(line.content) and not line.content.decode("utf-8", "replace").strip()


def _is_padded(text: str) -> bool:
    return text != text.strip()


def _is_magic(text: str) -> bool:
    return MAGIC_VALUES.fullmatch(text) is not None


def _has_special(text: str) -> bool:
    return SPECIAL_CHARACTERS.search(text) is not None


def _has_control(text: str) -> bool:
    return re.search("[\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]|[^\t]\t[^\t]", text) is not None


def _has_data_lines(stream: Stream) -> bool:
    return any([line.name for line in block].count(b"data") > 1 for block in stream.blocks)


#: The rules of a consumer. A shrunk failure is attributed to the first one that it touches.
CONSUMER_RULES: list[Rule[Stream]] = [
    Rule(
        "empty-chunk",
        "an empty chunk",
        _EMPTY_CHUNK,
        lambda stream: stream.has_empty_chunk,
        (b"data: a\n\n", b"", b"data: b\n\n"),
    ),
    Rule(
        "cut-bom",
        "a chunk ends inside the byte order mark at the start",
        _BOM,
        _is_cut_inside_the_bom,
        (b"\xef", b"\xbb\xbfdata: a\n\n"),
    ),
    Rule(
        "cut-utf-8", "a chunk ends inside a character", _UTF_8, _is_cut_inside_a_character, (b"data: \xc3", b"\xa9\n\n")
    ),
    Rule(
        "cut-crlf",
        "a chunk ends between the CR and LF of a CRLF",
        _LINES,
        _is_cut_inside_a_crlf,
        (b"data: a\r", b"\n\r\n"),
    ),
    Rule(
        "cut",
        "the stream comes in more than one chunk",
        _LINES,
        lambda stream: len(stream.chunks) > 1,
        (b"data: a", b"\n\n"),
    ),
    Rule(
        "many-events",
        f"more than {MANY} events in a stream",
        _ANY_EVENTS,
        _has_many_events,
        (b"data: a\n\n" * (MANY + 1),),
    ),
    Rule(
        "many-lines",
        f"more than {MANY} lines in a block",
        _ANY_LINES,
        _has_many_lines,
        (b"data: a\n" * (MANY + 1) + b"\n",),
    ),
    Rule(
        "long",
        f"a line of more than {LONG_LINE} bytes",
        _NO_LIMIT,
        lambda stream: any(len(line.content) > LONG_LINE for line in stream.lines),
        (b"data: " + b"x" * LONG_LINE + b"\n\n",),
    ),
    Rule(
        "invalid-utf-8",
        "bytes that are not UTF-8; each maximal subpart becomes U+FFFD",
        _UTF_8,
        _is_invalid_utf_8,
        (b"data: \xff\n\n",),
    ),
    Rule(
        "late-bom",
        "U+FEFF anywhere but at the start is text",
        _BOM,
        lambda stream: stream.any_text("\ufeff"),
        (b"data: a\xef\xbb\xbfb\n\n",),
    ),
    Rule(
        "leading-bom",
        "the stream starts with a byte order mark",
        _BOM,
        lambda stream: stream.has_bom,
        (b"\xef\xbb\xbfdata: a\n\n",),
    ),
    Rule(
        "line-separator",
        "VT, FF, U+001C to U+001E, U+0085, U+2028 and U+2029 do not end a line",
        _LINES,
        lambda stream: stream.any_text(f"[{SEPARATORS}]"),
        (b"data: a\x0bb\n\n",),
    ),
    Rule(
        "id-with-null",
        "an id with U+0000 is ignored",
        _ID,
        lambda stream: stream.any_field(lambda line: line.name == b"id" and b"\0" in line.value),
        (b"id: 1\0\ndata: a\n\n",),
    ),
    Rule("nul", "U+0000 anywhere else is text", _DATA, lambda stream: b"\0" in stream.wire, (b"data: a\0b\n\n",)),
    Rule(
        "mixed-line-ends",
        "lines with different line ends",
        _LINES,
        _has_mixed_line_ends,
        (b"data: a\r\ndata: b\n\n",),
    ),
    Rule(
        "bare-cr",
        "a lone CR ends a line",
        _LINES,
        lambda stream: any(line.end == b"\r" for line in stream.lines),
        (b"data: a\r\r",),
    ),
    Rule(
        "crlf",
        "CRLF ends a line",
        _LINES,
        lambda stream: any(line.end == b"\r\n" for line in stream.lines),
        (b"data: a\r\n\r\n",),
    ),
    Rule(
        "unfinished-block",
        "the stream ends inside a block",
        _END,
        lambda stream: bool(stream.blocks[-1]),
        (b"data: a\n",),
    ),
    Rule(
        "comment",
        "a line that starts with a colon",
        _COMMENT,
        lambda stream: any(line.content.startswith(b":") for line in stream.lines),
        (b":data: b\ndata: a\n\n",),
    ),
    Rule(
        "white-space-line",
        "a line of white space only: not a blank line, but a field that is ignored",
        _DISPATCH,
        lambda stream: any(map(_is_white, stream.lines)),
        (b"data: a\n \ndata: b\n\n",),
    ),
    Rule(
        "unknown-field",
        "a field name that is not in the standard, perhaps a misspelt one",
        _NAMES,
        lambda stream: any(line.name and not line.is_known_field for line in stream.lines),
        (b"Data: b\ndata: a\n\n",),
    ),
    Rule(
        "no-colon",
        "a field without a colon",
        _NO_COLON,
        lambda stream: stream.any_field(lambda line: b":" not in line.content),
        (b"data\n\n",),
    ),
    Rule(
        "invalid-retry",
        "a retry that is not all ASCII digits",
        _RETRY,
        lambda stream: stream.any_field(lambda line: line.name == b"retry" and not line.value.isdigit()),
        (b"retry: 1.5\ndata: a\n\n",),
    ),
    Rule(
        "missing-space",
        "a value without a space after the colon",
        _COLON,
        lambda stream: stream.any_field(lambda line: re.search(rb"^\w+:(?! )", line.content) is not None),
        (b"data:a\n\n",),
    ),
    Rule("data-lines", "several data lines in a block", _DATA, _has_data_lines, (b"data: a\ndata: b\n\n",)),
    Rule(
        "padded-value",
        "a value that starts or ends with white space, besides the space after the colon",
        _COLON,
        lambda stream: stream.any_value(_is_padded),
        (b"data:  a \n\n",),
    ),
    Rule(
        "colon",
        "a value with a colon in it",
        _COLON,
        lambda stream: stream.any_field(lambda line: b":" in line.value),
        (b"data: a:b\n\n",),
    ),
    Rule(
        "control-character",
        "a control character inside a value: a tab, ESC, DEL, ...",
        _AS_IT_IS,
        lambda stream: stream.any_value(_has_control),
        (b"data: a\x1bb\n\n",),
    ),
    Rule(
        "magic-value",
        "a value that looks like a number, a boolean, JSON, a sentinel or a reserved name",
        _AS_IT_IS,
        lambda stream: stream.any_value(_is_magic),
        (b"data: 007\n\n",),
    ),
    Rule(
        "special-character",
        "a character that HTML, URLs, strings, formats or templates escape",
        _AS_IT_IS,
        lambda stream: stream.any_value(_has_special),
        (b"data: a&amp;b\n\n",),
    ),
    Rule(
        "overwritten-field",
        "event, id or retry twice in a block: the last one counts",
        _EVENT,
        _has_repeated_field,
        (b"event: a\nevent: b\ndata: a\n\n",),
    ),
    Rule(
        "event-without-data",
        "a block without data: no event, but its id counts",
        _NO_DATA,
        _has_block_without_data,
        (b"id: 1\n\ndata: a\n\n",),
    ),
    Rule("blank-lines", "a blank line with no field before it", _NO_DATA, _has_blank_line_more, (b"data: a\n\n\n",)),
    Rule("empty-data", "a block whose data is empty: still an event", _NO_DATA, _has_empty_data, (b"data: \n\n",)),
    Rule(
        "empty-event",
        "an event field with an empty value: the type is message",
        _TYPE,
        lambda stream: stream.any_field(lambda line: line.name == b"event" and not line.value),
        (b"event: \ndata: a\n\n",),
    ),
    Rule(
        "empty-id",
        "an id field with an empty value: it resets the last event ID",
        _STICKY,
        lambda stream: stream.any_field(lambda line: line.name == b"id" and not line.value),
        (b"id: 1\ndata: a\n\nid: \ndata: b\n\n",),
    ),
    Rule("non-ascii", "text beyond ASCII", _UTF_8, lambda stream: not stream.wire.isascii(), (b"data: \xc3\xa9\n\n",)),
    Rule(
        "retry",
        "a retry field",
        _RETRY,
        lambda stream: stream.any_field(lambda line: line.name == b"retry"),
        (b"retry: 7\ndata: a\n\n",),
    ),
    Rule(
        "id",
        "an id field",
        _STICKY,
        lambda stream: stream.any_field(lambda line: line.name == b"id"),
        (b"id: 1\ndata: a\n\n",),
    ),
    Rule(
        "event",
        "an event field",
        _TYPE,
        lambda stream: stream.any_field(lambda line: line.name == b"event"),
        (b"event: a\ndata: a\n\n",),
    ),
    Rule(
        "events", "more than one event", _CLEARED, lambda stream: len(stream.blocks) > 2, (b"data: a\n\ndata: b\n\n",)
    ),
    Rule("data", "a data field, or an empty stream", _DISPATCH, _always, (b"data: a\n\n",)),
]

#: These are about when events come, not about what comes, so no stream touches them.
PROMPTNESS: Rule[Stream] = Rule(
    "promptness",
    "an event comes before the consumer asks for the chunk after its blank line",
    _DISPATCH,
    _never,
    (b"data: a\n\n", b"data: b\n\n"),
)
PROMPTNESS_CR: Rule[Stream] = Rule(
    "promptness-cr",
    "the same as promptness, when a CR is the last byte so far",
    f"{_LINES} {_DISPATCH}",
    _never,
    (b"data: a\r\r", b"data: b\r\r"),
)

Events = Sequence[ServerSentEvent]
_E = ServerSentEvent


def _any_data(test: Callable[[str], bool]) -> Callable[[Events], bool]:
    return lambda events: any(test(event.data) for event in events)


def _texts(events: Events) -> Iterable[str]:
    for event in events:
        yield event.data
        yield event.event
        yield event.id or ""


def _any_value(test: Callable[[str], bool]) -> Callable[[Events], bool]:
    return lambda events: any(map(test, _texts(events)))


def _is_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _lines_in(text: str) -> int:
    return len(re.findall("\r\n|\r|\n", text)) + 1


def _has_line_end(text: str | None) -> bool:
    return text is not None and ("\n" in text or "\r" in text)


#: The rules of a producer. A shrunk failure is attributed to the first one that it touches. The first rules are about
#: values that the format can't represent.
PRODUCER_RULES: list[Rule[Events]] = [
    Rule(
        "line-end-in-event",
        "an event type with CR or LF in it",
        _FIELD,
        lambda events: any(_has_line_end(event.event) for event in events),
        (_E("a", event="b\ndata: c"),),
    ),
    Rule(
        "line-end-in-id",
        "an id with CR or LF in it",
        _FIELD,
        lambda events: any(_has_line_end(event.id) for event in events),
        (_E("a", id="1\ndata: c"),),
    ),
    Rule(
        "id-with-null",
        "an id with U+0000 in it",
        _ID,
        lambda events: any("\0" in (event.id or "") for event in events),
        (_E("a", id="1\0"),),
    ),
    Rule(
        "empty-event",
        "an empty event type",
        _TYPE,
        lambda events: any(not event.event for event in events),
        (_E("a", event=""),),
    ),
    Rule("surrogate", "a lone surrogate", _ENCODED, _any_value(_is_surrogate), (_E("\ud800"),)),
    Rule(
        "negative-retry",
        "a retry below 0",
        _RETRY,
        lambda events: any((event.retry or 0) < 0 for event in events),
        (_E("a", retry=-1),),
    ),
    Rule(
        "many-events",
        f"more than {MANY} events in a stream",
        _ANY_EVENTS,
        lambda events: len(events) > MANY,
        (_E("a"),) * (MANY + 1),
    ),
    Rule(
        "many-lines",
        f"data of more than {MANY} lines",
        _ANY_LINES,
        _any_data(lambda data: _lines_in(data) > MANY),
        (_E("a" + "\na" * MANY),),
    ),
    Rule(
        "long",
        f"a line of more than {LONG_VALUE} characters in a value",
        _NO_LIMIT,
        _any_value(lambda text: len(text) > LONG_VALUE and any(len(x) > LONG_VALUE for x in re.split("[\r\n]", text))),
        (_E("x" * (LONG_VALUE + 1)),),
    ),
    Rule(
        "cr-in-data",
        "data with a CR in it, alone or before an LF",
        _LINES,
        _any_data(lambda data: "\r" in data),
        (_E("a\rb"),),
    ),
    Rule(
        "line-separator",
        "VT, FF, U+001C to U+001E, U+0085, U+2028 or U+2029 in a value",
        _LINES,
        _any_value(lambda text: any(character in SEPARATORS for character in text)),
        (_E("a\u2028b"),),
    ),
    Rule("late-bom", "U+FEFF in a value", _BOM, _any_value(lambda text: "\ufeff" in text), (_E("a\ufeffb"),)),
    Rule("nul", "U+0000 in data or in the event type", _FIELD, _any_value(lambda text: "\0" in text), (_E("a\0b"),)),
    Rule(
        "last-newline",
        "data that ends in a newline",
        _ONE_LF,
        _any_data(lambda data: data.endswith("\n")),
        (_E("a\n"),),
    ),
    Rule(
        "newline",
        "data of several lines",
        _DATA,
        _any_data(lambda data: "\n" in data.strip("\n") or data.startswith("\n")),
        (_E("a\nb"),),
    ),
    Rule(
        "padded-value",
        "a value that starts or ends with white space",
        _COLON,
        _any_value(lambda text: any(map(_is_padded, re.split("[\r\n]", text)))),
        (_E(" a "),),
    ),
    Rule("empty-data", "empty data", _NO_DATA, _any_data(lambda data: not data), (_E(""),)),
    Rule(
        "empty-id",
        "an empty id, which resets the last event ID",
        _STICKY,
        lambda e: any(x.id == "" for x in e),
        (_E("a", id=""),),
    ),
    Rule("colon", "a colon in a value", _COLON, _any_value(lambda text: ":" in text), (_E("a:b"),)),
    Rule(
        "control-character",
        "a control character in a value: a tab, ESC, DEL, ...",
        _AS_IT_IS,
        _any_value(_has_control),
        (_E("a\x1bb"),),
    ),
    Rule(
        "magic-value",
        "a value that looks like a number, a boolean, JSON, a sentinel or a reserved name",
        _AS_IT_IS,
        _any_value(_is_magic),
        (_E("007"),),
    ),
    Rule(
        "special-character",
        "a character that HTML, URLs, strings, formats or templates escape",
        _AS_IT_IS,
        _any_value(_has_special),
        (_E("a&amp;b"),),
    ),
    Rule("non-ascii", "text beyond ASCII", _ENCODED, _any_value(lambda text: not text.isascii()), (_E("é"),)),
    Rule(
        "retry",
        "a reconnection time",
        _RETRY,
        lambda events: any(event.retry is not None for event in events),
        (_E("a", retry=7),),
    ),
    Rule("id", "an id", _ID, lambda events: any(event.id is not None for event in events), (_E("a", id="1"),)),
    Rule(
        "event",
        "an event type",
        _TYPE,
        lambda events: any(event.event != "message" for event in events),
        (_E("a", event="b"),),
    ),
    Rule("events", "more than one event", _BLOCK, lambda events: len(events) > 1, (_E("a"), _E("b"))),
    Rule("data", "any event at all", _BLOCK, _always, (_E("a"),)),
]

#: This one is about how the bytes end, not about what is sent, so no event touches it.
BLANK_LINE: Rule[Events] = Rule("missing-blank-line", "the blank line that ends each event", _BLOCK, _never, (_E("a"),))
#: These are about when the bytes come, and about comments, so no event touches them.
PRODUCER_PROMPTNESS: Rule[Events] = Rule(
    "promptness", "an event is complete with its own bytes, without those of the next", _BLOCK, _never
)
COMMENT_END: Rule[Events] = Rule(
    "line-end-in-comment",
    "a comment with CR or LF in it",
    '9.2.5: "comment = colon *any-char end-of-line". LF and CR are not in any-char.',
    _never,
)
#: This one is about the response, not about the stream in it.
RESPONSE: Rule[Events] = Rule(
    "content-type",
    "a response with status 200 and Content-Type text/event-stream",
    "9.2.3: \"Otherwise, if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail "
    'the connection."',
    _never,
)

#: The rules that each check can leave out.
CONSUMER_CHECKED: list[Rule[Stream]] = [*CONSUMER_RULES, PROMPTNESS, PROMPTNESS_CR]
PRODUCER_CHECKED: list[Rule[Events]] = [*PRODUCER_RULES, PRODUCER_PROMPTNESS, COMMENT_END]


def touched(subject: T, rules: Sequence[Rule[T]]) -> Rule[T]:
    """Return the first rule that a case touches. Every case touches the last rule of the table."""
    return next(rule for rule in rules if rule.touched_by(subject))
