"""The gateway of the guide with a fake model, read by the SDK of OpenAI, a page in Chromium and our decoder."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import select
import socket
import socketserver
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import Decoder, MissingSentinel, decode
from sse_codec.clients import ConnectionLost, connect
from sse_codec.serving import AsyncListener, Channel, astream

from . import devtools
from .scripted import Scripted, answer
from .servers import PATIENCE, listening, module, recipe, running, serve_asgi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.interop

PAGE = (Path(__file__).parent / "recipes" / "gateway.html").read_text(encoding="utf-8")
TOKENS = [f"token {number} 🍊\n" for number in range(50)]
KEEP_ALIVE = 0.1


class Model:
    """A model that thinks for long and then writes fast, never ends, or fails."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ended = threading.Event()

    async def __call__(self, question: str) -> AsyncIterator[str]:
        self.ended.clear()
        try:
            if question == "fail at once":
                raise LookupError("no such model")
            while question == "think" and not self.go_on.is_set():  # noqa: ASYNC110  # a thread sets it
                await asyncio.sleep(0.01)
            for token in TOKENS:
                yield token
                await asyncio.sleep(0)
                if question == "fail":
                    raise LookupError("the model is gone")
            while question == "never end":
                yield "and "
                await asyncio.sleep(0.01)
        finally:
            self.ended.set()


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[Any, Model, str]]:
    gateway = recipe("gateway")
    model = Model()
    app = gateway.make_app(model)
    app.add_route("/", lambda _: module("starlette.responses").HTMLResponse(PAGE))
    patch = pytest.MonkeyPatch()
    for function in (astream, Channel.__init__):
        assert function.__kwdefaults__
        patch.setitem(function.__kwdefaults__, "keep_alive", KEEP_ALIVE)
    patch.setattr(gateway, "GRACE", 1)
    with serve_asgi(app) as port:
        yield gateway, model, f"http://127.0.0.1:{port}"
    patch.undo()


def complete(url: str, question: str) -> Any:
    openai = module("openai")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=PATIENCE)
    return client.chat.completions.create(model="model", messages=[{"role": "user", "content": question}], stream=True)


def post(url: str, path: str, body: Any) -> Any:
    httpx = module("httpx")
    return httpx.post(f"{url}{path}", json=body, timeout=PATIENCE)


def ask(url: str, question: str) -> str:
    path: str = post(url, "/answers", {"question": question}).raise_for_status().json()["answer"]
    return url + path


@contextlib.contextmanager
def reading(url: str, decoder: Decoder) -> Iterator[Any]:
    httpx = module("httpx")
    headers = {"Last-Event-ID": decoder.last_event_id} if decoder.last_event_id else {}
    with httpx.stream("GET", url, headers=headers, timeout=PATIENCE) as response:
        response.raise_for_status()
        yield response


def test_the_sdk_of_openai(gateway: tuple[Any, Model, str]) -> None:
    """It waits through keep-alives, and gets all tokens and the end."""
    _, model, url = gateway
    model.go_on.clear()
    timer = threading.Timer(3 * KEEP_ALIVE, model.go_on.set)
    timer.start()
    tokens = [chunk.choices[0].delta.content for chunk in complete(url, "think")]
    timer.join()
    assert tokens == TOKENS


def test_keep_alives_and_the_end_on_the_wire(gateway: tuple[Any, Model, str]) -> None:
    _, model, url = gateway
    httpx = module("httpx")
    model.go_on.clear()
    received = b""
    body = {"messages": [{"role": "user", "content": "think"}], "stream": True}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=PATIENCE) as response:
        for chunk in response.iter_bytes():
            received += chunk
            if received.count(b": \n\n") == 3:
                model.go_on.set()
    assert [event.data for event in decode(received)][-1] == "[DONE]"


def test_the_sdk_gets_an_error_when_the_model_fails(gateway: tuple[Any, Model, str]) -> None:
    _, _, url = gateway
    openai = module("openai")
    seen = []
    with pytest.raises(openai.APIError, match="the model failed"):
        for chunk in complete(url, "fail"):
            seen.append(chunk.choices[0].delta.content)  # noqa: PERF401  # the tokens before it
    assert seen == TOKENS[:1]
    with pytest.raises(openai.InternalServerError):
        complete(url, "fail at once")


def test_the_model_stops_when_the_client_leaves(gateway: tuple[Any, Model, str]) -> None:
    _, model, url = gateway
    stream = complete(url, "never end")
    next(iter(stream))
    assert not model.ended.is_set()
    stream.close()
    assert model.ended.wait(PATIENCE)


def test_the_model_stops_when_nobody_reads_an_answer(gateway: tuple[Any, Model, str]) -> None:
    _, model, url = gateway
    answer = ask(url, "never end")
    with reading(answer, Decoder()) as response:
        chunks = response.iter_bytes()
        next(chunks)
        assert not model.ended.wait(1.5), "it stopped although somebody reads"
    assert model.ended.wait(PATIENCE)


def test_a_reader_that_is_cut_resumes(gateway: tuple[Any, Model, str]) -> None:
    _, _, url = gateway
    answer = ask(url, "go")
    decoder = Decoder()
    tokens: list[str] = []
    for size in (1, 60, 400, 700, 1500, 100_000):
        with reading(answer, decoder) as response:
            decoder.reset()
            received = b""
            for chunk in response.iter_bytes():
                received += chunk
                if len(received) >= size:
                    break
            tokens += [event.json()["token"] for event in decoder.feed(received[:size]) if event.event == "token"]
    assert tokens == TOKENS
    assert module("httpx").get(f"{url}/answers/unknown").status_code == 404


def test_an_answer_that_fails_ends_with_an_event(gateway: tuple[Any, Model, str]) -> None:
    _, _, url = gateway
    with reading(ask(url, "fail"), Decoder()) as response:
        assert [event.event for event in decode(response.iter_bytes())] == ["token", "failed"]


def test_a_page(gateway: tuple[Any, Model, str], browser: str) -> None:
    """It shows each token once, although it is cut while the model writes."""
    _, model, url = gateway
    model.go_on.clear()

    async def run() -> Any:
        async with devtools.page(browser) as page:
            await page.open(f"{url}/")
            await page.evaluate("ask('think').then((source) => { window.source = source; })")
            await page.until("window.source && source.readyState", 1)
            for listener in [each for each in gc.get_objects() if isinstance(each, AsyncListener)]:
                listener.end()
            model.go_on.set()
            await page.until("source.readyState", 2)
            return await page.evaluate("document.querySelector('#answer').textContent")

    assert asyncio.run(run()) == "".join(TOKENS)


@contextlib.contextmanager
def cutting(port: int, sizes: list[int]) -> Iterator[int]:
    """Run a proxy in front of a port that cuts readers of an answer, after each number of bytes in turn."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            left = None
            with socket.create_connection(("127.0.0.1", port)) as gateway:
                while ready := select.select([self.request, gateway], [], [], PATIENCE)[0]:
                    for source in ready:
                        data = source.recv(65536)
                        if data.startswith((b"GET ", b"POST ")):
                            left = sizes.pop(0) if data.startswith(b"GET /answers/") and sizes else None
                        elif source is gateway and left is not None:
                            data, left = data[:left], left - len(data)
                        if data:
                            (gateway if source is self.request else self.request).sendall(data)
                        if not data or (left is not None and left <= 0):
                            return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, running(server):
        yield server.server_address[1]


def test_a_client_that_is_cut_resumes(gateway: tuple[Any, Model, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, url = gateway
    assert connect.__kwdefaults__
    monkeypatch.setitem(connect.__kwdefaults__, "sleep", lambda _: None)
    answer, httpx = recipe("gateway_client").answer, module("httpx")
    sizes = [400, 700, 1500, 2100]
    with cutting(int(url.rpartition(":")[2]), sizes) as port, httpx.Client(timeout=PATIENCE) as client:
        assert list(answer(client, f"http://127.0.0.1:{port}", "go")) == TOKENS
        assert not sizes
        with pytest.raises(RuntimeError, match="the model failed"):
            list(answer(client, f"http://127.0.0.1:{port}", "fail"))


CHUNKS = b"".join(
    b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": {"content": token}}]}).encode() for token in TOKENS
)
ERROR = b'data: {"error": {"message": "quota exceeded"}}\n\n'


def test_a_model_on_another_host(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The guide's model: all tokens, an answer that stops too early, a cut (both are logged), and a refusal."""
    httpx = module("httpx")
    monkeypatch.setenv("API_KEY", "secret")

    async def tell(url: str) -> list[str]:
        model = recipe("gateway_upstream").make_model(upstream := httpx.AsyncClient(), url)
        transport = httpx.ASGITransport(recipe("gateway").make_app(model), raise_app_exceptions=False)
        async with upstream, httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            body = {"messages": [{"role": "user", "content": "Hi?"}]}
            response = await client.post("/v1/chat/completions", json=body)
            if response.status_code != 200:
                return [str(response.status_code)]
            return [event.data for event in decode(response.content)]

    refused = answer(b"over quota", status="429 Too Many Requests", content_type="text/plain")
    with Scripted(
        answer(CHUNKS + b"data: [DONE]\n\n"), answer(CHUNKS), answer(CHUNKS, cut=True), answer(CHUNKS + ERROR), refused
    ).running() as server:
        *chunks, last = asyncio.run(tell(server.url))
        assert [json.loads(chunk)["choices"][0]["delta"]["content"] for chunk in chunks] == TOKENS
        assert last == "[DONE]"
        for why in (MissingSentinel, ConnectionLost, RuntimeError):
            caplog.clear()
            *chunks, last = asyncio.run(tell(server.url))
            assert len(chunks) == len(TOKENS)
            assert json.loads(last)["error"]["message"] == "the model failed"
            assert caplog.records[0].exc_info
            assert caplog.records[0].exc_info[0] is why
        assert asyncio.run(tell(server.url)) == ["500"]
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer secret"] * 5


def test_a_model_on_another_host_is_left_when_the_client_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    httpx = module("httpx")
    monkeypatch.setenv("API_KEY", "secret")
    left = threading.Event()

    def write(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(PATIENCE)
        with connection:
            connection.recv(65536)
            connection.sendall(answer(CHUNKS, cut=True))
            while connection.recv(65536):
                pass
            left.set()

    with listening() as (listener, port):
        # A daemon, because nobody connects if the gateway can't be started.
        thread = threading.Thread(target=write, args=(listener,), daemon=True)
        thread.start()
        upstream = httpx.AsyncClient()
        model = recipe("gateway_upstream").make_model(upstream, f"http://127.0.0.1:{port}/")
        with serve_asgi(recipe("gateway").make_app(model)) as gateway_port:
            url = f"http://127.0.0.1:{gateway_port}/v1/chat/completions"
            body = {"messages": [{"role": "user", "content": "Hi?"}]}
            with httpx.stream("POST", url, json=body, timeout=PATIENCE) as response:
                tokens = decode(response.iter_bytes())
                for _ in TOKENS:
                    next(tokens)
                assert not left.is_set()
            assert left.wait(PATIENCE)
        thread.join()
