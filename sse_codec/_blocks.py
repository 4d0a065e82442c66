"""Block and BlockDecoder: read back what `encode_block` writes, and pass it on unchanged.

A block is everything between two blank lines: comments, unknown fields, and fields that dispatch no event. Use blocks
in a proxy, in an SDK that tells "no event type" from "message", or wherever comments must stay in order with events.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from ._errors import check_str
from ._event import Comment, Field, ReceivedEvent
from ._framing import BlockInput
from ._grammar import BARE, BOM, CR, DEFAULT_EVENT, parse_retry
from ._input import AFTER_CR, DEFAULT_MAX_EVENT_SIZE, FLOWING, unify_line_ends
from ._interpret import data_run, decode_text, interpret_long, records
from ._lines import parse_lines


class Block:
    r"""A block of an event stream, as it was written (WHATWG HTML 9.2.5, `event`).

    It keeps what an event does not: whether there was a `data` field at all, whether a type was named, comments,
    unknown fields, the order of lines, and the bytes themselves. Immutable, hashable, picklable. Two blocks are equal
    when their bytes are.

    Args:
        wire: the block's lines with LF line ends. The blank line after them may be left out.
        last_event_id: the last event ID after this block: its own id, or that of an earlier block; "" for none. It does
            not affect equality.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: `wire` is not one block: it is empty, or contains a CR or a blank line.

    >>> from sse_codec import Block
    >>> block = Block(b": hi\nid: 1\nx-trace: 7\ndata: one\ndata: two\n\n", last_event_id="1")
    >>> block.data, block.event, block.id, block.retry
    ('one\ntwo', None, '1', None)
    >>> block.comments
    ('hi',)
    >>> block.lines[2]
    Field('x-trace', '7')
    >>> block.to_event()
    ReceivedEvent(data='one\ntwo', id='1', last_event_id='1')
    """

    __slots__ = ("_data", "_event", "_id", "_last_event_id", "_raw", "_retry")
    __match_args__ = ("data", "event", "id", "retry")

    def __init__(self, wire: bytes, last_event_id: str = "") -> None:
        if not isinstance(wire, bytes):
            raise TypeError(f"wire must be bytes, not {type(wire).__name__}")
        raw = wire.strip(b"\n")
        if not raw or CR in raw or b"\n\n" in raw:
            raise ValueError("wire must be one block: at least one line, LF line ends, and no blank line inside")
        self._raw = raw
        self._last_event_id = check_str("last_event_id", last_event_id)
        self._data, self._event, self._id, self._retry = interpret_long(decode_text(raw))

    @property
    def data(self) -> str | None:
        """The values of the `data` fields, joined by LF; None when there are none, so the block is not an event."""
        return self._data

    @property
    def event(self) -> str | None:
        """The last `event` field's value as written, which may be "message" or ""; None when there is none."""
        return self._event

    @property
    def id(self) -> str | None:
        """The last `id` field's value; None when there is none. A field that contains U+0000 does not count."""
        return self._id

    @property
    def retry(self) -> int | None:
        """The last valid `retry` field, in milliseconds; None when there is none."""
        return self._retry

    @property
    def last_event_id(self) -> str:
        """The last event ID after this block; "" when the stream had set none."""
        return self._last_event_id

    @property
    def lines(self) -> tuple[Field | Comment, ...]:
        """All lines of the block in order, without the blank one. Parsed on each access."""
        lines = parse_lines(decode_text(self._raw).split("\n"))
        return tuple(lines)  # type: ignore[arg-type]  # a block contains no blank line, so no BlankLine

    @property
    def comments(self) -> tuple[str, ...]:
        """The texts of all comments in order. Parsed on each access."""
        return tuple(line.text for line in self.lines if isinstance(line, Comment)) if b":" in self._raw else ()

    @property
    def wire(self) -> bytes:
        """The block's bytes as received, with LF line ends and the blank line; ready to pass on.

        If the first line starts with U+FEFF, a blank line comes first. Otherwise a receiver whose stream starts here
        would take U+FEFF for a byte order mark.
        """
        raw = self._raw
        return raw + b"\n\n" if raw[0] != BOM[0] or not raw.startswith(BOM) else b"\n" + raw + b"\n\n"

    def to_event(self) -> ReceivedEvent | None:
        """Return the event that a client dispatches for this block; None when the block has no data."""
        if self._data is None:
            return None
        return ReceivedEvent(self._data, self._event or DEFAULT_EVENT, self._id, self._retry, self._last_event_id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Block):
            return NotImplemented
        return self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        last = f", last_event_id={self._last_event_id!r}" if self._last_event_id else ""
        return f"{type(self).__name__}({self.wire!r}{last})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.wire, self._last_event_id)


#: Makes a Block without setting any slot; see `new_received`.
_new_block: Final = partial(Block.__new__, Block)


class BlockDecoder(BlockInput):
    r"""An incremental, lossless parser of an event stream's blocks (WHATWG HTML 9.2.5); for proxies and SDKs.

    It returns every block once, in order, including keep-alives, a lone id and unknown fields. `block.to_event()` is
    the event that `Decoder` returns for the block, or None. Only the byte order mark, the kind of line ends, and blank
    lines without a block before them are lost.

    Args:
        last_event_id: as for `Decoder`.
        max_event_size: as for `Decoder`, except that comments count like any other line, because the block keeps them.

    Raises: as `Decoder`.

    >>> from sse_codec import BlockDecoder
    >>> decoder = BlockDecoder()
    >>> blocks = decoder.feed(b": ping\n\nid: 1\n\nevent: tick\ndata: hel")
    >>> blocks
    [Block(b': ping\n\n'), Block(b'id: 1\n\n', last_event_id='1')]
    >>> blocks += decoder.feed(b"lo\n\n")
    >>> [block.to_event() for block in blocks]
    [None, None, ReceivedEvent(data='hello', event='tick', last_event_id='1')]
    >>> b"".join(block.wire for block in blocks)
    b': ping\n\nid: 1\n\nevent: tick\ndata: hello\n\n'
    """

    __slots__ = ()

    def __init__(self, *, last_event_id: str = "", max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE) -> None:
        super().__init__(last_event_id=last_event_id, max_event_size=max_event_size, keeps_comments=True)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Block]:
        """Take the next bytes of the stream; return the blocks that they complete, in order.

        A block is complete when the first byte of its blank line's end arrives: a CR is enough, even if an LF follows.

        Args:
            chunk: as for `Decoder.feed`.

        Raises: as `Decoder.feed`.
        """
        given = raw = chunk if type(chunk) is bytes and self._state == FLOWING else self._admit(chunk)
        if CR in given:
            raw = unify_line_ends(given)
        held = self._held
        if not held and len(raw) <= self._small:
            # Tokens arrive one block a chunk (benchmarks: BlockDecoder, event a feed; 0.5 of the time). These are the
            # steps of `interpret`, which quotes the standard, as in `Decoder.feed`: sharing a function with it would
            # cost a tenth of that time. The property tests check that all three agree.
            line, _, rest = decode_text(raw).partition("\n")
            data = name = id = retry = None
            more: list[str] | None = None
            while line:
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
                elif (value := line.removeprefix("retry:")) != line:
                    time = parse_retry(value.removeprefix(" "))
                    if time is not None:
                        retry = time
                elif (value := line.removeprefix("event:")) != line:
                    name = value
                elif (value := line.removeprefix("id:")) != line:
                    if "\0" not in value:
                        id = value
                elif line in BARE:
                    break  # rare: leave the whole block to `interpret`
                if rest == "\n":
                    if id is not None:
                        self._last_event_id = id
                    if retry is not None:
                        self._act(retry, [])
                    block = _new_block()
                    block._data = "\n".join(more) if more else data
                    block._event = name
                    block._id = id
                    block._retry = retry
                    block._last_event_id = self._last_event_id
                    block._raw = raw[:-2]
                    return [block]
                line, _, rest = rest.partition("\n")
        blocks: list[Block] = []
        if raw is not given and given[-1] == CR:
            self._state = AFTER_CR  # not needed above: after a whole block, an LF is only one more blank line
        self._feed(raw, blocks)
        return blocks

    def close(self) -> Block | None:
        r"""End the stream: return the block that has no blank line yet, and reset; None when there is none.

        The standard discards such a block: see `Decoder.close`. Its id goes into the block's own `last_event_id`, but
        not into the decoder's.

        Raises:
            EventTooLarge: the decoder failed and was not reset.

        >>> from sse_codec import BlockDecoder
        >>> decoder = BlockDecoder()
        >>> decoder.feed(b"data: cut o")
        []
        >>> decoder.close()
        Block(b'data: cut o\n\n')
        """
        rest = self._take_rest().strip(b"\n")
        if not rest:
            return None
        block = Block(rest)
        block._last_event_id = self._last_event_id if block._id is None else block._id
        return block

    def reset(self) -> None:
        r"""Prepare for the next connection, as `Decoder.reset`.

        >>> from sse_codec import BlockDecoder
        >>> decoder = BlockDecoder()
        >>> decoder.feed(b"id: 1\n\ndata: cut o")
        [Block(b'id: 1\n\n', last_event_id='1')]
        >>> decoder.reset()
        >>> decoder.feed(b"data: next\n\n")
        [Block(b'data: next\n\n', last_event_id='1')]
        """
        super().reset()

    def _dispatch(self, raw: bytes | bytearray, items: list[Any]) -> None:
        raw = bytes(raw)
        self._held.clear()
        text = decode_text(raw)
        values, others = data_run(text)
        if values and not others:
            last_event_id = self._last_event_id
            for value, line in zip(values, raw.split(b"\n")[:-1:2], strict=True):
                block = _new_block()
                block._data = value
                block._event = block._id = block._retry = None
                block._last_event_id = last_event_id
                block._raw = line
                items.append(block)
            return
        found, stride = records(text)
        if not stride and (text[0] == "\n" or "\n\n\n" in text):
            # Some blank lines end no block. Remove them, so that each part has its record.
            text, found = "", ()  # free them: there are enough copies of a large block in memory
            raw = b"".join([part + b"\n\n" for part in (part.strip(b"\n") for part in raw.split(b"\n\n")) if part])
            if not raw:
                return
            found, stride = records(decode_text(raw))
        parts: Iterable[bytes]
        if stride:
            # Joining each block's lines again takes half the time of a search for blank lines.
            lines = raw.split(b"\n")
            parts = map(b"\n".join, zip(*[lines[place:-1:stride] for place in range(stride - 1)], strict=True))
        else:
            parts = raw[:-2].split(b"\n\n")
        last_event_id = self._last_event_id
        for part, (data, name, id, retry) in zip(parts, found, strict=False):
            if id is not None:
                last_event_id = id
            if retry is not None and not self._acted:
                self._act(retry, items)
            block = _new_block()
            block._data = data
            block._event = name
            block._id = id
            block._retry = retry
            block._last_event_id = last_event_id
            block._raw = part
            items.append(block)
        self._acted = False
        self._last_event_id = last_event_id
