"""Whole endpoints as producers: an ASGI app, a WSGI app or a URL, each with a way to publish an event.

Connections are opened and closed as a client does it. So the app need not end its stream, and nothing stays running.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import queue
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import client as http_client
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from sse_codec._event import ServerSentEvent
from sse_codec._http import is_event_stream
from sse_codec._text import printable

from ._report import event_members
from ._worker import Worker

Publish: TypeAlias = Callable[[ServerSentEvent], Any]
AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
WsgiApp: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: How many pieces of a response may wait to be read before the sender has to wait.
_WAITING = 100
#: How many seconds an app may take to end a response after its client has left, or to shut down; and to start.
_TO_END = 1.0
_TO_START = 10.0
#: How many bytes to show of a response that is not an event stream.
_SHOWN = 400

_DIRECT = build_opener(ProxyHandler({}))


class Failed(Exception):
    """The app raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Wrong(Exception):
    """The response is not an event stream."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        super().__init__(status, content_type, body)
        self.status = status
        self.content_type = content_type
        self.body = body


class Connection(Protocol):
    """A connection to an endpoint."""

    def read(self, seconds: float) -> bytes | None:
        """Return the next bytes: b"" at the end, None if nothing comes in time.

        Raises:
            Failed: the app raised.
            Wrong: the response is not an event stream.
        """

    def close(self, wake: Callable[[], None]) -> None:
        """Leave. `wake` makes the app send something, so that a waiting app notices that its client has left."""


class PerStream(NamedTuple):
    """A factory of producers, one for each stream: what `per_stream` returns."""

    factory: Callable[[], Callable[[ServerSentEvent], Any]]


class Endpoint:
    """An endpoint to check: what `asgi`, `wsgi` and `http` return."""

    def __init__(self, name: str, publish: Publish, connect: Callable[[Worker], Connection]) -> None:
        self.publish = publish
        self.connect = connect
        self._name = name

    def __str__(self) -> str:
        return self._name

    def start(self, worker: Worker) -> None:
        """Start the app."""

    def stop(self, worker: Worker) -> None:
        """Stop the app."""


def per_stream(factory: Callable[[], Callable[[ServerSentEvent], Any]]) -> PerStream:
    r"""Make `check_producer` create a new producer for each stream, for producers that remember what they sent.

    Args:
        factory: takes no arguments and returns a new producer, a callable as `check_producer` takes it. It is called
            with each event of one stream in turn.

    >>> from sse_codec import encode
    >>> from sse_codec.testing import check_producer, per_stream
    >>> class Numbered:
    ...     count = 0
    ...     def produce(self, event):
    ...         self.count += 1
    ...         return b": event %d of this stream\n" % self.count + encode(event)
    >>> check_producer(per_stream(lambda: Numbered().produce))
    """
    return PerStream(factory)


def asgi(
    app: AsgiApp,
    path: str = "/",
    *,
    publish: Publish,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Endpoint:
    """Return an endpoint of an ASGI app, for `check_producer`.

    The check calls the app as a server does, on the check's own event loop: first the lifespan, if the app has one,
    then a request that stays open while events are published, and finally `http.disconnect`. If the app does not end
    soon after that, it is cancelled.

    Args:
        app: the app, of any framework.
        path: the path of the endpoint, with its query.
        publish: takes a ServerSentEvent, and makes the app send it to its connected clients. It may be a coroutine
            function. It is called on the app's event loop.
        method: the method of the request.
        headers: the headers of the request, in addition to `Accept`.
        body: the body of the request.

    >>> import asyncio
    >>> from sse_codec import encode, response_headers
    >>> from sse_codec.testing import asgi, check_producer
    >>> clients = set()
    >>> async def app(scope, receive, send):
    ...     assert scope["type"] == "http"
    ...     events = asyncio.Queue()
    ...     clients.add(events)
    ...     headers = [(name.lower().encode(), value.encode()) for name, value in response_headers().items()]
    ...     await send({"type": "http.response.start", "status": 200, "headers": headers})
    ...     while True:
    ...         await send({"type": "http.response.body", "body": encode(await events.get()), "more_body": True})
    >>> def publish(event):
    ...     for events in clients:
    ...         events.put_nowait(event)
    >>> check_producer(asgi(app, publish=publish))
    """
    sent = {"accept": "text/event-stream", "host": "testserver", **{k.lower(): v for k, v in (headers or {}).items()}}
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": quote(target).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    return _AsgiEndpoint(app, f"{method} {path}", publish, scope, body)


class _AsgiEndpoint(Endpoint):
    _lifespan: asyncio.Task[None]

    def __init__(self, app: AsgiApp, name: str, publish: Publish, scope: MutableMapping[str, Any], body: bytes) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        super().__init__(name, publish, self._connect)
        self._scope = scope
        self._body = body

    def _connect(self, worker: Worker) -> Connection:
        return _Asgi(self._app, {**self._scope, "state": self._state.copy()}, self._body, worker)

    def start(self, worker: Worker) -> None:
        worker.finish(self._start)

    async def _start(self) -> None:
        """Start the app's lifespan, if it has one."""
        self._started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._to_stop = asyncio.Event()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        has_started = False

        async def receive() -> dict[str, Any]:
            nonlocal has_started
            if not has_started:
                has_started = True
                return {"type": "lifespan.startup"}
            await self._to_stop.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Mapping[str, Any]) -> None:
            if not message["type"].startswith("lifespan."):  # the app treats it as a request
                raise RuntimeError(f"{message['type']} is not a lifespan message")
            if message["type"].startswith("lifespan.startup.") and not self._started.done():
                failed = message["type"] == "lifespan.startup.failed"
                self._started.set_result(str(message.get("message", "")) or "it failed" if failed else "")

        async def live() -> None:
            with contextlib.suppress(Exception):  # it does not support a lifespan
                await self._app(scope, receive, send)

        self._lifespan = asyncio.ensure_future(live())
        either: set[asyncio.Future[Any]] = {self._lifespan, self._started}
        await asyncio.wait(either, timeout=_TO_START, return_when=asyncio.FIRST_COMPLETED)
        if self._started.done() and self._started.result():
            raise RuntimeError(f"the app did not start: {self._started.result()}")

    def stop(self, worker: Worker) -> None:
        worker.finish(self._stop)

    async def _stop(self) -> None:
        self._to_stop.set()
        await _ended(self._lifespan)


class _Asgi:
    """A request to an ASGI app."""

    def __init__(self, app: AsgiApp, scope: MutableMapping[str, Any], body: bytes, worker: Worker) -> None:
        self._app = app
        self._scope = scope
        self._body: bytes | None = body
        self._worker = worker
        self._answer = _Answer()
        worker.finish(self._open)

    async def _open(self) -> None:
        self._came: asyncio.Queue[bytes | Exception] = asyncio.Queue(_WAITING)
        self._left = asyncio.Event()
        self._task = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        end: bytes | Exception = b""
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001  # `read` raises it
            end = Failed(error)
        if not self._left.is_set():
            await self._came.put(end)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        await asyncio.sleep(0)  # as servers do now and then: an app that never waits would block the loop
        if self._left.is_set():
            return
        if message["type"] == "http.response.start":
            fields = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message.get("headers", ())
            }
            self._answer.start(message["status"], fields.get("content-type", ""))
        elif message["type"] == "http.response.body":
            if message.get("body"):
                await self._came.put(message["body"])
            if not message.get("more_body") and not self._left.is_set():
                await self._came.put(b"")

    def read(self, seconds: float) -> bytes | None:
        async def read() -> bytes | Exception | None:
            try:
                return await asyncio.wait_for(self._came.get(), seconds)
            except asyncio.TimeoutError:
                return None

        return self._answer.checked(self._worker.finish(read))

    def close(self, wake: Callable[[], None]) -> None:  # noqa: ARG002  # the app is told that the client leaves
        self._worker.finish(self._leave)

    async def _leave(self) -> None:
        self._left.set()
        while not self._came.empty():  # makes room, so a waiting sender goes on
            self._came.get_nowait()
        await _ended(self._task)


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for a task to end, and cancel it if it takes too long."""
    await asyncio.wait({task}, timeout=_TO_END)
    task.cancel()
    await asyncio.wait({task}, timeout=_TO_END)


class _Answer:
    """The start of a response, to check that it is an event stream."""

    def __init__(self) -> None:
        self._status: int | None = None
        self._content_type = ""
        self._body = b""

    def start(self, status: int, content_type: str) -> None:
        self._status, self._content_type = status, content_type

    def checked(self, came: bytes | Exception | None) -> bytes | None:
        """Return what came, or raise Failed or Wrong."""
        if isinstance(came, Exception):
            raise came
        if came is None or self._status is None or (self._status == 200 and is_event_stream(self._content_type)):
            return came
        raise Wrong(self._status, self._content_type, came[:_SHOWN])


class _InThread:
    """A connection that is read in a thread of its own."""

    def __init__(self) -> None:
        self._came: queue.Queue[bytes | Exception] = queue.Queue(_WAITING)
        self._has_left = False
        self._answer = _Answer()
        self._thread = threading.Thread(target=self._serve, name="sse-codec connection", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        end: bytes | Exception = b""
        try:
            self._respond()
        except Exception as error:  # noqa: BLE001  # `read` raises it
            end = Failed(error)
        self._put(end)

    def _respond(self) -> None:
        """Make the request, and pass on what comes."""

    def _put(self, came: bytes | Exception) -> bool:
        """Pass on what came, and tell whether it is still being read."""
        if not self._has_left:
            self._came.put(came)
        return not self._has_left

    def read(self, seconds: float) -> bytes | None:
        try:
            came = self._came.get(timeout=seconds)
        except queue.Empty:
            return None
        return self._answer.checked(came)

    def close(self, wake: Callable[[], None]) -> None:
        self._has_left = True
        with contextlib.suppress(queue.Empty):  # makes room, so a waiting sender goes on
            while True:
                self._came.get_nowait()
        self._thread.join(0.05)
        if self._thread.is_alive():
            with contextlib.suppress(Exception):
                wake()
            self._thread.join(_TO_END)


def wsgi(
    app: WsgiApp,
    path: str = "/",
    *,
    publish: Publish,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Endpoint:
    """Return an endpoint of a WSGI app, for `check_producer`.

    The app runs in a thread of its own. To disconnect, the check publishes one more event and then calls `close` of the
    app's iterable: it can't interrupt a thread that waits for an event.

    Args:
        app: the app, of any framework.
        path: the path of the endpoint, with its query.
        publish: takes a ServerSentEvent, and makes the app send it to its connected clients.
        method: the method of the request.
        headers: the headers of the request, in addition to `Accept`.
        body: the body of the request.

    >>> import queue
    >>> from sse_codec import encode, response_headers
    >>> from sse_codec.testing import check_producer, wsgi
    >>> events = queue.Queue()
    >>> def app(environ, start_response):
    ...     start_response("200 OK", list(response_headers().items()))
    ...     while True:
    ...         yield encode(events.get())
    >>> check_producer(wsgi(app, publish=events.put))
    """
    target, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": target.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT": "text/event-stream",
        "HTTP_HOST": "testserver",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return Endpoint(f"{method} {path}", publish, lambda _: _Wsgi(app, {**environ, "wsgi.input": io.BytesIO(body)}))


class _Wsgi(_InThread):
    """A request to a WSGI app."""

    def __init__(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        self._app = app
        self._environ = environ
        super().__init__()

    def _respond(self) -> None:
        body: Any = self._app(self._environ, self._start_response)
        try:
            for piece in body:
                if piece and not self._put(piece):
                    break
        finally:
            if hasattr(body, "close"):
                body.close()

    def _start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], Any]:
        fields = {name.lower(): value for name, value in headers}
        self._answer.start(int(status[:3]), fields.get("content-type", ""))
        return self._put


def http(
    url: str,
    *,
    publish: Publish | str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Endpoint:
    """Return an endpoint of a running server, for `check_producer`.

    Args:
        url: the address of the endpoint, `http` or `https`.
        publish: takes a ServerSentEvent, and makes the server send it to its connected clients. It may be a coroutine
            function. Or the address to which to POST each event, as JSON with the members `data`, `event`, `id` and
            `retry`; a status of 400 or more means that the event is refused.
        method: the method of the request.
        headers: the headers of the request, in addition to `Accept`.
        body: the body of the request.

    Raises:
        ValueError: `url` is not an `http` or `https` address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"http() takes the address of an endpoint, such as http://127.0.0.1:8000/events, not {url!r}")
    sent = {"Accept": "text/event-stream", "Accept-Encoding": "identity", **(headers or {})}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def connect(_: Worker) -> Connection:
        kind = http_client.HTTPSConnection if parts.scheme == "https" else http_client.HTTPConnection
        return _Http(kind(parts.hostname or "", parts.port), url, (method, target, body, sent))

    return Endpoint(f"{method} {url}", _poster(publish) if isinstance(publish, str) else publish, connect)


def unreachable(url: str, error: OSError | http_client.HTTPException) -> str:
    """Say that a server does not answer."""
    reason = getattr(error, "reason", error)  # urllib wraps it
    if isinstance(reason, http_client.BadStatusLine) and not isinstance(reason, OSError):
        return f"{url} does not answer in HTTP: {printable(str(reason)[:_SHOWN].strip())}"
    what = getattr(reason, "strerror", None) or str(reason)
    is_down = isinstance(reason, (ConnectionRefusedError, socket.gaierror))
    return f"nothing answers at {url}: {what}" if is_down else f"{url}: {what}"


def _poster(url: str) -> Publish:
    def publish(event: ServerSentEvent) -> None:
        try:
            with post(event, url, {}, _TO_START) as response:
                response.read()
        except HTTPError as error:
            error.close()  # it is the response, too
            raise

    return publish


def post(event: ServerSentEvent, url: str, headers: Mapping[str, str], timeout: float) -> Any:
    """Post an event as JSON, without a proxy, and return the response.

    Raises:
        HTTPError: the status of the response is 400 or more.
        OSError: there is no response.
    """
    body = json.dumps(event_members(event)).encode("ascii")
    request = Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310  # the caller's
    return _DIRECT.open(request, timeout=timeout)


class _Http(_InThread):
    """A request to a server."""

    def __init__(
        self,
        client: http_client.HTTPConnection,
        url: str,
        request: tuple[str, str, bytes | None, Mapping[str, str]],
    ) -> None:
        self._client = client
        self._url = url
        self._request = request
        self._socket: socket.socket | None = None
        super().__init__()

    def _respond(self) -> None:
        try:
            try:
                self._client.connect()
            except OSError as error:
                raise ConnectionError(unreachable(self._url, error)) from None
            self._socket = self._client.sock
            method, target, body, headers = self._request
            self._client.request(method, target, body, headers)
            try:
                response = self._client.getresponse()
            except http_client.BadStatusLine as error:
                raise ConnectionError(unreachable(self._url, error)) from None
            with response:
                self._answer.start(response.status, response.headers.get("Content-Type", ""))
                while (data := response.read1(65536)) and self._put(data):
                    pass
        finally:
            self._client.close()

    def close(self, wake: Callable[[], None]) -> None:
        self._has_left = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has been closed
                self._socket.shutdown(socket.SHUT_RDWR)
        super().close(wake)
