"""The ASGI app of docs/testing.md, checked through the test clients that it names in place of its own `get`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from sse_codec.testing import NotConforming, check_producer
from tests.test_readme import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from sse_codec import ServerSentEvent

pytestmark = pytest.mark.interop

FEW = settings(max_examples=10)  # a client is made for each event


def through_starlette(app: Any) -> bytes:
    testclient = pytest.importorskip("starlette.testclient", reason="Starlette is not installed")
    content: bytes = testclient.TestClient(app).get("/").content
    return content


def through_httpx(app: Any) -> bytes:
    httpx = pytest.importorskip("httpx2", reason="httpx2 is not installed")

    async def get() -> bytes:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            content: bytes = (await client.get("/")).content
            return content

    return asyncio.run(get())


@pytest.mark.parametrize("get", [through_starlette, through_httpx])
def test_the_guides_app_through_a_test_client(get: Callable[[Any], bytes]) -> None:
    make_app = run("fuzz asgi")["make_app"]
    check_producer(lambda event: get(make_app([event])), unsendable="refused", settings=FEW)


@pytest.mark.parametrize("get", [through_starlette, through_httpx])
def test_a_fault_is_seen_through_a_test_client(get: Callable[[Any], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(event: ServerSentEvent) -> bytes:
        return f"data: {event.data}\n\n".encode()

    guide = run("fuzz asgi")
    monkeypatch.setitem(guide, "encode", encode)
    with pytest.raises(NotConforming, match="do not carry"):
        check_producer(lambda event: get(guide["make_app"]([event])), without={"event", "id", "retry"}, settings=FEW)
