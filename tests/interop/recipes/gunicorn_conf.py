from typing import Any

from sse_codec.serving import end_streams, end_streams_on_signals

worker_class = "gthread"
threads = 100  # how many requests a worker can serve at the same time, streams included


def post_worker_init(_: Any) -> None:
    end_streams_on_signals()  # otherwise a worker waits until every client has left


def worker_int(_: Any) -> None:
    end_streams()  # when --reload has seen a change
