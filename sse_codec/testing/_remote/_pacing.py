"""One stream on its way to a client: a case, sent in real chunks with real pauses, and what the client reports of it.

The client reports events while it reads. These reports show with which chunk each event came, so no clock has to decide
whether an event was in time.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sse_codec._event import Field
from sse_codec.testing._reference import reference_decode

from ._messages import CannotGoOn, Reading
from ._server import Request, Server

#: In the second attempt, an event is late after this many times the grace.
_PATIENT = 10


class Case:
    """One stream, and how much of it was sent and reported.

    Args:
        number: its place in the run, from 1.
        chunks: the stream.
        pause: how long to wait after each chunk, in seconds, so that chunks arrive separately.
        grace: how long to wait for the report of a complete event, in seconds. 0 means that the client does not report
            events while it reads.
    """

    def __init__(self, number: int, chunks: Sequence[bytes], pause: float, grace: float) -> None:
        self.number = number
        self._chunks = chunks
        self._pause = pause
        self._grace = grace
        reference = reference_decode(b"".join(chunks))
        self._ends = reference.ends
        #: The types of its events, including the types that a faulty client might read.
        self.types = sorted(
            {event.event for event in reference.events}
            | {form for line in reference.lines if isinstance(line, Field) for form in _forms(line)} - {""}
        )
        self._changed = threading.Condition()
        self._sent = 0
        self._came: list[int] = []
        self._released = False
        #: Whether a client has requested it.
        self.is_asked = False
        #: Whether a complete event was not reported in time.
        self.was_late = False
        #: Whether all of it was sent, or the client left.
        self.is_sent = False

    def ask(self) -> bool:
        """Note that a client requests it; return whether this is the first request."""
        with self._changed:
            first = not self.is_asked
            self.is_asked = True
            self._changed.notify_all()
            return first

    def send(self, write: Callable[[bytes], None]) -> None:
        """Send the chunks. After each, pause, or wait up to the grace until all complete events are reported."""
        size = 0
        for chunk in self._chunks:
            size += len(chunk)
            with self._changed:
                self._sent += 1
            if chunk:
                write(chunk)
            complete = sum(end <= size for end in self._ends)
            if not self._grace or complete <= len(self._came):
                time.sleep(self._pause)
            else:
                self.was_late |= not self.wait(partial(self._has_seen, complete), self._grace)
        with self._changed:
            self._sent += 1  # events reported from now on came with the end

    def end(self) -> None:
        """Note that all of it was sent, or that the client left."""
        with self._changed:
            self.is_sent = True
            self._changed.notify_all()

    def saw(self, count: int) -> None:
        """Note that the client has reported this many events so far."""
        with self._changed:
            self._came += [self._sent - 1] * (count - len(self._came))
            self._changed.notify_all()

    def _has_seen(self, count: int) -> bool:
        return len(self._came) >= count

    def with_chunks(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return events with the numbers of the chunks that they came with, where those are known."""
        came = iter(self._came)
        numbered: list[dict[str, Any]] = []
        for event in events:
            chunk = None if "comment" in event else next(came, None)
            numbered.append(event if chunk is None else {"chunk": chunk, **event})
        return numbered

    @property
    def seen(self) -> int:
        """How many events have been reported."""
        return len(self._came)

    def wait(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until the condition is true or the case is over; return whether the condition is true.

        The timeout starts again with each event that is reported, because there may be many.
        """
        with self._changed:
            while not self._released and not condition():
                if not self._changed.wait_for(partial(self._has_come_further, self.seen, condition), timeout):
                    break
            return condition()

    def _has_come_further(self, seen: int, condition: Callable[[], bool]) -> bool:
        return self._released or self.seen > seen or condition()

    def change(self, change: Callable[[], None]) -> None:
        """Make a change, and wake the threads that wait for one."""
        with self._changed:
            change()
            self._changed.notify_all()

    def release(self) -> None:
        """End all waits, because the case is over."""

        def over() -> None:
            self._released = True

        self.change(over)


class Paced(ABC):
    """A remote that reads streams over HTTP and can report events while it reads.

    Args:
        timeout: how long each step may take, in seconds.
        pause: how long to wait after each chunk, in seconds.
        grace: how long the report of a complete event may take, in seconds.
    """

    _server: Server

    def __init__(self, *, timeout: float, pause: float, grace: float) -> None:
        self._timeout = timeout
        self._pause = pause
        self._grace = grace
        self._number = 0
        self._is_late = False

    def _listen(self, host: str, port: int, application: Callable[[Request], None]) -> None:
        """Start the server; raises CannotGoOn."""
        try:
            self._server = Server((host, port), application)
        except OSError as error:
            raise CannotGoOn(f"{host}:{port}: {error.strerror or error}") from None

    def fresh(self) -> None:
        """Forget that an event was late."""
        self._is_late = False

    def read(self, chunks: list[Any]) -> Reading:
        """Have one stream read. Repeat the first one that is late, with more time, because the machine may be busy."""
        case, reading = self._read(chunks, self._grace)
        if case.was_late and not self._is_late:
            case, reading = self._read(chunks, _PATIENT * self._grace)
            self._is_late = case.was_late
        return reading

    @abstractmethod
    def _read(self, chunks: list[Any], grace: float) -> tuple[Case, Reading]:
        """Have one stream read, and allow `grace` seconds for the report of each complete event."""


def _forms(line: Field) -> set[str]:
    """Return the types that a client might read from a line."""
    if line.name.strip().lower() != "event":
        return set()
    value = line.value
    return {value, value.strip(), f" {value}", value.replace("\0", ""), value.partition("\0")[0]}
