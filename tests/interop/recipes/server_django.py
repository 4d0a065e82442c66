import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sse_codec import ServerSentEvent, parse_last_event_id, response_headers
from sse_codec.serving import astream, end_streams_on_signals

logger = logging.getLogger(__name__)


def failed(error: Exception) -> ServerSentEvent:  # otherwise daphne leaves the client waiting forever
    logger.error("the stream failed", exc_info=error)
    return ServerSentEvent("", event="failed")


def make_view(
    events: Callable[[str], AsyncIterator[ServerSentEvent]],
) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]:
    async def view(request: HttpRequest) -> HttpResponseBase:  # for ASGI: under WSGI it would send nothing
        end_streams_on_signals()  # otherwise Ctrl-C waits until every client has left
        if request.method == "HEAD":
            return HttpResponse(headers=response_headers())
        last_event_id = parse_last_event_id(request.headers.get("Last-Event-ID"))
        body = astream(events(last_event_id), send_timeout=30, on_error=failed)
        await body.ready(0.2)  # if the source fails by then, the client gets an error status
        return StreamingHttpResponse(body, headers=response_headers())

    return view
