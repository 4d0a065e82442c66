from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from aiohttp import web

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, end_streams, send_within


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> web.Application:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=response_headers())
        if request.method != "HEAD":
            async with aclosing(astream(events(parse_last_event_id(request.headers.get("Last-Event-ID"))))) as body:
                await body.ready(0.2)  # if the source fails by then, the client gets an error status
                await response.prepare(request)
                write = send_within(response.write, 30)
                async for chunk in body:
                    await write(chunk)
        return response

    async def shutdown(_: web.Application) -> None:
        end_streams()

    app = web.Application()
    app.router.add_get("/events", stream)
    app.on_shutdown.append(shutdown)
    return app
