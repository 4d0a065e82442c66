from collections.abc import Callable, Iterator

from flask import Flask, Response, request

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import end_streams_on_signals, stream


def make_app(events: Callable[[str], Iterator[ServerSentEvent | None]]) -> Flask:
    end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
    app = Flask(__name__)

    @app.get("/events")
    def endpoint() -> Response:
        if request.method == "HEAD":
            return Response(headers=response_headers())
        body = stream(events(parse_last_event_id(request.headers.get("Last-Event-ID"))))
        body.ready(0.2)  # if the source fails by then, the client gets an error status
        return Response(body, headers=response_headers())

    return app
