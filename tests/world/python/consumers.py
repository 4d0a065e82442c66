"""Python's readers of event streams: each function reads the body of a response as its library does."""

from __future__ import annotations

from datetime import timedelta

from protocol import consumer, main

HEADERS = {"content-type": "text/event-stream"}

#: httpx-sse says "as per the SSE spec, do not reset last_event_id", and so do libraries that were made from it.
AS_HTTPX_SSE = {"ids": "sticky", "retries": "own"}


class Ended(Exception):
    """The stream has ended. A client would now connect again, which is not checked here."""


def ended(*_):
    raise Ended


@consumer("sse-codec", ids="own", retries="own")
def sse_codec(chunks):
    import sse_codec

    return sse_codec.decode(chunks)


@consumer("httpx-sse", **AS_HTTPX_SSE)
def httpx_sse(chunks):
    import httpx
    import httpx_sse

    return httpx_sse.EventSource(httpx.Response(200, headers=HEADERS, content=iter(chunks))).iter_sse()


@consumer("httpx2", **AS_HTTPX_SSE)
def httpx2(chunks):
    import httpx2

    request = httpx2.Request("GET", "https://example.org")
    return iter(httpx2.EventSource(httpx2.Response(200, headers=HEADERS, content=iter(chunks), request=request)))


@consumer("openai", **AS_HTTPX_SSE)
def openai(chunks):
    from openai._streaming import SSEDecoder

    return SSEDecoder().iter_bytes(iter(chunks))


@consumer("anthropic", **AS_HTTPX_SSE)
def anthropic(chunks):
    from anthropic._streaming import SSEDecoder

    return SSEDecoder().iter_bytes(iter(chunks))


@consumer("groq", **AS_HTTPX_SSE)
def groq(chunks):
    from groq._streaming import SSEDecoder

    return SSEDecoder().iter_bytes(iter(chunks))


@consumer("cohere", **AS_HTTPX_SSE)
def cohere(chunks):
    import httpx
    from cohere.core.http_sse import EventSource

    return EventSource(httpx.Response(200, headers=HEADERS, content=iter(chunks))).iter_sse()


def speakeasy(chunks, module, response):
    """Read with a module that Speakeasy generates for SDKs. It parses data as JSON if it can; here, data stays text."""
    import json
    from types import SimpleNamespace

    def loads(text):
        raise json.JSONDecodeError("left as it is", text, 0)

    module.json = SimpleNamespace(loads=loads, dumps=json.dumps, JSONDecodeError=json.JSONDecodeError)
    body = response(200, headers=HEADERS, content=iter(chunks))
    return module.stream_events(body, lambda event: {"event": None, **json.loads(event)})


@consumer("mistralai", ids="sticky", retries="own")
def mistralai(chunks):
    import httpx
    from mistralai.client.utils import eventstreaming

    return speakeasy(chunks, eventstreaming, httpx.Response)


@consumer("google-genai", ids="sticky", retries="own")
def google_genai(chunks):
    import httpx
    from google.genai._gaos.utils import eventstreaming

    return speakeasy(chunks, eventstreaming, httpx.Response)


@consumer("a2a-sdk", without=["id", "retry"])
async def a2a_sdk(chunks):
    import httpx
    from a2a.client.transports.http_helpers import parse_sse_stream

    async for event, data in parse_sse_stream(httpx.Response(200, headers=HEADERS, content=chunks.stream())):
        yield {"event": event, "data": data}


@consumer("sseclient", ids="own", retries="own")
def sseclient(chunks):
    from types import SimpleNamespace

    import sseclient

    def get(url, **_):
        if get.called:
            raise Ended
        get.called = True
        left = iter(chunks)
        raw = SimpleNamespace(read=lambda _: next(filter(None, left), b""))
        return SimpleNamespace(raw=raw, encoding="utf-8", raise_for_status=lambda: None)

    get.called = False
    client = sseclient.SSEClient("https://example.org", retry=0, session=SimpleNamespace(get=get))
    sseclient.time = SimpleNamespace(sleep=lambda _: None)
    try:
        yield from client
    except Ended:
        return


@consumer("sseclient-py", ids="own", retries="own")
def sseclient_py(chunks):
    from sseclient import SSEClient

    return SSEClient(iter(chunks)).events()


@consumer("aiosseclient", ids="own", without=["retry", "empty-chunk"])
async def aiosseclient(chunks):
    from aiosseclient import aiosseclient

    async for event in aiosseclient(chunks.url()):
        yield {"event": event.event, "data": event.data, "id": event.id}


async def aiohttp_source(source, chunks):
    """Read until it would connect again. A `retry` field would make it wait first."""
    async with source(chunks.url(), reconnection_time=timedelta(0)) as opened:
        opened.connect = ended
        try:
            async for event in opened:
                yield event
        except Ended:
            return


@consumer("aiohttp-sse-client", without=["retry", "empty-chunk"])
def aiohttp_sse_client(chunks):
    from aiohttp_sse_client.client import EventSource

    return aiohttp_source(EventSource, chunks)


@consumer("aiohttp-sse-client2", without=["retry", "empty-chunk"])
def aiohttp_sse_client2(chunks):
    from aiohttp_sse_client2.client import EventSource

    return aiohttp_source(EventSource, chunks)


@consumer("requests-sse", without=["retry", "empty-chunk"])
def requests_sse(chunks):
    from requests_sse import EventSource

    with EventSource(chunks.url(), reconnection_time=timedelta(0)) as source:
        source.connect = ended
        try:
            yield from source
        except Ended:
            return


@consumer("launchdarkly-eventsource", ids="own", comments="kept raw", without=["retry"])
def launchdarkly_eventsource(chunks):
    """Return its client's events and comments, without news of the connection, until it would connect again."""
    from ld_eventsource import SSEClient
    from ld_eventsource.actions import Comment, Event
    from ld_eventsource.config import ConnectionClient, ConnectionResult, ConnectStrategy

    class Connection(ConnectionClient):
        def connect(self, last_event_id):
            return ConnectionResult(iter(chunks), None)

    class Strategy(ConnectStrategy):
        def create_client(self, logger):
            return Connection()

    return (action for action in SSEClient(Strategy()).all if isinstance(action, (Event, Comment)))


@consumer("niquests", ids="sticky", retries="own", without=["empty-chunk"])
def niquests(chunks):
    import niquests

    with niquests.Session() as session:
        extension = session.get(chunks.url().replace("http://", "psse://")).extension
        while (event := extension.next_payload()) is not None:
            yield event


@consumer("assel", ids="own", retries="own")
def assel(chunks):
    import assel

    return assel.parse(iter(chunks))


@consumer("larzsse", ids="sticky", without=["retry"])
def larzsse(chunks):
    import io

    import larzsse

    class Body(io.RawIOBase):
        """A body as from `urlopen`: it gives bytes as they come, and lines of them."""

        left = iter(chunks)

        def readable(self):
            return True

        def readinto(self, buffer):
            chunk = self.rest or next(filter(None, self.left), b"")
            buffer[: len(chunk)], self.rest = chunk[: len(buffer)], chunk[len(buffer) :]
            return min(len(chunk), len(buffer))

        rest = b""

    return larzsse.parse_events(io.BufferedReader(Body()).readline)


@consumer("axio-sse", ids="sticky", retries="own")
def axio_sse(chunks):
    import axio_sse

    return axio_sse.events(chunks.stream())


@consumer("simple-sse-client", **AS_HTTPX_SSE)
def simple_sse_client(chunks):
    import httpx
    from simple_sse_client.simple_sse_client import EventSource

    return EventSource(httpx.Response(200, headers=HEADERS, content=iter(chunks))).iter_sse()


@consumer("ssec", without=["retry"])
def ssec(chunks):
    import ssec

    return ssec.stream(iter(chunks), config=ssec.SSEConfig())


if __name__ == "__main__":
    main()
