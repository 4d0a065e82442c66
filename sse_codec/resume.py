r"""Both ends of a stream that resumes after a cut: when a client reconnects, and what the server still has for it.

`Reconnection` is the client's half. Tell it what happened (a response, an event, the end of a connection); it returns
the request's headers, whether to read a response, and how long to wait before the next request. `EventHistory` is the
server's half: `append` encodes and stores an event, and `after` returns the events that a client missed, or None if it
does not know. Both are only state, without a clock, a socket, a thread or a lock.

>>> from sse_codec import Decoder, ServerSentEvent, parse_last_event_id
>>> from sse_codec.resume import EventHistory, Reconnection

The server sent three events, and the connection was cut inside the second:

>>> history = EventHistory()
>>> wire = b"".join(history.append(ServerSentEvent(word, id=str(n))) for n, word in enumerate(["to", "be", "or"]))
>>> client = Reconnection(Decoder())
>>> client.next_delay(), client.accept(200, "text/event-stream")
(0.0, True)
>>> [event.data for event in client.decode(wire[:20])]
['to']

The client waits, asks again and gets the rest:

>>> 3 <= client.next_delay() <= 4.5
True
>>> header = client.request_headers()["Last-Event-ID"]
>>> history.after(parse_last_event_id(header))
(b'id: 1\ndata: be\n\n', b'id: 2\ndata: or\n\n')
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from itertools import islice
from typing import Final

from ._decoder import Decoder
from ._encoder import check_text, encode
from ._errors import SSEError, check_bound, show, show_reason
from ._event import ReceivedEvent, ServerSentEvent
from ._grammar import parse_retry
from ._http import HeaderEncoding, is_event_stream, request_headers
from ._iterate import AsyncChunks, Chunks, OnEOF, Until, adecode, decode

#: Statuses that the next request may not get again, for `Reconnection(retry_statuses=...)`: those of `curl --retry`;
#: those that Cloudflare sends while it can't reach the origin server (520 to 524, and 530); and 529, which model APIs
#: send when they are overloaded. Not 525 and 526: they mean that the server's TLS is misconfigured, and Cloudflare asks
#: clients not to retry them.
TRANSIENT_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})

_OK = 200
_NO_CONTENT = 204

#: More doublings of a delay make no difference: even the shortest would pass any `max_delay`.
_MOST_DOUBLINGS = 100


class ConnectionFailed(SSEError):
    """The response is not an event stream, and the client does not reconnect (WHATWG HTML 9.2.3).

    Attributes:
        status: the response's status.
        content_type: the response's `Content-Type`, as passed to `accept`; None when it had none.
        body: the beginning of the response's body, decompressed, at most 4 KiB; b"" when it was not read.
            `sse_codec.clients` reads it; `accept` does not have it.
        reason: what was wrong, if it was neither the status nor the content type: the body brought no event, or can't
            be decompressed. None otherwise.

    >>> from sse_codec.resume import Reconnection
    >>> Reconnection().accept(404, "text/html")
    Traceback (most recent call last):
        ...
    sse_codec.resume.ConnectionFailed: a response with status 404 and content type 'text/html' is not an event stream
    """

    def __init__(
        self,
        status: int,
        content_type: str | bytes | tuple[str | bytes, ...] | None,
        body: bytes = b"",
        reason: str | None = None,
    ) -> None:
        super().__init__(status, content_type, body, reason)
        self.status = status
        self.content_type = content_type
        self.body = body
        self.reason = reason

    @property
    def text(self) -> str:
        """The beginning of the body as text, decoded as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def __str__(self) -> str:
        kind = "no content type" if self.content_type is None else f"content type {show(self.content_type)}"
        message = f"a response with status {self.status} and {kind} is not an event stream"
        if self.reason is not None:
            message += f": {self.reason}"
        if self.body:
            message += f"; the body begins {show_reason(self.text)}"
        return message


class GaveUp(SSEError):
    """No event arrived for so long that the client gave up: `max_failures` or `max_outage` of `Reconnection`.

    Attributes:
        failures: how many requests in a row brought no event.
        waited: how many seconds the client waited between them.

    >>> from sse_codec.resume import Reconnection
    >>> client = Reconnection(max_failures=2, jitter=0)
    >>> client.next_delay(), client.next_delay(), client.next_delay()
    Traceback (most recent call last):
        ...
    sse_codec.resume.GaveUp: 2 requests in a row brought no event (waited 3 s)
    """

    def __init__(self, failures: int, waited: float) -> None:
        super().__init__(failures, waited)
        self.failures = failures
        self.waited = waited

    def __str__(self) -> str:
        requests = "1 request" if self.failures == 1 else f"{self.failures} requests in a row"
        return f"{requests} brought no event (waited {self.waited:.3g} s)"


class Reconnection:
    r"""One client's series of connections: when to connect, with which headers, and when to stop (9.2.3).

    Call `next_delay` before each request, including the first, and wait that long. Then pass the response to `accept`,
    and its body to `decode` or `adecode`. A failed request or an ended connection needs no call: the next `next_delay`
    accounts for it. Following redirects is up to the HTTP client. A client that feeds the decoder directly must call
    `received` when an event arrives.

    How long it waits: the reconnection time, as the standard says, which is the latest `retry` field or else
    `default_delay`. It doubles with each connection in a row that brought no event, from the second on. Only an event
    resets this, and not a status, because a server may accept each connection and drop it. Jitter only adds to the
    wait, because the standard makes the reconnection time the minimum. It is added after `max_delay`, so that clients
    whose waits reached `max_delay` in a long outage do not all come back at the same time.

    Where it resumes: after the decoder's `last_event_id` at the time of `request_headers`. With `decode`, that is the
    last event yielded; with `client.decoder.feed`, the last one decoded. A client that handles events later than that
    sets `decoder.last_event_id` to the last one it handled, before it calls `request_headers`. When a connection is cut
    inside a block, the block is dropped with its id, so the server sends the event again. The exception is
    `on_eof="dispatch"`, which yields the partial event and resumes after it.

    Args:
        decoder: the one decoder for all connections; a new one by default.
        default_delay: how many seconds to wait before any `retry` field arrives; at least 0. 3 as in Chromium, which
            most servers are tested with; Firefox waits 5.
        min_delay: the shortest wait in seconds, more than 0. It limits `retry: 0`; Firefox has the same 0.5.
        max_delay: the longest wait in seconds, before jitter; at least `min_delay`, and finite. It limits
            `retry: 1000000000000` and back-off; gRPC has the same 120.
        jitter: the most to add to a wait, as a fraction of it; at least 0 and finite. 0.5 adds up to half of the wait;
            0 adds nothing.
        retry_statuses: statuses to retry after, such as `TRANSIENT_STATUSES`. By default there are none, as in the
            standard and in browsers. 204 is not allowed.
        max_failures: give up after this many requests in a row without an event; at least 1. None never gives up, like
            a browser while its page is open.
        max_outage: give up when the waits since the latest connection that brought an event would pass this many
            seconds; at least 0. It counts the waits with their jitter, but not the time that requests take, because
            there is no clock here. None never gives up.
        random: returns numbers from 0 up to but not including 1; `random.random` by default.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is outside its range, or `retry_statuses` contains 204.

    `sse_codec.clients.connect` is a complete client for any HTTP library. By hand, with httpx:

    >>> def events(url):
    ...     client = Reconnection()
    ...     while (delay := client.next_delay()) is not None:
    ...         time.sleep(delay)
    ...         try:
    ...             with httpx.stream("GET", url, headers=client.request_headers()) as response:
    ...                 if client.accept(response.status_code, response.headers.get("Content-Type")):
    ...                     yield from client.decode(response.iter_bytes())
    ...         except httpx.TransportError:
    ...             pass  # refused, timed out or cut: try again

    Back-off, without its jitter:

    >>> from sse_codec.resume import Reconnection
    >>> client = Reconnection(default_delay=5, jitter=0)
    >>> [client.next_delay() for _ in range(8)]
    [0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0]
    """

    __slots__ = (
        "_attempted",
        "_decoder",
        "_default_delay",
        "_failures",
        "_jitter",
        "_max_delay",
        "_max_failures",
        "_max_outage",
        "_min_delay",
        "_random",
        "_received",
        "_retry_after",
        "_retry_statuses",
        "_stopped",
        "_waited",
    )

    def __init__(
        self,
        decoder: Decoder | None = None,
        *,
        default_delay: float = 3.0,
        min_delay: float = 0.5,
        max_delay: float = 120.0,
        jitter: float = 0.5,
        retry_statuses: Iterable[int] = (),
        max_failures: int | None = None,
        max_outage: float | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        if decoder is None:
            decoder = Decoder()
        elif not isinstance(decoder, Decoder):
            raise TypeError(f"decoder must be a Decoder, not {type(decoder).__name__}")
        self._decoder = decoder
        self._default_delay = _number("default_delay", default_delay)
        self._min_delay = _number("min_delay", min_delay)
        self._max_delay = _number("max_delay", max_delay)
        self._jitter = _number("jitter", jitter)
        if not 0 < self._min_delay <= self._max_delay:
            raise ValueError(
                f"min_delay must be more than 0 and at most max_delay, not {show(min_delay)} with {show(max_delay)}"
            )
        if not isinstance(retry_statuses, Iterable):
            raise TypeError(f"retry_statuses must be a collection of ints, such as {{503}}, not {show(retry_statuses)}")
        self._retry_statuses = frozenset(retry_statuses)
        for status in self._retry_statuses:
            _check_status(status)
        if _NO_CONTENT in self._retry_statuses:
            raise ValueError("retry_statuses can't contain 204: a server sends it to make its clients stop")
        self._max_failures = None if max_failures is None else check_bound("max_failures", max_failures)
        self._max_outage = None if max_outage is None else _number("max_outage", max_outage)
        if random is not None and not callable(random):
            raise TypeError(f"random must be callable, not {type(random).__name__}")
        self._random = random
        self._attempted = False
        self._received = False
        self._stopped = False
        self._failures = 0
        self._waited = 0.0
        self._retry_after = 0.0

    @property
    def decoder(self) -> Decoder:
        """The decoder of all connections."""
        return self._decoder

    @property
    def failures(self) -> int:
        """How many requests in a row brought no event, as of the latest `next_delay`; `max_failures` limits it."""
        return self._failures

    def next_delay(self) -> float | None:
        """End the previous connection, if any; return how many seconds to wait before the next request.

        Returns:
            0.0 the first time. None when there must be no request: the server answered 204, or `accept` or this method
            raised.

        Raises:
            GaveUp: `max_failures` or `max_outage` is reached.
        """
        if self._stopped:
            return None
        if not self._attempted:
            self._attempted = True
            return 0.0
        if self._received:
            self._failures, self._waited = 0, 0.0
        else:
            self._failures += 1
        self._received = False
        # "Wait a delay equal to the reconnection time of the event source."
        retry = self._decoder.reconnection_time
        delay = max(self._default_delay if retry is None else retry / 1000, self._min_delay)
        # "Optionally, wait some more. In particular, if the previous attempt failed, then user agents might introduce
        # an exponential backoff delay to avoid overloading a potentially already overloaded server."
        delay *= 2.0 ** min(max(self._failures - 1, 0), _MOST_DOUBLINGS)
        delay = min(max(delay, self._retry_after), self._max_delay)
        self._retry_after = 0.0
        if self._jitter:
            delay += delay * self._jitter * self._draw()
        if self._failures and (
            (self._max_failures is not None and self._failures >= self._max_failures)
            or (self._max_outage is not None and self._waited + delay > self._max_outage)
        ):
            self._stopped = True
            raise GaveUp(self._failures, self._waited)
        self._waited += delay
        return delay

    def request_headers(self, *, encoding: HeaderEncoding = "ascii") -> dict[str, str]:
        """Return the headers of the next request, as `sse_codec.request_headers` does.

        Args:
            encoding: how your HTTP client turns the text of a header into bytes, as for `sse_codec.request_headers`.

        Raises:
            EncodeError: the stream has set an id that can't be sent back, by the rules of `sse_codec.request_headers`.
                To continue without it, set `decoder.last_event_id` to "" or to an earlier id.
            ValueError: `encoding` is none of the three.

        >>> from sse_codec import Decoder
        >>> from sse_codec.resume import Reconnection
        >>> Reconnection(Decoder(last_event_id="7")).request_headers()
        {'Accept': 'text/event-stream', 'Cache-Control': 'no-store', 'Last-Event-ID': '7'}
        """
        return request_headers(self._decoder.last_event_id, encoding=encoding)

    def accept(
        self,
        status: int,
        content_type: str | bytes | Iterable[str | bytes] | None,
        *,
        retry_after: str | bytes | None = None,
    ) -> bool:
        """Check a response; return True if its body is an event stream to read (WHATWG HTML 9.2.3).

        If it is, this also resets the decoder for the body.

        Args:
            status: the response's status, after redirects.
            content_type: its `Content-Type` header; None when it has none.
            retry_after: its `Retry-After` header. It only counts if the status is in `retry_statuses`, and only in
                seconds, up to `max_delay`. A date is ignored, because there is no clock here.

        Returns:
            True for 200 with an event stream. False when there is nothing to read: for a status in `retry_statuses`,
            after which `next_delay` returns how long to wait, and for 204, after which it returns None.

        Raises:
            ConnectionFailed: for every other response. `next_delay` returns None from now on. To try again anyway, make
                a new Reconnection with the same decoder.
            TypeError: an argument is of the wrong type.

        >>> from sse_codec.resume import TRANSIENT_STATUSES, Reconnection
        >>> client = Reconnection(retry_statuses=TRANSIENT_STATUSES, jitter=0)
        >>> client.next_delay(), client.accept(503, "text/html", retry_after="20"), client.next_delay()
        (0.0, False, 20.0)
        >>> client.accept(204, None), client.next_delay()
        (False, None)
        """
        _check_status(status)
        wait = _seconds(retry_after)
        if isinstance(content_type, Iterable) and not isinstance(content_type, (str, bytes)):
            content_type = tuple(content_type)  # an error reads it again
        # "if res's status is not 200, or if res's Content-Type is not text/event-stream, then fail the connection".
        if status == _OK and is_event_stream(content_type):
            self._decoder.reset()
            return True
        if status in self._retry_statuses:
            self._retry_after = wait
            return False
        self._stopped = True
        # "a client can be told to stop reconnecting using the HTTP 204 No Content response code" (9.2.1): this is the
        # end, and not an error.
        if status == _NO_CONTENT:
            return False
        raise ConnectionFailed(status, content_type)

    def decode(
        self,
        chunks: Chunks,
        *,
        on_eof: OnEOF = "discard",
        until: Until | None = None,
    ) -> Generator[ReceivedEvent, None, None]:
        r"""Decode the body of an accepted response, as `sse_codec.decode` does with `decoder=client.decoder`.

        Each event, including that of `until`, also counts as `received`. Arguments and errors are those of
        `sse_codec.decode`.

        >>> from sse_codec.resume import Reconnection
        >>> client = Reconnection(jitter=0)
        >>> client.next_delay(), client.accept(200, "text/event-stream")
        (0.0, True)
        >>> [event.data for event in client.decode([b"id: 1\nretry: 900\nda", b"ta: a\n\ndata: cut"])]
        ['a']
        >>> client.next_delay(), client.request_headers()["Last-Event-ID"]
        (0.9, '1')
        """
        return self._noting(decode(chunks, on_eof=on_eof, decoder=self._decoder, until=until), until)

    def adecode(
        self,
        chunks: AsyncChunks,
        *,
        on_eof: OnEOF = "discard",
        until: Until | None = None,
    ) -> AsyncGenerator[ReceivedEvent, None]:
        """Decode the body of an accepted response, as `sse_codec.adecode` does with `decoder=client.decoder`.

        Each event, including that of `until`, also counts as `received`. Arguments and errors are those of
        `sse_codec.adecode`.
        """
        return self._anoting(adecode(chunks, on_eof=on_eof, decoder=self._decoder, until=until), until)

    def _noting(
        self, events: Generator[ReceivedEvent, None, None], until: object
    ) -> Generator[ReceivedEvent, None, None]:
        try:
            for event in events:
                self._received = True
                yield event
            if until is not None:
                self._received = True  # the event of `until`, which is not yielded
        finally:
            events.close()

    async def _anoting(
        self, events: AsyncGenerator[ReceivedEvent, None], until: object
    ) -> AsyncGenerator[ReceivedEvent, None]:
        try:
            async for event in events:
                self._received = True
                yield event
            if until is not None:
                self._received = True
        finally:
            await events.aclose()

    def received(self) -> None:
        """Record that the connection brought an event, so that the next wait is the shortest again.

        `decode` and `adecode` do this for each event; once per connection is enough. If you feed the decoder directly,
        you can call it for each chunk instead. Then comments count, too: useful for a stream that may send only
        keep-alives during a whole connection.
        """
        self._received = True

    def _draw(self) -> float:
        if self._random is None:
            from random import random  # not at the top: clients mostly have it loaded, and servers don't need it

            self._random = random
        return self._random()


class EventHistory:
    r"""A server's latest events, to send again to clients that missed some.

    The result of `after` is complete or None; it never has a gap. It may begin with events that the client already has,
    if their ids do not tell them apart. A client reports the last id that it received, so

    - an event without an id counts as after the id before it, and is sent again to a client that reports that id;
    - an id that several events share stands for the first of them, as long as any of them is stored;
    - "", which a client without an id reports by sending no `Last-Event-ID`, stands for the start of the stream, even
      after an event with the id "", which resets the last event ID.

    To resume a stream without duplicates, give every event a unique id. If an id is used again after all events with it
    were dropped, it stands for the new place.

    Each event is encoded once, when it is appended, and stored as the bytes that every client gets. Appending takes
    constant time on average; a lookup takes time in proportion to the number of events that it returns.

    Memory: `max_bytes` counts each event's block, and its id a second time for the lookup, with one byte for each
    character, or four if the id is not all ASCII. Objects and tables take at most another 300 bytes for each event, or
    100 without an id (CPython, 64 bits). Regardless of the limits, the latest id and the id of the latest dropped event
    are kept.

    Args:
        max_events: the most events to store, at least 1.
        max_bytes: the most bytes of events and their ids to store, at least 1; 8 MiB by default. A larger event is not
            stored, and neither is anything before it.

    Raises:
        TypeError: an argument is not an int.
        ValueError: it is less than 1.

    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.resume import EventHistory
    >>> history = EventHistory(max_events=2)
    >>> for number in ("1", "2", "3"):
    ...     block = history.append(ServerSentEvent("tick", id=number))  # and send the block to each client
    >>> history.after("2")
    (b'id: 3\ndata: tick\n\n',)
    >>> history.after("3")
    ()
    >>> print(history.after("0"), history.after(""))
    None None
    """

    __slots__ = (
        "_again",
        "_blocks",
        "_first",
        "_ids",
        "_last_event_id",
        "_max_bytes",
        "_max_events",
        "_size",
        "_start",
    )

    def __init__(self, *, max_events: int = 10_000, max_bytes: int = 8 * 1024 * 1024) -> None:
        self._max_events = check_bound("max_events", max_events)
        self._max_bytes = check_bound("max_bytes", max_bytes)
        self._blocks: deque[bytes] = deque()
        self._size = 0
        self._last_event_id = ""
        # Places are counted from the start of the stream: place n is after its first n events. The stored blocks are
        # those from `_start` on. An id is known while its place is not before `_start`. This includes the id of the
        # latest dropped event, because nothing after it is missing; `_ids` begins with that id.
        self._start = 0
        self._ids: deque[str | None] = deque([None])
        self._first: dict[str, int] = {}  # the place after the first use of each id
        self._again: dict[str, int] = {}  # the place after the last use of each id that was used more than once

    @property
    def last_event_id(self) -> str:
        """The latest id, which a client that received everything reports; "" when there was none, or it was reset.

        For a server that follows its own history, and for a new client that should start with the next event.
        """
        return self._last_event_id

    def append(self, event: ServerSentEvent) -> bytes:
        """Add the next event of the stream; return its bytes, to send to clients.

        If this raises, the history does not change.

        Raises:
            EncodeError: the event can't be sent, as for `encode`.
            TypeError: the argument is not a ServerSentEvent, or one of its values is of the wrong type.
        """
        block = encode(event)
        id = None if event._id is None else check_text("id", event._id)  # a plain str, as in `encode`
        self._blocks.append(block)
        try:
            self._ids.append(id)
            if id:
                uses = self._again if id in self._first else self._first
                uses[id] = self._start + len(self._blocks)
        except BaseException:  # such as MemoryError: each of the three may have to grow
            self._blocks.pop()
            if len(self._ids) > len(self._blocks) + 1:
                self._ids.pop()
            raise
        self._size += len(block) + _kept(id)
        if id is not None:
            self._last_event_id = id
        while len(self._blocks) > self._max_events or self._size > self._max_bytes:
            self._drop()
        return block

    def after(self, last_event_id: str) -> tuple[bytes, ...] | None:
        """Return the events that a client missed, to send before the next ones; None when they are not known.

        Args:
            last_event_id: the last event ID that the client reports, as `parse_last_event_id` returns it. "" means a
                client without one, and stands for the whole stream. If your new clients start with the next event,
                don't call this for them.

        Returns:
            The blocks after that event in order; empty when it was the latest. None when some of them were dropped, or
            the id is unknown: send the complete state, or what you send a new client.

        Raises:
            TypeError: `last_event_id` is not a str.
        """
        if not isinstance(last_event_id, str):
            raise TypeError(f"last_event_id must be a str, not {type(last_event_id).__name__}: see parse_last_event_id")
        place = self._first.get(last_event_id, -1) if last_event_id else 0
        if place < self._start:
            return None
        missed = self._start + len(self._blocks) - place
        return tuple(islice(reversed(self._blocks), missed))[::-1]  # from the end, to visit only what is returned

    def _drop(self) -> None:
        """Drop the oldest event, and forget the id of the one before it: clients can no longer resume there."""
        id = self._ids.popleft()
        self._size -= len(self._blocks.popleft()) + _kept(self._ids[0])
        if id and self._again.get(id, self._first[id]) == self._start:
            del self._first[id]
            self._again.pop(id, None)
        self._start += 1


def _kept(id: str | None) -> int:
    """Return the most bytes that an id takes besides its object: CPython uses one, two or four for each character."""
    if id is None:
        return 0
    return len(id) if id.isascii() else 4 * len(id)


def _check_status(status: int) -> None:
    if not isinstance(status, int):
        raise TypeError(f"a status must be an int, not {type(status).__name__}")


def _seconds(retry_after: str | bytes | None) -> float:
    """Parse a `Retry-After` header; 0.0 when there is none, or it is not a number of seconds."""
    if retry_after is None:
        return 0.0
    if isinstance(retry_after, bytes):
        retry_after = retry_after.decode("latin-1")
    if not isinstance(retry_after, str):
        raise TypeError(f"a Retry-After must be str, bytes or None, not {type(retry_after).__name__}")
    return float(parse_retry(retry_after.strip("\t ")) or 0)  # RFC 9110, 10.2.3: digits, as in a `retry` field


def _number(name: str, value: float) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not 0 <= value < float("inf"):  # false for NaN, too
        raise ValueError(f"{name} must be at least 0 and finite, not {show(value)}")
    return float(value)
