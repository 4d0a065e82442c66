"""From events to a production stream: keep-alives, failures, readers that leave or stall, shutdown, many listeners.

`stream` and `astream` are the counterparts of `decode` and `adecode`: an iterable of events goes in, the bytes of a
response body come out. `Channel` sends each event to any number of listeners, and gives those who come back what they
have missed. Hand what they return to your framework's streaming response; nothing here imports a framework.

- `stream(events)`: for servers of threads (WSGI: Flask, Django, gunicorn; http.server).
- `astream(events)`: for servers of coroutines (ASGI: FastAPI, Starlette, Litestar, Quart, Django; aiohttp). It needs
  asyncio, and says so under trio.
- `Channel().stream(last_event_id)` and `.astream(last_event_id)`: the same bodies, of one stream for all.
- `respond`: a whole response in raw ASGI. `send_within`: a limit for readers that stall.
- `end_streams` and `end_streams_on_signals`: end what is open when the server stops.

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

# As in `sse_codec`: tracebacks, pickles and reprs name the place a name is imported from.
for _name in __all__:
    if isinstance(globals()[_name], type) or hasattr(globals()[_name], "__code__"):
        globals()[_name].__module__ = __name__
del _name  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
