"""`sse_codec.clients` with every HTTP library that it supports, against a hostile server."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sse_codec import MissingSentinel, ServerSentEvent, encode
from sse_codec.clients import ConnectionFailed, ConnectionLost, GaveUp, aconnect, aevents
from sse_codec.clients._cuts import is_cut
from sse_codec.resume import TRANSIENT_STATUSES, Reconnection
from sse_codec.testing import reference_decode
from tests.hostile import CHUNKED, END, PATIENCE, Act, Hostile, Story, chunked, chunks, head, sized

from .readers import ASYNC, POOLED, READERS, Outcome, read
from .servers import module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _pytest.mark import ParameterSet

pytestmark = pytest.mark.interop

PARTS = [
    b"\xef\xbb\xbf: hello\n\nid: 1\ndata: one\n\n",
    b"id: 2\nevent: note\ndata: zw\xc3\xb6lf \xf0\x9f\x8d\x8a\n\n",
    b"id: 3\r\nretry: 20\r\ndata: three\r\n\r\n",
]
WIRE = b"".join(PARTS)
DATA = ["one", "zwölf 🍊", "three"]
DONE = b"data: [DONE]\n\n"
JSON = b'{\n  "error": {"message": "You exceeded your quota", "code": null}\n}'
HTML = b"<!doctype html>\n<html>\n\n<title>502 Bad Gateway</title>\n\n</html>\n"
TYPE = "text/event-stream"
#: Seconds that clients wait for data that does not come.
A_WHILE = 1.5


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with Hostile() as hostile:
        yield hostile


def compressed(wbits: int) -> list[bytes]:
    """Compress the parts, each flushed so that none waits for the next."""
    compressor = zlib.compressobj(wbits=wbits)
    flushed = [compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH) for part in PARTS]
    return [*flushed, compressor.flush()]


def encoded(encoding: str, parts: list[bytes]) -> bytes:
    return head("200 OK", TYPE, CHUNKED, f"Content-Encoding: {encoding}") + chunks(parts) + END


class Case(NamedTuple):
    """A situation, and its outcome with every client."""

    story: Story
    data: list[str]
    #: The type of the error, and a condition that it meets.
    error: type[Exception] | None = None
    holds: Callable[[Any], object] = bool
    options: dict[str, Any] = {}  # noqa: RUF012  # nothing changes it


def refused(status: int, kind: str | None, body: bytes, reason: str | None = None) -> Callable[[Any], bool]:
    return lambda error: (error.status, error.content_type, error.body, error.reason) == (status, kind, body, reason)


NOTHING = "it has no events"
CASES: dict[str, Case] = {
    "chunks": Case([chunked(*PARTS)], DATA),
    "a length": Case([sized(WIRE)], DATA),
    "the end of the connection": Case([head("200 OK", TYPE, "Connection: close") + WIRE, Act.CUT], DATA),
    "HTTP/1.0": Case([head().replace(b"1.1", b"1.0", 1) + WIRE, Act.CUT], DATA),
    "gzip": Case([encoded("gzip", compressed(31))], DATA),
    "deflate": Case([encoded("deflate", compressed(15))], DATA),
    "deflate without its head": Case([encoded("deflate", compressed(-15))], DATA),
    "a false claim of gzip": Case(
        [encoded("gzip", [WIRE])], [], ConnectionFailed,
        lambda error: error.reason == "its body can't be decompressed" and error.__cause__ is not None,
    ),
    "gzip without saying so": Case(
        [chunked(gzip.compress(WIRE, mtime=0))], [], ConnectionFailed,
        refused(200, TYPE, gzip.compress(WIRE, mtime=0), NOTHING),
    ),
    "JSON under its own type": Case(
        [chunked(JSON, content_type="application/json")], [], ConnectionFailed, refused(200, "application/json", JSON)
    ),
    "JSON under the type of streams": Case([chunked(JSON)], [], ConnectionFailed, refused(200, TYPE, JSON, NOTHING)),
    "JSON instead of an answer": Case(
        [sized(JSON)], [], ConnectionFailed, refused(200, TYPE, JSON, NOTHING), {"until": "[DONE]"}
    ),
    "JSON that was cut": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks([JSON]), Act.CUT], [], ConnectionFailed,
        refused(200, TYPE, JSON, NOTHING),
    ),
    "HTML under the type of streams": Case([sized(HTML)], [], ConnectionFailed, refused(200, TYPE, HTML, NOTHING)),
    "text under the type of streams": Case(
        [chunked(b"model is over", b"loaded\n")], [], ConnectionFailed,
        refused(200, TYPE, b"model is overloaded\n", NOTHING),
    ),
    "a long page": Case(
        [sized(HTML * 1000, "502 Bad Gateway", "text/html")], [], ConnectionFailed,
        refused(502, "text/html", (HTML * 1000)[:4096]),
    ),
    "an error in gzip": Case(
        [sized(gzip.compress(JSON), "400 Bad Request", "application/json", "Content-Encoding: gzip")], [],
        ConnectionFailed, refused(400, "application/json", JSON),
    ),
    "no body": Case([sized(b"")], []),
    "no body instead of an answer": Case(
        [sized(b"")], [], MissingSentinel,
        lambda error: (error.last, error.incomplete, error.body) == (None, None, b""), {"until": "[DONE]"},
    ),
    "keep-alives alone": Case([chunked(b": ping\n\n", b": ping\n\n")], []),
    "keep-alives instead of an answer": Case(
        [chunked(b": ping\n\n", b": ping\n\n")], [], MissingSentinel,
        lambda error: (error.last, error.incomplete, error.body) == (None, None, b": ping\n\n: ping\n\n"),
        {"until": "[DONE]"},
    ),
    "a block that was cut off": Case([chunked(b"data: one\n\ndata: tw")], ["one"]),
    "an answer whose last blank line is missing": Case(
        [chunked(b"data: [DONE]\n")], [], MissingSentinel, lambda error: error.incomplete.data == "[DONE]",
        {"until": "[DONE]"},
    ),
    "an answer that ended early but in order": Case(
        [chunked(*PARTS)], DATA, MissingSentinel, lambda error: error.last.data == "three", {"until": "[DONE]"}
    ),
    "an answer": Case([chunked(*PARTS, DONE)], DATA, options={"until": "[DONE]"}),
    "204": Case([head("204 No Content", None)], [], ConnectionFailed, refused(204, None, b"")),
    "301 without a location": Case([sized(HTML, "301 Moved", "text/html")], [], ConnectionFailed,
                                   refused(301, "text/html", HTML)),
    "401": Case([sized(JSON, "401 Unauthorized", "application/json")], [], ConnectionFailed,
                refused(401, "application/json", JSON)),
    "401 that was cut": Case(
        [head("401 Unauthorized", "application/json", "Content-Length: 999") + JSON, Act.CUT], [], ConnectionFailed,
        refused(401, "application/json", JSON),
    ),
    "429": Case([sized(JSON, "429 Too Many Requests", "application/json", "Retry-After: 7")], [], ConnectionFailed,
                refused(429, "application/json", JSON)),
    "503": Case([sized(HTML, "503 Service Unavailable", "text/html")], [], ConnectionFailed,
                refused(503, "text/html", HTML)),
    "503 with the type of streams": Case(
        [chunked(*PARTS, status="503 Service Unavailable")], [], ConnectionFailed, refused(503, TYPE, WIRE)
    ),
    "the wrong type": Case(
        # It may go on for ever, so only enough of it is read to identify it.
        [head("200 OK", "text/plain", CHUNKED) + chunks(PARTS[:1]), Act.STALL], [], ConnectionFailed,
        refused(200, "text/plain", PARTS[0]),
    ),
    "the wrong type, accepted": Case([chunked(*PARTS, content_type="text/plain")], DATA, options={"any_type": True}),
    "no type": Case([chunked(PARTS[0], content_type=None)], [], ConnectionFailed, refused(200, None, PARTS[0])),
    "no type, accepted": Case([chunked(*PARTS, content_type=None)], DATA, options={"any_type": True}),
    "several types": Case([head("200 OK", "application/json", CHUNKED, f"Content-Type: {TYPE}") + chunks(PARTS) + END],
                          DATA),
    "a reset": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:1]), Act.PAUSE, Act.RESET], DATA[:1], ConnectionLost,
    ),
    "an invalid chunk": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:1]), Act.PAUSE, b"xyz\r\n", Act.CUT], DATA[:1], ConnectionLost
    ),
    "no end": Case([head("200 OK", TYPE, CHUNKED) + chunks(PARTS), Act.CUT], DATA, ConnectionLost),
    "no end after an answer": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks([*PARTS, DONE]), Act.CUT], DATA, options={"until": "[DONE]"}
    ),
    "less than its length": Case(
        [head("200 OK", TYPE, "Content-Length: 1000") + WIRE, Act.CUT], DATA, ConnectionLost,
        lambda error: error.last_event_id == "3",
    ),
}  # fmt: skip


#: Left out: after a chunk without a size, aiohttp 3.14.5 itself waits for ever, with its timeouts switched off.
HANGS = {("aiohttp", "an invalid chunk")}


#: If httpx can't decompress, it has to abandon its own generators, and trio warns about each.
LEFT_BY_HTTPX = [
    pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def pairs(situations: Iterable[str]) -> list[ParameterSet]:
    return [
        pytest.param(*pair, marks=LEFT_BY_HTTPX if "trio" in pair[0] and "a false claim" in pair[1] else [])
        for pair in product(READERS, situations)
        if pair not in HANGS
    ]


@pytest.mark.parametrize(("name", "situation"), pairs(CASES))
def test_every_client_handles_every_situation_alike(server: Hostile, name: str, situation: str) -> None:
    case = CASES[situation]
    [outcome] = read(name, server.tell(case.story), **case.options)
    check(outcome, case)


def check(outcome: Outcome, case: Case) -> None:
    assert outcome.data == case.data
    if case.error is None:
        assert outcome.error is None
    else:
        assert type(outcome.error) is case.error, outcome.error
        assert case.holds(outcome.error), vars(outcome.error)


SILENCE: dict[str, Case] = {
    "silence": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:2]), Act.STALL],
        DATA[:2],
        ConnectionLost,
        lambda error: error.last_event_id == "2" and error.__cause__ is not None,
    ),
    "silence within an event": Case(
        [head("200 OK", TYPE, CHUNKED) + chunks([PARTS[0], PARTS[1][:-1]]), Act.STALL],
        DATA[:1],
        ConnectionLost,
        lambda error: error.last_event_id == "1",
    ),
}


def by_all(function: Callable[[str], Outcome]) -> dict[str, Outcome]:
    """Return the outcome of each client. All run at the same time, because they mostly wait."""
    with ThreadPoolExecutor(len(READERS)) as pool:
        return dict(zip(READERS, pool.map(function, READERS), strict=True))


@pytest.mark.parametrize("situation", SILENCE)
def test_silence_counts_as_a_cut(server: Hostile, situation: str) -> None:
    case = SILENCE[situation]
    url = server.tell(case.story)
    for outcome in by_all(lambda name: read(name, url, timeout=A_WHILE)[0]).values():
        check(outcome, case)


def test_connect_goes_on_after_silence(server: Hostile) -> None:
    first, *rest = PARTS
    start = head("200 OK", TYPE, CHUNKED)
    urls = {
        name: server.tell(
            [start + chunks([first, rest[0][:9]]), Act.STALL],
            [start + chunks(rest) + END],
            [head("204 No Content", None)],
            path=f"/{place}",
        )
        for place, name in enumerate(READERS)
    }
    for outcome in by_all(lambda name: read(name, urls[name], timeout=A_WHILE, waits=[])[0]).values():
        assert outcome.error is None
        assert outcome.data == DATA


def test_an_answer_without_ids_that_falls_silent_is_asked_for_once(server: Hostile) -> None:
    url = server.tell([head("200 OK", TYPE, CHUNKED) + chunks([b"data: He\n\ndata: llo\n\nda"]), Act.STALL])
    for outcome in by_all(lambda name: read(name, url, timeout=A_WHILE, waits=[], until="[DONE]")[0]).values():
        assert outcome.data == ["He", "llo"]
        assert isinstance(outcome.error, ConnectionLost)
    assert len(server.requests) == len(READERS)


def every(name: str) -> int:
    """Return how far apart the cuts are. Under trio, httpx has the same parser as under asyncio."""
    return 7 if "trio" in name else 1


def delivered(response: bytes, cut: int) -> tuple[bytes, bool]:
    """Return the bytes of the body that arrive before a cut in a chunked response, and whether its head is complete."""
    top, _, rest = response[:cut].partition(b"\r\n\r\n")
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body, len(top) + 4 <= cut


@pytest.mark.parametrize("name", READERS)
def test_a_response_in_chunks_is_cut_at_every_byte(server: Hostile, name: str) -> None:
    """Every complete event is yielded, and the cut is reported, at any byte."""
    response = chunked(*PARTS)
    cuts = list(range(1, len(response), every(name)))
    url = server.tell(*([response[:cut], Act.CUT] for cut in cuts))
    for cut, outcome in zip(cuts, read(name, url, times=len(cuts)), strict=True):
        body, has_head = delivered(response, cut)
        assert outcome.data == [event.data for event in reference_decode(body).events], cut
        if not has_head and outcome.error is None:
            # http.client takes a cut head for a whole one; this head has got as far as the content type.
            assert name in {"requests", "urllib3", "urllib.request", "http.client"}
            assert b"\r\nContent-Type: text/event-stream" in response[:cut]
        elif not has_head:
            assert outcome.error is not None
            assert is_cut(outcome.error), cut  # often the library's own error, raised on opening the response
        elif len(response) - cut > len(END) - 1:
            assert isinstance(outcome.error, ConnectionLost), cut
            assert outcome.error.last_event_id == ("" if not outcome.events else outcome.events[-1].last_event_id)
            assert outcome.error.__cause__ is not None
        else:  # some accept that line ends after the last chunk are missing
            assert outcome.error is None or isinstance(outcome.error, ConnectionLost), cut


@pytest.mark.parametrize("name", READERS)
def test_a_response_with_a_length_is_cut_at_every_byte_of_its_body(server: Hostile, name: str) -> None:
    start = len(sized(WIRE)) - len(WIRE)
    cuts = list(range(0, len(WIRE), every(name)))
    url = server.tell(*([sized(WIRE)[: start + cut], Act.CUT] for cut in cuts))
    for cut, outcome in zip(cuts, read(name, url, times=len(cuts)), strict=True):
        assert outcome.data == [event.data for event in reference_decode(WIRE[:cut]).events], cut
        assert isinstance(outcome.error, ConnectionLost), (cut, outcome.error)


@pytest.mark.parametrize("name", READERS)
def test_a_response_that_is_reset_yields_only_events_that_were_sent(server: Hostile, name: str) -> None:
    response = chunked(*PARTS)
    cuts = list(range(1, len(response), 7))
    url = server.tell(*([response[:cut], Act.RESET] for cut in cuts))
    for cut, outcome in zip(cuts, read(name, url, times=len(cuts)), strict=True):
        body, _ = delivered(response, cut)
        sent = [event.data for event in reference_decode(body).events]
        assert outcome.data == sent[: len(outcome.data)], cut
        assert outcome.error is not None
        assert is_cut(outcome.error), cut


STEPS = {
    "chunks": [head("200 OK", TYPE, CHUNKED), *(step for part in PARTS for step in (chunks([part]), Act.WAIT)), END],
    "a length": [
        head("200 OK", TYPE, f"Content-Length: {len(WIRE)}"),
        *(step for part in PARTS for step in (part, Act.WAIT)),
    ],
    "the end of the connection": [head(), *(step for part in PARTS for step in (part, Act.WAIT)), Act.CUT],
    "gzip": [
        head("200 OK", TYPE, CHUNKED, "Content-Encoding: gzip"),
        *(step for part in compressed(31)[:3] for step in (chunks([part]), Act.WAIT)),
        chunks(compressed(31)[3:]) + END,
    ],
    "one long chunk": [
        head("200 OK", TYPE, CHUNKED) + b"%x\r\n" % len(WIRE),
        *(step for part in PARTS for step in (part, Act.WAIT)),
        b"\r\n" + END,
    ],
}


@pytest.mark.parametrize(("name", "framing"), [*product(READERS, STEPS)])
def test_no_event_waits_for_what_comes_after_it(server: Hostile, name: str, framing: str) -> None:
    """The server sends each event only once the one before has been yielded."""
    url = server.tell(STEPS[framing])
    [outcome] = read(name, url, timeout=PATIENCE / 2, seen=lambda event: server.go.release())
    assert outcome == Outcome(outcome.events, None)
    assert outcome.data == DATA


ANSWER = [head("200 OK", TYPE, CHUNKED) + chunks([*PARTS, DONE]), Act.PAUSE, END]


@pytest.mark.parametrize("name", POOLED)
def test_twenty_answers_use_one_connection(server: Hostile, name: str) -> None:
    """The end of each response comes only after the event that ends the answer."""
    outcomes = read(name, server.tell(ANSWER), times=20, until="[DONE]")
    assert [outcome.data for outcome in outcomes] == [DATA] * 20
    assert len(server.requests) == 20
    assert server.connections == 1


@pytest.mark.parametrize("name", POOLED)
def test_error_pages_use_one_connection(server: Hostile, name: str) -> None:
    outcomes = read(name, server.tell([sized(JSON, "429 Too Many Requests", "application/json")]), times=5)
    assert all(isinstance(outcome.error, ConnectionFailed) for outcome in outcomes)
    assert server.connections == 1


@pytest.mark.parametrize("name", POOLED)
def test_answers_read_with_connect_use_one_connection(server: Hostile, name: str) -> None:
    outcomes = read(name, server.tell(ANSWER), times=5, until="[DONE]", waits=[])
    assert [outcome.data for outcome in outcomes] == [DATA] * 5
    assert server.connections == 1


@pytest.mark.parametrize("waits", [None, []], ids=["events", "connect"])
@pytest.mark.parametrize("name", READERS)
def test_leaving_early_closes_the_connection(server: Hostile, name: str, waits: list[float] | None) -> None:
    url = server.tell([head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:2]), Act.STALL])
    outcomes = read(name, url, times=2, seen=lambda event: "leave", waits=waits)
    assert [outcome.data for outcome in outcomes] == [DATA[:1]] * 2
    assert server.left.acquire(timeout=PATIENCE)
    assert server.left.acquire(timeout=PATIENCE)


@pytest.mark.parametrize("waits", [None, []], ids=["aevents", "aconnect"])
@pytest.mark.parametrize("name", ASYNC)
def test_cancelling_closes_the_connection(server: Hostile, name: str, waits: list[float] | None) -> None:
    """The reader is cancelled while it waits for the next event, as by a time limit of asyncio, trio or anyio."""
    anyio = module("anyio")
    url = server.tell([head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:1]), Act.STALL])
    opener, run = ASYNC[name]

    async def main() -> bool:
        async with opener(PATIENCE) as open:
            with anyio.CancelScope() as scope:
                async with AsyncExitStack() as stack:
                    if waits is None:
                        source = aevents(await stack.enter_async_context(open(url, {})))
                    else:
                        source = aconnect(lambda headers: open(url, headers))
                    async for _ in await stack.enter_async_context(aclosing(source)):
                        scope.cancel()
            return bool(scope.cancelled_caught)

    assert run(main)
    assert server.left.acquire(timeout=PATIENCE)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", READERS)
def test_connect_survives_every_transient_failure(server: Hostile, name: str) -> None:
    """It yields each event once, in order, and waits as the server asks, within limits."""
    first, second, third = PARTS
    start = head("200 OK", TYPE, CHUNKED)
    url = server.tell(
        [Act.RESET],  # before any answer
        [sized(HTML, "503 Service Unavailable", "text/html", "Retry-After: 20")],
        [start[:20], Act.CUT],
        [start + chunks([first + second[:10]]), Act.CUT],  # inside an event
        [chunked(b"retry: 0\n\n: nothing new\n\n")],
        [head(), second, Act.CUT],  # a body without a length, which can't be told from a whole one
        [start + chunks([third]), Act.PAUSE, Act.RESET],
        [head("204 No Content", None)],
    )
    waits: list[float] = []
    client = Reconnection(default_delay=1, jitter=0, retry_statuses=TRANSIENT_STATUSES)
    [outcome] = read(name, url, waits=waits, reconnection=client)
    assert outcome.error is None, outcome.error
    assert outcome.data == DATA
    assert waits == [1, 20, 4, 1, 0.5, 0.5, 0.5]
    ids = [request.headers.get("last-event-id") for request in server.requests]
    assert ids == [None, None, None, None, "1", "1", "2", "3"]
    assert client.decoder.reconnection_time == 20


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("end", [Act.CUT, END], ids=["cut", "in order"])
def test_an_answer_without_ids_is_asked_for_once(server: Hostile, name: str, end: Any) -> None:
    url = server.tell([head("200 OK", TYPE, CHUNKED) + chunks([b"data: He\n\ndata: llo\n\nda"]), end])
    [outcome] = read(name, url, waits=[], until="[DONE]")
    assert outcome.data == ["He", "llo"]
    assert isinstance(outcome.error, ConnectionLost)
    assert (end is END) == isinstance(outcome.error.__cause__, MissingSentinel)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", READERS)
def test_an_answer_with_ids_is_resumed_to_its_end(server: Hostile, name: str) -> None:
    url = server.tell(
        [head("200 OK", TYPE, CHUNKED), Act.CUT],  # nothing was yielded, so `connect` may ask again
        [head("200 OK", TYPE, CHUNKED) + chunks(PARTS[:2]), Act.CUT],
        [chunked(PARTS[2])],
        [chunked(DONE)],
    )
    [outcome] = read(name, url, waits=[], until="[DONE]")
    assert outcome.error is None
    assert outcome.data == DATA
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, None, "2", "3"]


#: Failures that are not transient.
STOPS = ["JSON under the type of streams", "401", "429", "503", "the wrong type", "a false claim of gzip"]


@pytest.mark.parametrize(("name", "situation"), pairs([*STOPS, "301 without a location"]))
def test_connect_stops_where_retrying_is_useless(server: Hostile, name: str, situation: str) -> None:
    case = CASES[situation]
    [outcome] = read(name, server.tell(case.story), waits=[])
    check(outcome, case)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", READERS)
def test_a_mistake_in_the_program_is_raised(server: Hostile, name: str) -> None:
    """No request is made, let alone repeated."""
    url = server.tell([chunked(*PARTS)])
    requests: list[tuple[str, dict[str, str]]] = [(url, {"X-Id": "a\nb"}), ("http://127.0.0.1:none/", {})]
    if name != "http.client":  # it takes no schemes
        requests.append(("gopher://127.0.0.1/", {}))
    for address, headers in requests:
        waits: list[float] = []
        [outcome] = read(name, address, waits=waits, headers=headers)
        assert outcome.error is not None
        assert not isinstance(outcome.error, (ConnectionLost, ConnectionFailed, GaveUp)), outcome.error
        assert outcome.events == []
        assert waits == []
        assert not server.requests


@pytest.mark.parametrize("name", READERS)
def test_connect_gives_up_on_a_server_that_is_gone(name: str) -> None:
    with Hostile() as gone:
        url = gone.tell([chunked(*PARTS)])
    waits: list[float] = []
    [outcome] = read(name, url, waits=waits, reconnection=Reconnection(max_failures=3, jitter=0))
    assert isinstance(outcome.error, GaveUp)
    assert "refused" in str(outcome.error.__cause__).lower() or "connect" in str(outcome.error.__cause__).lower()
    assert waits == [3, 6]


def test_a_soak_of_connect(server: Hostile) -> None:
    """A thousand events for each client, over hundreds of cuts: none is lost and none comes twice."""
    wire = [encode(ServerSentEvent("é" * (number % 300), id=str(number))) for number in range(1, 1001)]
    urls: dict[str, str] = {}
    for place, name in enumerate(READERS):
        chance = random.Random(place)  # noqa: S311  # the same cuts each time
        at, stories = 0, list[Story]()
        while at < len(wire):
            rest = b"".join(wire[at : at + 30])
            cut = min(len(rest), int(chance.expovariate(1 / 800)))
            start = head("200 OK", TYPE, *([CHUNKED] if chance.random() < 0.8 else []))
            body = chunks([rest[:cut]] if cut else []) if CHUNKED.encode() in start else rest[:cut]
            at += rest[:cut].count(b"\n\n")
            troubles: list[Story] = [
                [sized(HTML, "503 Service Unavailable", "text/html")],
                [start[: chance.randrange(len(start))], Act.CUT],
                [Act.RESET],
            ]
            stories += chance.sample(troubles, int(chance.random() < 0.3))
            stories.append([start + body, Act.CUT])
        urls[name] = server.tell(*stories, [head("204 No Content", None)], path=f"/{place}")

    def soak(name: str) -> Outcome:
        client = Reconnection(retry_statuses=TRANSIENT_STATUSES)
        return read(name, urls[name], waits=[], reconnection=client)[0]

    for name, outcome in by_all(soak).items():
        assert outcome.error is None, (name, outcome.error)
        assert [event.id for event in outcome.events] == [str(number) for number in range(1, 1001)], name
    assert len(server.requests) > 300 * len(READERS)


def test_nothing_is_left_open() -> None:
    """A process that warns of open resources runs an answer, an error, a cut and an early leave with each client."""
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.interop.readers"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * PATIENCE,
    )
    assert run.stderr == ""
    assert run.returncode == 0
    assert run.stdout.splitlines() == [f"{name}: done" for name in READERS]
