"""Endpoints and producers that never end: the check reads each until its event has arrived, leaves, and cleans up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings

from sse_codec import EncodeError, ReceivedEvent, ServerSentEvent, encode, encode_comment, response_headers
from sse_codec.testing import NotConforming, asgi, check_producer, http, per_stream, wsgi
from tests.test_testing_consumers import let_the_check_end
from tests.test_testing_producers import OnChange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_thread_is_left")

#: A few drawn cases, without the fixed cases: an endpoint takes a few milliseconds for each case.
FEW = settings(max_examples=10, phases=[Phase.generate])
#: Cases that show each fault of `FAULTS`.
SOME = [
    [ServerSentEvent("a")],
    [ServerSentEvent("b")],
    [ServerSentEvent("a", event="b", id="1", retry=7), ServerSentEvent("b")],
    [ServerSentEvent("a\nb\n")],
    [ServerSentEvent("a\rb")],
    [ServerSentEvent("")],
    [ServerSentEvent("a", event="b\ndata: injected")],
    [ServerSentEvent("\ufeff")],
]
HEADERS = list(response_headers().items())
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
#: Faulty encoders of several kinds, with the rules that a report may name.
FAULTS: dict[str, tuple[Callable[[ServerSentEvent], bytes], set[str]]] = {
    "one line": (lambda event: encode(event).replace(b"\ndata: b", b"\nb"), {"newline", "last-newline"}),
    "no end": (lambda event: encode(event)[:-1], {"missing-blank-line", "events", "data", "promptness"}),
    "drops empty data": (lambda event: encode(event) if event.data else b"", {"empty-data"}),
    "twice": (lambda event: encode(event) * (1 + (event.data == "b")), {"events", "data"}),
}


def encode_all(event: ServerSentEvent) -> bytes:
    """Encode an event, or a comment in place of one that can't be sent."""
    try:
        return encode(event)
    except EncodeError:
        return b": can't be sent\n\n"


class Asgi:
    """An ASGI app that sends published events to each client, and never ends."""

    def __init__(self, encode: Callable[[ServerSentEvent], bytes] = encode_all, greeting: bytes = b"") -> None:
        self.encode = encode
        self.greeting = greeting
        self.clients: set[asyncio.Queue[ServerSentEvent]] = set()
        self.served = self.left = 0
        self.life: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        events: asyncio.Queue[ServerSentEvent] = asyncio.Queue()
        self.clients.add(events)
        self.served += 1
        try:
            await send({"type": "http.response.start", "status": 200, "headers": RAW_HEADERS})
            if self.greeting:
                await send({"type": "http.response.body", "body": self.greeting, "more_body": True})
            assert (await receive())["type"] == "http.request"
            leaving = asyncio.ensure_future(receive())
            while not leaving.done():
                event = asyncio.ensure_future(events.get())
                await asyncio.wait({event, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if event.done():
                    await send({"type": "http.response.body", "body": self.encode(event.result()), "more_body": True})
                else:
                    event.cancel()
            assert leaving.result()["type"] == "http.disconnect"
            self.left += 1
        finally:
            self.clients.discard(events)

    async def live(self, receive: Any, send: Any) -> None:
        self.life.append((await receive())["type"])
        await send({"type": "lifespan.startup.complete"})
        self.life.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    def publish(self, event: ServerSentEvent) -> None:
        for events in self.clients:
            events.put_nowait(event)


class Wsgi:
    """A WSGI app that does the same."""

    def __init__(self, encode: Callable[[ServerSentEvent], bytes] = encode_all) -> None:
        self.encode = encode
        self.clients: set[queue.Queue[ServerSentEvent | None]] = set()
        self.served = 0

    def __call__(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        events: queue.Queue[ServerSentEvent | None] = queue.Queue()
        self.clients.add(events)
        self.served += 1
        try:
            start_response("200 OK", HEADERS)
            yield b": hello\n\n"
            while (event := events.get()) is not None:
                yield self.encode(event)
        finally:
            self.clients.discard(events)

    def publish(self, event: ServerSentEvent | None) -> None:
        for events in set(self.clients):
            events.put(event)


@contextlib.contextmanager
def served(app: Wsgi) -> Iterator[str]:
    """Serve an app over HTTP; POST to /publish publishes an event."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = app({}, lambda *_: None)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            with contextlib.suppress(OSError, ValueError), contextlib.closing(body):  # type: ignore[type-var]  # a generator
                for piece in body:
                    self.wfile.write(piece)

        def do_POST(self) -> None:
            members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            event = ServerSentEvent(**members)
            try:
                encode(event)
            except EncodeError:
                self.send_response(400)
            else:
                app.publish(event)
                self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            app.publish(None)  # ends the streams that wait for more


# An ASGI app.


def test_an_asgi_app_that_never_ends() -> None:
    app = Asgi()
    check_producer(asgi(app, "/events?a=1", publish=app.publish), settings=FEW)
    assert app.served == app.left == 1, "all cases on one connection, which http.disconnect ended"
    assert app.life == ["lifespan.startup", "lifespan.shutdown"]
    assert not app.clients


def test_an_asgi_app_may_publish_in_a_coroutine() -> None:
    app = Asgi()

    async def publish(event: ServerSentEvent) -> None:
        await asyncio.sleep(0)
        app.publish(event)

    check_producer(asgi(app, publish=publish), settings=FEW)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_an_asgi_app_is_found(fault: str) -> None:
    encode, rules = FAULTS[fault]
    app = Asgi(encode)
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, publish=app.publish), unsendable="untested", cases=SOME)
    assert caught.value.rule in rules
    assert not app.clients


def test_an_asgi_app_gets_the_given_request() -> None:
    seen: list[Any] = []
    app = Asgi()

    async def look(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            request = await receive()
            seen.append((scope, request))
            left = iter([request])

            async def again() -> Any:
                return next(left, None) or await receive()

            await app(scope, again, send)

    endpoint = asgi(look, "/a b?c=d", publish=app.publish, method="POST", headers={"X-Token": "t"}, body=b"{}")
    check_producer(endpoint, settings=FEW)
    scope, message = seen[0]
    assert (scope["method"], scope["path"], scope["query_string"]) == ("POST", "/a b", b"c=d")
    assert (b"x-token", b"t") in scope["headers"]
    assert (b"accept", b"text/event-stream") in scope["headers"]
    assert message["body"] == b"{}"
    assert str(endpoint) == "POST /a b?c=d"


def test_an_asgi_app_that_does_not_leave_is_cancelled() -> None:
    ended: list[str] = []
    clients: list[asyncio.Queue[ServerSentEvent]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        clients.append(asyncio.Queue())
        await send({"type": "http.response.start", "status": 200, "headers": RAW_HEADERS})
        try:
            while True:
                body = encode_all(await clients[-1].get())
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    check_producer(asgi(app, publish=lambda event: clients[-1].put_nowait(event)), settings=FEW)
    assert ended == ["cancelled"]


def test_an_asgi_app_that_never_waits_lets_the_check_run() -> None:
    """It sends heartbeats for ever, as fast as the check reads them."""
    clients: list[list[ServerSentEvent]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        clients.append([])
        await send({"type": "http.response.start", "status": 200, "headers": RAW_HEADERS})
        while True:
            waiting, clients[-1][:] = clients[-1][:], []
            body = b"".join([b": ping\n\n", *map(encode_all, waiting)])
            await send({"type": "http.response.body", "body": body, "more_body": True})

    check_producer(asgi(app, publish=lambda event: clients[-1].append(event)), cases=SOME)


def test_a_greeting_is_ignored() -> None:
    app = Asgi(greeting=b"event: hello\ndata: you\n\n")
    check_producer(asgi(app, publish=app.publish), settings=FEW)


def test_a_byte_order_mark_before_each_event_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._sending._TO_ARRIVE", 0.3)  # nothing comes, however long the check waits
    app = Asgi(lambda event: b"\xef\xbb\xbf" + encode(event))
    with pytest.raises((NotConforming, TimeoutError)):
        check_producer(asgi(app, publish=app.publish), cases=SOME)


def test_an_event_that_comes_only_with_the_next_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._sending._TO_ARRIVE", 1.0)  # the wait for an event that does not come

    class Late:
        held = b""

        def __call__(self, event: ServerSentEvent) -> bytes:
            now, self.held = self.held, encode_all(event)
            return now

    app = Asgi(Late())
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, publish=app.publish), cases=SOME)
    assert caught.value.rule == "promptness"
    assert "complete only when more is sent after it" in str(caught.value)
    check_producer(asgi(app, publish=app.publish), without={"promptness"}, cases=[[ServerSentEvent("a")]])


def test_an_event_that_was_late_once_is_sent_again() -> None:
    """The machine may have been busy."""

    class LateOnce:
        held = b""
        has_held = False

        def __call__(self, event: ServerSentEvent) -> bytes:
            if event.data == "a" and not self.has_held:
                self.has_held, self.held = True, encode(event)
                return b": wait\n\n"
            now, self.held = self.held + encode_all(event), b""
            return now

    late = LateOnce()
    app = Asgi(late)
    check_producer(asgi(app, publish=app.publish), cases=[[ServerSentEvent("a")]])
    assert late.has_held


def test_a_response_that_starts_again_as_something_else() -> None:
    class Failing(Asgi):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            try:
                await super().__call__(scope, receive, send)
            except LookupError:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b"no data"})

    def encode(event: ServerSentEvent) -> bytes:
        if event.data == "":
            raise LookupError
        return encode_all(event)

    app = Failing(encode)
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, publish=app.publish), cases=[[ServerSentEvent("")]])
    assert caught.value.rule == "content-type"
    assert "answers with status 500" in str(caught.value)


def test_the_error_of_an_asgi_app_is_reported() -> None:
    def encode(event: ServerSentEvent) -> bytes:
        if event.data == "":
            raise LookupError("no data")
        return encode_all(event)

    app = Asgi(encode)
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, publish=app.publish), cases=SOME)
    assert "LookupError: 'no data'" in str(caught.value)
    assert isinstance(caught.value.__cause__, LookupError)


def test_an_app_may_refuse_by_an_error() -> None:
    """An unsendable event ends the connection, and the next case has a new one."""
    app = Asgi(encode)
    check_producer(asgi(app, publish=app.publish), settings=FEW)
    assert app.served > 1


class EndsAfterOneEvent:
    """An ASGI app that ends each stream after the first event of a case."""

    def __init__(self) -> None:
        self.clients: list[asyncio.Queue[ServerSentEvent]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        self.clients.append(asyncio.Queue())
        await send({"type": "http.response.start", "status": 200, "headers": RAW_HEADERS})
        ready = await self.clients[-1].get()
        await send({"type": "http.response.body", "body": encode(ready), "more_body": True})
        await send({"type": "http.response.body", "body": encode_all(await self.clients[-1].get())})

    def publish(self, event: ServerSentEvent) -> None:
        self.clients[-1].put_nowait(event)


def test_an_app_may_end_its_stream_after_an_event() -> None:
    app = EndsAfterOneEvent()
    check_producer(asgi(app, publish=app.publish), without={"events"}, settings=FEW)


def test_an_app_that_ends_its_stream_before_the_last_event_is_found() -> None:
    app = EndsAfterOneEvent()
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, publish=app.publish), cases=[[ServerSentEvent("a"), ServerSentEvent("b")]])
    assert caught.value.got is not None
    assert [event.data for event in caught.value.got][:1] == ["a"]


@pytest.mark.parametrize(
    ("status", "content_type"), [(404, b"text/event-stream"), (200, b"application/json"), (500, b"text/html")]
)
def test_a_response_that_is_not_an_event_stream(status: int, content_type: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        headers = [(b"content-type", content_type)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"no such thing"})

    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(app, "/x", publish=lambda event: None), cases=SOME)
    assert caught.value.rule == "content-type"
    assert f"GET /x answers with status {status} and Content-Type '{content_type.decode()}'" in str(caught.value)
    assert "no such thing" in str(caught.value)


def test_a_message_of_an_extension_is_not_part_of_the_stream() -> None:
    app = Asgi()

    async def debugging(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.debug", "info": {"body": b"no event"}})
        await app(scope, receive, send)

    check_producer(asgi(debugging, publish=app.publish), cases=SOME)
    assert app.served == 1


def test_published_events_that_never_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._sending._TO_ARRIVE", 0.3)
    app = Asgi(greeting=b"data: hello\n\n")
    with pytest.raises(TimeoutError, match=r"(?s)none arrived within 0.3 seconds.*hello.*Does publish"):
        check_producer(asgi(app, publish=lambda event: None), cases=SOME)


def test_an_app_that_treats_a_lifespan_as_a_request_gets_none() -> None:
    app = Asgi()
    raised: list[str] = []

    async def careless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app({**scope, "type": "http"}, receive, send)
        except RuntimeError as error:
            raised.append(str(error))
            raise

    check_producer(asgi(careless, publish=app.publish), cases=SOME)
    assert raised == ["http.response.start is not a lifespan message"]
    assert app.served == 2


def test_an_app_that_does_not_start() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RuntimeError, match="the app did not start: no database"):
        check_producer(asgi(app, publish=lambda event: None), cases=SOME)


# A WSGI app.


def test_a_wsgi_app_that_never_ends() -> None:
    app = Wsgi()
    check_producer(wsgi(app, "/events?a=1", publish=app.publish), settings=FEW)
    assert app.served == 1
    assert not app.clients, "its iterable was closed"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_wsgi_app_is_found(fault: str) -> None:
    encode, rules = FAULTS[fault]
    app = Wsgi(encode)
    with pytest.raises(NotConforming) as caught:
        check_producer(wsgi(app, publish=app.publish), unsendable="untested", cases=SOME)
    assert caught.value.rule in rules


def test_a_wsgi_app_gets_the_given_request() -> None:
    seen: list[Any] = []
    inner = Wsgi()

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        seen.append((environ, environ["wsgi.input"].read()))
        return inner(environ, start_response)

    headers = {"X-Token": "t", "Content-Type": "application/json"}
    check_producer(
        wsgi(app, "/a?c=d", publish=inner.publish, method="POST", headers=headers, body=b"{}"),
        cases=[[ServerSentEvent("a")]],
    )
    environ, body = seen[0]
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]) == ("POST", "/a", "c=d")
    assert (environ["HTTP_X_TOKEN"], environ["CONTENT_TYPE"], body) == ("t", "application/json", b"{}")


def test_a_wsgi_app_that_writes() -> None:
    """It uses the callable that `start_response` returns, as old apps do; and its iterable has no close."""
    events: queue.Queue[ServerSentEvent] = queue.Queue()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", HEADERS)
        while write(encode_all(events.get())):
            pass
        return []

    check_producer(wsgi(app, publish=events.put), settings=FEW)


def test_a_wsgi_app_that_heartbeats_for_ever() -> None:
    waiting: queue.Queue[ServerSentEvent] = queue.Queue()

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        while True:
            yield b": ping\n\n" if waiting.empty() else encode_all(waiting.get())

    check_producer(wsgi(app, publish=waiting.put), cases=SOME)


def test_the_error_of_a_wsgi_app_is_raised() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        raise LookupError("no app")

    with pytest.raises(LookupError, match="no app"):
        check_producer(wsgi(app, publish=lambda event: None), cases=SOME)


# A server.


def test_a_url() -> None:
    app = Wsgi()
    with served(app) as url:
        check_producer(http(url, publish=app.publish), cases=SOME)
    assert app.served == 1


def test_a_url_to_publish_to() -> None:
    app = Wsgi()
    with served(app) as url:
        cases = [[ServerSentEvent("a", id="1")], [ServerSentEvent("a", event="b\nc")]]
        check_producer(http(f"{url}/?a=b", publish=f"{url}/publish"), unsendable="refused", cases=cases)


def test_a_fault_of_a_server_is_found() -> None:
    app = Wsgi(FAULTS["one line"][0])
    with served(app) as url, pytest.raises(NotConforming) as caught:
        check_producer(http(url, publish=app.publish), unsendable="untested", cases=SOME)
    assert caught.value.rule in FAULTS["one line"][1]


def test_no_server() -> None:
    with served(Wsgi()) as url:
        pass
    with pytest.raises(OSError, match="refused"):
        check_producer(http(url, publish=lambda event: None), cases=SOME)


@pytest.mark.parametrize("url", ["ftp://a/b", "/events", "http:///x"])
def test_invalid_addresses(url: str) -> None:
    with pytest.raises(ValueError, match="takes the address of an endpoint"):
        http(url, publish=lambda event: None)


# Options of a check on an endpoint.


def test_an_endpoint_of_json() -> None:
    app = Asgi(lambda event: encode_all(event.replace(data=json.dumps(json.loads(event.data)))))
    check_producer(
        asgi(app, publish=app.publish),
        data="json",
        types={"a", "b"},
        required={"id"},
        unsendable="untested",
        settings=FEW,
    )


def test_an_endpoint_that_sends_an_id_when_it_changes() -> None:
    app = Asgi(OnChange(encode_all).produce)
    check_producer(asgi(app, publish=app.publish), ids="sticky", unsendable="untested", settings=FEW)


def test_an_endpoint_with_heartbeats_that_are_events() -> None:
    app = Asgi(lambda event: b"event: ping\ndata: 1\n\n" + encode_all(event))

    def ignore(event: ReceivedEvent) -> bool:
        return event.event == "ping"

    check_producer(asgi(app, publish=app.publish), ignore=ignore, settings=FEW)


def test_the_comments_of_an_endpoint() -> None:
    class Commenting(Asgi):
        def comment(self, text: str) -> None:
            self.publish(ServerSentEvent("keep alive", event=text))

    good = Commenting(
        lambda event: encode_comment(event.event) + b"\n" if event.data == "keep alive" else encode_all(event)
    )
    check_producer(asgi(good, publish=good.publish), comment=good.comment, settings=FEW)
    bad = Commenting(lambda event: f": {event.event}\n\n".encode() if event.data == "keep alive" else encode_all(event))
    with pytest.raises(NotConforming) as caught:
        check_producer(asgi(bad, publish=bad.publish), comment=bad.comment, settings=FEW)
    assert caught.value.rule == "line-end-in-comment"
    with pytest.raises(TypeError, match="comment must make the endpoint send a comment, and return None"):
        check_producer(asgi(good, publish=good.publish), comment=lambda text: b":\n\n", settings=FEW)


# Producers that do not end.


async def waiting_for_more(event: ServerSentEvent) -> AsyncIterator[bytes]:
    yield encode_all(event)
    await asyncio.Event().wait()


async def heartbeats(event: ServerSentEvent) -> AsyncIterator[bytes]:
    yield encode_all(event)
    while True:
        yield b": ping\n\n"


async def never_sends(event: ServerSentEvent) -> AsyncIterator[bytes]:
    yield encode(event)[:-1]
    await asyncio.Event().wait()


@pytest.mark.parametrize("produce", [waiting_for_more, heartbeats])
def test_an_async_generator_that_never_ends(produce: Any) -> None:
    check_producer(produce, cases=SOME[:6])


def test_an_endless_generator_is_closed() -> None:
    closed: list[ServerSentEvent] = []

    def produce(event: ServerSentEvent) -> Iterator[bytes]:
        try:
            yield encode(event)
            while True:
                yield b": ping\n\n"
        finally:
            closed.append(event)

    cases = [[ServerSentEvent("a"), ServerSentEvent("b")]]
    check_producer(produce, endless=True, cases=cases)
    check_producer(produce, cases=cases)
    assert [event.data for event in closed] == ["a", "b"] * 2


def test_a_generator_that_waits_must_be_declared_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._sending._TO_ARRIVE", 0.2)
    waits = queue.Queue[None]()

    def produce(event: ServerSentEvent) -> Iterator[bytes]:
        yield encode(event)
        waits.get()

    with pytest.raises(TypeError, match="does not end after its event. With endless=True"):
        check_producer(produce, cases=SOME)
    waits.put(None)  # ends its thread
    check_producer(produce, endless=True, unsendable="untested", settings=FEW)


def test_an_endless_producer_may_wait_for_ever_at_an_unsendable_event() -> None:
    waits = queue.Queue[None]()

    def produce(event: ServerSentEvent) -> Iterator[bytes]:
        try:
            yield encode(event)
        except EncodeError:
            waits.get()

    cases = [[ServerSentEvent("a"), ServerSentEvent("b", event="b\nc")]]
    check_producer(produce, endless=True, timeout=0.3, cases=cases)
    waits.put(None)  # ends its thread


def test_an_endless_producer_whose_event_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._sending._TO_ARRIVE", 0.2)
    with pytest.raises(NotConforming) as caught:
        check_producer(never_sends, cases=SOME[:1], unsendable="untested")
    assert caught.value.rule == "missing-blank-line"


def test_a_producer_that_hangs_is_reported() -> None:
    leave = threading.Event()

    def produce(event: ServerSentEvent) -> bytes:
        if event.data == "b":
            leave.wait()
        return encode(event)

    with pytest.raises(NotConforming) as caught:
        check_producer(produce, timeout=0.3, cases=SOME)
    leave.set()
    assert "the producer hangs: it did not finish within 0.3 seconds" in str(caught.value)
    assert "asgi(), wsgi() or http()" in str(caught.value)


def test_an_async_producer_that_hangs_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def produce(event: ServerSentEvent) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)
        return b""

    with pytest.raises(NotConforming, match="the producer hangs"):
        check_producer(produce, timeout=0.3, cases=SOME)
    let_the_check_end()
    assert cancelled == [True]


# A producer for each stream.


def test_a_producer_for_each_stream() -> None:
    check_producer(per_stream(lambda: OnChange().produce), ids="sticky", settings=FEW)
    with pytest.raises(NotConforming) as caught:
        check_producer(OnChange().produce, ids="sticky", cases=[[ServerSentEvent("a", id="1")]] * 2)
    assert "the producer remembers what it sent before" in str(caught.value)
    with pytest.raises(NotConforming) as caught:
        check_producer(per_stream(lambda: OnChange().produce), cases=[[ServerSentEvent("a", id="1")] * 2])
    assert 'ids="sticky" accepts that' in str(caught.value)
