"""LaunchDarkly's client behind a test service of theirs: `python -m tests.interop.launchdarkly`.

It does with the client what their own service does. It is a process of its own because the client leaves connections
open when it is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.remote import service

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


def read(options: dict[str, Any], closed: threading.Event) -> Iterator[dict[str, Any]]:
    """Read a stream with a client, and give what it gives out."""
    from ld_eventsource import SSEClient
    from ld_eventsource.config import ConnectStrategy, ErrorStrategy

    client = SSEClient(
        ConnectStrategy.http(options["streamUrl"]),
        initial_retry_delay=options["initialDelayMs"] / 1000,
        error_strategy=ErrorStrategy.from_lambda(
            lambda _: (ErrorStrategy.FAIL if closed.is_set() else ErrorStrategy.CONTINUE, None)
        ),
    )
    try:
        for event in client.events:
            yield {"type": event.event, "data": event.data, "id": event.last_event_id}
    except Exception:
        if not closed.is_set():
            raise
    finally:
        client.close()


if __name__ == "__main__":
    with service.Service(read, ("comments", "headers", "last-event-id")) as running:
        print(running.url, flush=True)
        running.serve_forever()
