"""The first clients and the server of README.md, and the clients of the guides that query a model.

test_matrix.py has the clients of docs/reading.md, and test_resume.py those of docs/resuming.md.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from sse_codec import MissingSentinel, decode, is_event_stream
from sse_codec.clients import ConnectionFailed, ConnectionLost, ablocks, connect, events
from sse_codec.serving import astream

from .clients import CLIENTS
from .scripted import Scripted, answer
from .servers import module, recipe

pytestmark = pytest.mark.interop

STREAM = (Path(__file__).parent.parent / "vectors" / "streams" / "openai-chat.sse").read_bytes()
CUT_SHORT = STREAM[: STREAM.rindex(b"data: [DONE]")]
TEXT = "".join(
    choice["delta"].get("content") or ""
    for event in decode(STREAM, until="[DONE]")
    for choice in event.json()["choices"]
)
IN_BAND = answer(STREAM[:500].rpartition(b"\n\n")[0] + b'\n\ndata: {"error": {"message": "quota exceeded"}}\n\n')
REFUSED = answer(b'{"error": "no key"}', status="401 Unauthorized", content_type="application/json")


def ask(name: str, url: str) -> str:
    """Ask a model with a client of the pages, and return the text that it yields."""
    httpx = module("httpx")
    client = recipe(name)

    async def read() -> str:
        async with httpx.AsyncClient() as http:
            return "".join([text async for text in client.answer(http, url, "What is SSE?")])

    if name == "front_client":
        return "".join(client.answer(url, "What is SSE?"))
    if name == "client_answer_async":
        return asyncio.run(read())
    with httpx.Client() as http:
        return "".join(client.answer(http, url, "What is SSE?"))


@pytest.mark.parametrize("name", ["front_client", "client_answer_async", "client_connect"])
def test_a_client_that_asks_a_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    answers = answer(STREAM), answer(CUT_SHORT), answer(STREAM[:500], cut=True), REFUSED, IN_BAND
    with Scripted(*answers).running() as server:
        assert ask(name, server.url) == TEXT
        # `connect` does not ask again for an answer that would start over.
        with pytest.raises(ConnectionLost if name == "client_connect" else MissingSentinel):
            ask(name, server.url)
        with pytest.raises(ConnectionLost):
            ask(name, server.url)
        with pytest.raises(ConnectionFailed, match="no key"):
            ask(name, server.url)
        with pytest.raises(RuntimeError, match="quota exceeded"):
            ask(name, server.url)
    assert len(server.requests) == 5
    for request in server.requests:
        assert request.method == "POST"
        assert request.headers["authorization"] == "Bearer secret"
        assert json.loads(request.body)["messages"] == [{"role": "user", "content": "What is SSE?"}]


def test_the_client_that_connects_again(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert connect.__kwdefaults__
    monkeypatch.setitem(connect.__kwdefaults__, "sleep", lambda _: None)
    follow = recipe("front_connect").follow
    with (
        Scripted(answer(b"id: 1\ndata: a\n\nid: 2\nda", cut=True), answer(b"id: 2\ndata: b\n\n")).running() as server,
        module("httpx").Client() as client,
    ):
        follow(client, server.url)
    assert capsys.readouterr().out == "1 a\n2 b\n"
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "1", "2"]


@pytest.mark.parametrize("name", [*CLIENTS, "httpx2", "httpx2_async"])
def test_a_client_that_posts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of docs/reading.md for each library sends headers and body, and reads the answer."""
    client = recipe(f"client_{name.replace('httpx2', 'httpx')}")
    if "httpx2" in name:
        monkeypatch.setattr(client, "httpx", module("httpx2"))
    headers = {"Authorization": "Bearer secret"}
    if name == "urllib":
        headers["Content-Type"] = "application/json"

    async def read(url: str) -> list[str]:
        return [event.data async for event in client.ask(url, headers, {"question": "Hi?"})]

    with Scripted(answer(b"data: Hi!\n\ndata: [DONE]\n\n")).running() as server:
        if inspect.isasyncgenfunction(client.ask):
            assert asyncio.run(read(server.url)) == ["Hi!"]
        else:
            assert [event.data for event in client.ask(server.url, headers, {"question": "Hi?"})] == ["Hi!"]
    [request] = server.requests
    assert request.method == "POST"
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"question": "Hi?"}


def test_a_response_that_was_already_read() -> None:
    httpx = module("httpx")
    with Scripted(answer(STREAM)).running() as server, httpx.stream("POST", server.url) as response:
        assert list(events(response, until="[DONE]"))
        with pytest.raises(httpx.StreamConsumed):
            list(events(response, until="[DONE]"))


def test_a_response_is_passed_on() -> None:
    """As docs/proxies.md says, `astream` takes the blocks of a response, including comments."""

    async def run(url: str) -> bytes:
        async with module("httpx").AsyncClient() as client:
            response = await client.send(client.build_request("GET", url), stream=True)
            return b"".join([chunk async for chunk in astream(ablocks(response))])

    wire = b": hello\n\nid: 1\nfoo: bar\n\nevent: a\ndata: 1\n\n"
    with Scripted(answer(wire.replace(b"\n", b"\r\n"))).running() as server:
        assert asyncio.run(run(server.url)).endswith(wire)


def test_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    testclient = pytest.importorskip("starlette.testclient", reason="Starlette is not installed")
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    from .recipes import front_server

    async def soon(_: float) -> None:
        """Sleep for no time."""

    monkeypatch.setattr(front_server, "asyncio", SimpleNamespace(sleep=soon))
    response = testclient.TestClient(front_server.app).get("/events")
    assert is_event_stream(response.headers["Content-Type"])
    assert [(event.event, event.id, event.json()) for event in decode(response.content)] == [
        ("tick", str(number), {"n": number}) for number in range(10)
    ]
