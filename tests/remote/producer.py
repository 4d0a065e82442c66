"""A producer of `faulty_producers` as a program: `python -m tests.remote.producer NAME [HELLO]`."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from sse_codec import ServerSentEvent
from tests import faulty_producers


def comment(request: dict[str, Any]) -> dict[str, Any]:
    """Write a comment as most producers do: the line ends in it stay."""
    return {"n": request["n"], "wire": base64.b64encode(f": {request['comment']}\n\n".encode()).decode()}


def answer(request: dict[str, Any], producer: faulty_producers.Correct) -> dict[str, Any]:
    try:
        wire = producer.produce(ServerSentEvent(**request["event"]))
    except Exception as error:  # noqa: BLE001  # reports any error
        return {"n": request["n"], "refused": repr(error)}
    return {"n": request["n"], "wire": base64.b64encode(wire).decode()}


def main(name: str, hello: str = "{}") -> None:
    faults: list[type[faulty_producers.Correct]] = [faulty_producers.Correct, *faulty_producers.FAULTS]
    known = {fault.__name__: fault for fault in faults}
    producer = known[name]()
    for line in sys.stdin:
        request = json.loads(line)
        if "hello" in request:
            reply = {"hello": 1, "name": name, **json.loads(hello)}
        else:
            reply = comment(request) if "comment" in request else answer(request, producer)
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
