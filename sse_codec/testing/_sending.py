"""Sends events through a producer, one stream after the other, and collects the bytes.

A callable returns the bytes of each event; an endpoint sends them on one open connection. After the events of a case,
one more event follows: if the producer left something open, it swallows that event.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from secrets import token_hex
from typing import Any, NamedTuple, Protocol

from sse_codec._decoder import Decoder
from sse_codec._event import ReceivedEvent, ServerSentEvent

from ._endpoints import Connection, Endpoint, Failed, PerStream, Wrong
from ._options import is_one_of
from ._reference import remembered_decode
from ._report import Final, NotConforming, section, show_bytes, show_value
from ._rules import BLANK_LINE, RESPONSE
from ._shape import Shape
from ._worker import Hang, Worker, has_running_loop

#: How many seconds an event may take to arrive before the check decides that nothing comes.
_TO_ARRIVE = 5.0
#: How many seconds to wait before sending the next event anyway. That is harmless: events come in order, and an event
#: that seems late is tried again with more patience. Once an event has failed to come, the second value saves time.
_TO_SEND_MORE = 0.5
_TO_SEND_MORE_LATER = 0.05
#: How many seconds a stream may go on after its event before it is taken for an endless one.
_TO_END = 1.0
#: How many turns of the event loop an endless stream gets to add something after an event.
_TURNS = 20
#: How many pieces a stream may add after its event before it is taken for an endless one.
_PIECES = 10_000


#: Types of results that are complete, so they are not read piece by piece.
_AT_ONCE = (bytes, str, bytearray, memoryview, list, tuple)


class NotSent(Exception):
    """The tested object is not a producer: a mistake in the test, not a finding."""


class Behind(NamedTuple):
    """The event after all others, and its bytes if the kit sends it instead of the producer."""

    event: ServerSentEvent
    wire: bytes


#: The event that the kit sends.
OURS = Behind(ServerSentEvent("behind"), b"data: behind\n\n")


class Sending(Protocol):
    """Sends through a producer, for the law."""

    worker: Worker
    #: Whether each case is a new stream. Otherwise, the cases follow each other on one connection.
    starts_streams: bool
    #: Whether something did not come in time during this case.
    was_late: bool

    @property
    def wire(self) -> bytes:
        """The bytes sent in this case so far."""
        ...

    @property
    def last_event_id(self) -> str:
        """The last event ID when the case started."""
        ...

    def start(self) -> None:
        """Start a case."""

    def send(self, event: ServerSentEvent, *, is_spoilt: bool) -> None:
        """Send an event. Raises what the producer raises, Hang or NotSent."""

    def comment(self, make: Callable[[str], Any], text: str) -> None:
        """Send a comment."""

    def behind(self) -> Behind:
        """Send an event after all others."""
        ...

    def one_more(self, behind: Behind) -> bytes:
        """Send one more event and return its bytes, or no bytes if that is pointless."""
        ...

    def end(self, *, is_fine: bool) -> None:
        """End the case."""

    def is_old(self, event: ReceivedEvent) -> bool:
        """Tell whether an event was sent after an earlier case."""
        ...

    def much_patience(self) -> contextlib.AbstractContextManager[None]:
        """Wait longer for what does not come."""
        ...


@contextlib.contextmanager
def streams_of(
    produce: Any, worker: Worker, shape: Shape, is_its_own: Callable[[ReceivedEvent], bool], *, endless: bool
) -> Generator[Sending, None, None]:
    """Return an object that sends through a producer, and close it afterwards.

    `is_its_own` tells which events the producer adds.
    """
    if isinstance(produce, Endpoint):
        live = _Live(produce, worker, shape, is_its_own)
        try:
            yield live
        finally:
            live.close()
    else:
        yield _Called(produce, worker, endless=endless)


class _Called:
    """A callable that returns what to send for each event."""

    starts_streams = True
    last_event_id = ""

    def __init__(self, produce: Any, worker: Worker, *, endless: bool) -> None:
        self.worker = worker
        self.was_late = False
        self._make = produce.factory if isinstance(produce, PerStream) else lambda: produce
        self._is_endless = endless
        self._to_arrive = _TO_ARRIVE
        self._has_sent = False
        self.start()

    def start(self) -> None:
        self._wire = bytearray()
        self._decoder = Decoder(max_event_size=None)
        self._produce: Callable[[ServerSentEvent], Any] | None = None
        self._arrived_at: float | None = None  # when the first event arrived after the last send
        self.was_late = False

    @property
    def wire(self) -> bytes:
        return bytes(self._wire)

    def send(self, event: ServerSentEvent, *, is_spoilt: bool) -> None:
        self._arrived_at = None

        def send() -> None:
            produce = self._produce = self._make() if self._produce is None else self._produce
            produced = produce(event)
            if produced is None and not is_spoilt and not self._has_sent:
                raise NotSent("the producer returned None instead of bytes, str or an iterable of either")
            self._take(produced, is_spoilt=is_spoilt)
            self._has_sent = True

        try:
            self.worker(send, self._goes_on)
        except Hang:
            if is_spoilt and self._is_endless:
                return  # it sends nothing
            if self._arrived_at is not None:
                raise NotSent(
                    "what the producer returned does not end after its event. With endless=True, the check reads it "
                    "until the event has arrived, and closes it. For a whole endpoint, use asgi(), wsgi() or http() "
                    "of sse_codec.testing"
                ) from None
            raise

    def _goes_on(self) -> bool:
        """Tell whether a stream stays open after its event has arrived, but sends nothing."""
        return self._arrived_at is not None and time.monotonic() - self._arrived_at > _TO_ARRIVE

    def comment(self, make: Callable[[str], Any], text: str) -> None:
        self.worker(lambda: self._take(make(text), is_spoilt=True))

    def behind(self) -> Behind:
        return OURS

    def one_more(self, behind: Behind) -> bytes:
        before = len(self._wire)
        with contextlib.suppress(Exception, Hang):
            self.send(behind.event, is_spoilt=True)
        return bytes(self._wire[before:])

    def end(self, *, is_fine: bool) -> None:
        """Do nothing: a case leaves nothing behind."""

    def is_old(self, event: ReceivedEvent) -> bool:  # noqa: ARG002  # each case is a new stream
        return False

    #: Nothing comes late, so there is no need to wait.
    much_patience = staticmethod(contextlib.nullcontext[None])

    def _add(self, piece: Any) -> bool:
        """Add what was sent, and tell whether an event has arrived since the last send."""
        if is_one_of(piece, str, bytes, bytearray, memoryview):
            data: bytes = piece.encode() if is_one_of(piece, str) else bytes(piece)
            self._wire += data
            if self._decoder.feed(data) and self._arrived_at is None:
                self._arrived_at = time.monotonic()
        elif hasattr(piece, "__iter__") and not is_one_of(piece, Mapping):
            for part in piece:
                self._add(part)
        else:
            raise NotSent(f"the producer gave {show_value(piece)} instead of bytes, str or an iterable of either")
        return self._arrived_at is not None

    def _take(self, produced: Any, *, is_spoilt: bool) -> None:
        """Add what a producer returned, in the worker."""
        if hasattr(produced, "__await__"):
            produced = self.worker.resolve(produced)
        if produced is None:
            return
        if hasattr(produced, "__aiter__"):
            self.worker.finish(lambda: self._take_async(produced, is_spoilt=is_spoilt))
        elif hasattr(produced, "__next__"):
            self._take_each(produced, produced)
        elif hasattr(produced, "__iter__") and not is_one_of(produced, *_AT_ONCE, Mapping):
            self._take_each(iter(produced), produced)
        else:
            self._add(produced)

    def _take_each(self, produced: Iterator[Any], closed: Any) -> None:
        pieces = 0
        try:
            for piece in produced:
                if self._add(piece):
                    pieces += 1
                    if self._is_endless or self._seems_endless(pieces):
                        self._is_endless = True
                        break
        finally:
            if hasattr(closed, "close"):
                closed.close()

    def _seems_endless(self, pieces: int) -> bool:
        return pieces > _PIECES or time.monotonic() - (self._arrived_at or 0) > _TO_END

    async def _take_async(self, produced: Any, *, is_spoilt: bool) -> None:
        """Read an async iterable to its end, or until it has sent its event and nothing more follows."""
        if not has_running_loop():  # another library's loop, whose tasks we can't control
            try:
                async for piece in produced:
                    if self._add(piece) and self._is_endless:
                        break
            finally:
                if hasattr(produced, "aclose"):
                    await produced.aclose()
            return
        arrived = asyncio.Event()

        async def read() -> None:
            async for piece in produced:
                if self._add(piece):
                    arrived.set()
                    await asyncio.sleep(0)  # a stream that never waits would block the loop

        # In one task, because the iterable may have scopes that must be left in the task that entered them.
        reading = asyncio.ensure_future(read())
        waiting = asyncio.ensure_future(arrived.wait())
        try:
            seconds = self._to_arrive if not (is_spoilt and self._is_endless) else _TO_SEND_MORE_LATER
            await asyncio.wait({reading, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done() and not arrived.is_set():
                if not is_spoilt:
                    self._to_arrive = _TO_SEND_MORE_LATER
                self._is_endless = True
            elif self._is_endless:
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
            else:
                await asyncio.wait({reading}, timeout=_TO_END)
                self._is_endless = not reading.done()
        finally:
            waiting.cancel()
            if not reading.done():
                reading.cancel()
            await asyncio.wait({reading, waiting}, timeout=_TO_END)
        if reading.done() and not reading.cancelled():
            reading.result()


#: The data of the event that is sent after a case.
_MARK = "sse-codec behind {}-{}."
#: After how many such events without an end the check stops waiting for an end.
_UNENDED = 3
_MARKED = re.compile(r"sse-codec behind (\w+)-(\d+)\.")


def mark(name: str, number: int) -> ServerSentEvent:
    """Return an event that the check sends before or after a case."""
    return ServerSentEvent(_MARK.format(name, number))


def is_mark(event: ServerSentEvent) -> bool:
    """Tell whether an event is one that the check sends before or after a case."""
    return _MARKED.search(event.data) is not None


class _Live:
    """An endpoint, on a connection that stays open from case to case until a case fails."""

    starts_streams = False

    def __init__(
        self, endpoint: Endpoint, worker: Worker, shape: Shape, is_its_own: Callable[[ReceivedEvent], bool]
    ) -> None:
        self.worker = worker
        self._is_its_own = is_its_own
        self.was_late = False
        self._endpoint = endpoint
        self._shape = shape
        self._connection: Connection | None = None
        self._name = token_hex(3)
        self._decoder = Decoder(max_event_size=None)
        self._wire = bytearray()
        self._marks = self._mark = self._mark_arrived = 0
        self._arrived = self._sent = 0
        self._has_ended = False
        self._to_send_more = _TO_SEND_MORE
        self.last_event_id = ""
        self.worker(lambda: self._endpoint.start(self.worker))

    @property
    def wire(self) -> bytes:
        return bytes(self._wire)

    def close(self) -> None:
        """Leave the endpoint."""

        def close() -> None:
            self._disconnect()
            self._endpoint.stop(self.worker)

        with contextlib.suppress(Hang):
            self.worker(close)

    def start(self) -> None:
        if self._connection is None:
            try:
                self.worker(self._connect)
            except Exception as error:  # noqa: BLE001  # no other case could do better
                raise Final(error) from None
        self.was_late = False
        self._arrived = self._sent = 0
        self.last_event_id = self._decoder.last_event_id

    def send(self, event: ServerSentEvent, *, is_spoilt: bool) -> None:
        def send() -> None:
            self._publish(event)
            if is_spoilt:
                return
            self._sent += 1
            self._read_until(lambda: self._arrived >= self._sent, self._to_send_more)

        self.worker(send)

    def comment(self, make: Callable[[str], Any], text: str) -> None:
        if self.worker(lambda: self._call(make, text)) is not None:
            raise NotSent("comment must make the endpoint send a comment, and return None")

    def behind(self) -> Behind:
        return self.worker(self._behind)

    def one_more(self, behind: Behind) -> bytes:  # noqa: ARG002  # `behind` has already sent more
        return b""

    def end(self, *, is_fine: bool) -> None:
        if not is_fine or self._has_ended:
            self.worker(self._disconnect)
        elif ends := remembered_decode(b"\n" + self.wire, last_event_id=self.last_event_id).ends:  # as the law has it
            del self._wire[: ends[-1] - 1]

    def is_old(self, event: ReceivedEvent) -> bool:
        mark = self._number(event)
        return mark is not None and mark != self._mark

    @contextlib.contextmanager
    def much_patience(self) -> Generator[None, None, None]:
        patience, self._to_send_more = self._to_send_more, _TO_ARRIVE
        try:
            yield
        finally:
            self._to_send_more = patience

    # In the worker.

    def _call(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """Call a function of the test on the event loop, and await its result if possible."""

        async def call() -> Any:
            result = function(argument)
            return await result if hasattr(result, "__await__") else result

        return self.worker.finish(call)

    def _publish(self, event: ServerSentEvent) -> None:
        self._call(self._endpoint.publish, event)

    def _next_mark(self) -> ServerSentEvent:
        self._marks += 1
        return self._shape.event(mark(self._name, self._marks))

    def _number(self, event: ServerSentEvent) -> int | None:
        """Return the number of an event that was sent after a case, or 0 if an earlier check sent it; else None."""
        found = _MARKED.search(event.data)
        return None if not found else int(found[2]) if found[1] == self._name else 0

    def _behind(self) -> Behind:
        event = self._next_mark()
        self._mark = self._marks
        if self._has_ended:
            return OURS
        self._publish(event)
        # A producer that is late sends the event when another follows.
        for seconds in (self._to_send_more, self._to_send_more, _TO_ARRIVE):
            if self._has_ended or self._read_until(self._has_mark, seconds):
                break
            if not self._has_ended:
                self._publish(self._next_mark())
        return OURS if self._has_ended else Behind(event, b"")

    def _has_mark(self) -> bool:
        return self._mark_arrived >= self._mark

    def _read_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Read from the connection until a condition is true. Return False if time runs out or the stream ends."""
        end = time.monotonic() + seconds
        while not condition():
            if self._connection is None or self._has_ended:
                return False
            left = end - time.monotonic()
            try:
                data = self._connection.read(left) if left > 0 else None
            except Failed as failed:
                self._has_ended = True
                raise failed.error from None
            except Wrong as wrong:
                raise self._not_a_stream(wrong) from None
            if data is None:
                self.was_late = True
                self._to_send_more = min(self._to_send_more, _TO_SEND_MORE_LATER)
                return False
            if not data:
                self._has_ended = True
            self._add(data)
        return True

    def _add(self, data: bytes) -> None:
        self._wire += data
        for event in self._decoder.feed(data):
            number = self._number(event)
            if number is not None:
                self._mark_arrived = max(self._mark_arrived, number)
            elif not self._is_its_own(event):
                self._arrived += 1

    def _connect(self) -> None:
        """Connect, and wait until published events arrive. Whatever comes before is a greeting."""
        self._wire.clear()
        self._decoder.reset()
        self._decoder.last_event_id = ""
        self._has_ended = False
        self._mark = self._marks + 1
        self._connection = self._endpoint.connect(self.worker)
        end = time.monotonic() + _TO_ARRIVE
        wait = 0.02
        while time.monotonic() < end and not self._has_ended:
            self._publish(self._next_mark())
            to_arrive = self._to_send_more
            has_arrived = self._read_until(self._has_mark, wait)
            self._to_send_more = to_arrive
            if has_arrived:
                self._wire.clear()
                return
            wait = min(wait * 2, 1.0)
            if len(_MARKED.findall(self._wire.decode("utf-8", "replace"))) > _UNENDED:
                break
        came = bytes(self._wire)
        self._disconnect()
        if _MARKED.search(came.decode("utf-8", "replace")):
            what = f"{self._endpoint} sends published events, but does not end them with a blank line"
            body = section("what it sends", [show_bytes(came)])
            raise NotConforming(BLANK_LINE, what, body, case=[], wire=came, expected=[], got=[])
        when = "before it ended" if self._has_ended else f"within {_TO_ARRIVE:g} seconds"
        raise TimeoutError(
            f"{self._endpoint} was opened and events were published, but none arrived {when}. The stream so far: "
            f"{show_bytes(came)}. Does publish reach connected clients, and does each event end with a blank line?"
        )

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close(lambda: self._publish(self._next_mark()))

    def _not_a_stream(self, wrong: Wrong) -> NotConforming:
        self._has_ended = True
        self._disconnect()
        what = f"{self._endpoint} answers with status {wrong.status} and Content-Type {show_value(wrong.content_type)}"
        body = section("what it answers", [show_bytes(wrong.body)])
        return NotConforming(RESPONSE, what, body, case=[], wire=wrong.body, expected=[], got=[])
