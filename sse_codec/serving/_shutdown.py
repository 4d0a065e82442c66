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
    """End all open streams and close all channels of this process, because it is about to stop.

    Each stream ends in order: its source is closed, and then the response ends. A client that follows the standard
    comes back and finds the next process. The call does not wait, and may come from any thread and any signal handler.
    A source in a thread that is busy is closed when it next yields.

    The end of the process does the same by itself, and waits up to a second for the `finally` of generators in threads.

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
    """Have signals end all streams first, before the server's own handlers stop the server.

    Most servers wait for open responses before they stop, and so for ever if one is an event stream. Call this when the
    server has installed its own handlers, or they will replace these. In ASGI, call it in the request: calling it again
    is cheap and does nothing. In WSGI, call it where the application is made, which gunicorn's workers do late enough,
    or just before `serve()` with servers that install no handlers.

    If the signal had no handler, as is usual for SIGTERM, the process exits through `sys.exit`. Outside the main thread
    this function does nothing, because Python handles signals there alone; so your application still runs under a
    test client.

    Args:
        signals: unless given: SIGINT (Ctrl-C) and SIGTERM, and also SIGQUIT and SIGBREAK if the server handles them.
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
