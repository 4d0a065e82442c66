"""The kit on endless endpoints of real frameworks, and on clients in real event loops, as docs/testing.md shows."""

from __future__ import annotations

import asyncio
import queue
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent, adecode, decode, encode
from sse_codec.testing import NotConforming, asgi, check_consumer, check_producer, wsgi
from tests.test_endpoints import SOME as EVENTS
from tests.test_testing_consumers import SOME as STREAMS

from .servers import module, recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

pytestmark = pytest.mark.interop


class Clients:
    """The connected clients. Each has its own queue and gets what is published."""

    def __init__(self) -> None:
        self.queues: set[Any] = set()

    async def events(self, _: str = "") -> AsyncIterator[ServerSentEvent]:
        mine: asyncio.Queue[ServerSentEvent] = asyncio.Queue()
        self.queues.add(mine)
        try:
            while True:
                yield await mine.get()
        finally:
            self.queues.discard(mine)

    def sync_events(self, _: str = "") -> Iterator[ServerSentEvent]:
        mine: queue.Queue[ServerSentEvent] = queue.Queue()
        self.queues.add(mine)
        try:
            while True:
                yield mine.get()
        finally:
            self.queues.discard(mine)

    def publish(self, event: ServerSentEvent) -> None:
        """Send an event to all; one that can't be sent raises here, before it ends anybody's stream."""
        encode(event)
        for each in set(self.queues):
            each.put_nowait(event)


def fastapi_s_own(clients: Clients) -> Any:
    """FastAPI with its own SSE, as in its documentation."""
    fastapi = module("fastapi")
    sse = module("fastapi.sse")
    app = fastapi.FastAPI()

    async def stream() -> AsyncIterator[Any]:
        async for event in clients.events():
            yield sse.ServerSentEvent(raw_data=event.data, event=event.event, id=event.id, retry=event.retry)

    app.get("/events", response_class=sse.EventSourceResponse)(stream)
    return app


def sse_starlette(clients: Clients) -> Any:
    starlette = module("starlette.applications")
    routing = module("starlette.routing")
    sse = module("sse_starlette")

    async def events() -> AsyncIterator[Any]:
        async for event in clients.events():
            yield sse.ServerSentEvent(event.data, event=event.event, id=event.id, retry=event.retry)

    async def endpoint(request: Any) -> Any:
        return sse.EventSourceResponse(events())

    return starlette.Starlette(routes=[routing.Route("/events", endpoint)])


def starlette_s_stream(clients: Clients) -> Any:
    starlette = module("starlette.applications")
    routing = module("starlette.routing")
    responses = module("starlette.responses")

    async def body() -> AsyncIterator[bytes]:
        async for event in clients.events():
            yield encode(event)

    async def endpoint(request: Any) -> Any:
        return responses.StreamingResponse(body(), media_type="text/event-stream")

    return starlette.Starlette(routes=[routing.Route("/events", endpoint)])


def litestar(clients: Clients) -> Any:
    return recipe("server_litestar").make_app(clients.events)


def quart(clients: Clients) -> Any:
    return recipe("server_quart").make_app(clients.events)


def fastapi(clients: Clients) -> Any:
    return recipe("server_fastapi").make_app(clients.events)


APPS = [fastapi_s_own, sse_starlette, starlette_s_stream, litestar, quart, fastapi]


@pytest.mark.parametrize("make_app", APPS)
def test_an_endpoint_that_never_ends(make_app: Callable[[Clients], Any]) -> None:
    clients = Clients()
    endpoint = asgi(make_app(clients), "/events", publish=clients.publish)
    check_producer(endpoint, unsendable="refused", cases=EVENTS)
    assert not clients.queues, "a stream was left open"


@pytest.mark.parametrize("make_app", APPS)
def test_a_fault_of_an_endpoint_is_found(make_app: Callable[[Clients], Any]) -> None:
    """Its publisher sends only the first line of the data."""
    clients = Clients()

    def publish(event: ServerSentEvent) -> None:
        clients.publish(event.replace(data=event.data.partition("\n")[0]))

    with pytest.raises(NotConforming, match="do not decode to the event"):
        check_producer(asgi(make_app(clients), "/events", publish=publish), unsendable="untested", cases=EVENTS)
    assert not clients.queues


def test_a_path_that_does_not_exist() -> None:
    clients = Clients()
    with pytest.raises(NotConforming, match="GET /nowhere answers with status 404"):
        check_producer(asgi(fastapi_s_own(clients), "/nowhere", publish=clients.publish), cases=EVENTS)


def test_an_endpoint_of_flask() -> None:
    flask = module("flask")
    clients = Clients()
    app = flask.Flask(__name__)

    def stream() -> Any:
        return flask.Response((encode(event) for event in clients.sync_events()), mimetype="text/event-stream")

    app.get("/events")(stream)
    check_producer(wsgi(app, "/events", publish=clients.publish), unsendable="refused", cases=EVENTS)
    assert not clients.queues


# Clients, on several event loops.


async def httpx_async(chunks: Any) -> AsyncIterator[ServerSentEvent]:
    httpx = module("httpx")
    async for event in adecode(httpx.Response(200, content=aiter(chunks)).aiter_bytes()):
        yield event


def httpx_sync(chunks: Any) -> Iterator[ServerSentEvent]:
    return decode(module("httpx").Response(200, content=chunks).iter_bytes())


@pytest.mark.parametrize("consume", [httpx_async, httpx_sync])
def test_sync_and_async_http_clients(consume: Any) -> None:
    check_consumer(consume, cases=STREAMS)


def test_on_trio() -> None:
    trio = module("trio")

    async def ahead(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        """Read ahead in another task, which does not count as late."""
        send, receive = trio.open_memory_channel(1000)

        async def read() -> None:
            async with send:
                async for event in adecode(chunks):
                    await send.send(event)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            async for event in receive:
                yield event

    async def late(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        held: list[ServerSentEvent] = []
        async for event in adecode(chunks):
            await trio.lowlevel.checkpoint()
            for each in held:
                yield each
            held = [event]
        for each in held:
            yield each

    async def produce(event: ServerSentEvent) -> AsyncIterator[bytes]:
        await trio.lowlevel.checkpoint()
        yield encode(event)
        await trio.sleep_forever()

    check_consumer(ahead, run=trio.run, cases=STREAMS)
    check_producer(produce, run=trio.run, endless=True, unsendable="untested", cases=EVENTS[:4])
    with pytest.raises(NotConforming) as caught:
        check_consumer(late, run=trio.run, cases=STREAMS)
    assert caught.value.rule == "promptness"

    async def test() -> None:
        check_consumer(adecode, cases=STREAMS)
        check_consumer(ahead, run=trio.run, cases=STREAMS)

    trio.run(test)


def test_on_anyio() -> None:
    anyio = module("anyio")

    async def consume(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        with anyio.fail_after(10):
            async for event in adecode(chunks):
                yield event

    check_consumer(consume, cases=STREAMS)
    check_consumer(consume, run=anyio.run, cases=STREAMS)

    async def test() -> None:
        check_consumer(consume, cases=STREAMS)

    anyio.run(test)
