from collections.abc import Iterator

from ld_eventsource import SSEClient
from ld_eventsource.actions import Event
from ld_eventsource.config import ConnectStrategy, ErrorStrategy


def read(url: str) -> Iterator[Event]:
    strategy = ConnectStrategy.http(url, headers={"Authorization": "Bearer secret"})
    with SSEClient(strategy, error_strategy=ErrorStrategy.continue_with_max_attempts(10)) as client:
        yield from client.events
