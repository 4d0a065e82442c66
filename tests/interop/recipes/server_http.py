from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import stream


def make_handler(events: Callable[[str], Iterator[ServerSentEvent | None]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):  # for a ThreadingHTTPServer
        def do_HEAD(self) -> None:
            self.send_response(200)
            for name, value in response_headers().items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            with closing(stream(events(parse_last_event_id(self.headers.get("Last-Event-ID"))))) as body:
                body.ready(0.2)
                self.do_HEAD()
                for chunk in body:
                    try:
                        self.wfile.write(chunk)
                    except ConnectionError:
                        return  # the client has left

    return Handler
