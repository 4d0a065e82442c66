"""Readers that stall on real servers, and sources that depend on their task, thread or request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent, decode
from sse_codec.serving import astream, respond, stream

from .servers import PATIENCE, module, recipe, serve_aiohttp, serve_asgi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.interop

LIMIT = 0.3
SHORT = {"send_timeout": LIMIT}


class Endless:
    """More events than a reader will ever take."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()

    async def __call__(self, _: str) -> AsyncIterator[ServerSentEvent]:
        self.started.set()
        try:
            while True:
                yield ServerSentEvent("x" * 65536)
        finally:
            self.ended.set()


@contextlib.contextmanager
def raw_asgi(events: Endless) -> Iterator[int]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(scope, receive, send, astream(events("")), send_timeout=LIMIT)

    with serve_asgi(app) as port:
        yield port


def a_framework(name: str) -> Any:
    """Serve a recipe, with a shorter limit."""

    @contextlib.contextmanager
    def serve(events: Endless) -> Iterator[int]:
        server = recipe(f"server_{name}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(server, "astream", lambda source, **options: astream(source, **options | SHORT))
            with serve_asgi(server.make_app(events)) as port:
                yield port

    return serve


@contextlib.contextmanager
def aiohttp(events: Endless) -> Iterator[int]:
    server = recipe("server_aiohttp")
    send_within = server.send_within
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "send_within", lambda send, _: send_within(send, LIMIT))
        with serve_aiohttp(server.make_app(events)) as port:
            yield port


FRAMEWORKS = ["fastapi", "starlette", "litestar", "quart"]


@pytest.mark.parametrize(
    "serve", [raw_asgi, aiohttp, *map(a_framework, FRAMEWORKS)], ids=["raw ASGI", "aiohttp", *FRAMEWORKS]
)
def test_a_reader_that_stalls_is_disconnected(serve: Any) -> None:
    """It keeps its connection open; without the limit the source would wait for ever."""
    events = Endless()
    with serve(events) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert events.started.wait(PATIENCE)
        assert events.ended.wait(PATIENCE)
        connection.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(1 << 20):
                pass  # the data in transit, then the end


def test_a_source_may_hold_a_cancel_scope_over_a_yield() -> None:
    """Sessions of MCP and many SDKs do; anyio raises an error if another task leaves the scope."""
    anyio = module("anyio")

    async def events() -> AsyncIterator[ServerSentEvent]:
        with anyio.move_on_after(0.2):
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, PATIENCE)
                yield ServerSentEvent("in it")
                await anyio.sleep(PATIENCE)
        yield ServerSentEvent("behind it")

    async def main() -> list[bytes]:
        return [chunk async for chunk in astream(events(), keep_alive=0.05)]

    chunks = asyncio.run(main())
    assert chunks[1] == b"data: in it\n\n"
    assert chunks[-1] == b"data: behind it\n\n"
    assert set(chunks[2:-1]) == {b": \n\n"}


def test_a_reader_in_a_cancel_scope_closes_the_source() -> None:
    """anyio cancels a task in each turn of the loop until it has ended; a `finally` may await nevertheless."""
    anyio = module("anyio")
    closed = []

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            await asyncio.Event().wait()
            yield ServerSentEvent("")
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            closed.append(True)

    async def main() -> None:
        with anyio.move_on_after(0.05):
            async for _ in astream(events()):
                pass
        assert closed == [True]

    asyncio.run(main())


def test_a_source_can_use_the_request_of_flask() -> None:
    """It runs in another thread, and goes on after the view has returned."""
    flask = module("flask")
    app = flask.Flask(__name__)

    def events() -> Iterator[ServerSentEvent]:
        yield ServerSentEvent(flask.request.args["name"])
        yield ServerSentEvent(flask.g.name)

    @app.get("/")  # type: ignore[untyped-decorator]  # Flask is Any here
    def view() -> Any:
        flask.g.name = "of the view"
        body = stream(events())
        body.ready()
        return flask.Response(body)

    body = app.test_client().get("/?name=of+the+request").data
    assert [event.data for event in decode(body)] == ["of the request", "of the view"]


def test_an_async_server_takes_a_sync_stream() -> None:
    starlette = module("starlette.applications")
    responses, routing, testclient = (module(f"starlette.{name}") for name in ("responses", "routing", "testclient"))

    async def endpoint(_: Any) -> Any:
        return responses.StreamingResponse(stream([ServerSentEvent("one"), ServerSentEvent("two")]))

    client = testclient.TestClient(starlette.Starlette(routes=[routing.Route("/", endpoint)]))
    assert [event.data for event in decode(client.get("/").content)] == ["one", "two"]


def test_trio_is_recognised() -> None:
    trio = module("trio")

    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent("")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="needs a running asyncio event loop; under trio"):
            await anext(astream(events()))

    trio.run(main)
