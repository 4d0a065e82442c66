from contextlib import aclosing, closing

from django.test import AsyncClient, Client

from sse_codec import ServerSentEvent, adecode, decode


async def first_events(count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream, from a view for ASGI."""
    response = await AsyncClient().get("/events")
    async with aclosing(response.streaming_content) as body:
        events = adecode(body)
        return [await anext(events) for _ in range(count)]


def first_events_of_wsgi(count: int) -> list[ServerSentEvent]:
    """Return the first events of an endless stream, from a view for WSGI."""
    with closing(Client().get("/events")) as response:
        events = decode(response.streaming_content)
        return [next(events) for _ in range(count)]
