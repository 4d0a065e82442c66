r"""Both ends of a stream that is cut and goes on: when a client connects again, and what the server still has for it.

`Reconnection` is the client's half. In go what happened (a response, an event, the end of a connection); out come the
headers to ask with, whether to read a response, and how long to wait before the next request. `EventHistory` is the
server's half: events go in and come out as bytes to send, and `after` gives those that a client has missed, or says
that it does not know. Both are state and nothing else: no clock, no socket, no thread, and no lock.

>>> from sse_codec import Decoder, ServerSentEvent, parse_last_event_id
>>> from sse_codec.resume import EventHistory, Reconnection

The server has sent three events, and the connection was cut inside the second:

>>> history = EventHistory()
>>> wire = b"".join(history.append(ServerSentEvent(word, id=str(n))) for n, word in enumerate(["to", "be", "or"]))
>>> client = Reconnection(Decoder())
>>> client.next_delay(), client.accept(200, "text/event-stream")
(0.0, True)
>>> [event.data for event in client.decode(wire[:20])]
['to']

So the client waits, asks, and is given the rest:

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
from typing import Final, Literal

from ._decoder import Decoder
from ._encoder import _text, encode
from ._errors import SSEError, check_bound, show, show_reason
from ._event import ReceivedEvent, ServerSentEvent
from ._grammar import parse_retry
from ._http import is_event_stream, request_headers
from ._iterate import AsyncChunks, Chunks, OnEOF, Until, adecode, decode

#: Statuses that may be gone at the next request, for `Reconnection(retry_statuses=...)`: those of `curl --retry`; those
#: by which Cloudflare says that it can't reach the server behind it for now (520 to 524, and 530); and 529, by which
#: model APIs say that they are overloaded. Not 525 and 526: Cloudflare asks not to retry these. They mean that the
#: server's TLS is set up wrongly.
TRANSIENT_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})

_OK = 200
_NO_CONTENT = 204

#: Doublings of a delay after which more make no difference: the shortest would outlast any `max_delay`.
_MOST_DOUBLINGS = 100


class ConnectionFailed(SSEError):
    """The server answered with what is no event stream, and the client does not ask again (WHATWG HTML 9.2.3).

    Attributes:
        status: the response's status.
        content_type: the response's `Content-Type`, as it was given to `accept`; None when it had none.
        body: how the response's body begins, decompressed, 4 KiB at most; b"" when it was not read. `sse_codec.clients`
            reads it, and `accept` is not given it.
        reason: what was wrong, when it is neither the status nor the content type: the body brought no event, or can't
            be decompressed. None otherwise.

    >>> from sse_codec.resume import Reconnection
    >>> Reconnection().accept(404, "text/html")
    Traceback (most recent call last):
        ...
    sse_codec.resume.ConnectionFailed: a response with status 404 and content type 'text/html' is no event stream
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
        """The body's beginning as text, read as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def __str__(self) -> str:
        kind = "no content type" if self.content_type is None else f"content type {show(self.content_type)}"
        message = f"a response with status {self.status} and {kind} is no event stream"
        if self.reason is not None:
            message += f": {self.reason}"
        if self.body:
            message += f"; the body begins {show_reason(self.text)}"
        return message


class GaveUp(SSEError):
    """No event came for so long that the client asks no more: `max_failures` or `max_outage` of `Reconnection`.

    Attributes:
        failures: how many requests in a row brought no event.
        waited: how many seconds the client waited between them.

    >>> from sse_codec.resume import Reconnection
    >>> client = Reconnection(max_failures=2, jitter=0)
    >>> client.next_delay(), client.next_delay(), client.next_delay()
    Traceback (most recent call last):
        ...
    sse_codec.resume.GaveUp: 2 requests in a row brought no event, with 3 s of waiting
    """

    def __init__(self, failures: int, waited: float) -> None:
        super().__init__(failures, waited)
        self.failures = failures
        self.waited = waited

    def __str__(self) -> str:
        requests = "1 request" if self.failures == 1 else f"{self.failures} requests in a row"
        return f"{requests} brought no event, with {self.waited:.3g} s of waiting"


class Reconnection:
    r"""A client's connections, one after the other: when to ask, with which headers, and when to stop (9.2.3).

    Call `next_delay` before each request, the first one included, and wait that long. Then hand the response to
    `accept`, and its body to `decode` or `adecode`. A request that fails, or a connection that ends, in order or not,
    needs no call: the next one of `next_delay` knows. Redirects are the HTTP client's to follow. A client that feeds
    the decoder by itself calls `received` when an event came.

    How long it waits: the reconnection time, as the standard says: the latest `retry` field's, or `default_delay`. When
    the connection before brought no event, twice that after the second such connection in a row, four times after the
    third, and so on. An event is the proof that a server is well, and not its status: one that accepts each connection
    and drops it would be asked without end. Jitter only adds, because the standard has the client wait for the
    reconnection time at least; it comes after `max_delay`, so that clients which a long outage has brought there do not
    all come back at once.

    What it resumes behind: the decoder's `last_event_id` when the headers are asked for. With `decode` that is the last
    event given out; with `client.decoder.feed` it is the last one decoded. A client that handles events later still
    sets `decoder.last_event_id` to the last one it handled, before it calls `request_headers`. What a cut leaves of a
    block is dropped with its id, so the server sends the event again: not with `on_eof="dispatch"`, which gives out
    half an event and resumes behind it.

    Args:
        decoder: the one decoder of all connections; a new one unless given.
        default_delay: seconds to wait as long as no `retry` field has come; at least 0. 3 as in Chromium, which most
            servers are tried with; Firefox waits 5.
        min_delay: the shortest wait in seconds, more than 0. A limit against `retry: 0`; Firefox's is the same 0.5.
        max_delay: the longest wait in seconds, before jitter; at least `min_delay`, and finite. A limit against
            `retry: 1000000000000`, and for back-off; 120 is gRPC's.
        jitter: how much longer a wait may be, as a fraction of it, at least 0 and finite. 0.5 adds up to a half; 0 adds
            nothing.
        retry_statuses: statuses that are no reason to stop, such as `TRANSIENT_STATUSES`. None unless told, as the
            standard and browsers have it. 204 can't be one of them.
        max_failures: give up after so many requests in a row that brought no event; at least 1. None never gives up, as
            a browser, which has its page for as long as it is open.
        max_outage: give up rather than wait for more than so many seconds since the latest connection that brought an
            event; at least 0. It counts the waits, jitter included, and not the time that requests take: there is no
            clock here. None never gives up.
        random: returns numbers from 0 up to but not including 1; `random.random` unless given.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a number is outside its range, or `retry_statuses` holds 204.

    A whole client, with httpx:

    >>> def events(url):
    ...     client = Reconnection()
    ...     while (delay := client.next_delay()) is not None:
    ...         time.sleep(delay)
    ...         try:
    ...             with httpx.stream("GET", url, headers=client.request_headers()) as response:
    ...                 if client.accept(response.status_code, response.headers.get("Content-Type")):
    ...                     yield from client.decode(response.iter_bytes())
    ...         except httpx.TransportError:
    ...             pass  # refused, timed out, cut: ask again

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
        self._retry_statuses = frozenset(retry_statuses)
        for status in self._retry_statuses:
            _check_status(status)
        if _NO_CONTENT in self._retry_statuses:
            raise ValueError("retry_statuses can't hold 204: by it a server tells its clients to stop")
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
        """How many requests in a row brought no event, up to the latest `next_delay`; `max_failures` limits it."""
        return self._failures

    def next_delay(self) -> float | None:
        """End the connection before, if there was one; return the seconds to wait before the next request.

        Returns:
            0.0 the first time. None when there is to be no request: the server said so with 204, or `accept` or this
            method raised.

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

    def request_headers(self, *, encoding: Literal["ascii", "latin-1", "utf-8"] = "ascii") -> dict[str, str]:
        """Return the headers of the next request, as `sse_codec.request_headers` does; a new dict, to add to.

        Args:
            encoding: how your HTTP client turns the text of a header into bytes, as for `sse_codec.request_headers`.

        Raises:
            EncodeError: the stream has set an id that can't be sent back, by the rule of `sse_codec.request_headers`.
                To go on without it, set `decoder.last_event_id` to "" or to an earlier id.
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
        """Judge a response; True when it opens a connection, whose body is to be read (WHATWG HTML 9.2.3).

        The decoder is reset then, and so is ready for the body.

        Args:
            status: the response's status, after redirects.
            content_type: its `Content-Type` header; None when it has none.
            retry_after: its `Retry-After` header; looked at when the status is one of `retry_statuses`. Seconds count,
                up to `max_delay`; a date does not, for want of a clock.

        Returns:
            True for 200 with an event stream. False when there is nothing to read: a status of `retry_statuses`, after
            which `next_delay` says how long to wait, or 204, after which it says None.

        Raises:
            ConnectionFailed: for every other response; `next_delay` says None from now on. Keep the decoder and make a
                new Reconnection to try all the same.
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
            content_type = tuple(content_type)  # read twice, if it is to be shown
        # "if res's status is not 200, or if res's Content-Type is not text/event-stream, then fail the connection".
        if status == _OK and is_event_stream(content_type):
            self._decoder.reset()
            return True
        if status in self._retry_statuses:
            self._retry_after = wait
            return False
        self._stopped = True
        # "a client can be told to stop reconnecting using the HTTP 204 No Content response code" (9.2.1): for a client
        # that was told, an end and no error.
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
        r"""Decode the body of a response that was accepted, as `sse_codec.decode` with `decoder=client.decoder`.

        Each event also counts as `received`, that of `until` too. Arguments and errors are those of `sse_codec.decode`.

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
        """Decode the body of a response that was accepted, as `sse_codec.adecode` with `decoder=client.decoder`.

        Each event also counts as `received`, that of `until` too. Arguments and errors are those of
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
                self._received = True  # the event that was waited for, which is not given out
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
        """Say that the connection brought an event, so that the wait after it is the shortest again.

        `decode` and `adecode` call it for each event; once a connection would do. If you feed the decoder by yourself,
        you can call it for each chunk instead. Then comments count too: for a stream that may send nothing but
        keep-alives for as long as its connections last.
        """
        self._received = True

    def _draw(self) -> float:
        if self._random is None:
            from random import random  # here, because most clients that need it have loaded it, and a server has no use

            self._random = random
        return self._random()


class EventHistory:
    r"""The latest events of a stream as a server sent them, to send them again to a client that missed some.

    What `after` returns is complete or None: never a stream with a hole. It may begin with events that the client has,
    where ids do not tell them apart. A client reports the last id that it was given, so

    - an event without an id belongs behind the id before it, and is sent again to whoever reports that one;
    - an id that several events have stands for the first of them, as long as any of them is held;
    - "", which a client without an id reports by sending no `Last-Event-ID`, stands for the start of the stream. So it
      does behind an event with the id "", which resets.

    For a stream that is resumed without doubles give every event an id of its own. An id that is used again after all
    its uses were dropped stands for the new place.

    Events are held as bytes, since that is what every client is sent: each is encoded once, when it is appended.
    Appending takes constant time on average, looking up the time of what is returned.

    Memory: `max_bytes` counts what is kept of each event: its block, and its id once more, by which it is found, with
    one byte for each character, or four when it is not all ASCII. Objects and tables come to 300 bytes at most for each
    event besides, or 100 without an id (CPython, 64 bits). Whatever the limits, the latest id and that of the latest
    event that was dropped are kept.

    Args:
        max_events: how many events to hold at most, at least 1.
        max_bytes: how many bytes to keep of events and their ids at most, at least 1; 8 MiB unless told. An event that
            is larger is not held, nor what came before it.

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
        # Places are counted from the start of the stream: place n is behind its first n events. The blocks held are
        # those from `_start` on. An id is known while its place is not before `_start`: also that of the latest event
        # that was dropped, since nothing behind it is missing. So `_ids` begins with that one.
        self._start = 0
        self._ids: deque[str | None] = deque([None])
        self._first: dict[str, int] = {}  # the place behind the first use of an id
        self._again: dict[str, int] = {}  # the place behind the last use, of those ids that were used more than once

    @property
    def last_event_id(self) -> str:
        """What a client reports that has received everything: the latest id; "" when there was none, or it was reset.

        For a server that follows its own history, and for a new client that is to start with what comes next.
        """
        return self._last_event_id

    def append(self, event: ServerSentEvent) -> bytes:
        """Add the next event of the stream; return it encoded, as it is to be sent.

        When it raises, the history is as it was before.

        Raises:
            EncodeError: it can't be sent, and is not added; as `encode`.
            TypeError: it is no ServerSentEvent, or one of its values is of the wrong type.
        """
        block = encode(event)
        id = None if event._id is None else _text("id", event._id)  # as `encode` takes it
        self._blocks.append(block)
        try:
            self._ids.append(id)
            if id:
                uses = self._again if id in self._first else self._first
                uses[id] = self._start + len(self._blocks)
        except BaseException:  # MemoryError: each of the three may have to grow
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
        """Return what a client has missed, to be sent before what comes next; None when that is not known.

        Args:
            last_event_id: the last event ID that the client reports, as `parse_last_event_id` returns it. "" is a
                client without one, and asks for the whole stream; a server whose new clients start with what comes
                next does not ask.

        Returns:
            The blocks behind that event in order, none when it was the latest. None when some of them are held no more,
            and when the id is unknown: send the whole state, or whatever a new client is sent.

        Raises:
            TypeError: `last_event_id` is not a str.
        """
        if not isinstance(last_event_id, str):
            raise TypeError(f"last_event_id must be a str, not {type(last_event_id).__name__}: see parse_last_event_id")
        place = self._first.get(last_event_id, -1) if last_event_id else 0
        if place < self._start:
            return None
        missed = self._start + len(self._blocks) - place
        return tuple(islice(reversed(self._blocks), missed))[::-1]  # from the end, to touch no more than is returned

    def _drop(self) -> None:
        """Drop the oldest event, and forget the id of the one before it, which nobody can resume behind any more."""
        id = self._ids.popleft()
        self._size -= len(self._blocks.popleft()) + _kept(self._ids[0])
        if id and self._again.get(id, self._first[id]) == self._start:
            del self._first[id]
            self._again.pop(id, None)
        self._start += 1


def _kept(id: str | None) -> int:
    """Return how many bytes an id takes at most, besides its object: CPython has one, two or four for a character."""
    if id is None:
        return 0
    return len(id) if id.isascii() else 4 * len(id)


def _check_status(status: int) -> None:
    if not isinstance(status, int):
        raise TypeError(f"a status is an int, not {type(status).__name__}")


def _seconds(retry_after: str | bytes | None) -> float:
    """Read a `Retry-After` header; 0.0 when there is none, or it is not a number of seconds."""
    if retry_after is None:
        return 0.0
    if isinstance(retry_after, bytes):
        retry_after = retry_after.decode("latin-1")
    if not isinstance(retry_after, str):
        raise TypeError(f"a Retry-After is str, bytes or None, not {type(retry_after).__name__}")
    return float(parse_retry(retry_after.strip("\t ")) or 0)  # RFC 9110, 10.2.3: digits, as in a `retry` field


def _number(name: str, value: float) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not 0 <= value < float("inf"):  # NaN neither
        raise ValueError(f"{name} must be at least 0 and finite, not {show(value)}")
    return float(value)
