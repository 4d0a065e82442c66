from collections.abc import Callable, Iterable, Iterator

from ld_eventsource.actions import Action, Comment, Event

from sse_codec import decode_blocks


class SSEReader:
    def __init__(
        self, chunks: Iterable[bytes], last_event_id: str | None, set_retry: Callable[[int], None] | None
    ) -> None:
        self.chunks, self.last_event_id, self.set_retry = chunks, last_event_id, set_retry

    def events_and_comments(self) -> Iterator[Action]:
        for block in decode_blocks(self.chunks, max_event_size=None):
            lines = block.wire.decode("utf-8", "replace").split("\n")
            yield from (Comment(line[1:]) for line in lines if line.startswith(":"))
            if block.retry is not None and self.set_retry is not None:
                self.set_retry(block.retry)
            if block.id is not None:
                self.last_event_id = block.id
            if block.data is not None:
                yield Event(block.event or "message", block.data, block.id, self.last_event_id)
