"""The competitors, each behind the same call: chunks in, a list of events out.

An adapter does what the library's own reading loop does with a response's chunks, and nothing else.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, NamedTuple

from sse_codec import Decoder, ServerSentEvent, encode

Chunks = list[bytes]


class Peer(NamedTuple):
    """A decoder: `read` makes a list of its events from chunks; that is what is timed."""

    name: str
    read: Callable[[Chunks], list[Any]]

    def events(self, chunks: Chunks) -> list[tuple[str, str]]:
        """Return what it makes of a stream, as (event type, data)."""
        return [(event.event or "message", event.data) for event in self.read(chunks)]


def _ours(chunks: Chunks) -> list[ServerSentEvent]:
    events: list[ServerSentEvent] = []
    feed = Decoder().feed
    for chunk in chunks:
        events += feed(chunk)
    return events


class _Plain(NamedTuple):
    event: str
    data: str


def _naive(chunks: Chunks) -> list[_Plain]:
    """Split at blank lines, as code without a library does: wrong in most disputed cases, and a floor for speed."""
    events = []
    buffer = b""
    for chunk in chunks:
        *blocks, buffer = (buffer + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            event, data = "message", []
            for line in block.decode().split("\n"):
                if line.startswith("data: "):
                    data.append(line[6:])
                elif line.startswith("event: "):
                    event = line[7:]
            events.append(_Plain(event, "\n".join(data)))
    return events


def decoders() -> tuple[list[Peer], list[str]]:
    """Return the decoders that are installed, ours first, and the names of those that are not."""
    peers = [Peer("sse-codec", _ours), Peer("split loop", _naive)]
    missing = []
    try:
        from httpx_sse._decoders import SSEDecoder, SSELineDecoder

        def httpx_sse(chunks: Chunks) -> list[Any]:
            # What EventSource.iter_sse does, less httpx itself: the response's text, lines, events.
            events = []
            text, lines, decoder = codecs.getincrementaldecoder("utf-8")("replace"), SSELineDecoder(), SSEDecoder()
            for chunk in chunks:
                for line in lines.decode(text.decode(chunk)):
                    event = decoder.decode(line)
                    if event is not None:
                        events.append(event)
            return events

        peers.append(Peer("httpx-sse", httpx_sse))
    except ImportError:
        missing.append("httpx-sse")
    try:
        from openai._streaming import SSEDecoder as OpenAIDecoder

        peers.append(Peer("openai", lambda chunks: list(OpenAIDecoder().iter_bytes(iter(chunks)))))
    except ImportError:
        missing.append("openai")
    return peers, missing


def encoders() -> tuple[dict[str, Callable[[str], bytes]], list[str]]:
    """Return the encoders that are installed, ours first, each building an event of a payload and encoding it."""
    found: dict[str, Callable[[str], bytes]] = {
        "sse-codec": lambda data: encode(ServerSentEvent(data, event="delta", id="17"))
    }
    try:
        from sse_starlette import ServerSentEvent as Starlette

        found["sse-starlette"] = lambda data: Starlette(data, event="delta", id="17", sep="\n").encode()
    except ImportError:
        return found, ["sse-starlette"]
    return found, []
