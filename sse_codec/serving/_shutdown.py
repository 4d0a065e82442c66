"""The streams and channels of this process, so that they can be ended when it is told to stop."""

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

#: What servers are told to stop with: gunicorn tells its workers by SIGQUIT of a Ctrl-C; SIGBREAK is of Windows.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)]

#: How many seconds the end of the process waits for the `finally` of generators in threads.
_PATIENCE = 1.0


# Neither belongs to an event loop: what is ended knows its own. The lock is reentrant because a signal handler may
# interrupt its holder.
_lock = threading.RLock()
_live: weakref.WeakKeyDictionary[object, Callable[[Any], None]] = weakref.WeakKeyDictionary()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def register(stream: object, end: Callable[[Any], None]) -> None:
    """Have a stream ended with the others, for as long as somebody holds it.

    Args:
        stream: the stream, or a channel.
        end: ends it, from any thread and within a signal handler, without waiting.
    """
    with _lock:
        _live[stream] = end


def register_thread(thread: threading.Thread) -> None:
    """Have the end of the process wait a moment for a thread."""
    with _lock:
        _threads.add(thread)


def end_streams() -> None:
    """End all open streams and close all channels of this process; for when the server is about to stop.

    Each stream ends in order: its source is closed, and so is the response. It can be called from any thread and from a
    signal handler, and does not wait. A source in a thread that is busy is closed when it next yields. A client
    that follows the standard comes back, and finds the next process.

    The end of the process does the same by itself, and waits up to a second for the `finally` of generators.

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
    """From now on end all streams when the process gets one of these signals; then what handled it before goes on.

    Most servers wait at their end for the responses that are open, and so for ever for an event stream. Call this once
    the server has set its own handlers, or it will replace this one. In ASGI that is each request: calling it again
    costs next to nothing, and does nothing. In WSGI it is the module of the application, which gunicorn's workers
    load late enough, or just before `serve()` for servers that set no handlers.

    Where nothing handled the signal before, as is usual for SIGTERM, the process exits by `sys.exit`.

    Outside of the main thread it does nothing: signals are handled there alone. So an application that calls it still
    runs under a test client.

    Args:
        signals: unless told SIGINT (Ctrl-C) and SIGTERM, and SIGQUIT and SIGBREAK if the server handles them.
    """
    if threading.current_thread() is threading.main_thread():
        for number in signals or _SIGNALS:
            before = signal.getsignal(number)
            handled = callable(before) or number in signals or number in {signal.SIGINT, signal.SIGTERM}
            if handled and not isinstance(before, _Handler):
                signal.signal(number, _Handler(before))


class _Handler:
    """Ends all streams, and does what was done before."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        end_streams()
        if callable(self._before):
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
