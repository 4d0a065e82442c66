"""Ids of every kind go through real clients to real servers: they arrive, or `request_headers` refuses them.

The docstring of `request_headers` has the rule. These tests are the evidence for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from sse_codec import EncodeError, parse_last_event_id, request_headers

from .servers import PATIENCE, listening, module, on_loop, running, serve_asgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import aiohttp
    import httpx
    import httpx2
    import requests
    import urllib3

    def fit_the_types_of_each_client(session: aiohttp.ClientSession, connection: http.client.HTTPConnection) -> None:
        """For mypy only: each client takes the headers, with one added."""
        headers = request_headers("7")
        headers["Authorization"] = "Bearer x"
        httpx.stream("GET", "", headers=headers)
        httpx2.stream("GET", "", headers=headers)
        requests.get("", headers=headers, timeout=1)
        urllib3.request("GET", "", headers=headers)
        Request("https://example.com", headers=headers)
        connection.request("GET", "", headers=headers)
        session.get("", headers=headers)


pytestmark = pytest.mark.interop

# Servers that answer with the last event ID that they received.


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [parse_last_event_id(environ.get("HTTP_LAST_EVENT_ID")).encode()]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    value = dict(scope["headers"]).get(b"last-event-id")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": parse_last_event_id(value).encode()})


@contextlib.contextmanager
def _uvicorn_h11() -> Iterator[int]:
    with serve_asgi(asgi, http="h11") as port:
        yield port


@contextlib.contextmanager
def _uvicorn_httptools() -> Iterator[int]:
    module("httptools")
    with serve_asgi(asgi, http="httptools") as port:
        yield port


@contextlib.contextmanager
def _aiohttp() -> Iterator[int]:
    web = module("aiohttp.web")

    async def answer(request: Any) -> Any:
        return web.Response(text=parse_last_event_id(request.headers.get("Last-Event-ID")))

    with listening() as (listener, port):

        async def main(stop: asyncio.Event) -> None:
            app = web.Application()
            app.router.add_get("/", answer)
            runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            await stop.wait()
            await runner.cleanup()

        with on_loop(main):
            yield port


@contextlib.contextmanager
def _waitress() -> Iterator[int]:
    waitress = module("waitress")
    with listening() as (listener, port):
        sockets: dict[int, Any] = {}  # where waitress keeps its sockets, including idle connections
        server = waitress.create_server(wsgi, map=sockets, sockets=[listener])
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield port
        finally:
            server.trigger.pull_trigger(lambda: module("waitress.wasyncore").close_all(sockets))
            thread.join()
            server.task_dispatcher.shutdown()


@contextlib.contextmanager
def _gunicorn() -> Iterator[int]:
    module("gunicorn")
    with listening() as (listener, port):
        number = listener.fileno()
        command = [sys.executable, "-m", "gunicorn", "--log-level=critical", f"--bind=fd://{number}"]
        process = subprocess.Popen([*command, "--no-control-socket", f"{__name__}:wsgi"], pass_fds=[number])
        try:
            yield port
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def _wsgiref() -> Iterator[int]:
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    quiet = type("Quiet", (WSGIRequestHandler,), {"log_message": lambda *_: None})
    server = make_server("127.0.0.1", 0, wsgi, handler_class=quiet)
    with running(server):
        yield server.server_port


@contextlib.contextmanager
def _werkzeug() -> Iterator[int]:
    serving = module("werkzeug.serving")
    quiet = type("Quiet", (serving.WSGIRequestHandler,), {"log": lambda *_: None})
    with running(server := serving.make_server("127.0.0.1", 0, wsgi, request_handler=quiet)):
        yield server.server_port


SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[int]]] = {
    "uvicorn, h11": _uvicorn_h11,
    "uvicorn, httptools": _uvicorn_httptools,
    "aiohttp": _aiohttp,
    "waitress": _waitress,
    "gunicorn": _gunicorn,
    "wsgiref": _wsgiref,
    "werkzeug": _werkzeug,
}

# Clients: each sends the headers, and returns status and body.


def _httpx(url: str, last_event_id: str) -> tuple[int, bytes]:
    httpx = module("httpx")
    headers = httpx.Headers(request_headers(last_event_id, encoding="latin-1"), encoding="latin-1")
    response = httpx.get(url, headers=headers, timeout=PATIENCE)
    return response.status_code, response.content


def _httpx2(url: str, last_event_id: str) -> tuple[int, bytes]:
    httpx2 = module("httpx2")
    headers = httpx2.Headers(request_headers(last_event_id, encoding="latin-1"), encoding="latin-1")
    response = httpx2.get(url, headers=headers, timeout=PATIENCE)
    return response.status_code, response.content


def _requests(url: str, last_event_id: str) -> tuple[int, bytes]:
    response = module("requests").get(url, headers=request_headers(last_event_id, encoding="latin-1"), timeout=PATIENCE)
    return response.status_code, response.content


def _urllib3(url: str, last_event_id: str) -> tuple[int, bytes]:
    headers = request_headers(last_event_id, encoding="latin-1")
    response = module("urllib3").request("GET", url, headers=headers, timeout=PATIENCE, retries=False)
    return response.status, response.data


def _urllib(url: str, last_event_id: str) -> tuple[int, bytes]:
    request = Request(url, headers=request_headers(last_event_id, encoding="latin-1"))  # noqa: S310  # our own server
    with urlopen(request, timeout=PATIENCE) as response:  # noqa: S310  # our own server
        return response.status, response.read()


def _http_client(url: str, last_event_id: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", "/", headers=request_headers(last_event_id, encoding="latin-1"))
        response = connection.getresponse()
        return response.status, response.read()


def _aiohttp_client(url: str, last_event_id: str) -> tuple[int, bytes]:
    aiohttp = module("aiohttp")

    async def get() -> tuple[int, bytes]:
        headers = request_headers(last_event_id, encoding="utf-8")
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            return response.status, await response.read()

    return asyncio.run(get())


CLIENTS: dict[str, Callable[[str, str], tuple[int, bytes]]] = {
    "httpx": _httpx,
    "httpx2": _httpx2,
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib.request": _urllib,
    "http.client": _http_client,
    "aiohttp": _aiohttp_client,
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    with SERVERS[request.param]() as port:
        yield request.param, port


IDS = [
    "",
    "7",
    "".join(map(chr, range(0x20, 0x7F))),
    " spaces ",
    "\ttabs\t",
    "\t \t",
    "a\tb",
    '[{"topic":"a", "offset":-1},  {"offset":2}]',
    "naïve",
    "🍊",
    "voilà",  # its last byte is 0xA0
    "🍅",  # 0x85
    "\x80\x85\x9f\xa0\xff",
    "\u2028a\u3000",
    "\ufeffa",
    "é" * 2000,
]

#: Ids that arrive changed, by server.
CHANGED = {("wsgiref", id) for id in IDS if id.encode().endswith((b"\x85", b"\xa0"))}


@pytest.mark.parametrize("client", CLIENTS)
def test_ids_that_request_headers_accepts_arrive(client: str, server: tuple[str, int]) -> None:
    name, port = server
    changed = set()
    for id in IDS:
        status, body = CLIENTS[client](f"http://127.0.0.1:{port}/", id)
        assert status == 200, id
        if body.decode() != id.strip("\t "):
            changed.add((name, id))
    assert changed == {each for each in CHANGED if each[0] == name}


CONTROLS = {*range(0x20), 0x7F} - {0x09}

#: The control characters that a server accepts in a header. Servers that are not listed accept none.
TAKEN = {
    "uvicorn, h11": CONTROLS - set(b"\0\n\x0b\x0c\r"),
    "wsgiref": CONTROLS,
    "werkzeug": CONTROLS,
}


def raw(port: int, value: bytes) -> bytes:
    """Send a header without a client's own checks; return the status line."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nLast-Event-ID: " + value + b"\r\n\r\n")
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received.partition(b"\r\n")[0]


def test_most_servers_refuse_the_ids_that_request_headers_refuses(server: tuple[str, int]) -> None:
    name, port = server
    taken = set()
    for code in CONTROLS:
        id = f"a{chr(code)}b"
        with pytest.raises(EncodeError):
            request_headers(id)
        if raw(port, id.encode()).split()[1:2] == [b"200"]:
            taken.add(code)
    assert taken == TAKEN.get(name, set())
