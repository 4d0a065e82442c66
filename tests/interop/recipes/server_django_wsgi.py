from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import stream


def make_view(
    events: Callable[[str], Iterator[ServerSentEvent | None]],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def view(request: HttpRequest) -> HttpResponseBase:  # for WSGI: under ASGI it would send nothing
        if request.method == "HEAD":
            return HttpResponse(headers=response_headers())
        body = stream(events(parse_last_event_id(request.headers.get("Last-Event-ID"))))
        body.ready(0.2)  # if the source fails by then, the client gets an error status
        return StreamingHttpResponse(body, headers=response_headers())

    return view
