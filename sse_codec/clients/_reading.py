"""events, aevents, blocks and ablocks: read one response, from its status to its last event.

They check the response before they read it, yield what `decode` yields for its body, and translate the errors of all
libraries. The start of the body is kept until the first event has come, to say what a body without events was.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, Final

from sse_codec._blocks import Block, BlockDecoder
from sse_codec._decoder import Decoder
from sse_codec._errors import MissingSentinel
from sse_codec._event import ReceivedEvent
from sse_codec._grammar import BOM, FIELDS_BYTES
from sse_codec._http import is_event_stream
from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import OnEOF, Reading, Until, UntilBlock, aclose_source, adecode_with, close_source, decode_with
from sse_codec.resume import ConnectionFailed

from ._cuts import ConnectionLost, is_cut, is_undecodable
from ._responses import Answer, AsyncAnswer, answer, async_answer

_OK: Final = 200

#: How many bytes to keep of a body that is not an event stream, or has had no event yet.
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

    The response is closed when the iteration ends, for any reason. Its connection goes back to the pool if the body has
    been read to the end.

    Args:
        response: a response of httpx, httpx2, requests, urllib3, urllib.request, http.client or niquests whose body has
            not been read yet. Make it with `httpx.stream(...)`, `requests.get(..., stream=True)`,
            `urllib3.request(..., preload_content=False)` or `urlopen(...)`, for example.
        any_type: accept any response with status 200, even if its `Content-Type` is wrong or missing. For servers that
            label their event streams wrongly.
        on_eof: what to do with an event that the end of the body cuts off, as for `decode`. It has no effect on a
            stream that is cut, which raises ConnectionLost.
        until: the event that says that the server is done, as for `decode`. The rest of the body is still read, within
            the limits that `decode` gives, so that the connection can be used again.
        decoder: as for `decode`. To keep its state, pass the same `Decoder` for each response.
        last_event_id: as for `Decoder`; not together with `decoder`.
        max_event_size: as for `Decoder`; not together with `decoder`.

    Raises:
        ConnectionFailed: raised before the first event if the status is not 200, or if the content type is not that of
            an event stream. Raised at the end if no event came and the body is something else, such as JSON, HTML,
            text or compressed data. Raised at any time if the body can't be decompressed. It has the start of the body.
        ConnectionLost: the network or the server cut the stream, or the library's read timeout expired. Raised during
            the iteration, after the complete events.
        MissingSentinel: at the end, if `until` was given and did not come. If there was no event at all, its `body` is
            what came instead: nothing, or keep-alives.
        IncompleteEvent: at the end, with `on_eof="raise"`.
        EventTooLarge: during the iteration.
        TypeError, ValueError: an argument is wrong, as for `decode`; raised by the call itself.
        Exception: any other error of the library is a mistake in the program, and is raised unchanged.

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
    r"""Yield the events of a response, as `events` does, with an async library.

    It works under asyncio and trio. Leaving an `async for` early does not close an async iterator immediately. Wrap
    this in `contextlib.aclosing` where that matters.

    Args:
        response: a response of httpx, httpx2, aiohttp or niquests whose body has not been read yet. Make it with
            `client.stream(...)` or `session.get(...)`, for example.
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
    until: UntilBlock | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> Generator[Block, None, None]:
    """Yield the blocks of a response, comments included, as `decode_blocks` does. For proxies and SDKs.

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
    until: UntilBlock | None = None,
    decoder: BlockDecoder | None = None,
    last_event_id: str = "",
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
) -> AsyncGenerator[Block, None]:
    """Yield the blocks of a response, as `blocks` does, with an async library.

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
    """Tell whether to read the body of a response."""
    # "if res's status is not 200, or if res's Content-Type is not text/event-stream, then fail the connection" (9.2.3).
    return answer.status == _OK and (any_type or is_event_stream(answer.content_type))


def refusal(answer: Answer | AsyncAnswer, beginning: bytes, reading: Reading) -> ConnectionFailed | ConnectionLost:
    """Return the error for a response that is not accepted, given the start of its body."""
    if answer.status == _OK and not beginning and not answer.has_whole_head:
        lost = ConnectionLost(reading.last_event_id)
        lost.__cause__ = EOFError("the connection ended before the whole head of the response had come")
        return lost
    return ConnectionFailed(answer.status, answer.content_type, beginning)


def read_body(answer: Answer, reading: Reading) -> Generator[Any, None, None]:
    """Yield the items of a body; if there are none, raise an error that says what it was instead."""
    body = _Body(answer, reading)
    items = decode_with(body.chunks(answer.chunks), reading)
    try:
        for item in items:
            body.began = True
            yield item
            yield from items  # faster than the loop; an async generator has to loop
    except (ConnectionLost, MissingSentinel) as error:
        body.explain(error)
        raise
    finally:
        items.close()
    body.explain(None)


async def aread_body(answer: AsyncAnswer, reading: Reading) -> AsyncGenerator[Any, None]:
    """Yield the items of a body, as `read_body` does."""
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
    """The logic that `read_body` and `aread_body` share: translates errors, and keeps the start of the body."""

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
        """If a body has ended without an item, normally or with an error, say what it was."""
        if self.began or self._reading.done:
            return
        if is_foreign(self._beginning):
            raise self._failure("it has no events") from error
        if isinstance(error, MissingSentinel):
            error.body = self._beginning

    def _failure(self, reason: str) -> ConnectionFailed:
        return ConnectionFailed(self._answer.status, self._answer.content_type, self._beginning, reason)


def read_beginning(answer: Answer) -> bytes:
    """Read the start of a body that is not an event stream. It is mostly an error page, which people need to see."""
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
    """Read the start of a body that is not an event stream, as `read_beginning` does."""
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
    # An event stream with a wrong label may never end, and be silent for a long time.
    may_be_stream = answer.status == _OK and body.strip() != b"" and not is_foreign(body)
    return may_be_stream or len(body) > _BEGINNING


#: How JSON, HTML and XML begin.
_FOREIGN: Final = (b"{", b"[", b"<", b'"')

#: Bytes that text does not contain. Every gzip and zstd header has a NUL, and so does nearly all compressed data.
_BINARY: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x1b")


def is_foreign(beginning: bytes) -> bool:
    """Tell whether a body without events, given its start, is clearly not an event stream.

    An empty body may be one. So may a body with a line that is a comment, has the name of a field, or is the start of a
    name that was cut off. A blank line is a weak sign of an event stream, because HTML and text have them too: it
    counts only if there is no other sign.
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
