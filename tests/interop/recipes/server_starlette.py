from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, end_streams_on_signals


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> Starlette:
    async def stream(request: Request) -> Response:
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        if request.method == "HEAD":
            return Response(headers=response_headers())
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        body = astream(events(last_event_id), send_timeout=30)
        await body.ready(0.2)  # if the source fails by then, the client gets an error status
        return StreamingResponse(body, headers=response_headers())

    return Starlette(routes=[Route("/events", stream)])
