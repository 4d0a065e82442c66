"""A consumer of `faulty_consumers` as a program: `python -m tests.remote.consumer NAME[+NAME] [HELLO]`."""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

from tests import faulty_consumers

if TYPE_CHECKING:
    from collections.abc import Iterator


class Chunks:
    """The chunks of a request. They count how many were asked for."""

    def __init__(self, encoded: list[str]) -> None:
        self.chunks = [base64.b64decode(chunk) for chunk in encoded]
        self.asked = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.asked += 1
            yield chunk
        self.asked += 1


def members(event: Any) -> dict[str, Any]:
    """Return an event in the protocol's form. Some consumers return plain tuples."""
    if isinstance(event, faulty_consumers.Event):
        return event._asdict()
    return dict(zip(("event", "data", "id", "retry"), event, strict=False))


def answer(request: dict[str, Any], fault: type[faulty_consumers.Correct]) -> dict[str, Any]:
    chunks = Chunks(request["chunks"])
    events: list[dict[str, Any]] = []
    try:
        events.extend({**members(event), "chunk": chunks.asked - 1} for event in fault().consume(chunks))
    except Exception as error:  # noqa: BLE001  # reports any error
        return {"n": request["n"], "events": events, "error": repr(error)}
    return {"n": request["n"], "events": events}


def main(name: str, hello: str = "{}") -> None:
    faults: list[type[faulty_consumers.Correct]] = [faulty_consumers.Correct, *faulty_consumers.FAULTS]
    known = {fault.__name__: fault for fault in faults}
    fault = type(name, tuple(known[each] for each in name.split("+")), {})
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"hello": 1, "name": name, **json.loads(hello)} if "hello" in request else answer(request, fault)
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
