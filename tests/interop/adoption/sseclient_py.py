from collections.abc import Iterator

from sseclient import Event, SSEClient

from sse_codec import decode


def events(self: SSEClient) -> Iterator[Event]:
    for event in decode(self._event_source, max_event_size=None, on_eof="dispatch"):
        yield Event(event.id, event.event, event.data, None if event.retry is None else str(event.retry))
