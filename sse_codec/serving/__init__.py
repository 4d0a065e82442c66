"""Turn events into response bodies for production: keep-alives, failures, stalled readers, shutdown, many listeners.

`stream` and `astream` are the counterparts of `decode` and `adecode`: they take an iterable of events, and return the
bytes of a response body. `Channel` sends each event to any number of listeners, and sends those that reconnect what
they have missed. Pass the returned body to your framework's streaming response. Nothing here imports a framework.

- `stream(events)`: for servers that use threads (WSGI: Flask, Django, gunicorn; http.server).
- `astream(events)`: for servers that use coroutines (ASGI: FastAPI, Starlette, Litestar, Quart, Django; aiohttp). It
  needs asyncio, and raises RuntimeError under trio.
- `Channel().stream(last_event_id)` and `.astream(last_event_id)`: the same kinds of body, for many listeners.
- `respond`: a whole response in raw ASGI. `send_within`: a time limit for readers that stall.
- `end_streams` and `end_streams_on_signals`: end all open streams when the server stops.

>>> from sse_codec import ServerSentEvent
>>> from sse_codec.serving import stream
>>> list(stream([ServerSentEvent("one"), ServerSentEvent("two")]))
[b': \\n\\n', b'data: one\\n\\n', b'data: two\\n\\n']
"""

from ._asgi import respond
from ._async import AsyncStream, astream
from ._channel import AsyncListener, Channel, Listener
from ._send import SendTimeout, send_within
from ._shutdown import end_streams, end_streams_on_signals
from ._sync import Stream, stream
from ._wire import Sendable

__all__ = [
    "AsyncListener",
    "AsyncStream",
    "Channel",
    "Listener",
    "SendTimeout",
    "Sendable",
    "Stream",
    "astream",
    "end_streams",
    "end_streams_on_signals",
    "respond",
    "send_within",
    "stream",
]

# As in `sse_codec`: tracebacks, pickles and reprs name the module that a name is imported from.
for _name in __all__:
    if isinstance(globals()[_name], type) or hasattr(globals()[_name], "__code__"):
        globals()[_name].__module__ = __name__
del _name  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
