"""Encoders and decoders of other libraries, in the form that `check_producer` or `check_consumer` takes.

An adapter does what its library does with an event to send, or with the bytes of a response, and nothing else. It uses
public names where there are any. A library is imported when its adapter is called, so the others run without it. The
options of a check follow a library's own documentation or comments, and never excuse a fault.
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

    class Response(EventSourceResponse):  # type: ignore[misc]  # Any if the library is not installed
        async def write(self, data: bytes) -> None:
            sent.append(data)

    async def send() -> list[bytes]:
        await Response().send(event.data, id=event.id, event=event.event, retry=event.retry)
        return sent

    return send()


def fastapi(event: ServerSentEvent) -> bytes:
    """Encode an event as its routing does when a path operation yields one."""
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
    """Everything that its client yields except news of the connection."""
    from ld_eventsource import SSEClient
    from ld_eventsource.actions import Comment, Event
    from ld_eventsource.config import ConnectionClient, ConnectionResult, ConnectStrategy

    class Connection(ConnectionClient):  # type: ignore[misc]  # Any if the library is not installed
        def connect(self, last_event_id: str | None) -> Any:
            return ConnectionResult(chunks, None)

    class Strategy(ConnectStrategy):  # type: ignore[misc]  # Any if the library is not installed
        def create_client(self, logger: object) -> Any:
            return Connection()

    return (action for action in SSEClient(Strategy()).all if isinstance(action, (Event, Comment)))


def openai(chunks: Iterator[bytes]) -> Any:
    """Read events as its `Stream` does, before it makes objects of their data."""
    import httpx2
    from openai._streaming import SSEDecoder

    return SSEDecoder().iter_bytes(httpx2.Response(200, headers=_HEADERS, content=chunks).iter_bytes())


def sseclient(chunks: Iterator[bytes]) -> Any:
    from sseclient import SSEClient

    return SSEClient(chunks).events()


class Stranger(NamedTuple):
    """A library, under the name it is installed by."""

    name: str
    tested: Callable[[Any], Any]
    options: Mapping[str, Any] = {}

    @property
    def version(self) -> str | None:
        """The installed version; None if it is not installed, "(this)" for our own package."""
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

#: httpx-sse says "as per the SSE spec, do not reset last_event_id", and so do the libraries derived from it.
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
