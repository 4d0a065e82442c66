"""The guide's tests of an endless stream work with the test client of each framework."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent

from .servers import PATIENCE, module, recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.interop

EXPECTED = [ServerSentEvent(f"event {number}") for number in range(3)]


class Endless:
    """Yields events without end; `ended` is set once its stream is closed."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.closing = False

    async def events(self, _: str) -> AsyncIterator[ServerSentEvent]:
        number = 0
        try:
            while True:
                yield ServerSentEvent(f"event {number}")
                await asyncio.sleep(0.001)
                number += 1
        finally:
            self.ended.set()

    def sync_events(self, _: str) -> Iterator[ServerSentEvent]:
        number = 0
        try:
            while True:
                yield ServerSentEvent(f"event {number}")
                number += 1
        finally:
            self.ended.set()


def check(endless: Endless, found: Any) -> None:
    if inspect.isawaitable(found):

        async def main() -> Any:
            return await asyncio.wait_for(found, PATIENCE)

        found = asyncio.run(main())
    assert found == EXPECTED
    assert endless.ended.wait(PATIENCE), "the stream was not closed"


@pytest.mark.parametrize(
    ("server", "client"),
    [
        ("fastapi", "starlette"),
        ("starlette", "starlette"),
        ("asgi", "starlette"),
        ("litestar", "starlette"),  # its own client waits for the end
        ("aiohttp", "aiohttp"),
        ("quart", "quart"),
    ],
)
def test_an_async_framework(server: str, client: str) -> None:
    endless = Endless()
    check(endless, recipe(f"testing_{client}").first_events(recipe(f"server_{server}").make_app(endless.events), 3))


def test_flask() -> None:
    endless = Endless()
    check(endless, recipe("testing_flask").first_events(recipe("server_flask").make_app(endless.sync_events), 3))


@pytest.fixture
def urls() -> Any:
    django = module("django")
    from django.conf import settings

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="none")  # noqa: S106  # it protects nothing
        django.setup()
    from django.urls import clear_url_caches, path

    def use(view: Any) -> None:
        globals()["urlpatterns"] = [path("events", view)]
        clear_url_caches()

    return use


def test_django(urls: Any) -> None:
    endless = Endless()
    urls(recipe("server_django").make_view(endless.events))
    check(endless, recipe("testing_django").first_events(3))
    endless = Endless()
    urls(recipe("server_django_wsgi").make_view(endless.sync_events))
    check(endless, recipe("testing_django").first_events_of_wsgi(3))
