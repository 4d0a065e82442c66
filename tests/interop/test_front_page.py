"""The client and the server that README.md begins with, run with the libraries that they import."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import MissingSentinel, decode, is_event_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

STREAM = (Path(__file__).parent.parent / "vectors" / "streams" / "openai-chat.sse").read_bytes()


class Model(BaseHTTPRequestHandler):
    """Answers each POST with `answer`, and keeps what it was asked."""

    answer = STREAM
    asked: list[tuple[str | None, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.headers["Authorization"], json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def model() -> Iterator[tuple[type[Model], str]]:
    class Here(Model):
        asked: list[tuple[str | None, Any]] = []  # noqa: RUF012  # this class's own

    with HTTPServer(("127.0.0.1", 0), Here) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Here, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_client(model: tuple[type[Model], str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx", reason="httpx is not installed")
    from .recipes import front_client

    monkeypatch.setenv("API_KEY", "secret")
    server, url = model
    text = "".join(front_client.answer(url, "What is SSE?"))
    assert text.startswith("Server-Sent Events carry")
    assert text.endswith("🍊.")
    [(authorization, question)] = server.asked
    assert authorization == "Bearer secret"
    assert question["messages"] == [{"role": "user", "content": "What is SSE?"}]

    server.answer = STREAM[: STREAM.rindex(b"data: [DONE]")]
    with pytest.raises(MissingSentinel):
        list(front_client.answer(url, "And then?"))


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
