"""Decoder: bytes in, cut anywhere; events out, each as soon as its last byte is there. The hot path.

A chunk goes one way: `_framing` cuts it after its last blank line, `_interpret` says what the whole blocks in it say,
and `_make_others` makes events of that. Three shortcuts skip steps for what streams of tokens are made of: a chunk that
is whole blocks (`feed`), a part of a line (`feed` again), and a run of blocks that are one line of data each (`_make`).
"""

from __future__ import annotations

from typing import Any, Final

from ._event import ReceivedEvent, new_received
from ._framing import BlockInput
from ._grammar import BARE, CR, DEFAULT_EVENT, LF, parse_retry
from ._input import AFTER_CR, DEFAULT_MAX_EVENT_SIZE, FLOWING, unify_line_ends
from ._interpret import data_run, decode_text, interpret_long, records

#: Characters of a `retry` line that is remembered.
_LONGEST_RETRY: Final = 32


class Decoder(BlockInput):
    r"""An incremental parser of an event stream: exactly a browser's, bounded, and never late (WHATWG HTML 9.2.6).

    It has no clock and no socket: feed it the response's bytes as they come. For a whole connection in one call see
    `decode` and `adecode`.

    Args:
        last_event_id: where to resume: what the `Last-Event-ID` header of this connection's request said; "" if it
            had none. Events that come before the stream sets an id carry it.
        max_event_size: the most bytes that an unfinished block may have, at least 1; 64 MiB by default, None for no
            limit. The size of a block is the bytes of its lines, and one for each line end between them; a comment
            counts until its line ends, and then no more. It is a security limit: without it an endless line, or endless
            `data` lines, fill the memory.

    Raises:
        TypeError: `last_event_id` is not a str, or `max_event_size` not an int or None.
        ValueError: `max_event_size` is less than 1.

    >>> from sse_codec import Decoder
    >>> decoder = Decoder()
    >>> decoder.feed(b"id: 1\ndata: hel")
    []
    >>> decoder.feed(b"lo\n\nretry: 500\n")
    [ReceivedEvent(data='hello', id='1', last_event_id='1')]
    >>> decoder.last_event_id, decoder.reconnection_time
    ('1', 500)
    """

    __slots__ = ("_retry_line", "_retry_time")

    def __init__(self, *, last_event_id: str = "", max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE) -> None:
        super().__init__(last_event_id=last_event_id, max_event_size=max_event_size)
        #: A `retry` line that was read, and what it says: most servers send the same one all the time.
        self._retry_line = ""
        self._retry_time: int | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[ReceivedEvent]:
        """Take the next bytes of the stream; return the events that they complete, in order.

        An event is returned by the call that brings the first byte of the end of its blank line.

        Args:
            chunk: any number of bytes, or none. It is copied where needed, so the caller may reuse its buffer. Lines
                without their ends, as `iter_lines()` gives them, are not bytes of the stream: feed `line + b"\\n"`.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder is as it was before.
            EventTooLarge: a block passed `max_event_size`. Events completed before it in the same chunk are returned
                first: then the next call raises. Every later call raises again, until `reset()`.
        """
        given = raw = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in given:
            raw = unify_line_ends(given)
        held = self._held
        if not held and len(raw) <= self._small:
            # One block a chunk is how tokens arrive (benchmarks: the shapes, event a feed; 0.5 of the time).
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = decode_text(raw)
            line, ended, rest = text.partition("\n")
            if rest == "\n" and (value := line.removeprefix("data: ")) != line:
                event = new_received()
                event._data = value
                event._event = DEFAULT_EVENT
                event._id = event._retry = None
                event._last_event_id = self._last_event_id
                return [event]
            # The first block, by the steps of `interpret`, which quotes the standard.
            data = name = id = retry = None
            more: list[str] | None = None
            while line and ended:
                if (value := line.removeprefix("data:")) != line:
                    value = value.removeprefix(" ")
                    if data is None:
                        data = value
                    else:
                        more = more or [data]
                        more.append(value)
                elif (value := line.removeprefix("event: ")) != line:
                    name = value
                elif (value := line.removeprefix("id: ")) != line:
                    if "\0" not in value:
                        id = value
                elif (value := line.removeprefix("event:")) != line:
                    name = value
                elif (value := line.removeprefix("id:")) != line:
                    if "\0" not in value:
                        id = value
                elif line == self._retry_line:
                    retry = self._retry_time  # (benchmarks: "id, data, retry", event a feed; 0.8 of the time)
                elif (value := line.removeprefix("retry:")) != line:
                    time = parse_retry(value.removeprefix(" "))
                    if time is not None:
                        retry = time
                        if len(line) <= _LONGEST_RETRY:
                            self._retry_line, self._retry_time = line, time
                elif line in BARE:
                    rest = ""  # rare: leave it all to `interpret`
                if rest == "\n":
                    break
                line, ended, rest = rest.partition("\n")
            # Whether it is whole, and all after it.
            if (line and ended) or rest.endswith("\n\n"):
                if id is not None:
                    self._last_event_id = id
                if retry is not None:
                    self._reconnection_time = retry
                    if self._changes is not None:
                        self._changes.append((0, retry))
                events: list[ReceivedEvent]
                if data is None:
                    events = []
                else:
                    event = new_received()
                    event._data = "\n".join(more) if more else data
                    event._event = name or DEFAULT_EVENT
                    event._id = id
                    event._retry = retry
                    event._last_event_id = self._last_event_id
                    events = [event]
                if not line:
                    self._make(rest, events)
                return events
        elif LF not in raw and len(held) + len(raw) <= self._limit:
            held += raw
            return []
        events = []
        if raw is not given and given[-1] == CR:
            self._state = AFTER_CR  # not above: an LF after a whole block is one more blank line, and ends nothing
        self._feed(raw, events)
        return events

    def close(self) -> ReceivedEvent | None:
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
        ReceivedEvent(data='[DONE]')
        """
        data, name, id, retry = interpret_long(decode_text(self._take_rest()))
        if data is None:
            return None
        return ReceivedEvent(data, name or DEFAULT_EVENT, id, retry, self._last_event_id if id is None else id)

    def reset(self) -> None:
        r"""Make ready for the next connection: drop an unfinished block, expect a byte order mark again.

        `last_event_id` and `reconnection_time` stay, because the next connection needs them. Also the only way out of
        `EventTooLarge`.

        >>> from sse_codec import Decoder
        >>> decoder = Decoder()
        >>> decoder.feed(b"id: 1\ndata: whole\n\ndata: cut o")
        [ReceivedEvent(data='whole', id='1', last_event_id='1')]
        >>> decoder.reset()
        >>> decoder.feed(b"data: next\n\n")
        [ReceivedEvent(data='next', last_event_id='1')]
        """
        super().reset()

    def _dispatch(self, raw: bytes | bytearray, items: list[Any]) -> None:
        text = decode_text(raw)
        if raw is self._held:
            self._held.clear()
        self._make(text, items)

    def _make(self, text: str, events: list[ReceivedEvent]) -> None:
        """Make events of the text of whole blocks (WHATWG HTML 9.2.6, "dispatch the event")."""
        values, others = data_run(text)
        if not values or others * 4 > len(values):
            self._make_others(text, events)
            return
        last_event_id = self._last_event_id
        for value in values:
            if others and "\n" in value:
                self._make_others(f"data: {value}\n\n", events)
                last_event_id = self._last_event_id
                continue
            event = new_received()
            event._data = value
            event._event = DEFAULT_EVENT
            event._id = event._retry = None
            event._last_event_id = last_event_id
            events.append(event)

    def _make_others(self, text: str, events: list[ReceivedEvent]) -> None:
        last_event_id = self._last_event_id
        for data, name, id, retry in records(text)[0]:
            # "Set the last event ID string of the event source to the value of the last event ID buffer", with data or
            # without.
            if id is not None:
                last_event_id = id
            if retry is not None and not self._acted:
                self._reconnection_time = retry
                if self._changes is not None:
                    self._changes.append((len(events), retry))
            # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
            # and return." A lone `data` line has put a LF there, so it does not count as empty.
            if data is None:
                continue
            event = new_received()
            event._data = data
            event._event = name or DEFAULT_EVENT
            event._id = id
            event._retry = retry
            event._last_event_id = last_event_id
            events.append(event)
        self._acted = False
        self._last_event_id = last_event_id
