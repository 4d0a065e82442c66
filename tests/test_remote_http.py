"""Clients over HTTP: clients that connect and ask for streams, and clients that a LaunchDarkly test service starts."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec.testing._remote import _listen, _pacing
from sse_codec.testing._remote._listen import Listener
from sse_codec.testing._remote._messages import CannotGoOn, Reading, RemoteError
from sse_codec.testing._remote._service import Service
from tests import faulty_consumers
from tests.remote import client, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: A timeout that is reached only if something is broken.
PATIENCE = 60.0
#: The timeout for clients that do not connect, or report nothing.
SHORT = 0.1
LIMITS = {"timeout": PATIENCE, "pause": 0.001, "grace": PATIENCE}


def a(**more: Any) -> dict[str, Any]:
    return {"data": "a", "event": "message", "id": None, "retry": None, **more}


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listener = Listener("127.0.0.1", 0, **LIMITS)
    yield listener
    monkeypatch.setattr(_listen, "_FAREWELL", SHORT)
    listener.finish(conforms=True, report="")
    listener.close()


class Background:
    """A function that runs in another thread; `result` waits for its result."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._result: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._result.append(function(*arguments)), daemon=True)
        self._thread.start()

    @property
    def result(self) -> Any:
        self._thread.join(PATIENCE)
        return self._result[0]


def request(listener: Listener, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", int(listener.url.rpartition(":")[2]), timeout=PATIENCE)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


# A client that connects.


def test_a_client_reads_and_reports(listener: Listener) -> None:
    running = Background(client.run, listener.url, client.reading(faulty_consumers.Correct), {"name": "it"})
    listener.wait_for_client()
    assert listener.hello.title == "it"
    for wire, data in ((b"data: a\n\n", ["a"]), (b"", []), (b"\xef\xbb\xbfdata\n\n", [""])):
        events = listener.read([wire[:3], wire[3:]]).events
        assert [event["data"] for event in events] == data
        assert all("chunk" not in event for event in events)
    listener.finish(conforms=True, report="fine")
    assert running.result == {"done": True, "conforms": True, "report": "fine"}


def test_a_client_that_reports_while_it_reads_says_when_events_came(listener: Listener) -> None:
    running = Background(client.run, listener.url, client.reading(faulty_consumers.Correct), {"live": True})
    listener.wait_for_client()
    reading = listener.read([b"data: a\n", b"\ndata: b\n\nda", b"ta: c\n", b"\n", b": ping\n\n"])
    assert [(event["data"], event["chunk"]) for event in reading.events] == [("a", 1), ("b", 1), ("c", 3)]
    listener.finish(conforms=True, report="")
    assert running.result["done"]


def test_a_client_that_is_late_says_when_events_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pacing, "_PATIENT", 1)
    listener = Listener("127.0.0.1", 0, timeout=PATIENCE, pause=0.001, grace=SHORT)
    running = Background(client.run, listener.url, client.reading(faulty_consumers.FlushesAtTheEnd), {"live": True})
    listener.wait_for_client()
    reading = listener.read([b"data: a\n\n", b"data: b\n\n"])
    assert [(event["data"], event["chunk"]) for event in reading.events] == [("a", 2), ("b", 2)]
    numbers = [listener._number]
    listener.read([b"data: a\n\n"])
    listener.fresh()
    listener.read([b"data: a\n\n"])
    assert [*numbers, listener._number] == [2, 5], "a late stream is tried again, once in a search"
    listener.finish(conforms=False, report="")
    assert running.result["done"]
    listener.close()


def test_a_client_that_is_late_once_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pacing, "_PATIENT", PATIENCE / SHORT)
    listener = Listener("127.0.0.1", 0, timeout=PATIENCE, pause=0.001, grace=SHORT)
    correct = client.reading(faulty_consumers.Correct)
    calls: list[bool] = []

    def read(chunks: Iterable[bytes], saw: Callable[[int], None]) -> Iterator[dict[str, Any]]:
        calls.append(True)
        return correct(chunks, saw if len(calls) > 1 else lambda _: None)

    running = Background(client.run, listener.url, read, {"live": True})
    listener.wait_for_client()
    assert [event["chunk"] for event in listener.read([b"data: a\n\n", b": b\n"]).events] == [0]
    listener.finish(conforms=True, report="")
    assert running.result["done"]
    listener.close()


class Clock:
    """A condition whose waits take no time. Each wait runs one step, as another thread would, and then times out."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)

    def __enter__(self) -> None:
        """Do nothing: there are no other threads."""

    def __exit__(self, *_: object) -> None:
        """Do nothing: there are no other threads."""

    def notify_all(self) -> None:
        """Do nothing: there are no other threads."""

    def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        self.steps.pop(0)()
        return condition()


def has_seen(case: _pacing.Case, count: int) -> bool:
    return case.seen == count


@pytest.mark.parametrize(("steps", "count"), [("aaa", 3), ("aa-a", 2), ("-", 0)])
def test_the_timeout_starts_anew_with_each_report(listener: Listener, steps: str, count: int) -> None:
    for waits in ("a case", "a listener"):
        case = _pacing.Case(1, [b"data: a\n\n" * 3], 0.0, 0.0)
        clock = Clock(*(partial(case.saw, number) if step == "a" else int for number, step in enumerate(steps, 1)))
        if waits == "a case":
            case._changed = clock  # type: ignore[assignment]  # it takes no time
            assert case.wait(partial(has_seen, case, 3), 1.0) == (count == 3)
        else:
            listener._changed = clock  # type: ignore[assignment]  # it takes no time
            with contextlib.nullcontext() if count == 3 else pytest.raises(CannotGoOn, match="it left, or it hangs"):
                listener._wait(case, partial(has_seen, case, 3), "nothing came")
            listener._changed = threading.Condition()
        assert case.seen == count


def test_the_listener_does_not_wait_for_reports_that_are_not_judged(listener: Listener) -> None:
    hello = {"live": True, "without": ["promptness"]}
    running = Background(client.run, listener.url, client.reading(faulty_consumers.FlushesAtTheEnd), hello)
    listener.wait_for_client()
    assert len(listener.read([b"data: a\n\n", b"data: b\n\n"]).events) == 2, "otherwise it would wait for a minute"
    listener.finish(conforms=True, report="")
    assert running.result["done"]


def test_the_chunks_arrive_as_they_were_cut(listener: Listener) -> None:
    seen: list[bytes] = []

    def read(chunks: Iterable[bytes], saw: Callable[[int], None]) -> Iterator[dict[str, Any]]:
        for chunk in chunks:
            seen.append(chunk)
            saw(len(seen))  # so that the server goes on without a pause, and nothing depends on luck
        return iter([])

    running = Background(client.run, listener.url, read, {"live": True})
    listener.wait_for_client()
    chunks = [b"data: a\n\n", b"", b"data: b\n\n"]
    assert listener.read(chunks) == Reading([])
    assert seen == [b"data: a\n\n", b"data: b\n\n"]
    listener.finish(conforms=True, report="")
    assert running.result["done"]


def test_a_client_by_hand(listener: Listener) -> None:
    """It requests cases by their numbers, with chunked responses and without."""
    reading = Background(listener.read, [b"data: a\n\n", b": b\n"])
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2]))) as plain:
        plain.sendall(b"GET /case/1 HTTP/1.0\r\n\r\n")
        head, _, body = b"".join(iter(lambda: plain.recv(1000), b"")).partition(b"\r\n\r\n")
    assert body == b"data: a\n\n: b\n"
    assert b"Content-Type: text/event-stream" in head
    assert b"Access-Control-Allow-Origin: *" in head
    assert request(listener, "GET", "/case/1") == (204, ""), "each case is served once"
    answer = Background(request, listener, "POST", "/case/1/events", b'{"events": [{"data": "a"}]}')
    assert reading.result.events == [a(event=None)]
    again = Background(lambda: listener.read([b"data: b\r\n\r\n"]))
    status, text = answer.result
    assert status == 200
    assert json.loads(text) == {"next": f"{listener.url}/case/2", "types": ["message"]}
    assert request(listener, "GET", "/case/2?a=b") == (200, "data: b\r\n\r\n")
    late = Background(request, listener, "POST", "/case/1/events", b'{"events": []}')
    last = Background(request, listener, "POST", "/case/2/events", b'{"error": "boom"}')
    assert again.result == Reading([], "boom")
    waiting = Background(request, listener, "GET", "/case/3")
    listener.finish(conforms=False, report="é")
    for done in (late.result, last.result):
        assert json.loads(done[1]) == {"done": True, "conforms": False, "report": "é"}
    assert waiting.result == (204, "")


def test_the_types_that_may_be_listened_for(listener: Listener) -> None:
    lines = b"event: a\ndata\n\nevent:  b \ndata\n\nEvent: c\nevent: d\0e\n\ndata\n\n"
    reading = Background(listener.read, [lines])
    types = set(json.loads(request(listener, "GET", "/next")[1])["types"])
    assert {"a", " b ", "b", "c", "d\0e", "de", "message"} <= types
    assert "" not in types
    request(listener, "GET", "/case/1")
    Background(request, listener, "POST", "/case/1/events", b'{"events": []}')
    assert reading.result == Reading([])


def test_requests_for_other_paths(listener: Listener) -> None:
    status, text = request(listener, "GET", "/")
    assert status == 200
    assert f"{listener.url}/case/1" in text
    status, page = request(listener, "GET", "/", Accept="text/html,*/*")
    assert status == 200
    assert "<!doctype html>" in page
    assert request(listener, "OPTIONS", "/case/1/events")[0] == 204
    assert request(listener, "GET", "/favicon.ico")[0] == 404
    assert request(listener, "GET", "/case/0")[0] == 404
    assert request(listener, "GET", "/hello")[0] == 405
    assert request(listener, "POST", "/next", b"{}")[0] == 405
    assert request(listener, "POST", "/hello", b"{}", **{"Transfer-Encoding": "chunked"})[0] == 411
    assert request(listener, "POST", "/hello", b"", **{"Content-Length": "9" * 12})[0] == 411


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/hello", b'{"hello": 2}', 'its hello must have "hello": 1, but it is {"hello": 2'),
        ("/case/1/events", b"[]", "the body is not a JSON object: []"),
        ("/case/1/events", b"hello?\n", "the body is not JSON: hello?\n"),
        ("/hello", b"\xff", "the body is not UTF-8: \\xff (send such text in base64, as NAME_base64)\n"),
        ("/case/1/events", b'{"events": [{}]}', "an event needs data"),
        ("/case/1/seen", b'{"seen": "1"}', 'seen must be a number of events, not "1"'),
    ],
)
def test_an_invalid_report_ends_the_run(listener: Listener, path: str, body: bytes, message: str) -> None:
    status, text = request(listener, "POST", path, body)
    assert status == 400
    assert message in text
    with pytest.raises(CannotGoOn, match="the client's POST to /.* is invalid: "):
        listener.wait_for_client()
    with pytest.raises(CannotGoOn) as raised:
        listener.read([b""])
    assert message.rstrip("\n") in str(raised.value)


def test_a_client_that_leaves() -> None:
    listener = Listener("127.0.0.1", 0, timeout=SHORT, pause=0.001, grace=PATIENCE)
    with pytest.raises(CannotGoOn, match=r"the client did not ask for http://127.0.0.1:\d+/case/1 within 0.1 s"):
        listener.read([b"data: a\n\n"])
    reading = Background(pytest.raises, CannotGoOn, listener.read, [b"data: a\n\n"])
    assert request(listener, "GET", "/case/2")[0] == 200
    assert "did not report what it read" in str(reading.result.value)
    assert request(listener, "POST", "/case/9/seen", b'{"seen": 1}')[0] == 204
    listener.finish(conforms=False, report="")
    listener.close()


def test_a_client_that_disconnects_early(listener: Listener) -> None:
    reading = Background(listener.read, [b"data: a\n\n", *[b": b\n"] * 200])
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2]))) as impatient:
        impatient.sendall(b"GET /case/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        impatient.recv(100)
    Background(request, listener, "POST", "/case/1/events", b'{"events": [{"data": "a"}]}')
    assert reading.result.events == [a(event=None)]


def test_open_connections_are_closed(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2]))) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
        idle.recv(10)
        listener.close()
        while idle.recv(1000):
            pass
    listener._server.stop = lambda: None  # type: ignore[method-assign]  # it has stopped already


def test_an_address_that_is_taken(listener: Listener) -> None:
    host, port = "127.0.0.1", int(listener.url.rpartition(":")[2])
    with pytest.raises(CannotGoOn, match=rf"^{host}:{port}: "):
        Listener(host, port, **LIMITS)
    with service.Service(lambda *_: iter([])) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        with pytest.raises(CannotGoOn, match=rf"^{host}:{port}: "):
            Service(running.url, host, port, **LIMITS)
        running.hang_up()


def test_an_address_of_IPv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return  # this machine has none
    listener = Listener("::1", 0, **LIMITS)
    assert listener.url.startswith("http://[::1]:")
    with urllib.request.urlopen(listener.url) as response:  # noqa: S310  # a test's
        assert listener.url in response.read().decode()
    listener.close()


def test_a_page_gets_the_address_by_which_it_reached_the_server(listener: Listener) -> None:
    reading = Background(listener.read, [b""])
    answer = json.loads(request(listener, "GET", "/next", Host="my.test:80")[1])
    assert answer["next"] == "http://my.test:80/case/1"
    request(listener, "GET", "/case/1")
    Background(request, listener, "POST", "/case/1/events", b'{"events": []}')
    assert reading.result == Reading([])


# A test service.


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[service.Service]:
    with request.param() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.hang_up()


def correct() -> service.Service:
    return service.Service(service.reading(faulty_consumers.Correct))


@pytest.mark.parametrize("running", [correct], indirect=True)
def test_a_service_reads_streams(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, **LIMITS)
    assert remote.hello.without == {"retry"}
    assert running.url in remote.hello.title
    for _ in range(2):
        reading = remote.read([b"id: 1\ndata: a\n", b"\nevent: b\ndata: c\n\n", b": ping\n\n", b"data: z"])
        assert reading == Reading([
            {"data": "a", "event": "message", "id": "1", "retry": None, "chunk": 1},
            {"data": "c", "event": "b", "id": "1", "retry": None, "chunk": 1},
        ])  # fmt: skip
    assert remote.read([]) == Reading([])
    with urllib.request.urlopen(f"{remote._server.url}/case/{remote._number}") as third:  # noqa: S310  # a test's
        assert third.status == 204
    assert not running.streams, "each stream is deleted"
    assert not running.commands
    remote.close()


def listening() -> service.Service:
    return service.Service(service.reading(faulty_consumers.Correct), ("comments", "event-type-listeners"))


@pytest.mark.parametrize("running", [listening], indirect=True)
def test_a_service_that_listens_for_types(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, **LIMITS)
    running.commands.clear()
    assert len(remote.read([b"event: b\ndata: c\n\n"]).events) == 1
    assert {"command": "listen", "listen": {"type": "b"}} in running.commands
    remote.close()


def chatty() -> service.Service:
    def read(options: dict[str, Any], closed: threading.Event) -> Iterator[Any]:
        yield {"kind": "comment", "comment": "hello"}
        for event in service.reading(faulty_consumers.Correct)(options, closed):
            yield event
            yield {"kind": "error", "error": "boom"}

    return service.Service(read)


@pytest.mark.parametrize("running", [chatty], indirect=True)
def test_a_service_may_report_more_than_events(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, **LIMITS)
    assert [event["data"] for event in remote.read([b"data: a\n\n: b\ndata: c\n\n"]).events] == ["a", "c"]
    service.Service.call_back(running, f"{remote._server.url}/case/99/callback/1", {"kind": "event", "event": {}})
    remote.close()


def once() -> service.Service:
    return service.Service(service.reading(faulty_consumers.Correct, again=False))


@pytest.mark.parametrize("running", [once], indirect=True)
def test_a_client_that_does_not_connect_again(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, timeout=0.5, pause=0.001, grace=SHORT)
    assert [event["data"] for event in remote.read([b"data: a\n\n", b"data: b\n\n"]).events] == ["a", "b"]
    remote.close()


def silent() -> service.Service:
    return service.Service(lambda *_: iter([]))


@pytest.mark.parametrize("running", [silent], indirect=True)
def test_a_service_whose_client_does_not_connect(running: service.Service) -> None:
    with pytest.raises(CannotGoOn, match=r"its client did not request the test stream; .*--listen HOST:PORT"):
        Service(running.url, "127.0.0.1", 0, timeout=SHORT, pause=0.001, grace=SHORT)


def deaf() -> service.Service:
    def read(options: dict[str, Any], _: threading.Event) -> Iterator[dict[str, Any]]:
        urllib.request.urlopen(options["streamUrl"]).close()  # noqa: S310  # the URL that it got
        return iter([])

    return service.Service(read)


@pytest.mark.parametrize("running", [deaf], indirect=True)
def test_a_service_that_reports_nothing(running: service.Service) -> None:
    with pytest.raises(CannotGoOn, match="its client got 'data: hello', but the service reported no event"):
        Service(running.url, "127.0.0.1", 0, timeout=SHORT, pause=0.001, grace=SHORT)


def odd() -> service.Service:
    def read(options: dict[str, Any], closed: threading.Event) -> Iterator[Any]:
        for event in service.reading(faulty_consumers.Correct)(options, closed):
            yield event if event["data"] != "odd" else {"type": "odd"}

    return service.Service(read)


@pytest.mark.parametrize("running", [odd], indirect=True)
def test_a_service_that_reports_an_invalid_event(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, **LIMITS)
    with pytest.raises(CannotGoOn, match=r"the service's POST to /case/2/callback/1 is invalid: an event needs data"):
        remote.read([b"data: odd\n\n"])
    remote.close()


class Fickle(service.Service):
    """Has a client for the first stream, and none for later ones."""

    def open(self, options: dict[str, Any]) -> str:
        if self.count:
            self.client = lambda *_: iter([])
        return super().open(options)


@pytest.mark.parametrize("running", [lambda: Fickle(service.reading(faulty_consumers.Correct))], indirect=True)
def test_a_client_that_stops_connecting(running: service.Service) -> None:
    remote = Service(running.url, "127.0.0.1", 0, **LIMITS)
    remote._timeout = SHORT
    with pytest.raises(RemoteError, match="the client did not ask for the stream within 0.1 s"):
        remote.read([b""])
    remote.close()


class Wrong(service.Handler):
    """Answers differently from a test service."""

    answers: dict[str, tuple[int, str, str | None]]

    def do_GET(self) -> None:
        self.reply(*self.answers.get("GET", (200, "", None)))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(*self.answers.get("POST", (201, "", "/streams/1")))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"GET": (404, "", None)}, "GET answered 404; there is no test service at this URL"),
        ({"POST": (400, "", None)}, "POST answered 400, and started no client"),
        ({"POST": (201, "", None), "GET": (200, "[]", None)}, "POST answered without a Location header"),
        ({"POST": (201, "", None), "GET": (200, '{"capabilities": 7}', None)}, "without a Location"),
    ],
)
@pytest.mark.parametrize("running", [correct], indirect=True)
def test_servers_that_are_not_test_services(
    running: service.Service, answers: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "RequestHandlerClass", type("Other", (Wrong,), {"answers": answers}))
    with pytest.raises(CannotGoOn) as raised:
        Service(running.url, "127.0.0.1", 0, **LIMITS)
    assert message in str(raised.value)


def test_a_service_that_can_t_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CannotGoOn, match=f"http://127.0.0.1:{port}/: "):
        Service(f"http://127.0.0.1:{port}/", "127.0.0.1", 0, **LIMITS)
    with pytest.raises(CannotGoOn, match="ftp://a is not an http:// URL"):
        Service("ftp://a", "127.0.0.1", 0, **LIMITS)
