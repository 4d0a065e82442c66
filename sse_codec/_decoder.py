"""Decoder: bytes in, cut anywhere; events out, each as soon as its last byte is there. The hot path.

Two steps, and each line takes as few of them as it can. Framing works on bytes: it finds the last blank line in a
chunk, and all before it is whole blocks. Parsing works on text: it decodes those blocks in one call and reads their
lines. Only the block in progress is held, as bytes. Lines at the end of a chunk whose block is not finished are looked
at once when they end, for the two things that can't wait for the blank line (comments leave, `retry` acts), and parsed
with their block.

`_interpret` is the standard's algorithm and enough for every stream. Blocks of the shapes that nearly all streams are
made of are taken before they get there, cut apart by as few searches as their shape allows; what turns out to have
another shape is left to `_interpret`. Each of these ways names the benchmark that it is for, and what it gains.

Work is linear in bytes for every chunking: a byte is searched when it arrives, and parsed once.
"""

from __future__ import annotations

from ._errors import EventTooLarge
from ._event import DecodedEvent, ServerSentEvent
from ._grammar import COLON, CR, DATA, DEFAULT_EVENT, EVENT, ID, LF, RETRY, parse_retry
from ._input import DEFAULT_MAX_EVENT_SIZE, FLOWING, StreamInput

TYPE_CHECKING = False  # as typing's, which takes six times as long to import as this package
if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRY = RETRY.encode()

_SMALL = 4096  # bytes; a chunk up to this may well be one event, a larger one holds many or a part of one
_TINY = 64  # bytes; a chunk up to this has too few lines for finding its last blank line first to be worth it
_LARGE = 128 * 1024  # bytes, or characters; of what is larger not all lines may be in memory at once


class Decoder(StreamInput):
    r"""An incremental parser of an event stream: exactly a browser's, bounded, and never late (WHATWG HTML 9.2.6).

    It has no clock and no socket: feed it the response's bytes as they come. For a whole connection in one call see
    `decode` and `adecode`.

    Args:
        last_event_id: where to resume: what the `Last-Event-ID` header of this connection's request said; "" if it
            had none. Events that come before the stream sets an id carry it.
        max_event_size: the most bytes that an unfinished block may have, at least 1; 64 MiB unless told. Counted are
            its lines joined by one byte each, comments only while they are being received. A security limit: without it
            an endless line, or endless `data` lines, fill the memory.

    Raises:
        TypeError: `last_event_id` is not a str or `max_event_size` not an int.
        UsageError: `max_event_size` is less than 1.

    Attributes:
        last_event_id: the standard's last event ID string, committed at each blank line; send it as `Last-Event-ID`
            when reconnecting. Kept over `reset()`.
        reconnection_time: how long to wait before reconnecting, in milliseconds, as the latest valid `retry` field
            said; None when there was none. Kept over `reset()`.

    >>> from sse_codec import Decoder
    >>> decoder = Decoder()
    >>> decoder.feed(b"id: 1\ndata: hel")
    []
    >>> decoder.feed(b"lo\n\nretry: 500\n")
    [ServerSentEvent(data='hello', id='1', last_event_id='1')]
    >>> decoder.last_event_id, decoder.reconnection_time
    ('1', 500)
    """

    __slots__ = ("_small", "last_event_id", "reconnection_time")

    def __init__(self, *, last_event_id: str = "", max_event_size: int = DEFAULT_MAX_EVENT_SIZE) -> None:
        if not isinstance(last_event_id, str):
            raise TypeError(f"last_event_id must be a str, not {type(last_event_id).__name__}")
        super().__init__(max_event_size=max_event_size)
        self._small = min(_SMALL, max_event_size)
        self.last_event_id: str = last_event_id
        self.reconnection_time: int | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[ServerSentEvent]:
        """Take the next bytes of the stream; return the events that they complete, in order.

        An event is returned by the call that brings the first byte of the end of its blank line.

        Args:
            chunk: any number of bytes, none included. It is copied where needed, so the caller may reuse its buffer.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder is as it was before.
            EventTooLarge: a block passed `max_event_size`. Events completed before it in the same chunk are returned
                first: then the next call raises. Every later call raises again, until `reset()`.
        """
        data = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in data:
            data = self._unify_line_ends(data)
        held = self._held
        if not held and len(data) <= self._small:
            # One event a chunk is how tokens arrive (benchmarks: "LLM chat, event a feed"; 0.55 of the time).
            try:
                text = data.decode()
            except UnicodeDecodeError:
                text = data.decode("utf-8", "replace")
            line, _, rest = text.partition("\n")
            field, _, value = line.partition(": ")
            if rest == "\n" and field == DATA:
                event = DecodedEvent()
                event._data = value
                event._event = DEFAULT_EVENT
                event._id = event._retry = None
                event._last_event_id = self.last_event_id
                return [event]
            events = self._parse_small(text, field, value, rest)
            if events is not None:
                return events
        elif LF not in data and len(held) + len(data) <= self._limit:
            held += data
            return []
        return self._feed(data)

    def close(self) -> ServerSentEvent | None:
        """End the stream: return the event that a missing blank line would have dispatched, and reset.

        For the standard there is no such event: "If the file ends in the middle of an event, before the final empty
        line, the incomplete event is not dispatched" (9.2.6). Some servers leave the blank line out all the same, and
        other streams were simply cut; the caller decides which. The event has what had arrived, a last line without its
        end included. `last_event_id` of the decoder does not take its id, so that a client which discards the event
        resumes before it; the event's own `last_event_id` does.

        Returns:
            The unfinished event; None when there is none, because the stream ended after a blank line or the unfinished
            block has no `data`.

        Raises:
            EventTooLarge: the decoder has failed and is not reset.

        >>> from sse_codec import Decoder
        >>> decoder = Decoder()
        >>> decoder.feed(b"data: [DONE]")
        []
        >>> decoder.close()
        ServerSentEvent(data='[DONE]')
        """
        text = (self._take_rest() + b"\n\n").decode("utf-8", "replace")
        events = Decoder(last_event_id=self.last_event_id)._interpret(text)
        return events[0] if events else None

    def reset(self) -> None:
        r"""Make ready for the next connection: drop an unfinished block, expect a byte order mark again.

        `last_event_id` and `reconnection_time` stay, because the next connection needs them. Also the only way out of
        `EventTooLarge`.

        >>> from sse_codec import Decoder
        >>> decoder = Decoder()
        >>> decoder.feed(b"id: 1\ndata: whole\n\ndata: cut o")
        [ServerSentEvent(data='whole', id='1', last_event_id='1')]
        >>> decoder.reset()
        >>> decoder.feed(b"data: next\n\n")
        [ServerSentEvent(data='next', last_event_id='1')]
        """
        super().reset()

    def _feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take bytes whose line ends are LF, however they are cut."""
        held = self._held
        if (len(chunk) <= _TINY and len(held) <= _LARGE) or len(held) + len(chunk) > self._limit:
            return self._feed_by_line(chunk)
        # Whole blocks end with the last blank line. A block that is larger than the chunk it ends in is parsed by
        # itself, up to the first, so that it is not copied once more with the blocks behind it.
        large = len(held) > len(chunk)
        end = (chunk.find if large else chunk.rfind)(b"\n\n") + 2
        if (large or end == 1) and chunk[0] == LF and self._at_line_start():
            end = 1  # of a blank line whose first LF is held, or was returned with the block before
        elif end == 1:
            self._hold_lines(chunk)
            return []
        if held:
            held += chunk[:end]
        blocks = held or chunk[:end]
        # One U+FFFD per maximal subpart of what is invalid. The error handler's name costs a look-up for each call, so
        # it is only given where it is needed.
        try:
            text = blocks.decode()
        except UnicodeDecodeError:
            text = blocks.decode("utf-8", "replace")
        held.clear()  # before events are made of it: a large one is in memory twice then, and not three times
        events = self._parse(text)
        rest = chunk[end:]
        if LF not in rest:
            self._held += rest
        elif large:
            events += self._feed(rest)
        else:
            self._hold_lines(rest)
        return events

    def _feed_by_line(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take bytes line by line: very few of them, or so many that one of the lines may pass the limit.

        A block is interpreted at once, because few bytes hold none that the other ways are for (benchmarks: 16 bytes a
        chunk; 0.8 of the time, and 0.45 for keep-alives).
        """
        events: list[ServerSentEvent] = []
        held = self._held
        *ended, rest = chunk.split(b"\n")
        try:
            for line in ended:
                if line:
                    self._hold(line)
                if not held:
                    continue  # a blank line behind a blank line, or behind comments
                if held[-1] != LF:
                    self._end_line()
                    continue
                text = held.decode("utf-8", "replace")
                held.clear()
                events += self._interpret(text)
            self._hold(rest)
        except EventTooLarge:
            if not events:
                raise
        return events

    def _hold_lines(self, chunk: bytes) -> None:
        """Hold lines of an unfinished block, of which none is blank, and the start of one."""
        line, ended, rest = chunk.partition(b"\n")
        self._held += line
        if ended:
            self._end_line()
            # Lines that have none of what can't wait are held as they are (benchmarks: "many data lines"; 0.15 of the
            # time, with the way through `_parse_data`).
            if rest.startswith(b":") or b"\n:" in rest or _RETRY in rest:
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    self._held += line
                    self._end_line()
            self._held += rest

    def _at_line_start(self) -> bool:
        return not self._held or self._held[-1] == LF

    def _end_line(self) -> None:
        """End the line in progress, which is not blank, within its unfinished block."""
        held = self._held
        start = held.rfind(b"\n") + 1
        first = held[start]
        if first == COLON:
            # "If the line starts with a U+003A COLON character (:): Ignore the line." Endless comments take no room.
            del held[start:]
            return
        if first == _RETRY[0] and held.startswith(_RETRY, start):
            # "set the event stream's reconnection time to that integer": now, not when the block ends. Its event gets
            # the same value when the block is parsed.
            self._interpret(held[start:].decode("utf-8", "replace"))
        held.append(LF)

    def _parse(self, text: str) -> list[ServerSentEvent]:
        """Parse whole blocks whose line ends are LF (WHATWG HTML 9.2.6)."""
        if text.startswith("data: "):
            return self._parse_data(text)
        for field in (EVENT, ID):
            if text.startswith(f"{field}: "):
                return self._parse_pairs(text, field)
        if text.startswith(": ") and "\n" not in "".join(text[2:-2].split("\n\n: ")):
            return []  # a comment a block, as keep-alives are
        return self._interpret(text)

    def _parse_small(self, text: str, field: str, value: str, rest: str) -> list[ServerSentEvent] | None:
        """Parse a chunk that may be whole blocks, given with its first line's field and value, and its other lines.

        One block of an event type or an id and a line of data takes the short way, and so does a comment (benchmarks:
        "named events", "ticks" and "keep-alives only", event a feed; 0.7 of the time).

        Returns:
            None when these are not whole blocks.
        """
        data = rest[6:-2]
        if rest == "\n" and not field:
            return []
        if "\n" not in data and rest == f"data: {data}\n\n":
            if field == EVENT:
                event = DecodedEvent()
                event._data = data
                event._event = value or DEFAULT_EVENT
                event._id = event._retry = None
                event._last_event_id = self.last_event_id
                return [event]
            if field == ID and "\0" not in value:
                event = DecodedEvent()
                event._data = data
                event._event = DEFAULT_EVENT
                event._id = event._last_event_id = self.last_event_id = value
                event._retry = None
                return [event]
        return self._interpret(text) if text.endswith("\n\n") else None

    def _parse_data(self, text: str) -> list[ServerSentEvent]:
        """Parse blocks of which the first starts with data, as all do in most streams of tokens.

        Blocks that are one line of data are cut apart by one search (benchmarks: "LLM chat", 64 KiB; 0.65 of the time).
        """
        body = text[6:-2]
        blocks = body.split("\n\ndata: ") if "\n" in body else [body]
        alike = "\n" not in "".join(blocks)
        last_event_id = self.last_event_id
        events: list[ServerSentEvent] = []
        for block in blocks:
            data = block
            if not alike and "\n" in block:
                if block.count("\n") != block.count("\ndata: "):
                    events += self._interpret(f"data: {block}\n\n")
                    last_event_id = self.last_event_id
                    continue
                # Lines of data and nothing else (benchmarks: "many data lines").
                data = block.replace("\ndata: ", "\n")
            event = DecodedEvent()
            event._data = data
            event._event = DEFAULT_EVENT
            event._id = event._retry = None
            event._last_event_id = last_event_id
            events.append(event)
        return events

    def _parse_pairs(self, text: str, field: str) -> list[ServerSentEvent]:
        """Parse blocks of which the first starts with an event type, or with an id.

        Blocks that have one line of data behind that are cut apart by two searches (benchmarks: "named events" and
        "ticks", 64 KiB; 0.7 of the time).
        """
        events: list[ServerSentEvent] = []
        for block in text[len(field) + 2 : -2].split(f"\n\n{field}: "):
            value, _, data = block.partition("\ndata: ")
            if not data or "\n" in data or "\n" in value or "\0" in value:
                events += self._interpret(f"{field}: {block}\n\n")
                continue
            event = DecodedEvent()
            event._data = data
            if field == ID:
                event._event = DEFAULT_EVENT
                event._id = self.last_event_id = value
            else:
                event._event = value or DEFAULT_EVENT
                event._id = None
            event._retry = None
            event._last_event_id = self.last_event_id
            events.append(event)
        return events

    def _interpret(self, text: str) -> list[ServerSentEvent]:
        """Interpret whole blocks, line by line (WHATWG HTML 9.2.6).

        The LF of the last blank line makes one empty line more, which ends an empty block and so does nothing.
        """
        last_event_id = self.last_event_id
        events: list[ServerSentEvent] = []
        data = id = retry = None
        more: list[str] = []  # the values of the second `data` line and those after it
        name = ""
        for part in (text,) if len(text) <= _LARGE else _parts(text):
            for line in part.split("\n"):
                if not line:
                    # "Set the last event ID string of the event source to the value of the last event ID buffer", with
                    # data or without.
                    if id is not None:
                        last_event_id = id
                    # "If the data buffer is an empty string, set the data buffer and the event type buffer to the
                    # empty string and return." A lone `data` line has put a LF there, so it does not count as empty.
                    if data is not None:
                        if more:
                            data = "\n".join((data, *more))
                            more = []
                        event = DecodedEvent()
                        event._data = data
                        event._event = name or DEFAULT_EVENT
                        event._id = id
                        event._retry = retry
                        event._last_event_id = last_event_id
                        events.append(event)
                        data = None
                    id = retry = None
                    name = ""
                    continue
                # "Collect the characters on the line before the first U+003A COLON character (:), and let field be
                # that string." "If value starts with a U+0020 SPACE character, remove it from value." Both at once,
                # where the first colon has a space behind it; else there is no space to remove.
                field, _, value = line.partition(": ")
                if field != DATA:
                    if not field:
                        continue  # a comment
                    if ":" in field:
                        field, _, value = line.partition(":")
                if field == DATA:
                    # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF)
                    # character", of which dispatching removes the last.
                    if data is None:
                        data = value
                    else:
                        more.append(value)
                elif field == EVENT:
                    name = value
                elif field == ID:
                    # "If the field value does not contain U+0000 NULL [...]. Otherwise, ignore the field."
                    if "\0" not in value:
                        id = value
                elif field == RETRY:
                    reconnection_time = parse_retry(value)
                    if reconnection_time is not None:
                        retry = self.reconnection_time = reconnection_time
                # "Otherwise: The field is ignored." So is a comment, whose field would have an empty name.
            if more and data is not None:
                data = "\n".join((data, *more))
                more = []
        self.last_event_id = last_event_id
        return events


def _parts(text: str) -> Iterator[str]:
    """Cut a large text between lines, so that not all lines are in memory at once: a short one takes 20 times its size.

    It makes 16 parts at most, because the data of an unfinished block is joined anew at the end of each.
    """
    size = max(_LARGE, len(text) // 16)
    start = 0
    while (end := text.find("\n", start + size)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]
