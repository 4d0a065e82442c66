r"""From a response of any HTTP library to events, and one stream over many connections.

- `events(response)` and `aevents(response)`: the events of one response. `blocks` and `ablocks` give `Block`s instead.
- `connect(open)` and `aconnect(open)`: the events of a stream that is cut and resumed: they connect again, wait, and
  stop as the standard says (WHATWG HTML 9.2.3).

A response may be one of httpx, httpx2, requests, urllib3, urllib.request, http.client, aiohttp or niquests. They are
told apart by what they can do, and nothing is imported. The body is read as its bytes come in, and decompressed.

What goes wrong is the same for all of them:

- `ConnectionFailed`: the response is no event stream. It has the status, the content type, and how the body begins.
- `ConnectionLost`: the network or the server cut the stream. The library's own error is its `__cause__`.
- `MissingSentinel`: the body ended in good order, but without the event given as `until`.
- A mistake in the program, such as an invalid URL or a response that was read before, raises what the library raises.

The answer of a language model, with httpx:

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

# As in `sse_codec`: tracebacks, pickles and reprs name the place a name is imported from.
ConnectionLost.__module__ = __name__
for _function in (ablocks, aconnect, aevents, blocks, connect, events):
    _function.__module__ = __name__
del _function  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: there are functions
