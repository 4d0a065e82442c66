from collections.abc import Callable, Generator
from contextlib import closing

from flask import Flask, Response, request

from sse_codec import ServerSentEvent, encode, encode_comment, parse_last_event_id, response_headers


def make_app(events: Callable[[str], Generator[ServerSentEvent, None, None]]) -> Flask:
    app = Flask(__name__)

    @app.get("/events")
    def stream() -> Response:
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))

        def blocks() -> Generator[bytes, None, None]:
            yield encode_comment()  # WSGI sends the headers with the first bytes of the body, and not before
            with closing(events(last_event_id)) as source:
                yield from map(encode, source)

        return Response(blocks(), headers=response_headers())

    return app
