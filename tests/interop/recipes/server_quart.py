from collections.abc import AsyncIterator, Callable

from quart import Quart, Response, request

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, end_streams_on_signals


def make_app(events: Callable[[str], AsyncIterator[ServerSentEvent]]) -> Quart:
    app = Quart(__name__)

    @app.get("/events")
    async def stream() -> Response:
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        if request.method == "HEAD":
            return Response(headers=response_headers())
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        body = astream(events(last_event_id), send_timeout=30)
        await body.ready(0.2)  # if the source fails by then, the client gets an error status
        response = Response(body, headers=response_headers())
        response.timeout = None  # otherwise Quart ends it after a minute
        return response

    return app
