"""Runs LaunchDarkly's client behind a test service like theirs: `python -m tests.interop.launchdarkly`.

It uses the client as their own service does. It is a separate process because the client leaves connections open when
it is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.remote import service

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


def read(options: dict[str, Any], closed: threading.Event) -> Iterator[dict[str, Any]]:
    """Read a stream with a client, and yield its events."""
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
