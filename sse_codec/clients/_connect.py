"""connect and aconnect: one stream over many connections.

`Reconnection` decides when to ask, with which headers, and when to stop. This module sends the requests, waits, reads,
and decides which failures are temporary.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, ExitStack
from typing import Any, Final

from sse_codec._decoder import Decoder
from sse_codec._errors import MissingSentinel
from sse_codec._event import ReceivedEvent
from sse_codec._http import MEDIA_TYPE, HeaderEncoding
from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import OnEOF, Reading, Until
from sse_codec.resume import ConnectionFailed, GaveUp, Reconnection

from ._cuts import ConnectionLost, is_cut
from ._reading import aread_beginning, aread_body, is_accepted, read_beginning, read_body, refusal
from ._responses import Answer, AsyncAnswer, answer, async_answer

_NO_CONTENT: Final = 204


def connect(
    open: Callable[[dict[str, str]], AbstractContextManager[object]],
    *,
    reconnection: Reconnection | None = None,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    encoding: HeaderEncoding = "ascii",
    on_retry: Callable[[Exception], object] | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> Generator[ReceivedEvent, None, None]:
    """Yield the events of one stream, reconnecting when it is cut and resuming after the last event (9.2.3).

    It reconnects when the server can't be reached, when the stream is cut or ends, and when the HTTP client's read
    timeout expires. Set that timeout longer than the server's keep-alive interval. `Reconnection` decides how long to
    wait. The iteration ends at `until`, or when the server answers 204.

    Some servers generate a new answer for each request, and asking twice would repeat its beginning. So with `until`, a
    cut raises ConnectionLost if the last yielded event has no id to resume after. Whether to ask again is your
    decision.

    Args:
        open: makes the request. It takes the headers to send, a new dict to which you can add yours, and returns a
            context manager for the response: what `client.stream(...)` of httpx, `requests.post(..., stream=True)`,
            `urllib3.request(..., preload_content=False)` and `urlopen(...)` return. `events` lists the responses that
            work.
        reconnection: how long to wait, when to give up, which statuses to retry, and the decoder that keeps the last
            event ID. The default, `Reconnection()`, acts like a browser: it never gives up on failures of the network,
            and treats every status but 200 as final.
        any_type: as for `events`.
        on_eof: as for `events`.
        until: as for `events`.
        encoding: how your HTTP client turns the text of a header into bytes, as for `request_headers`. It matters only
            for ids beyond ASCII.
        on_retry: called with each failure that will be retried, before the wait, for example to log it. The failure is
            what `open` raised, a ConnectionLost, a ConnectionFailed with one of `retry_statuses`, or a MissingSentinel.
            If `on_retry` raises, that ends the iteration.
        sleep: takes a number of seconds and waits that long. `time.sleep` by default.

    Raises:
        ConnectionFailed: the response is not an event stream, as for `events`, and its status is not one of
            `retry_statuses`.
        ConnectionLost: with `until`, when there is nothing to resume after. If the body ended normally but without
            that event, the `__cause__` is MissingSentinel.
        GaveUp: `max_failures` or `max_outage` of the Reconnection was reached. The `__cause__` is the last failure.
        EncodeError: the stream has set an id that can't be sent back, as for `request_headers`.
        IncompleteEvent, EventTooLarge: as for `events`.
        TypeError, ValueError: an argument is wrong; raised by the call itself.
        Exception: any other error of `open` or the library that is not a failure of the network or the server, such as
            an invalid URL, a header that can't be sent, or an invalid certificate.

    >>> def answer(client, url, question):
    ...     def post(headers):
    ...         headers["Authorization"] = f"Bearer {KEY}"
    ...         return client.stream("POST", url, headers=headers, json={"question": question})
    ...     yield from connect(post, until="[DONE]")
    """
    connections = _Connections("connect", open, reconnection, any_type, on_eof, until, encoding, on_retry)
    if not callable(sleep):
        raise TypeError(f"sleep must be callable, not {type(sleep).__name__}")
    return _connect(open, connections, sleep)


def aconnect(
    open: Callable[[dict[str, str]], AbstractAsyncContextManager[object]],
    *,
    reconnection: Reconnection | None = None,
    any_type: bool = False,
    on_eof: OnEOF = "discard",
    until: Until | None = None,
    encoding: HeaderEncoding = "ascii",
    on_retry: Callable[[Exception], object] | None = None,
    sleep: Callable[[float], Awaitable[object]] | None = None,
) -> AsyncGenerator[ReceivedEvent, None]:
    """Yield the events of one stream, as `connect` does, with an async library.

    Leaving an `async for` early does not close an async iterator immediately. Wrap this in `contextlib.aclosing` where
    that matters.

    Args:
        open: makes the request, as for `connect`. It returns an async context manager for the response: what
            `client.stream(...)` of httpx and `session.post(...)` of aiohttp return.
        reconnection: as for `connect`.
        any_type: as for `events`.
        on_eof: as for `events`.
        until: as for `events`.
        encoding: as for `connect`; "utf-8" for aiohttp.
        on_retry: as for `connect`. It can't be a coroutine function.
        sleep: takes a number of seconds and waits that long. The default is `trio.sleep` under trio, and
            `asyncio.sleep` otherwise.

    Raises: as `connect`.

    >>> async def prices(session, url):
    ...     async for event in aconnect(lambda headers: session.get(url, headers=headers)):
    ...         yield event.json()
    """
    connections = _Connections("aconnect", open, reconnection, any_type, on_eof, until, encoding, on_retry)
    if sleep is not None and not callable(sleep):
        raise TypeError(f"sleep must be callable or None, not {type(sleep).__name__}")
    return _aconnect(open, connections, sleep or _sleep)


def _connect(
    open: Callable[[dict[str, str]], AbstractContextManager[object]],
    connections: _Connections,
    sleep: Callable[[float], object],
) -> Generator[ReceivedEvent, None, None]:
    while (delay := connections.next_delay()) is not None:
        if delay:
            sleep(delay)
        headers = connections.headers()
        with ExitStack() as stack:
            try:
                response = stack.enter_context(_checked("connect", open(headers)))
            except Exception as error:  # noqa: BLE001  # `failed` raises it again unless it is temporary
                if not _is_answer(error):
                    connections.failed(error)
                    continue
                response = error
            opened = answer("connect", response)
            stack.callback(opened.close)
            reading = connections.reading()
            if not connections.accept(opened):
                connections.refuse(opened, refusal(opened, read_beginning(opened), reading))
                continue
            items = read_body(opened, reading)
            try:
                for item in items:
                    connections.received()
                    yield item
                    yield from items  # faster than the loop; an async generator has to loop
            except (ConnectionLost, MissingSentinel) as error:
                connections.cut(error, reading)
            finally:
                items.close()
            if reading.done:
                connections.received()
                return


async def _aconnect(
    open: Callable[[dict[str, str]], AbstractAsyncContextManager[object]],
    connections: _Connections,
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncGenerator[ReceivedEvent, None]:
    while (delay := connections.next_delay()) is not None:
        if delay:
            await sleep(delay)
        headers = connections.headers()
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(_checked("aconnect", open(headers)))
            except Exception as error:  # noqa: BLE001  # `failed` raises it again unless it is temporary
                connections.failed(error)
                continue
            opened = async_answer("aconnect", response)
            stack.push_async_callback(opened.close)
            reading = connections.reading()
            if not connections.accept(opened):
                connections.refuse(opened, refusal(opened, await aread_beginning(opened), reading))
                continue
            items = aread_body(opened, reading)
            try:
                async for item in items:
                    connections.received()
                    yield item
            except (ConnectionLost, MissingSentinel) as error:
                connections.cut(error, reading)
            finally:
                await items.aclose()
            if reading.done:
                connections.received()
                return


def _checked(caller: str, opened: Any) -> Any:
    """Return what `open` returned; raise TypeError unless it is a context manager of the right kind."""
    is_async = caller == "aconnect"
    wanted, other = ("__aenter__", "__enter__") if is_async else ("__enter__", "__aenter__")
    if hasattr(opened, wanted):
        return opened
    if isinstance(opened, Coroutine):
        opened.close()  # or Python warns that nobody awaited it
        raise TypeError("open can't be a coroutine function: return client.stream(...), for example, without await")
    kind = "an async context manager" if is_async else "a context manager"
    message = f"open must return {kind} for a response, not {type(opened).__name__}"
    if hasattr(opened, other):
        remedy = "connect(), since this one is not async" if is_async else "aconnect(), since this one is async"
        message += f": use {remedy}"
    elif hasattr(opened, "headers"):
        message += ": use client.stream(...), for example, which does not read the body first"
    raise TypeError(message)


def _is_answer(error: Exception) -> bool:
    """Tell whether an exception is a response: urllib.request raises every response that is not 2xx."""
    return hasattr(error, "headers") and hasattr(error, "read1")


async def _sleep(seconds: float) -> None:
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        await trio.sleep(seconds)
    else:
        import asyncio  # here, so that a program without asyncio does not load it

        await asyncio.sleep(seconds)


class _Connections:
    """The logic that `connect` and `aconnect` share: what to do after each outcome of a connection."""

    __slots__ = ("_any_type", "_client", "_encoding", "_failure", "_on_eof", "_on_retry", "_until")

    def __init__(  # noqa: PLR0917  # the arguments of both, in their order
        self,
        caller: str,
        open: object,
        reconnection: Reconnection | None,
        any_type: bool,
        on_eof: OnEOF,
        until: Until | None,
        encoding: HeaderEncoding,
        on_retry: Callable[[Exception], object] | None,
    ) -> None:
        if not callable(open):
            raise TypeError(f"{caller}() takes a function that opens a response, not {type(open).__name__}")
        if reconnection is not None and not isinstance(reconnection, Reconnection):
            raise TypeError(f"reconnection must be a Reconnection, not {type(reconnection).__name__}")
        self._client = Reconnection() if reconnection is None else reconnection
        self._any_type = any_type
        self._on_eof: OnEOF = on_eof
        self._until = until
        self._encoding: HeaderEncoding = encoding
        if on_retry is not None and not callable(on_retry):
            raise TypeError(f"on_retry must be callable or None, not {type(on_retry).__name__}")
        self._on_retry = on_retry
        self._failure: Exception | None = None
        self.reading()  # which checks the options
        self.headers()

    def next_delay(self) -> float | None:
        try:
            return self._client.next_delay()
        except GaveUp as error:
            raise error from self._failure

    def headers(self) -> dict[str, str]:
        return self._client.request_headers(encoding=self._encoding)

    def reading(self) -> Reading:
        return Reading(Decoder, self._on_eof, self._until, self._client.decoder, "", DEFAULT_MAX_EVENT_SIZE)

    def received(self) -> None:
        self._client.received()

    def failed(self, error: Exception) -> None:
        """Note why there is no response, or raise the error if it is not temporary."""
        if not is_cut(error):
            raise error
        self._note(error)

    def accept(self, answer: Answer | AsyncAnswer) -> bool:
        """Tell whether to read the body of an answer."""
        if not is_accepted(answer, self._any_type):
            return False
        self._failure = None
        return self._client.accept(answer.status, MEDIA_TYPE)

    def refuse(self, answer: Answer | AsyncAnswer, failure: ConnectionFailed | ConnectionLost) -> None:
        """Note why an answer was not accepted, or raise the error if the request must not be repeated."""
        if isinstance(failure, ConnectionFailed):
            try:
                self._client.accept(answer.status, answer.content_type, retry_after=answer.retry_after)
            except ConnectionFailed:
                raise failure from None
        if answer.status != _NO_CONTENT:
            self._note(failure)

    def cut(self, error: ConnectionLost | MissingSentinel, reading: Reading) -> None:
        """Note a cut, or raise the error if there is nothing to resume after."""
        if self._until is None or reading.can_resume():
            self._note(error)
        elif isinstance(error, ConnectionLost):
            raise error
        else:
            raise ConnectionLost(reading.last_event_id) from error

    def _note(self, failure: Exception) -> None:
        self._failure = failure
        if self._on_retry is not None:
            self._on_retry(failure)
