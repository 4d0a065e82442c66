from collections.abc import AsyncIterator, Callable
from typing import Any

from litestar import Litestar, Request, get, head
from litestar.response import Response, Stream

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, end_streams_on_signals


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> Litestar:
    @get("/events")
    async def stream(request: Request[Any, Any, Any]) -> Stream:
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        body = astream(events(last_event_id), send_timeout=30)
        await body.ready(0.2)  # if the source fails by then, the client gets an error status
        return Stream(body, headers=response_headers())

    @head("/events")
    async def headers() -> Response[None]:
        return Response(None, headers=response_headers())

    return Litestar([stream, headers])
