import logging
from collections.abc import Iterator

import httpx

from sse_codec import ReceivedEvent
from sse_codec.clients import connect
from sse_codec.resume import TRANSIENT_STATUSES, Reconnection

logger = logging.getLogger(__name__)


def news(client: httpx.Client, url: str) -> Iterator[ReceivedEvent]:
    return connect(
        lambda headers: client.stream("GET", url, headers=headers, timeout=60),
        reconnection=Reconnection(retry_statuses=TRANSIENT_STATUSES, max_outage=600),
        on_retry=lambda error: logger.warning("reconnecting: %s", error),
    )
