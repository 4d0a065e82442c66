"""Keep track of the streams and channels of this process, to end them when the process stops."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

#: The signals that stop servers. gunicorn sends its workers SIGQUIT after a Ctrl-C. Windows has SIGBREAK.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)]

#: How many seconds the process waits at its end for the `finally` of generators in threads.
_PATIENCE = 1.0

#: For how many seconds after a signal new streams end immediately, too. A server accepts connections until it notices
#: the signal, and would wait forever for a stream that begins in between. The process may also go on after all.
_STOPPING = 5.0


# These belong to no event loop: each stream knows its own. The lock is reentrant because a signal handler may interrupt
# its holder.
_lock = threading.RLock()
_live: weakref.WeakKeyDictionary[object, Callable[[Any], None]] = weakref.WeakKeyDictionary()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


class _Stop:
    """Until when new streams end immediately, by `time.monotonic`."""

    until = float("-inf")


_stop = _Stop()


def register(stream: object, end: Callable[[Any], None]) -> None:
    """Add a stream to those that `end_streams` ends, for as long as the stream exists. End it if the process stops.

    Args:
        stream: the stream, or a channel.
        end: ends it without waiting. It must work in any thread and in a signal handler.
    """
    with _lock:
        _live[stream] = end
    if time.monotonic() < _stop.until:
        end(stream)


def register_thread(thread: threading.Thread) -> None:
    """Make the process wait a moment for a thread at its end."""
    with _lock:
        _threads.add(thread)


def end_streams() -> None:
    """End all open streams and close all channels of this process, because it is about to stop.

    Each stream ends normally: its source is closed, and then the response ends. A client that follows the standard
    reconnects and reaches the next process. The call does not wait, and may be made from any thread and any signal
    handler. A source that is busy in a thread is closed when it next yields.

    The process also does this at exit, and then waits up to a second for the `finally` of generators in threads.

    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.serving import end_streams, stream
    >>> body = stream([ServerSentEvent("one"), ServerSentEvent("two")])
    >>> next(body), next(body)
    (b': \\n\\n', b'data: one\\n\\n')
    >>> end_streams()
    >>> list(body)
    []
    """
    with _lock:
        live = list(_live.items())
    for stream, end in live:
        end(stream)


def end_streams_on_signals(*signals: int) -> None:
    """Make signals end all streams first, before the server's own handlers stop the server.

    Most servers wait for open responses before they stop, so an event stream keeps them waiting forever. They also
    accept connections for a moment after the signal, so streams that begin within five seconds of it end immediately.

    Call this after the server has installed its own handlers, or they will replace these. In ASGI, call it in the
    request: more calls are cheap and do nothing. In WSGI, call it where the application is created, which in gunicorn's
    workers is late enough, or just before `serve()` with servers that install no handlers.

    If the signal had no handler, as is usual for SIGTERM, the process exits through `sys.exit`. Outside the main thread
    this function does nothing, because Python handles signals only in the main thread. So your application still runs
    under a test client.

    Args:
        signals: the signals. By default SIGINT (Ctrl-C) and SIGTERM, plus SIGQUIT and SIGBREAK if the server handles
            them.
    """
    if threading.current_thread() is threading.main_thread():
        for number in signals or _SIGNALS:
            before = signal.getsignal(number)
            handled = callable(before) or number in signals or number in {signal.SIGINT, signal.SIGTERM}
            if handled and not isinstance(before, _Handler):
                signal.signal(number, _Handler(before))


class _Handler:
    """Ends all streams, then calls the previous handler."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        has_handler = callable(self._before)  # otherwise, the process ignores the signal, or exits here
        if has_handler:
            _stop.until = time.monotonic() + _STOPPING
        end_streams()
        if has_handler:
            self._before(number, frame)
        elif self._before == signal.SIG_DFL:
            sys.exit(128 + number)


@atexit.register
def _at_exit() -> None:
    end_streams()
    end = time.monotonic() + _PATIENCE
    with _lock:
        threads = list(_threads)
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
