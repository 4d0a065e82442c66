from collections.abc import Callable, Generator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler

from sse_codec import ServerSentEvent, encode, parse_last_event_id, response_headers


def make_handler(events: Callable[[str], Generator[ServerSentEvent, None, None]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):  # for a ThreadingHTTPServer
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in response_headers().items():
                self.send_header(name, value)
            self.end_headers()
            last_event_id = parse_last_event_id(self.headers.get("Last-Event-ID"))
            with suppress(ConnectionError), closing(events(last_event_id)) as source:
                for event in source:
                    self.wfile.write(encode(event))

    return Handler
