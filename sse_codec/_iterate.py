"""decode and adecode: the events of one whole connection, from whatever its chunks come out of.

They add to `Decoder` what every reader of a stream needs and often gets wrong: a policy for the end of the stream, and
the closing of a source that is left early. They hold one chunk, and give each event out before asking for the next
chunk.
"""

from __future__ import annotations

import io

from ._decoder import Decoder
from ._errors import IncompleteEvent, UsageError, show
from ._input import DEFAULT_MAX_EVENT_SIZE

TYPE_CHECKING = False  # as typing's, which takes six times as long to import as this package
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
    from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

    from ._event import ServerSentEvent

    class AsyncReader(Protocol):
        """What asyncio.StreamReader and aiohttp's have in common."""

        def __aiter__(self) -> AsyncIterator[bytes]: ...
        async def read(self, n: int = ..., /) -> bytes: ...
        async def readline(self) -> bytes: ...

    Bytes: TypeAlias = bytes | bytearray | memoryview
    Chunks: TypeAlias = Bytes | Iterable[Bytes] | BinaryIO
    AsyncChunks: TypeAlias = Chunks | AsyncIterable[Bytes] | AsyncReader
    OnEOF: TypeAlias = Literal["discard", "dispatch", "raise"]

#: How much is taken at a time from a file or from one long bytes object.
_CHUNK_SIZE = 64 * 1024

_ON_EOF = ("discard", "dispatch", "raise")


def decode(
    chunks: Chunks,
    *,
    on_eof: OnEOF = "discard",
    decoder: Decoder | None = None,
    last_event_id: str | None = None,
    max_event_size: int | None = None,
) -> Generator[ServerSentEvent, None, None]:
    r"""Decode one connection's event stream (WHATWG HTML 9.2.6); yields each event as soon as it is complete.

    Args:
        chunks: the response's bytes: one bytes object, an iterable of them cut anywhere (a list, a generator, a
            client's `iter_bytes()`), or a binary file, which is read as its bytes come in rather than by lines.
        on_eof: what becomes of an event that the end of the stream cut off, as `Decoder.close` gives it. "discard": it
            is dropped, as the standard says and a browser does. "dispatch": it is yielded, as if its blank line had
            come. "raise": IncompleteEvent.
        decoder: the decoder to use. It is reset at the start and then keeps the last event ID and the reconnection
            time, so a client makes one and hands it in for each connection. Its `last_event_id` follows the events as
            they are yielded: a client that stops at one resumes behind that one.
        last_event_id: as for `Decoder`; not together with `decoder`.
        max_event_size: as for `Decoder`; not together with `decoder`.

    When the iteration is left early, a `chunks` that is a generator is closed. A file is not: it is its owner's.

    Raises:
        TypeError: an argument is of the wrong type; here and now if that shows at once, while iterating if a chunk is.
        UsageError: `on_eof` is none of the three, or `max_event_size` less than 1; here and now.
        EventTooLarge: while iterating, after the events that were complete.
        IncompleteEvent: at the end, with `on_eof="raise"`.
        Exception: whatever `chunks` raises passes unchanged, after the events that were complete.

    >>> from sse_codec import decode
    >>> for event in decode([b"data: one\n\nda", b"ta: two\n\ndata: thr"]):
    ...     print(event.data)
    one
    two
    >>> [event.data for event in decode(b"data: one\n\ndata: two", on_eof="dispatch")]
    ['one', 'two']
    """
    decoder = _prepare(on_eof, decoder, last_event_id, max_event_size)
    return _decode(_source("decode", chunks), on_eof, decoder)


def adecode(
    chunks: AsyncChunks,
    *,
    on_eof: OnEOF = "discard",
    decoder: Decoder | None = None,
    last_event_id: str | None = None,
    max_event_size: int | None = None,
) -> AsyncGenerator[ServerSentEvent, None]:
    r"""Decode one connection's event stream asynchronously; as `decode` in all else (WHATWG HTML 9.2.6).

    Args:
        chunks: the response's bytes: an async iterable of them (an async generator, a client's `aiter_bytes()`), a
            stream reader as asyncio's and aiohttp's, which is read as its bytes come in rather than by lines, or
            anything that `decode` takes, which should not block.
        on_eof: as for `decode`.
        decoder: as for `decode`.
        last_event_id: as for `decode`.
        max_event_size: as for `decode`.

    A `chunks` that is an async generator is closed with the iteration. Leaving an `async for` does not close an async
    iterator at once; wrap this in `contextlib.aclosing` where that matters.

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
    decoder = _prepare(on_eof, decoder, last_event_id, max_event_size)
    return _adecode(_async_source(chunks), on_eof, decoder)


def _prepare(on_eof: str, decoder: Decoder | None, last_event_id: str | None, max_event_size: int | None) -> Decoder:
    """Check all arguments but the chunks; return the decoder to use."""
    if on_eof not in _ON_EOF:
        raise UsageError(f"on_eof must be one of {', '.join(map(repr, _ON_EOF))}, not {show(on_eof)}")
    if decoder is None:
        return Decoder(
            last_event_id="" if last_event_id is None else last_event_id,
            max_event_size=DEFAULT_MAX_EVENT_SIZE if max_event_size is None else max_event_size,
        )
    if not isinstance(decoder, Decoder):
        raise TypeError(f"decoder must be a Decoder, not {type(decoder).__name__}")
    if last_event_id is not None or max_event_size is not None:
        raise TypeError("last_event_id and max_event_size are settings of the decoder; give them to Decoder()")
    return decoder


def _source(caller: str, chunks: Chunks) -> Iterator[Bytes]:
    """Return an iterator over the chunks of whatever `decode` takes."""
    if isinstance(chunks, (bytes, bytearray, memoryview)):
        # In slices, so that the events of a long recording need not all exist at once.
        data = bytes(chunks)
        return (data[at : at + _CHUNK_SIZE] for at in range(0, len(data), _CHUNK_SIZE))
    if isinstance(chunks, str):
        raise TypeError(f"{caller}() takes bytes, not str: pass the response's bytes before anything decodes them")
    # Iterating over a file gives lines, however long; `read1`, and the `read` of a file without a buffer, give what is
    # there, and wait only when there is nothing.
    file: Any = chunks  # there is no type that has `read1`
    if hasattr(file, "read1"):
        return iter(lambda: file.read1(_CHUNK_SIZE), b"")
    if isinstance(chunks, io.RawIOBase):
        return iter(lambda: chunks.read(_CHUNK_SIZE), b"")
    try:
        return iter(chunks)
    except TypeError:
        hint = "; an async iterable is for adecode()" if hasattr(chunks, "__aiter__") else ""
        raise TypeError(f"{caller}() takes bytes or an iterable of them, not {type(chunks).__name__}{hint}") from None


def _async_source(chunks: Any) -> AsyncIterator[Bytes]:
    """Return an iterator over the chunks of whatever `adecode` takes: `AsyncChunks`, told apart by what they can do."""
    if not hasattr(chunks, "__aiter__"):
        return _as_async(_source("adecode", chunks))
    if hasattr(chunks, "read") and hasattr(chunks, "readline"):
        # Iterating over a reader gives lines, and fails at its limit for one, 64 KiB for asyncio's.
        return _read_async(chunks)
    iterator: AsyncIterator[Bytes] = chunks.__aiter__()
    return iterator


async def _as_async(source: Iterator[Bytes]) -> AsyncGenerator[Bytes, None]:
    try:
        for chunk in source:
            yield chunk
    finally:
        _close(source)


async def _read_async(reader: AsyncReader) -> AsyncGenerator[Bytes, None]:
    while chunk := await reader.read(_CHUNK_SIZE):
        yield chunk


def _close(source: Any) -> None:
    """Close a generator. Anything else that can be closed, a file say, is its owner's to close."""
    if hasattr(source, "throw") and hasattr(source, "close"):
        source.close()


def _decode(source: Iterator[Bytes], on_eof: OnEOF, decoder: Decoder) -> Generator[ServerSentEvent, None, None]:
    decoder.reset()
    try:
        for chunk in source:
            events = decoder.feed(chunk)
            committed = decoder.last_event_id
            for event in events:
                # Whoever stops here resumes behind this event, and not behind those that it was never given.
                decoder.last_event_id = event.last_event_id
                yield event
            decoder.last_event_id = committed
    finally:
        _close(source)
    yield from _end(on_eof, decoder)


async def _adecode(source: Any, on_eof: OnEOF, decoder: Decoder) -> AsyncGenerator[ServerSentEvent, None]:
    decoder.reset()
    try:
        async for chunk in source:
            events = decoder.feed(chunk)
            committed = decoder.last_event_id
            for event in events:
                decoder.last_event_id = event.last_event_id  # as in `_decode`
                yield event
            decoder.last_event_id = committed
    finally:
        if hasattr(source, "athrow") and hasattr(source, "aclose"):
            await source.aclose()
    for event in _end(on_eof, decoder):
        yield event


def _end(on_eof: OnEOF, decoder: Decoder) -> list[ServerSentEvent]:
    """End the stream; return the events that its end makes, at most one."""
    event = decoder.close()
    if event is None or on_eof == "discard":
        return []
    if on_eof == "raise":
        raise IncompleteEvent(event)
    decoder.last_event_id = event.last_event_id
    if event.retry is not None:
        decoder.reconnection_time = event.retry
    return [event]
