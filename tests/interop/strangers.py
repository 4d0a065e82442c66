"""Encoders and decoders of other libraries, each as what `check_producer` or `check_consumer` takes.

An adapter does what its library does with an event to send, or with the bytes of a response, and no more; through
public names where there are any. A library is imported when its adapter is called, so that the others run without it.
The options of a check say what a library is by its own documentation or its own comments, and never excuse a fault.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

import sse_codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sse_codec import ServerSentEvent

_HEADERS = {"content-type": "text/event-stream"}


def aiohttp_sse(event: ServerSentEvent) -> Any:
    from aiohttp_sse import EventSourceResponse

    sent: list[bytes] = []

    class Response(EventSourceResponse):  # type: ignore[misc]  # Any where types are checked without it
        async def write(self, data: bytes) -> None:
            sent.append(data)

    async def send() -> list[bytes]:
        await Response().send(event.data, id=event.id, event=event.event, retry=event.retry)
        return sent

    return send()


def fastapi(event: ServerSentEvent) -> bytes:
    """What its routing makes of an event that a path operation yields."""
    from fastapi import sse

    item = sse.ServerSentEvent(raw_data=event.data, event=event.event, id=event.id, retry=event.retry)
    sent: bytes = sse.format_sse_event(data_str=item.raw_data, event=item.event, id=item.id, retry=item.retry)
    return sent


def litestar(event: ServerSentEvent) -> bytes:
    from litestar.response.sse import ServerSentEventMessage

    message = ServerSentEventMessage(data=event.data, event=event.event, id=event.id, retry=event.retry)
    sent: bytes = message.encode()
    return sent


def sse_starlette(event: ServerSentEvent) -> bytes:
    import sse_starlette

    message = sse_starlette.ServerSentEvent(event.data, event=event.event, id=event.id, retry=event.retry)
    sent: bytes = message.encode()
    return sent


def anthropic(chunks: Iterator[bytes]) -> Any:
    import httpx2
    from anthropic import Stream

    return Stream.raw_events(httpx2.Response(200, headers=_HEADERS, content=chunks))


def httpx_sse(chunks: Iterator[bytes]) -> Any:
    import httpx
    import httpx_sse

    return httpx_sse.EventSource(httpx.Response(200, headers=_HEADERS, content=chunks)).iter_sse()


def httpx2(chunks: Iterator[bytes]) -> Any:
    import httpx2

    request = httpx2.Request("GET", "https://example.org")
    return iter(httpx2.EventSource(httpx2.Response(200, headers=_HEADERS, content=chunks, request=request)))


def launchdarkly(chunks: Iterator[bytes]) -> Iterator[Any]:
    """All that its client gives out but the news of the connection."""
    from ld_eventsource import SSEClient
    from ld_eventsource.actions import Comment, Event
    from ld_eventsource.config import ConnectionClient, ConnectionResult, ConnectStrategy

    class Connection(ConnectionClient):  # type: ignore[misc]  # Any where types are checked without it
        def connect(self, last_event_id: str | None) -> Any:
            return ConnectionResult(chunks, None)

    class Strategy(ConnectStrategy):  # type: ignore[misc]  # it is an Any where it is not installed
        def create_client(self, logger: object) -> Any:
            return Connection()

    return (action for action in SSEClient(Strategy()).all if isinstance(action, (Event, Comment)))


def openai(chunks: Iterator[bytes]) -> Any:
    """What its `Stream` reads events with, before it makes objects of their data."""
    import httpx2
    from openai._streaming import SSEDecoder

    return SSEDecoder().iter_bytes(httpx2.Response(200, headers=_HEADERS, content=chunks).iter_bytes())


def sseclient(chunks: Iterator[bytes]) -> Any:
    from sseclient import SSEClient

    return SSEClient(chunks).events()


class Stranger(NamedTuple):
    """A library, under the name by which it is installed."""

    name: str
    tested: Callable[[Any], Any]
    options: Mapping[str, Any] = {}

    @property
    def version(self) -> str | None:
        """The version that is installed, None if there is none; of ours, that it is this one."""
        if self.tested in {sse_codec.encode, sse_codec.decode}:
            return "(this)"
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None


#: The first of each is ours.
ENCODERS = [
    Stranger("sse-codec", sse_codec.encode),
    Stranger("aiohttp-sse", aiohttp_sse),
    Stranger("fastapi", fastapi),
    Stranger("litestar", litestar),
    Stranger("sse-starlette", sse_starlette),
]

#: "as per the SSE spec, do not reset last_event_id", says httpx-sse, and so do those that were made from it.
_AS_HTTPX_SSE = {"ids": "sticky", "retries": "own"}

DECODERS = [
    Stranger("sse-codec", sse_codec.decode, {"ids": "own", "retries": "own"}),
    Stranger("anthropic", anthropic, _AS_HTTPX_SSE),
    Stranger("httpx-sse", httpx_sse, _AS_HTTPX_SSE),
    # "max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE_BYTES", which is 1 MiB.
    Stranger("httpx2", httpx2, {**_AS_HTTPX_SSE, "max_event_size": 1024 * 1024}),
    # "The value of the id: field for this event"; "The comment text, not including the leading colon".
    Stranger("launchdarkly-eventsource", launchdarkly, {"ids": "own", "comments": "kept raw"}),
    Stranger("openai", openai, _AS_HTTPX_SSE),
    Stranger("sseclient-py", sseclient, {"ids": "own", "retries": "own"}),
]
