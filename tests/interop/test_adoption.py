"""Nine published libraries with our decoders and encoder in place of their own, through the shims of docs/adopting.md.

A swap changes only what is named here, and there the library follows the standard afterwards.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import pkgutil
import textwrap
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec.testing import reference_decode
from tests.test_adopting import PAGE, TABLE, code_lines

from .servers import module, serve_aiohttp
from .swapped import DECODING, DIFFERENT, EVENT_STREAM, Decoding, outcome, shim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.interop

CASES = {
    "data": b'data: {"n": 1}\n\ndata: {"n": 2}\n\n',
    "data of several lines": b'event: a\ndata: {\ndata: "n": 1}\n\n',
    "data lines that are kept apart": b"event: a\ndata: 1\ndata: 2\n\n",
    "an event type": b'event: a\ndata: {"n": 1}\n\ndata: {"n": 2}\n\n',
    "message as the event type": b'event: message\ndata: {"n": 1}\n\n',
    "an empty event type": b'event: \ndata: {"n": 1}\n\n',
    "an event type alone": b'event: a\n\nevent: b\ndata: {"n": 1}\n\n',
    "an id alone": b'id: 7\n\nevent: b\ndata: {"n": 1}\n\n',
    "retry alone": b'retry: 500\n\nevent: b\ndata: {"n": 1}\n\n',
    "an unknown field alone": b'foo: x\n\nevent: b\ndata: {"n": 1}\n\n',
    "an empty event type alone": b'event: \n\nevent: b\ndata: {"n": 1}\n\n',
    "ids": b'event: a\nid: 7\ndata: {"n": 1}\n\nevent: a\ndata: {"n": 2}\n\nevent: a\nid: 8\ndata: {"n": 3}\n\n',
    "an id that is reset": b'event: a\nid: 7\ndata: {"n": 1}\n\nevent: a\nid: \ndata: {"n": 2}\n\n',
    "an id with U+0000": b'event: a\nid: 7\nid: 8\0\ndata: {"n": 1}\n\n',
    "retry": b'event: a\nretry: 500\ndata: {"n": 1}\n\n',
    "retry that is not a number": b'event: a\nretry: 5s\ndata: {"n": 1}\n\n',
    "retry with a sign": b'event: a\nretry: -5\ndata: {"n": 1}\n\n',
    "retry in other digits": 'event: a\nretry: ٣\ndata: {"n": 1}\n\n'.encode(),
    "a comment alone": b': hi\n\nevent: a\ndata: {"n": 1}\n\n',
    "comments among the fields": b': hi\nevent: a\n:\ndata: {"n": 1}\n\n',
    "a comment after an id": b'event: a\nid: 7\ndata: {"n": 1}\n\n: ping\n\nevent: a\ndata: {"n": 2}\n\n',
    "blank lines after an id": b'event: a\nid: 7\ndata: {"n": 1}\n\n\n\nevent: a\ndata: {"n": 2}\n\n',
    "no space after the colon": b'event:a\ndata:{"n": 1}\n\n',
    "two spaces after the colon": b'event: a\ndata:  "x"\n\n',
    "a field without a colon": b'event: a\ndata\n\nevent: a\ndata: {"n": 1}\n\n',
    "a field name in capitals": b'event: a\nData: 1\ndata: {"n": 1}\n\n',
    "empty data": b'event: a\ndata: \n\nevent: a\ndata: {"n": 1}\n\n',
    "an empty first line of data": b'event: a\ndata: \ndata: {"n": 1}\n\n',
    "an empty last line of data": b'event: a\ndata: {"n": 1}\ndata: \n\n',
    "the type and the id after the data": b'data: {"n": 1}\nid: 7\nevent: a\n\n',
    "CRLF": b'event: a\r\ndata: {"n": 1}\r\n\r\nevent: a\r\ndata: {"n": 2}\r\n\r\n',
    "CR": b'event: a\rdata: {"n": 1}\r\revent: a\rdata: {"n": 2}\r\r',
    "mixed line ends": b'event: a\r\ndata: {"n": 1}\n\r\nevent: a\rdata: {"n": 2}\r\n\r',
    "a byte order mark": b'\xef\xbb\xbfevent: a\ndata: {"n": 1}\n\n',
    "U+FEFF in data": b'event: a\ndata: "\xef\xbb\xbf"\n\n',
    "U+2028 and U+0085 in data": 'event: a\ndata: "x\u2028y\u0085z"\n\n'.encode(),
    "text beyond ASCII": 'event: ü\ndata: "イベント 🍊"\n\n'.encode(),
    "invalid UTF-8": b'event: a\ndata: "\xff"\n\nevent: a\ndata: {"n": 1}\n\n',
    "a large event": b'event: a\ndata: "%s"\n\nevent: a\ndata: {"n": 1}\n\n' % (b"x" * 70_000),
    "no blank line at the end": b'event: a\ndata: {"n": 1}\n\nevent: a\ndata: {"n": 2}\n',
    "no line end at the end": b'event: a\ndata: {"n": 1}\n\nevent: a\ndata: {"n": 2}',
}

decoding = pytest.mark.parametrize("name", DECODING)


@decoding
@pytest.mark.parametrize("case", CASES)
def test_a_swap_changes_only_what_is_named(name: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, wire = DECODING[name], CASES[case]
    shim(library.shim)
    before = outcome(library.read, [wire])
    library.install(monkeypatch)
    after = outcome(library.read, [wire])
    if case not in DIFFERENT[name]:
        assert after == before
    else:
        assert after != before
        # To the standard, comments are not events.
        assert [seen for seen in after if isinstance(seen, tuple)] == [
            library.shown(event) for event in reference_decode(wire).events
        ]


def test_the_page_says_how_many_streams_there_are() -> None:
    assert f" reads {len(CASES)} streams " in PAGE


@decoding
def test_a_stream_may_be_cut_anywhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = DECODING[name]
    library.install(monkeypatch)
    for case, wire in CASES.items():
        whole = outcome(library.read, [wire])
        if len(wire) > 1000:
            assert outcome(library.read, [wire[at : at + 1000] for at in range(0, len(wire), 1000)]) == whole, case
            continue
        assert outcome(library.read, [wire[at : at + 1] for at in range(len(wire))]) == whole, case
        for at in range(1, len(wire), 3):
            assert outcome(library.read, [wire[:at], wire[at:]]) == whole, (case, at)


@decoding
def test_most_cases_have_events(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = DECODING[name]
    library.install(monkeypatch)
    events = [seen for wire in CASES.values() for seen in outcome(library.read, [wire]) if isinstance(seen, tuple)]
    assert len(events) > len(CASES)


@pytest.mark.parametrize("name", [name for name in DECODING if name != "Mastodon.py"])  # which reads byte by byte
def test_no_event_waits_for_the_next_chunk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, sent = DECODING[name], []
    library.install(monkeypatch)

    def chunks() -> Iterator[bytes]:
        for number in range(3):
            sent.append(number)
            yield b"event: a\rdata: 1\r\r"

    assert [len(sent) for _ in library.read(chunks())] == [1, 2, 3]


@decoding
def test_the_shim_does_the_reading(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = DECODING[name]
    library.install(monkeypatch)
    for ours in ("decode", "decode_blocks", "LineDecoder"):
        monkeypatch.setattr(f"tests.interop.adoption.{library.shim}.{ours}", None, raising=False)
    assert outcome(library.read, [CASES["an event type"]]) == ["TypeError"]


# The libraries through the interfaces of their users.


@pytest.fixture(params=["before", "after"])
def swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import a library that reads streams; in the second of two runs, with its shim installed."""

    def use(name: str) -> Any:
        library: Decoding = DECODING[name]
        shim(library.shim)
        if request.param == "after":
            library.install(monkeypatch)
        return module(library.shim)

    return use


def chat(*tokens: str) -> bytes:
    """Return a chat completion that starts with a keep-alive, as OpenRouter sends it."""
    common = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [{**common, "choices": [{"index": 0, "delta": {"content": token}}]} for token in tokens]
    blocks = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks]
    return "".join([": PROCESSING\n\n", *blocks, "data: [DONE]\n\n"]).encode()


TOKENS = ["Once", " upon\u2028", "\na ", "time 🍊"]
QUESTION: Any = [{"role": "user", "content": "Tell me a story."}]


def answering(http: Any, wire: bytes, client: str = "Client") -> Any:
    """Return a client of httpx or httpx2 that always gets the same answer, in packets of 7 bytes."""

    async def packets() -> Any:
        for at in range(0, len(wire), 7):
            yield wire[at : at + 7]

    def content() -> Any:
        return packets() if client == "AsyncClient" else (wire[at : at + 7] for at in range(0, len(wire), 7))

    transport = http.MockTransport(lambda _: http.Response(200, headers=EVENT_STREAM, content=content()))
    return getattr(http, client)(transport=transport)


@pytest.mark.parametrize(("name", "client", "http"), [("openai", "OpenAI", "httpx2"), ("groq", "Groq", "httpx")])
def test_chat_completions(swap: Callable[[str], Any], name: str, client: str, http: str) -> None:
    with getattr(swap(name), client)(api_key="k", http_client=answering(module(http), chat(*TOKENS))) as sdk:
        stream = sdk.chat.completions.create(model="m", messages=QUESTION, stream=True)
        assert [part.choices[0].delta.content for part in stream] == TOKENS


@pytest.mark.parametrize(
    ("name", "client", "http"), [("openai", "AsyncOpenAI", "httpx2"), ("groq", "AsyncGroq", "httpx")]
)
def test_chat_completions_async(swap: Callable[[str], Any], name: str, client: str, http: str) -> None:
    async def read() -> list[str]:
        answer = answering(module(http), chat(*TOKENS), "AsyncClient")
        async with getattr(library, client)(api_key="k", http_client=answer) as sdk:
            stream = await sdk.chat.completions.create(model="m", messages=QUESTION, stream=True)
            return [part.choices[0].delta.content async for part in stream]

    library = swap(name)
    assert asyncio.run(read()) == TOKENS


def messages(*tokens: str) -> bytes:
    deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in tokens]
    return "".join(
        ["event: ping\ndata: {}\n\n", *(f"event: {delta['type']}\ndata: {json.dumps(delta)}\n\n" for delta in deltas)]
    ).encode()


def test_anthropic_messages(swap: Callable[[str], Any]) -> None:
    library, http = swap("anthropic"), module("httpx2")
    with library.Anthropic(api_key="k", http_client=answering(http, messages(*TOKENS))) as sdk:
        stream = sdk.messages.create(model="m", max_tokens=9, messages=QUESTION, stream=True)
        assert [event.delta.text for event in stream] == TOKENS


def test_anthropic_messages_async(swap: Callable[[str], Any]) -> None:
    async def read() -> list[str]:
        answer = answering(http, messages(*TOKENS), "AsyncClient")
        async with library.AsyncAnthropic(api_key="k", http_client=answer) as sdk:
            stream = await sdk.messages.create(model="m", max_tokens=9, messages=QUESTION, stream=True)
            return [event.delta.text async for event in stream]

    library, http = swap("anthropic"), module("httpx2")
    assert asyncio.run(read()) == TOKENS


def test_anthropic_keeps_the_lines_as_they_came(swap: Callable[[str], Any]) -> None:
    """Comments, unknown fields and spelling are kept, for middleware that passes them on."""
    library, http = swap("anthropic"), module("httpx2")
    wire = b": hi\r\nevent:a\r\nfoo: bar\r\ndata: 1\r\ndata:  2\r\n\r\n:\n\nretry: 5\n\n"
    events = list(library.Stream.raw_events(http.Response(200, content=wire)))
    assert [event.raw for event in events] == [[": hi", "event:a", "foo: bar", "data: 1", "data:  2"], ["retry: 5"]]


def test_httpx_sse_async(swap: Callable[[str], Any]) -> None:
    async def read() -> list[str]:
        async with (
            answering(http, CASES["ids"], "AsyncClient") as client,
            library.aconnect_sse(client, "GET", "http://test/") as source,
        ):
            return [event.id async for event in source.aiter_sse()]

    library, http = swap("httpx-sse"), module("httpx")
    assert asyncio.run(read()) == ["7", "7", "8"]


def test_httpx_sse_checks_the_content_type(swap: Callable[[str], Any]) -> None:
    library, http = swap("httpx-sse"), module("httpx")
    transport = http.MockTransport(lambda _: http.Response(200, json={}))
    with (
        http.Client(transport=transport) as client,
        library.connect_sse(client, "GET", "http://test/") as source,
        pytest.raises(library.SSEError),
    ):
        list(source.iter_sse())


# How much the shims replace.

REPLACED = {
    "httpx-sse": (
        *("httpx_sse._decoders." + name for name in ("_splitlines_sse", "SSELineDecoder", "SSEDecoder")),
        *("httpx_sse._api." + name for name in ("_iter_sse_lines", "_aiter_sse_lines")),
        *("httpx_sse._api.EventSource." + name for name in ("iter_sse", "aiter_sse")),
    ),
    "openai": ("openai._streaming._SSELineDecoder", "openai._streaming.SSEDecoder"),
    "groq": ("groq._streaming.SSEDecoder",),
    "anthropic": ("anthropic._streaming.SSEDecoder",),
    "launchdarkly-eventsource": ("ld_eventsource.reader._BufferedLineReader", "ld_eventsource.reader._SSEReader"),
    "sseclient-py": ("sseclient.SSEClient._read", "sseclient.SSEClient.events"),
    "Mastodon.py": ("mastodon.StreamListener.handle_stream", "mastodon.StreamListener._parse_line"),
    "sse-starlette": ("sse_starlette.ServerSentEvent.encode",),
    "aiohttp-sse": ("aiohttp_sse.EventSourceResponse.send",),
}
#: Lines that stay: the `except` clauses around Mastodon.py's loop.
KEPT = {"Mastodon.py": 12}


@pytest.mark.parametrize("name", REPLACED)
def test_the_page_counts_what_is_replaced(name: str) -> None:
    module(REPLACED[name][0].partition(".")[0])
    sources = [textwrap.dedent(inspect.getsource(pkgutil.resolve_name(place))) for place in REPLACED[name]]
    assert sum(map(code_lines, sources)) - KEPT.get(name, 0) == TABLE[name][1]


# Encoders.

STARLETTE: list[tuple[dict[str, Any], bytes]] = [
    ({"data": "a"}, b"data: a\r\n\r\n"),
    ({"data": "a", "event": "b", "id": "c", "retry": 5}, b"id: c\r\nevent: b\r\ndata: a\r\nretry: 5\r\n\r\n"),
    ({"data": "a", "comment": "b\nc"}, b": b\r\n: c\r\ndata: a\r\n\r\n"),
    ({"data": "a\nb\r\nc\rd"}, b"data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n"),
    ({"data": ""}, b"data: \r\n\r\n"),
    ({"data": 7}, b"data: 7\r\n\r\n"),
    ({"data": "a", "event": "message"}, b"event: message\r\ndata: a\r\n\r\n"),
    ({"id": ""}, b"id: \r\n\r\n"),
    ({"retry": 0}, b"retry: 0\r\n\r\n"),
    ({"comment": "ping"}, b": ping\r\n\r\n"),
    ({}, b"\r\n"),
    ({"data": "a\u2028b é🍊", "sep": "\n"}, "data: a\u2028b é🍊\n\n".encode()),
    ({"data": "a", "id": "b", "sep": "\r"}, b"id: b\rdata: a\r\r"),
]
#: Events that are an error with the shim, and what is sent without it.
STARLETTE_REFUSED: list[tuple[dict[str, Any], bytes]] = [
    ({"data": "a", "event": "x\ndata: y"}, b"event: xdata: y\r\ndata: a\r\n\r\n"),
    ({"data": "a", "id": "1\r2"}, b"id: 12\r\ndata: a\r\n\r\n"),
    ({"data": "a", "id": "1\0"}, b"id: 1\0\r\ndata: a\r\n\r\n"),
    ({"data": "a", "event": ""}, b"event: \r\ndata: a\r\n\r\n"),
    ({"event": "ping"}, b"event: ping\r\n\r\n"),
    ({"data": "a", "retry": -1}, b"data: a\r\nretry: -1\r\n\r\n"),
]


@pytest.fixture(params=["before", "after"])
def starlette(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """sse-starlette, in the second of two runs with the shim installed, and the name of the run."""
    encode = shim("sse_starlette").encode
    if request.param == "after":
        monkeypatch.setattr("sse_starlette.ServerSentEvent.encode", encode)
    return module("sse_starlette"), request.param


def test_sse_starlette_writes_the_same_bytes(starlette: Any) -> None:
    library, _ = starlette
    for parts, wire in STARLETTE:
        assert library.ServerSentEvent(**parts).encode() == wire, parts
    assert library.JSONServerSentEvent({"a": "é"}).encode() == 'data: {"a":"é"}\r\n\r\n'.encode()


def test_sse_starlette_refuses_events_that_would_not_arrive(starlette: Any) -> None:
    library, run = starlette
    for parts, wire in STARLETTE_REFUSED:
        event = library.ServerSentEvent(**parts)
        if run == "before":
            assert event.encode() == wire, parts
        else:
            with pytest.raises(ValueError, match=r"^(event|id|retry)\b"):
                event.encode()


def test_sse_starlette_sends_a_response(starlette: Any) -> None:
    library, _ = starlette

    async def events() -> Any:
        yield {"data": "a", "event": "b"}
        yield library.ServerSentEvent(data="c", id="d")

    async def body() -> bytes:
        sent = bytearray()

        async def send(message: Any) -> None:
            sent.extend(message.get("body", b""))

        async def receive() -> Any:
            await asyncio.Event().wait()

        response = library.EventSourceResponse(events())
        await response({"type": "http", "method": "GET", "headers": []}, receive, send)
        return bytes(sent)

    assert asyncio.run(body()) == b"event: b\r\ndata: a\r\n\r\nid: d\r\ndata: c\r\n\r\n"


AIOHTTP: list[tuple[dict[str, Any], bytes]] = [
    ({"data": "a"}, b"data: a\r\n\r\n"),
    ({"data": "a", "id": "b", "event": "c", "retry": 5}, b"id: b\r\nevent: c\r\ndata: a\r\nretry: 5\r\n\r\n"),
    (
        {"data": "a\nb\r\nc\rd", "event": "message"},
        b"event: message\r\n" + b"data: %s\r\n" * 4 % (b"a", b"b", b"c", b"d") + b"\r\n",
    ),
    ({"data": "", "id": ""}, b"id: \r\ndata: \r\n\r\n"),
    ({"data": "é🍊\u2028", "retry": 0}, "data: é🍊\u2028\r\nretry: 0\r\n\r\n".encode()),
    ({"data": "a", "id": "1\n2"}, b"ValueError"),
    ({"data": "a", "id": "1\0"}, b"ValueError"),
    ({"data": "a", "event": "x\ry"}, b"ValueError"),
    ({"data": "a", "retry": -1}, b"ValueError"),
]


@pytest.fixture(params=["before", "after"])
def aiohttp_sse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """aiohttp-sse, in the second of two runs with the shim installed, and the name of the run."""
    send = shim("aiohttp_sse").send
    if request.param == "after":
        monkeypatch.setattr("aiohttp_sse.EventSourceResponse.send", send)
    return module("aiohttp_sse"), request.param


def test_aiohttp_sse_sends_the_same_bytes(aiohttp_sse: Any) -> None:
    library, run = aiohttp_sse
    web = module("aiohttp.web")

    async def handle(request: Any) -> Any:
        async with library.sse_response(request) as response:
            for parts, _ in [*AIOHTTP, ({"data": "a", "event": ""}, b"")]:
                try:
                    await response.send(**parts)
                except ValueError:
                    await response.write(b"ValueError")
            response.stop_streaming()
        return response

    app = web.Application()
    app.router.add_get("/", handle)
    with serve_aiohttp(app) as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        body = answer.read()
    # A receiver can't tell an empty event type from "message".
    empty = b"event: \r\ndata: a\r\n\r\n" if run == "before" else b"ValueError"
    assert body == b"".join(wire for _, wire in AIOHTTP) + empty


@pytest.mark.parametrize(("error", "calls"), [(ConnectionResetError, ["stop"]), (TimeoutError, ["stop", "abort"])])
def test_aiohttp_sse_ends_with_the_connection(aiohttp_sse: Any, error: type[OSError], calls: list[str]) -> None:
    library, _ = aiohttp_sse
    seen: list[str] = []

    class Response(library.EventSourceResponse):  # type: ignore[misc,name-defined]  # imported at run time
        async def write(self, data: bytes) -> None:
            if error is ConnectionResetError:
                raise error
            await asyncio.Event().wait()

        def stop_streaming(self) -> None:
            seen.append("stop")

        def _abort_transport(self) -> None:
            seen.append("abort")

    async def send() -> None:
        with pytest.raises(error):
            await Response(send_timeout=0.01).send("a")

    asyncio.run(send())
    assert seen == calls
