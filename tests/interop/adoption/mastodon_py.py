from mastodon import StreamListener
from requests import Response

from sse_codec import Comment, Field, LineDecoder


def read_stream(self: StreamListener, response: Response) -> None:
    decoder = LineDecoder(max_event_size=None)
    event: dict[str, str] = {}
    for chunk in response.iter_content(chunk_size=1):
        for line in decoder.feed(chunk):
            if isinstance(line, Comment):
                self.handle_heartbeat()
            elif isinstance(line, Field):
                event[line.name] = f"{event[line.name]}\n{line.value}" if line.name in event else line.value
            else:
                self._dispatch(event)
                event = {}
