from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sse_codec import ServerSentEvent, adecode


async def first_events(app: web.Application, count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream."""
    async with TestClient(TestServer(app)) as client, client.get("/events") as response:
        events = adecode(response.content)
        return [await anext(events) for _ in range(count)]
