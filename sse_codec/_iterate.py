"""decode, adecode, decode_blocks and adecode_blocks: read one whole connection from any source of chunks.

They add to the decoders what every reader of a stream needs and often gets wrong: a policy for the end of the stream,
stopping at a sentinel, closing a source that is left early, and a decoder whose state follows the events that were
yielded. They hold one chunk, and yield everything in it before they ask for the next.
"""

from __future__ import annotations

import io
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Any, BinaryIO, Final, Literal, Protocol, TypeAlias, cast, get_args, overload

from ._blocks import Block, BlockDecoder
from ._decoder import Decoder
from ._errors import IncompleteEvent, MissingSentinel, check_str, show
from ._event import ReceivedEvent
from ._input import DEFAULT_MAX_EVENT_SIZE


class AsyncReader(Protocol):
    """What the StreamReaders of asyncio and aiohttp have in common."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def read(self, n: int = ..., /) -> bytes: ...
    async def readline(self) -> bytes: ...


#: What a chunk may be.
Bytes: TypeAlias = bytes | bytearray | memoryview

#: What `decode` takes: bytes, an iterable of them, or a binary file.
Chunks: TypeAlias = Bytes | Iterable[Bytes] | BinaryIO

#: What `adecode` takes: what `decode` takes, an async iterable of bytes, or a stream reader (asyncio's, aiohttp's).
AsyncChunks: TypeAlias = Chunks | AsyncIterable[Bytes] | AsyncReader

#: The event that marks the end of the stream: its data, or a function that returns true for it.
Until: TypeAlias = str | Callable[[ReceivedEvent], object]

#: The same for blocks.
UntilBlock: TypeAlias = str | Callable[[Block], object]

#: What to do with an event that the end of the stream cut off.
OnEOF: TypeAlias = Literal["discard", "dispatch", "raise"]

#: How many bytes to take at a time from a file or from one long bytes object.
_CHUNK_SIZE: Final = 64 * 1024

_ON_EOF: Final = get_args(OnEOF)

# How far to read the source after a sentinel. Usually only the end of the body follows, immediately.
_MOST_CHUNKS_AFTER: Final = 4
_MOST_BYTES_AFTER: Final = 64 * 1024

# How many empty chunks, standing for blank lines, prove that the chunks are lines without their ends: at the end of a
# stream, and before its end.
_BLANKS_AT_END: Final = 2
_BLANKS_SO_FAR: Final = 8


@overload
def decode(
    chunks: Chunks,
    *,
    on_eof: OnEOF = ...,
    until: Until | None = ...,
    last_event_id: str = ...,
    max_event_size: int | None = ...,
) -> Generator[ReceivedEvent, None, None]: ...
@overload
def decode(
    chunks: Chunks,
    *,
    on_eof: OnEOF = ...,
    until: Until | None = ...,
    decoder: Decoder | None,
) -> Generator[ReceivedEvent, None, None]: ...
def decode(
    chunks: Chunks,
    *,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    decoder: Decoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> Generator[ReceivedEvent, None, None]:
    r"""Decode one connection's event stream (WHATWG HTML 9.2.6); yield each event as soon as it is complete.

    Args:
        chunks: the response's bytes: one bytes object, an iterable of bytes cut anywhere (a list, a generator, a
            client's `iter_bytes()`), or a binary file, which is read as its bytes arrive and not by lines. Don't pass
            `iter_lines()`: its lines have lost their ends, and without them nobody can tell where an event ends.
        on_eof: what to do with an event that the end of the stream cut off, the one that `Decoder.close` returns.
            "discard" drops it, as the standard says and browsers do. "dispatch" yields it, as if its blank line had
            arrived. "raise" raises IncompleteEvent.
        until: the event that marks the end of the stream: its data, such as "[DONE]", or a function that returns true
            for it. The iteration ends there without yielding it. First it reads the source on, to its end or for at
            most 4 chunks or 64 KiB, and ignores any exception: an HTTP client can reuse a connection only after the
            body was read. If the server keeps the body open, that can wait up to the client's read timeout. To stop
            immediately, leave `until` out and `break` at the event.
        decoder: the decoder to use. It is reset when the iteration starts, and keeps the last event ID and the
            reconnection time, so a client can pass the same one for each connection. Both follow the events as they are
            yielded: a client that stops at an event resumes after it.
        last_event_id: as for `Decoder`; not together with `decoder`.
        max_event_size: as for `Decoder`; not together with `decoder`.

    If the iteration is left early, it closes `chunks` when that is a generator. It does not close a file.

    Raises:
        TypeError: an argument is of the wrong type. The call itself raises it where possible; for a bad chunk, the
            iteration does.
        ValueError: `on_eof` is none of the three, or `max_event_size` is less than 1 (raised by the call itself); or
            the chunks are lines without their ends (raised by the iteration).
        EventTooLarge: during the iteration, after the complete events.
        IncompleteEvent: at the end, with `on_eof="raise"`.
        MissingSentinel: at the end, if the event given as `until` did not arrive.
        Exception: anything that `chunks` raises passes unchanged, after the complete events.

    >>> from sse_codec import decode
    >>> for event in decode([b"data: one\n\nda", b"ta: two\n\ndata: thr"]):
    ...     print(event.data)
    one
    two
    >>> [event.data for event in decode(b"data: one\n\ndata: two", on_eof="dispatch")]
    ['one', 'two']
    >>> [event.data for event in decode(b"data: one\n\ndata: [DONE]\n\n", until="[DONE]")]
    ['one']
    """
    reading = Reading(Decoder, on_eof, until, decoder, last_event_id, max_event_size)
    return decode_with(iterate_chunks("decode", chunks), reading)


@overload
def adecode(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = ...,
    until: Until | None = ...,
    last_event_id: str = ...,
    max_event_size: int | None = ...,
) -> AsyncGenerator[ReceivedEvent, None]: ...
@overload
def adecode(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = ...,
    until: Until | None = ...,
    decoder: Decoder | None,
) -> AsyncGenerator[ReceivedEvent, None]: ...
def adecode(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    decoder: Decoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> AsyncGenerator[ReceivedEvent, None]:
    r"""Decode one connection's event stream asynchronously; otherwise the same as `decode` (WHATWG HTML 9.2.6).

    Args:
        chunks: the response's bytes: an async iterable of bytes (an async generator, a client's `aiter_bytes()`), a
            stream reader such as asyncio's or aiohttp's, which is read as its bytes arrive and not by lines, or
            anything that `decode` takes, which should not block.
        on_eof: as for `decode`.
        until: as for `decode`.
        decoder: as for `decode`.
        last_event_id: as for `decode`.
        max_event_size: as for `decode`.

    If `chunks` is an async generator, it is closed with the iteration. Leaving an `async for` does not close an async
    iterator immediately; use `contextlib.aclosing` where that matters.

    Raises: as `decode`.

    >>> import asyncio
    >>> from sse_codec import adecode
    >>> async def response():
    ...     yield b"data: one\n\nda"
    ...     yield b"ta: two\n\n"
    >>> async def main():
    ...     return [event.data async for event in adecode(response())]
    >>> asyncio.run(main())
    ['one', 'two']
    """
    reading = Reading(Decoder, on_eof, until, decoder, last_event_id, max_event_size)
    return adecode_with(_async_chunks("adecode", chunks), reading)


@overload
def decode_blocks(
    chunks: Chunks,
    *,
    on_eof: OnEOF = ...,
    until: UntilBlock | None = ...,
    last_event_id: str = ...,
    max_event_size: int | None = ...,
) -> Generator[Block, None, None]: ...
@overload
def decode_blocks(
    chunks: Chunks,
    *,
    on_eof: OnEOF = ...,
    until: UntilBlock | None = ...,
    decoder: BlockDecoder | None,
) -> Generator[Block, None, None]: ...
def decode_blocks(
    chunks: Chunks,
    *,
    on_eof: OnEOF = "discard",
    until: UntilBlock | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> Generator[Block, None, None]:
    r"""Decode one connection's event stream into blocks, as `decode` does into events (WHATWG HTML 9.2.5).

    Args:
        chunks: as for `decode`.
        on_eof: as for `decode`. "dispatch" yields any block that the end cut off; "raise" raises only for one that has
            data.
        until: as for `decode`; a function gets the block.
        decoder: a BlockDecoder, used as `decode` uses a Decoder.
        last_event_id: as for `BlockDecoder`; not together with `decoder`.
        max_event_size: as for `BlockDecoder`; not together with `decoder`.

    Raises: as `decode`.

    >>> from sse_codec import decode_blocks
    >>> for block in decode_blocks([b": ping\n\nevent: pi", b"ng\n\nevent: message\ndata: hi\n\n"]):
    ...     print(block.comments, block.event, block.data)
    ('ping',) None None
    () ping None
    () message hi
    """
    reading = Reading(BlockDecoder, on_eof, until, decoder, last_event_id, max_event_size)
    return decode_with(iterate_chunks("decode_blocks", chunks), reading)


@overload
def adecode_blocks(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = ...,
    until: UntilBlock | None = ...,
    last_event_id: str = ...,
    max_event_size: int | None = ...,
) -> AsyncGenerator[Block, None]: ...
@overload
def adecode_blocks(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = ...,
    until: UntilBlock | None = ...,
    decoder: BlockDecoder | None,
) -> AsyncGenerator[Block, None]: ...
def adecode_blocks(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = "discard",
    until: UntilBlock | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> AsyncGenerator[Block, None]:
    r"""Decode one connection's event stream into blocks asynchronously: `decode_blocks` with the sources of `adecode`.

    Args:
        chunks: as for `adecode`.
        on_eof: as for `decode_blocks`.
        until: as for `decode_blocks`.
        decoder: as for `decode_blocks`.
        last_event_id: as for `decode_blocks`.
        max_event_size: as for `decode_blocks`.

    Raises: as `decode`.

    >>> import asyncio
    >>> from sse_codec import adecode_blocks
    >>> async def main():
    ...     return [block.wire async for block in adecode_blocks(b": ping\n\nid: 7\n\n")]
    >>> asyncio.run(main())
    [b': ping\n\n', b'id: 7\n\n']
    """
    reading = Reading(BlockDecoder, on_eof, until, decoder, last_event_id, max_event_size)
    return adecode_with(_async_chunks("adecode_blocks", chunks), reading)


def decode_with(source: Iterator[Bytes], reading: Reading) -> Generator[Any, None, None]:
    reading.start()
    try:
        for chunk in source:
            yield from reading.items(chunk)
            if reading.done:
                _read_on(source)
                return
        yield from reading.end()
    finally:
        reading.stop()
        close_source(source)


async def adecode_with(source: Any, reading: Reading) -> AsyncGenerator[Any, None]:
    reading.start()
    try:
        async for chunk in source:
            for item in reading.items(chunk):
                yield item
            if reading.done:
                await _aread_on(source)
                return
        for item in reading.end():
            yield item
    finally:
        reading.stop()
        await aclose_source(source)


class Reading:
    """What the four functions share: reading one connection, apart from the sync or async iteration.

    `sse_codec.clients` makes one itself, to know which items were yielded when a connection breaks.
    """

    __slots__ = ("_changes", "_decoder", "_doubt", "_follows", "_is_last", "_latest", "_on_eof", "_until", "done")

    def __init__(  # noqa: PLR0917  # the arguments of all four functions, in their order
        self,
        kind: type[Decoder | BlockDecoder],
        on_eof: OnEOF,
        until: Any,
        decoder: Any,
        last_event_id: str,
        max_event_size: int | None,
    ) -> None:
        if on_eof not in _ON_EOF:
            raise ValueError(f"on_eof must be one of {', '.join(map(repr, _ON_EOF))}, not {show(on_eof)}")
        #: Whether the decoder's state matters between two items.
        self._follows = decoder is not None or until is not None
        if decoder is None:
            decoder = kind(last_event_id=last_event_id, max_event_size=max_event_size)
        elif not isinstance(decoder, kind):
            raise TypeError(f"decoder must be a {kind.__name__}, not {type(decoder).__name__}")
        elif last_event_id != "" or max_event_size != DEFAULT_MAX_EVENT_SIZE:
            raise TypeError(
                f"last_event_id and max_event_size are settings of the decoder; give them to {kind.__name__}()"
            )
        if until is not None and not callable(until):
            check_str("until", until)
        self._decoder: Decoder | BlockDecoder = decoder
        self._on_eof = on_eof
        self._until = until
        self._is_last: Callable[[Any], object] | None = (
            until if until is None or callable(until) else lambda item: item.data == until
        )
        self._changes: list[tuple[int, int]] = []
        self._doubt: _LinesWithoutEnds | None = _LinesWithoutEnds()
        self._latest: Any = None
        #: Whether the sentinel has come.
        self.done = False

    @property
    def last_event_id(self) -> str:
        """The last event ID of the items that were yielded."""
        return self._decoder._last_event_id

    def can_resume(self) -> bool:
        """Tell whether resuming after `last_event_id` would repeat none of the items that were yielded.

        Needs `until`: without it, the latest item is not known.
        """
        latest, last_event_id = self._latest, self._decoder._last_event_id
        if latest is None:
            return True
        return last_event_id != "" and (latest._id is not None or latest._last_event_id != last_event_id)

    def start(self) -> None:
        self._decoder.reset()
        self._decoder._changes = self._changes

    def stop(self) -> None:
        if self._decoder._changes is self._changes:  # and not those of a later reading
            self._decoder._changes = None

    def items(self, chunk: Bytes) -> Iterable[Any]:
        """Return the items that a chunk completes. The caller yields them all before it asks for the next chunk."""
        decoder = self._decoder
        reconnection_time = decoder._reconnection_time
        self._changes.clear()
        items: Sequence[Any] = decoder.feed(chunk)
        if self._doubt is not None and self._doubt.settled_by(chunk):
            self._doubt = None
        if not self._follows:
            return items
        if self._changes or len(items) != 1 or items[0]._last_event_id != decoder._last_event_id:
            return self._follow(items, reconnection_time)
        # The state is right already (benchmarks: `decode`, event a feed; 0.7 of the time).
        if self._is_last is not None and self._is_last(items[0]):
            self.done = True
            return ()
        self._latest = items[0]
        return items

    def _follow(self, items: Sequence[Any], reconnection_time: int | None) -> Iterator[Any]:
        """Yield items, and make the decoder's state follow them.

        A client that stops at an item must resume after it, and not after items that it never got.
        """
        decoder, changes = self._decoder, self._changes
        last_event_id = decoder._last_event_id
        if changes:
            decoder._reconnection_time = reconnection_time
        at = 0
        for place, item in enumerate(items):
            while at < len(changes) and changes[at][0] <= place:
                decoder._reconnection_time = changes[at][1]
                at += 1
            decoder._last_event_id = item._last_event_id
            if self._is_last is not None and self._is_last(item):
                self.done = True
                return
            self._latest = item
            yield item
        if not items or items[-1]._last_event_id != last_event_id:
            decoder._last_event_id = last_event_id
        for _, time in changes[at:]:
            decoder._reconnection_time = time

    def end(self) -> Iterator[Any]:
        """End the stream: yield the items that its end completes, and raise the errors that it causes."""
        if self._doubt is not None:
            self._doubt.settled_at_end()
        if self._on_eof == "dispatch":
            # As if the blank line had arrived. Two line ends, because the last line may lack its end, or have ended in
            # a CR.
            yield from self.items(b"\n\n")
            if self.done:
                return
        cut_off: Any = self._decoder.close()
        event = cut_off.to_event() if isinstance(cut_off, Block) else cut_off
        if event is not None and self._on_eof == "raise":
            raise IncompleteEvent(event)
        if self._until is not None:
            raise MissingSentinel(self._until, self._latest, cut_off)


class _LinesWithoutEnds:
    """Detects chunks that are lines without their ends, as from `iter_lines()`. They never make an event.

    Such chunks are whole lines, with an empty one for each blank line, and none of them has a line end. At the end of a
    stream this is certain: a stream without a line end has no event. Before the end, only a stream made on purpose
    has so many chunks that start with a field and are followed by an empty chunk.
    """

    __slots__ = ("_blanks", "_in_block")

    def __init__(self) -> None:
        self._blanks = 0
        self._in_block = False

    def settled_by(self, chunk: Bytes) -> bool:
        """Tell whether a chunk proves that the chunks are raw bytes.

        Raises:
            ValueError: enough chunks in a row were lines without their ends.
        """
        data = bytes(chunk)
        if not data:
            self._blanks += self._in_block
            self._in_block = False
            return False
        if b"\n" in data or b"\r" in data or not data.startswith((b"data:", b"event:", b"id:", b"retry:", b": ")):
            return True
        if self._blanks == _BLANKS_SO_FAR:
            self._refuse()
        self._in_block = True
        return False

    def settled_at_end(self) -> None:
        if self._blanks >= _BLANKS_AT_END:
            self._refuse()

    def _refuse(self) -> None:
        raise ValueError(
            "the chunks are lines without their line ends, as iter_lines() gives them, so no event can end: pass the "
            "response's bytes as they arrive, such as iter_bytes()"
        )


def iterate_chunks(caller: str, chunks: Chunks) -> Iterator[Bytes]:
    """Return an iterator over the chunks of anything that `decode` takes."""
    if isinstance(chunks, (bytes, bytearray, memoryview)):
        # In slices, so that the events of a long recording need not all exist at the same time.
        data = bytes(chunks)
        return (data[at : at + _CHUNK_SIZE] for at in range(0, len(data), _CHUNK_SIZE))
    if isinstance(chunks, str):
        raise TypeError(f"{caller}() takes bytes, not str: pass the response's bytes before anything decodes them")
    # Iterating over a file gives lines of any length. `read1`, and `read` of an unbuffered file, return the bytes that
    # are available, and wait only when there are none.
    file: Any = chunks  # no type declares `read1`
    if hasattr(file, "read1"):
        return iter(lambda: file.read1(_CHUNK_SIZE), b"")
    if isinstance(chunks, io.RawIOBase):
        return iter(lambda: chunks.read(_CHUNK_SIZE), b"")
    try:
        return iter(chunks)
    except TypeError:
        hint = f"; an async iterable is for a{caller}()" if hasattr(chunks, "__aiter__") else ""
        raise TypeError(f"{caller}() takes bytes or an iterable of them, not {type(chunks).__name__}{hint}") from None


def _async_chunks(caller: str, chunks: Any) -> AsyncIterator[Bytes]:
    """Return an iterator over the chunks of anything that `adecode` takes, chosen by the methods that it has."""
    if not hasattr(chunks, "__aiter__"):
        return _as_async(iterate_chunks(caller, chunks))
    if hasattr(chunks, "read") and hasattr(chunks, "readline"):
        # Iterating over a reader gives lines, and fails for a line over its limit, 64 KiB in asyncio.
        return _read_async(chunks)
    return cast("AsyncIterator[Bytes]", chunks.__aiter__())


async def _as_async(source: Iterator[Bytes]) -> AsyncGenerator[Bytes, None]:
    try:
        for chunk in source:
            yield chunk
    finally:
        close_source(source)


async def _read_async(reader: AsyncReader) -> AsyncGenerator[Bytes, None]:
    while chunk := await reader.read(_CHUNK_SIZE):
        yield chunk


def close_source(source: Any) -> None:
    """Close a generator. Leave anything else, such as a file, for its owner to close."""
    if hasattr(source, "throw") and hasattr(source, "close"):
        source.close()


async def aclose_source(source: Any) -> None:
    """Close an async generator, as `close_source` does."""
    if hasattr(source, "athrow") and hasattr(source, "aclose"):
        await source.aclose()


def _read_on(source: Iterator[Bytes]) -> None:
    """Read a source to its end, within limits. The events are complete, so ignore any exception."""
    size = 0
    try:
        for _ in range(_MOST_CHUNKS_AFTER):
            size += len(next(source))
            if size > _MOST_BYTES_AFTER:
                return
    except Exception:  # noqa: BLE001, S110  # StopIteration, or an HTTP client's error for a broken connection
        pass


async def _aread_on(source: AsyncIterator[Bytes]) -> None:
    size = 0
    try:
        for _ in range(_MOST_CHUNKS_AFTER):
            size += len(await source.__anext__())
            if size > _MOST_BYTES_AFTER:
                return
    except Exception:  # noqa: BLE001, S110  # see `_read_on`
        pass
