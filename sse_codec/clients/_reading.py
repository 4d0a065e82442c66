"""events, aevents and the same for blocks: one response, from its status to its last event.

They judge the response before they read it, give out what `decode` makes of its body, and make the errors of all
libraries alike. What the body begins with is kept until the first event has come: it says what a body without one was.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any, Final

from sse_codec._blocks import Block, BlockDecoder
from sse_codec._decoder import Decoder
from sse_codec._errors import MissingSentinel
from sse_codec._event import ReceivedEvent
from sse_codec._grammar import BOM, FIELDS_BYTES
from sse_codec._http import is_event_stream
from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import OnEOF, Reading, Until, aclose_source, adecode_with, close_source, decode_with
from sse_codec.resume import ConnectionFailed

from ._cuts import ConnectionLost, is_cut, is_undecodable
from ._responses import Answer, AsyncAnswer, answer, async_answer

_OK: Final = 200

#: How much of a body is kept that is no event stream, or none yet.
_BEGINNING: Final = 4096


def events(
    response: object,
    *,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    decoder: Decoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> Generator[ReceivedEvent, None, None]:
    r"""Yield the events of a response, each as soon as it is complete (WHATWG HTML 9.2.3 and 9.2.6).

    The response is closed when the iteration ends, in whatever way. Its connection goes back to its pool if the body
    has been read to the end.

    Args:
        response: what httpx, httpx2, requests, urllib3, urllib.request, http.client or niquests give for a request,
            before anything has read its body: with `httpx.stream(...)`, `requests.get(..., stream=True)`,
            `urllib3.request(..., preload_content=False)`, `urlopen(...)`.
        any_type: take any response with status 200, whatever its `Content-Type` says, or if it has none: for servers
            that label their event streams wrongly.
        on_eof: what becomes of an event that the end of the body cut off, as for `decode`. It does not matter for a
            stream that is cut: that raises ConnectionLost.
        until: the event by which the server says that it is done, as for `decode`. The rest of the body is read, within
            the bounds that `decode` names, so that the connection can be used again.
        decoder: as for `decode`: a client makes one `Decoder`, and hands it in for each response.
        last_event_id: as for `Decoder`; not together with `decoder`.
        max_event_size: as for `Decoder`; not together with `decoder`.

    Raises:
        ConnectionFailed: during the iteration, before anything is yielded: the status is not 200, or the content type
            is not that of an event stream. At the end: no event came, and the body is something else: JSON, HTML,
            text, compressed data. At any time: the body can't be decompressed. It has the body's beginning.
        ConnectionLost: during the iteration, after the events that were complete: the network or the server cut the
            stream, or the library's read timeout is over.
        MissingSentinel: at the end, when `until` is given and did not come. If there was no event at all, its `body` is
            what came instead: nothing, or keep-alives.
        IncompleteEvent: at the end, with `on_eof="raise"`.
        EventTooLarge: during the iteration.
        TypeError, ValueError: an argument is wrong, as for `decode`; raised by the call itself.
        Exception: whatever else the library raises is a mistake in the program, and passes unchanged.

    >>> from urllib.request import Request, urlopen
    >>> def prices(url):
    ...     with urlopen(Request(url, headers={"Accept": "text/event-stream"})) as response:
    ...         for event in events(response):
    ...             yield event.json()
    """
    reading = Reading(Decoder, on_eof, until, decoder, last_event_id, max_event_size)
    return _whole(answer("events", response), reading, any_type)


def aevents(
    response: object,
    *,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    decoder: Decoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> AsyncGenerator[ReceivedEvent, None]:
    r"""Yield the events of a response of an async library; as `events` in everything else.

    It works under asyncio and trio. Leaving an `async for` does not close an async iterator at once; wrap this in
    `contextlib.aclosing` where that matters.

    Args:
        response: what httpx, httpx2, aiohttp or niquests give, before anything has read its body: with
            `client.stream(...)`, `session.get(...)`.
        any_type: as for `events`.
        on_eof: as for `events`.
        until: as for `events`.
        decoder: as for `events`.
        last_event_id: as for `events`.
        max_event_size: as for `events`.

    Raises: as `events`.

    >>> async def prices(session, url):
    ...     async with session.get(url, headers={"Accept": "text/event-stream"}) as response:
    ...         async for event in aevents(response):
    ...             yield event.json()
    """
    reading = Reading(Decoder, on_eof, until, decoder, last_event_id, max_event_size)
    return _awhole(async_answer("aevents", response), reading, any_type)


def blocks(
    response: object,
    *,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: str | Callable[[Block], object] | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> Generator[Block, None, None]:
    """Yield the blocks of a response, comments and all: `events` for proxies and SDKs, on `decode_blocks`.

    Args:
        response: as for `events`.
        any_type: as for `events`.
        on_eof: as for `decode_blocks`.
        until: as for `decode_blocks`.
        decoder: a BlockDecoder, as for `decode_blocks`.
        last_event_id: as for `BlockDecoder`; not together with `decoder`.
        max_event_size: as for `BlockDecoder`; not together with `decoder`.

    Raises: as `events`.
    """
    reading = Reading(BlockDecoder, on_eof, until, decoder, last_event_id, max_event_size)
    return _whole(answer("blocks", response), reading, any_type)


def ablocks(
    response: object,
    *,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: str | Callable[[Block], object] | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> AsyncGenerator[Block, None]:
    """Yield the blocks of a response of an async library; as `blocks` in everything else.

    Args:
        response: as for `aevents`.
        any_type: as for `events`.
        on_eof: as for `decode_blocks`.
        until: as for `decode_blocks`.
        decoder: as for `blocks`.
        last_event_id: as for `blocks`.
        max_event_size: as for `blocks`.

    Raises: as `events`.
    """
    reading = Reading(BlockDecoder, on_eof, until, decoder, last_event_id, max_event_size)
    return _awhole(async_answer("ablocks", response), reading, any_type)


def _whole(answer: Answer, reading: Reading, any_type: bool) -> Generator[Any, None, None]:
    try:
        if not is_accepted(answer, any_type):
            raise refusal(answer, read_beginning(answer), reading)
        yield from read_body(answer, reading)
    finally:
        answer.close()


async def _awhole(answer: AsyncAnswer, reading: Reading, any_type: bool) -> AsyncGenerator[Any, None]:
    try:
        if not is_accepted(answer, any_type):
            raise refusal(answer, await aread_beginning(answer), reading)
        items = aread_body(answer, reading)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()
    finally:
        await answer.close()


def is_accepted(answer: Answer | AsyncAnswer, any_type: bool) -> bool:
    """Tell whether the body of a response is to be read."""
    # "if res's status is not 200, or if res's Content-Type is not text/event-stream, then fail the connection" (9.2.3).
    return answer.status == _OK and (any_type or is_event_stream(answer.content_type))


def refusal(answer: Answer | AsyncAnswer, beginning: bytes, reading: Reading) -> ConnectionFailed | ConnectionLost:
    """Return the error of a response that is not accepted, whose body begins so."""
    if answer.status == _OK and not beginning and not answer.has_whole_head:
        lost = ConnectionLost(reading.last_event_id)
        lost.__cause__ = EOFError("the connection ended where the head of the response, or all of it, should come")
        return lost
    return ConnectionFailed(answer.status, answer.content_type, beginning)


def read_body(answer: Answer, reading: Reading) -> Generator[Any, None, None]:
    """Give out the items of a body, or say what it was instead."""
    body = _Body(answer, reading)
    items = decode_with(body.chunks(answer.chunks), reading)
    try:
        for item in items:
            body.began = True
            yield item
            yield from items
    except (ConnectionLost, MissingSentinel) as error:
        body.explain(error)
        raise
    finally:
        items.close()
    body.explain(None)


async def aread_body(answer: AsyncAnswer, reading: Reading) -> AsyncGenerator[Any, None]:
    """Give out the items of a body, or say what it was instead."""
    body = _Body(answer, reading)
    items = adecode_with(body.achunks(answer.chunks), reading)
    try:
        async for item in items:
            body.began = True
            yield item
    except (ConnectionLost, MissingSentinel) as error:
        body.explain(error)
        raise
    finally:
        await items.aclose()
    body.explain(None)


class _Body:
    """What the two have in common: what the errors of a body become, and what it began with."""

    __slots__ = ("_answer", "_beginning", "_reading", "began")

    def __init__(self, answer: Answer | AsyncAnswer, reading: Reading) -> None:
        self._answer = answer
        self._reading = reading
        self._beginning = b""
        #: Whether an item has come.
        self.began = False

    def chunks(self, chunks: Iterator[bytes]) -> Generator[bytes, None, None]:
        try:
            for chunk in chunks:
                if not self.began:
                    self._keep(chunk)
                yield chunk
        except Exception as error:
            self._translate(error)
            raise
        finally:
            close_source(chunks)

    async def achunks(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in chunks:
                if not self.began:
                    self._keep(chunk)
                yield chunk
        except Exception as error:
            self._translate(error)
            raise
        finally:
            await aclose_source(chunks)

    def _keep(self, chunk: bytes) -> None:
        if len(self._beginning) < _BEGINNING:
            self._beginning = (self._beginning + chunk)[:_BEGINNING]

    def _translate(self, error: Exception) -> None:
        if is_undecodable(error):
            raise self._failure("its body can't be decompressed") from error
        if is_cut(error):
            raise ConnectionLost(self._reading.last_event_id) from error

    def explain(self, error: ConnectionLost | MissingSentinel | None) -> None:
        """Say what a body was that has ended, in order or with an error, if it brought no item."""
        if self.began or self._reading.done:
            return
        if is_foreign(self._beginning):
            raise self._failure("it brought no event") from error
        if isinstance(error, MissingSentinel):
            error.body = self._beginning

    def _failure(self, reason: str) -> ConnectionFailed:
        return ConnectionFailed(self._answer.status, self._answer.content_type, self._beginning, reason)


def read_beginning(answer: Answer) -> bytes:
    """Read the beginning of a body that is no event stream; an error page, mostly, which is what people need to see."""
    body = b""
    try:
        for chunk in answer.chunks:
            body += chunk
            if _is_enough(answer, body):
                break
    except Exception as error:
        if not (is_cut(error) or is_undecodable(error)):
            raise
    finally:
        close_source(answer.chunks)
    return body[:_BEGINNING]


async def aread_beginning(answer: AsyncAnswer) -> bytes:
    """Read the beginning of a body that is no event stream; as `read_beginning`."""
    body = b""
    try:
        async for chunk in answer.chunks:
            body += chunk
            if _is_enough(answer, body):
                break
    except Exception as error:
        if not (is_cut(error) or is_undecodable(error)):
            raise
    finally:
        await aclose_source(answer.chunks)
    return body[:_BEGINNING]


def _is_enough(answer: Answer | AsyncAnswer, body: bytes) -> bool:
    # An event stream with a wrong label may go on for ever, and be silent for long.
    may_be_stream = answer.status == _OK and body.strip() != b"" and not is_foreign(body)
    return may_be_stream or len(body) > _BEGINNING


#: How JSON, HTML and XML begin.
_FOREIGN: Final = (b"{", b"[", b"<", b'"')

#: What text does not hold. NUL stands in each head of gzip and zstd, and in nearly all that is compressed.
_BINARY: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x1b")


def is_foreign(beginning: bytes) -> bool:
    """Tell whether a body that begins so, and has brought no event, is plainly something else than an event stream.

    Not if nothing came, nor if any line is a comment or has the name of a field, or is the start of one that was cut
    off. A blank line is no proof, because HTML and text have them; but without a better sign it is taken for one.
    """
    text = beginning.removeprefix(BOM)
    lines = text.splitlines()
    if not text.strip() or BOM.startswith(beginning):
        return False
    if any(line.startswith(b":") or line.partition(b":")[0] in FIELDS_BYTES for line in lines):
        return False
    if text[-1:] not in b"\r\n" and any(field.startswith(lines[-1]) for field in FIELDS_BYTES):
        return False
    return text.lstrip().startswith(_FOREIGN) or text.translate(None, _BINARY) != text or b"" not in lines
