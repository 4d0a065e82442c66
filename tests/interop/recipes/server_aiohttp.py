from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from aiohttp import web

from sse_codec import ServerSentEvent, encode, parse_last_event_id, response_headers


def make_app(events: Callable[[str], AsyncGenerator[ServerSentEvent, None]]) -> web.Application:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=response_headers())
        await response.prepare(request)
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        async with aclosing(events(last_event_id)) as source:
            async for event in source:
                await response.write(encode(event))
        return response

    app = web.Application()
    app.router.add_get("/events", stream)
    return app
