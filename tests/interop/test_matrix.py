"""Every client of docs/reading.md against the servers of docs/serving.md, over real sockets.

Each server uses its default HTTP: HTTP/1.1 with chunks, or HTTP/1.0 for `http.server`, where the body ends with the
connection.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, ServerSentEvent, decode, response_headers

from .clients import CLIENTS, read
from .servers import PATIENCE, SERVERS, Server, module, recipe, run_server, serve_asgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.interop

PAYLOADS = {
    "a word": "word",
    "nothing": "",
    "a line end": "\n",
    "line ends": "\n\na\nb\n",
    "spaces around it": "  leading and trailing  ",
    "tabs around it": "\ttab\t",
    "U+0000": "nul \0 nul",
    "an emoji": "🍊👩‍👩‍👧",
    "characters that are not line ends here": "\u2028\u2029\x85\x0b\x0c\x1c",
    "a byte order mark": "\ufeffmark\ufeff",
    "a colon": ": colon",
    "a field": "data: x\nid: 9\nretry: 9\nevent: x",
    "JSON": json.dumps({"token": 'He said "hi"\n', "n": 1.5}),
    "all of Latin-1": "".join(map(chr, range(32, 256))),
    "more than a buffer": "0123456789abcdef" * 8192,
}
EVENTS = [
    *map(ServerSentEvent, PAYLOADS.values()),
    ServerSentEvent("a type", event="token"),
    ServerSentEvent("a type with spaces", event=" ping 🍊 "),
    ServerSentEvent("an id", id="1"),
    ServerSentEvent("no id of its own"),
    ServerSentEvent("an id in JSON", id='[{"topic": "a", "offset": -1}, {"timestamp": 1}]'),
    ServerSentEvent("a reset id", id=""),
    ServerSentEvent("a reconnection time", retry=0),
    ServerSentEvent("all\nof\nit ", event="open", id="🍅", retry=10**18 - 1),
]
IDS = {
    "digits": "17",
    "an emoji": "🍊",
    "text": "naïve",
    # The last byte is white space to servers that decode headers as Latin-1 and strip the white space of Unicode.
    "a byte 0x85 at the end": "🍅",
    "a byte 0xA0 at the end": "voilà",
    "JSON with spaces": '[{"topic":"eqiad.recentchange", "partition":0, "timestamp":1764079200001},  {"offset": -1}]',
    "4 KiB": "0123456789abcdef" * 256,
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with run_server(request.param) as running:
        yield running


@pytest.mark.parametrize("client", CLIENTS)
def test_every_event_arrives(client: str, server: Server) -> None:
    """They are sent without a pause, so that they share chunks and are cut by them."""
    decoder = Decoder()
    seen: list[ServerSentEvent] = []
    with server.sending(EVENTS):
        read(client, server.url, decoder, seen.append)
    assert seen == EVENTS
    assert decoder.last_event_id == "🍅"
    assert decoder.reconnection_time == 10**18 - 1


@pytest.mark.parametrize("client", CLIENTS)
def test_an_event_is_seen_before_the_next_is_sent(client: str, server: Server) -> None:
    seen: list[ServerSentEvent] = []
    ahead: list[int] = []
    with server.sending(EVENTS, paced=True) as source:

        def see(event: ServerSentEvent) -> None:
            seen.append(event)
            ahead.append(source.taken - len(seen))
            source.allow()

        source.allow()
        read(client, server.url, Decoder(), see)
    assert seen == EVENTS
    assert set(ahead) == {0}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_leaves_ends_the_generator(client: str, server: Server) -> None:
    endless = (ServerSentEvent("x" * 1000, id=str(number)) for number in itertools.count(1))
    decoder = Decoder()
    with server.sending(endless) as source:
        read(client, server.url, decoder, lambda event: event.id == "3")
        assert source.ended.wait(PATIENCE)
    assert decoder.last_event_id == "3"


@pytest.mark.parametrize("id", IDS.values(), ids=IDS)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_last_event_id_arrives(client: str, id: str, server: Server) -> None:
    with server.sending() as source:
        read(client, server.url, Decoder(last_event_id=id), lambda _: None)
        assert source.last_event_ids == [id]


def test_the_headers_come_before_the_first_event(server: Server) -> None:
    """They fire a browser's `open` event, and end a client's time limit for a response."""
    with server.sending(EVENTS, paced=True), socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        lines = received.decode().split("\r\n")
        assert lines[0].split()[1] == "200"
        headers = dict(line.lower().split(": ", 1) for line in lines[1 : lines.index("")])
        assert headers.items() >= {name.lower(): value for name, value in response_headers().items()}.items()
        assert server.source.taken == 0
        assert not server.source.ended.is_set(), "they came only with the end"


@pytest.mark.parametrize("name", ["fastapi", "aiohttp"])
def test_a_client_that_leaves_ends_a_generator_that_waits(name: str) -> None:
    """A threaded server notices only when it writes, which is another use of keep-alives."""
    with run_server(name) as server, server.sending(EVENTS, paced=True) as source:
        source.allow()
        read("httpx", server.url, Decoder(), lambda _: True)
        assert source.ended.wait(PATIENCE)
        assert source.taken == 1


@pytest.mark.parametrize(("id", "arrives"), [("🍅", False), ("voilà", False), ("🍊", True), ("naïve", True)])
def test_wsgiref_cuts_bytes_off_the_end_of_an_id(id: str, arrives: bool) -> None:
    """It strips the white space of Unicode, not of HTTP, from each header: a last byte 0x85 or 0xA0 is lost.

    Django's `runserver` is built on it and does the same (seen with 5.2.19). ASCII ids are safe everywhere.
    """
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    quiet = type("Quiet", (WSGIRequestHandler,), {"log_message": lambda *_: None})
    server = Server()
    app = recipe("server_flask").make_app(server.generate)
    with make_server("127.0.0.1", 0, app, handler_class=quiet) as running_server:
        server.port = running_server.server_port
        thread = threading.Thread(target=running_server.handle_request)
        thread.start()
        with server.sending() as source:
            read("urllib", server.url, Decoder(last_event_id=id), lambda _: None)
            thread.join()
    assert (source.last_event_ids == [id]) == arrives


def test_why_the_client_of_requests_reads_its_raw_body() -> None:
    """If a body is not sent in chunks, `iter_content` waits for its end."""
    requests = module("requests")
    with run_server("http") as server, server.sending(EVENTS[:3], paced=True) as source:
        source.allow()
        response = requests.get(server.url, stream=True, timeout=PATIENCE)
        timers = [threading.Timer(seconds, source.allow) for seconds in (0.1, 0.2)]
        for timer in timers:
            timer.start()
        chunks = list(response.iter_content(None))
        for timer in timers:
            timer.join()
    assert list(decode(chunks)) == EVENTS[:3]
    assert len(chunks) == 1


def _compress(app: Any) -> None:
    app.add_middleware(module("starlette.middleware.gzip").GZipMiddleware, minimum_size=1)


def _pass_on(app: Any) -> None:
    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app.middleware("http")(dispatch)


@pytest.mark.parametrize("add", [_compress, _pass_on])
def test_middleware_does_not_delay_events(add: Callable[[Any], None]) -> None:
    """Middleware that many apps use: neither kind delays an event, nor hides that the client has left."""
    server = Server()
    app = recipe("server_fastapi").make_app(server.agenerate)
    add(app)
    seen: list[ServerSentEvent] = []
    with serve_asgi(app) as server.port, server.sending(EVENTS, paced=True) as source:

        def see(event: ServerSentEvent) -> bool:
            seen.append(event)
            if len(seen) < 10:
                source.allow()
            return len(seen) == 10

        source.allow()
        read("httpx", server.url, Decoder(), see)
        assert source.ended.wait(PATIENCE)
    assert seen == EVENTS[:10]
    assert source.taken == 10
