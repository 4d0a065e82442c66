"""Runs the servers of `recipes`, each on its own thread, with a source of events that the test controls.

A server outlives a test. The next request gets its events from `Server.source`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Iterator

    from sse_codec import ServerSentEvent

#: Seconds to wait for things that should take no time. Whatever takes longer hangs; this does not measure anything.
PATIENCE = 20.0


def recipe(name: str) -> Any:
    """Import a recipe; skip the test where its library is not installed."""
    return pytest.importorskip(f"tests.interop.recipes.{name}", reason=f"the library of {name} is not installed")


def module(name: str) -> Any:
    """Import a library; skip the test where it is not installed."""
    return pytest.importorskip(name, reason=f"{name} is not installed")


class Source:
    """The events that a server sends, and a record of what happened to them.

    Args:
        events: what each request gets.
        paced: whether each event waits for a call of `allow`. If it waits for longer than a test would, the stream
            ends. Then the client sees too few events, and the test fails instead of hanging.
    """

    def __init__(self, events: Iterable[ServerSentEvent] = (), *, paced: bool = False) -> None:
        self._events = events
        self._paced = paced
        self._permits = threading.Semaphore(0)
        self._stopped = False
        #: The last event ID that each request sent.
        self.last_event_ids: list[str] = []
        #: How many events all requests have taken.
        self.taken = 0
        #: Set once a generator has ended: it yielded all events, or was closed.
        self.ended = threading.Event()

    def allow(self) -> None:
        """Let one more event out."""
        self._permits.release()

    def stop(self) -> None:
        """End the generators that still run."""
        self._stopped = True
        self._permits.release(100)

    def generate(self, last_event_id: str) -> Generator[ServerSentEvent, None, None]:
        """Yield the events of one request, for a threaded server."""
        self.last_event_ids.append(last_event_id)
        try:
            for event in self._events:
                if (self._paced and not self._permits.acquire(timeout=2 * PATIENCE)) or self._stopped:
                    return
                self.taken += 1
                yield event
        finally:
            self.ended.set()

    async def agenerate(self, last_event_id: str) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield the events of one request, for an async server."""
        self.last_event_ids.append(last_event_id)
        try:
            for event in self._events:
                if self._paced and not await self._acquire():
                    return
                await asyncio.sleep(0)  # like a source that has to wait for its events
                if self._stopped:
                    return
                self.taken += 1
                yield event
        finally:
            self.ended.set()

    async def _acquire(self) -> bool:
        clock = asyncio.get_running_loop().time
        end = clock() + 2 * PATIENCE
        while not self._permits.acquire(blocking=False):
            if clock() > end:
                return False
            await asyncio.sleep(0.001)
        return True


class Server:
    """A running server."""

    def __init__(self) -> None:
        self.source = Source()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def generate(self, last_event_id: str) -> Generator[ServerSentEvent, None, None]:
        return self.source.generate(last_event_id)

    def agenerate(self, last_event_id: str) -> AsyncGenerator[ServerSentEvent, None]:
        return self.source.agenerate(last_event_id)

    @contextlib.contextmanager
    def sending(self, events: Iterable[ServerSentEvent] = (), *, paced: bool = False) -> Iterator[Source]:
        """Send these events in response to each request."""
        self.source = Source(events, paced=paced)
        try:
            yield self.source
        finally:
            self.source.stop()


@contextlib.contextmanager
def on_loop(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Run a coroutine function on an event loop in a thread; the event that it takes tells it to stop."""
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        event = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(event.set))
        started.set()
        await main(event)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    started.wait()
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # the loop has already ended
            stop[0]()
        thread.join()


@contextlib.contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    """Yield a listening socket and its port, so that a client may connect before the server is up."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener, listener.getsockname()[1]


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Call a function for each connection, one after the other; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(PATIENCE)
                with connection, contextlib.suppress(OSError):
                    answer(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextlib.contextmanager
def serve_asgi(app: Any, *, lifespan: str = "off", http: str = "h11") -> Iterator[int]:
    """Serve an ASGI app with uvicorn; yields the port."""
    uvicorn = module("uvicorn")
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", lifespan=lifespan, timeout_graceful_shutdown=1, http=http
    )
    server = uvicorn.Server(config)
    with listening() as (listener, port):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def serve_aiohttp(app: Any) -> Iterator[int]:
    """Serve an aiohttp app; yields the port."""
    web = module("aiohttp.web")

    with listening() as (listener, port):

        async def main(stop: asyncio.Event) -> None:
            # Without `handler_cancellation` a handler that waits for an event does not notice that the client has left.
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            await stop.wait()
            await runner.cleanup()

        with on_loop(main):
            yield port


@contextlib.contextmanager
def serve_wsgi(app: Any) -> Iterator[int]:
    """Serve a WSGI app with werkzeug, a thread for each request; yields the port."""
    serving = module("werkzeug.serving")

    quiet = type("Quiet", (serving.WSGIRequestHandler,), {"log": lambda *_: None})
    with listening() as (listener, port):
        server = serving.make_server("127.0.0.1", port, app, threaded=True, request_handler=quiet, fd=listener.fileno())
        with running(server):
            yield port


@contextlib.contextmanager
def serve_http(handler: type[Any]) -> Iterator[int]:
    """Serve with the standard library's server, a thread for each request; yields the port."""
    from http.server import ThreadingHTTPServer

    quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), quiet)
    with running(server):
        yield server.server_port


@contextlib.contextmanager
def running(server: Any) -> Iterator[None]:
    """Run one of `socketserver`'s servers on a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _fastapi(server: Server) -> Iterator[int]:
    with serve_asgi(recipe("server_fastapi").make_app(server.agenerate)) as port:
        yield port


@contextlib.contextmanager
def _aiohttp(server: Server) -> Iterator[int]:
    with serve_aiohttp(recipe("server_aiohttp").make_app(server.agenerate)) as port:
        yield port


@contextlib.contextmanager
def _flask(server: Server) -> Iterator[int]:
    with serve_wsgi(recipe("server_flask").make_app(server.generate)) as port:
        yield port


@contextlib.contextmanager
def _http(server: Server) -> Iterator[int]:
    with serve_http(recipe("server_http").make_handler(server.generate)) as port:
        yield port


#: By the name of the recipe, without "server_".
SERVERS = {"fastapi": _fastapi, "aiohttp": _aiohttp, "flask": _flask, "http": _http}


@contextlib.contextmanager
def run_server(name: str) -> Iterator[Server]:
    """Run the server of a recipe."""
    server = Server()
    with SERVERS[name](server) as server.port:
        yield server
