r"""Read events from the response of any HTTP library, and reconnect when the stream is cut.

- `events(response)` and `aevents(response)` yield the events of one response. `blocks` and `ablocks` yield `Block`s.
- `connect(open)` and `aconnect(open)` yield the events of one stream over many connections. They reconnect, wait and
  stop as the standard says (WHATWG HTML 9.2.3).

The response may come from httpx, httpx2, requests, urllib3, urllib.request, http.client, aiohttp or niquests. The
package recognizes each by its methods, and imports none of them. It reads the body as the bytes arrive, and
decompresses it.

The errors are the same for all libraries:

- `ConnectionFailed`: the response is not an event stream. The error has its status, its content type and the start of
  its body.
- `ConnectionLost`: the network or the server cut the stream. The library's own error is its `__cause__`.
- `MissingSentinel`: the body ended normally, but without the event given as `until`.
- A mistake in the program, such as an invalid URL or a response that was already read, raises the library's own error.

To read the answer of a language model with httpx:

>>> def answer(question):
...     with httpx.stream(
...         "POST",
...         "https://api.example/v1/chat/completions",
...         headers={"Authorization": f"Bearer {KEY}"},
...         json={"model": "m", "stream": True, "messages": [{"role": "user", "content": question}]},
...         timeout=60,
...     ) as response:
...         for event in events(response, until="[DONE]"):
...             yield event.json()["choices"][0]["delta"].get("content", "")
"""

from sse_codec.resume import ConnectionFailed, GaveUp

from ._connect import aconnect, connect
from ._cuts import ConnectionLost
from ._reading import ablocks, aevents, blocks, events

__all__ = [
    "ConnectionFailed",
    "ConnectionLost",
    "GaveUp",
    "ablocks",
    "aconnect",
    "aevents",
    "blocks",
    "connect",
    "events",
]

# As in `sse_codec`: tracebacks, pickles and reprs name the module that a name is imported from.
ConnectionLost.__module__ = __name__
for _function in (ablocks, aconnect, aevents, blocks, connect, events):
    _function.__module__ = __name__
del _function  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: there are functions
