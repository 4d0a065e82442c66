from collections.abc import Iterator

from sse_codec import MissingSentinel
from sse_codec.clients import ConnectionFailed, ConnectionLost, events


def answer(response: object) -> Iterator[str]:
    try:
        for event in events(response, until="[DONE]"):
            yield event.data
    except ConnectionFailed as error:
        yield f"(refused with {error.status}: {error.text})"
    except ConnectionLost as error:
        yield f"(cut: {error})"
    except MissingSentinel as error:
        yield f"(ended too early, after {error.last})"
