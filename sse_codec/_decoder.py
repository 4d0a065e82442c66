"""Decoder: takes bytes, cut anywhere, and returns each event as soon as its last byte arrives. The hot path.

`_framing` cuts a chunk after its last blank line, `_interpret` parses the whole blocks before the cut, and
`_make_others` turns the result into events. Three shortcuts skip steps for the chunks that streams of tokens consist
of: whole blocks (`feed`), a part of a line (also `feed`), and a run of blocks of one data line each (`_make`).
"""

from __future__ import annotations

from typing import Any, Final

from ._event import ReceivedEvent, new_received
from ._framing import BlockInput
from ._grammar import BARE, CR, DEFAULT_EVENT, LF, parse_retry
from ._input import AFTER_CR, DEFAULT_MAX_EVENT_SIZE, FLOWING, unify_line_ends
from ._interpret import data_run, decode_text, interpret_long, records

#: The longest `retry` line to remember, in characters.
_LONGEST_RETRY: Final = 32


class Decoder(BlockInput):
    r"""An incremental parser of an event stream. It parses as a browser does, in bounded memory (WHATWG HTML 9.2.6).

    It returns each event without delay. It has no clock and no socket: feed it the response's bytes as they arrive. To
    decode a whole connection in one call, see `decode` and `adecode`.

    Args:
        last_event_id: where to resume: the value of this connection's `Last-Event-ID` request header; "" if it had
            none. Events that arrive before the stream sets an id carry it.
        max_event_size: the most bytes that an unfinished block may have, at least 1; 64 MiB by default, None for no
            limit. The size of a block is the bytes of its lines plus one for each line end between them; a comment
            counts only until its line ends. This is a security limit: without it, an endless line or endless `data`
            lines would fill the memory.

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
        #: The latest `retry` line and its value: most servers send the same one every time.
        self._retry_line = ""
        self._retry_time: int | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[ReceivedEvent]:
        """Take the next bytes of the stream; return the events that they complete, in order.

        An event is complete when the first byte of its blank line's end arrives: a CR is enough, even if an LF follows.

        Args:
            chunk: any number of bytes, including none. It is copied where needed, so the caller may reuse its buffer.
                Lines from `iter_lines()` have lost their line ends: feed `line + b"\\n"`.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The decoder's state does not change.
            EventTooLarge: a block exceeds `max_event_size`. If the same chunk completed events before it, they are
                returned and the next call raises. Every later call raises again, until `reset()`.
        """
        given = raw = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in given:
            raw = unify_line_ends(given)
        held = self._held
        if not held and len(raw) <= self._small:
            # Tokens arrive one block a chunk (benchmarks: the shapes, event a feed; 0.5 of the time).
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
            # Parse the first block by the steps of `interpret`, which quotes the standard.
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
                    rest = ""  # rare: leave the whole chunk to `interpret`
                if rest == "\n":
                    break
                line, ended, rest = rest.partition("\n")
            # The chunk is whole blocks: the first one, and all after it.
            if (line and ended) or rest.endswith("\n\n"):
                if id is not None:
                    self._last_event_id = id
                if retry is not None:
                    self._act(retry, [])
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
            self._state = AFTER_CR  # not needed above: after a whole block, an LF is only one more blank line
        self._feed(raw, events)
        return events

    def close(self) -> ReceivedEvent | None:
        """End the stream: return the event that a missing blank line would have dispatched, and reset.

        The standard discards such an event: "If the file ends in the middle of an event, before the final empty
        line, the incomplete event is not dispatched" (9.2.6). But some servers leave the last blank line out, while
        other streams were cut; the caller decides which it was. The event has everything that arrived, including a last
        line without its end. Its id goes into the event's own `last_event_id`, but not into the decoder's, so that a
        client which discards the event resumes before it.

        Returns:
            The unfinished event. None when the stream ended after a blank line, or the unfinished block has no `data`.

        Raises:
            EventTooLarge: the decoder failed and was not reset.

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
        r"""Prepare for the next connection: drop an unfinished block and expect a byte order mark again.

        `last_event_id` and `reconnection_time` stay, because the next connection needs them. After `EventTooLarge`,
        only this makes the decoder usable again.

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
        """Turn the text of whole blocks into events (WHATWG HTML 9.2.6, "dispatch the event")."""
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
                self._act(retry, events)
            # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string
            # and return." A lone `data` line has added an LF, so the buffer is not empty then.
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
