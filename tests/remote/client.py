"""A client for `sse-codec fuzz consumer --listen`: `python -m tests.remote.client URL [NAME]`.

NAME is a consumer of `faulty_consumers`.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from tests import faulty_consumers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Read = Callable[[Iterable[bytes], Callable[[int], None]], Iterator[dict[str, Any]]]


def post(url: str, members: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(members).encode())  # noqa: S310  # a test's
    with urllib.request.urlopen(request) as response:  # noqa: S310  # a test's
        body = response.read()
    return json.loads(body) if body else None


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as response:  # noqa: S310  # a test's
        return json.load(response)


def reading(fault: type[faulty_consumers.Correct]) -> Read:
    """Return a function that reads with a consumer, and reports the count of events each time one arrives."""

    def read(chunks: Iterable[bytes], saw: Callable[[int], None]) -> Iterator[dict[str, Any]]:
        for count, event in enumerate(fault().consume(chunks), 1):
            saw(count)
            yield {**event._asdict()}

    return read


def run(url: str, read: Read, hello: dict[str, Any] | None = None) -> Any:
    """Read all streams, and return the last answer."""
    if hello is not None:
        post(f"{url}/hello", {"hello": 1, **hello})
    is_live = bool(hello and hello.get("live"))
    answer = get(f"{url}/next")
    while "next" in answer:
        where = answer["next"]

        def saw(count: int, where: str = where) -> None:
            if is_live:
                post(f"{where}/seen", {"seen": count})

        with urllib.request.urlopen(where) as response:  # noqa: S310  # a test's
            events = list(read(iter(response.read1, b""), saw))
        answer = post(f"{where}/events", {"events": events})
    return answer


def main(url: str, name: str = "Correct") -> None:
    print(json.dumps(run(url, reading(getattr(faulty_consumers, name)), {"name": name, "live": True})))


if __name__ == "__main__":
    main(*sys.argv[1:])
