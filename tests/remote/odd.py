"""Programs that answer wrongly: `python -m tests.remote.odd MODE`.

A mode of `HELLOS` answers the hello wrongly. The other modes answer wrongly to a request with the letter X in a chunk.
Our decoder reads everything else.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from sse_codec import Decoder

#: Odd lines that answer a request, most of them invalid.
LINES = {
    "not json": b"hello?\n",
    "not utf-8": b'{"n": 1, "events": [{"data": "\xff"}]}\n',
    "a list": b"[1]\n",
    "deep": b"[" * 100_000 + b"\n",
    "another n": b'{"n": 99, "events": []}\n',
    "nothing": b'{"n": N}\n',
    "no data": b'{"n": N, "events": [{"event": "a"}]}\n',
    "no event": b'{"n": N, "events": ["a"]}\n',
    "no list": b'{"n": N, "events": 7}\n',
    "not base64": b'{"n": N, "events": [{"data_base64": "~"}]}\n',
    "a number in base64": b'{"n": N, "events": [{"data_base64": 7}]}\n',
    "bad bytes": b'{"n": N, "events": [{"data_base64": "/w=="}]}\n',
    "an error": b'{"n": N, "events": [{"data": "a"}], "error": "boom"}\n',
    "an error without a message": b'{"n": N, "error": ""}\n',
}
HELLOS = {
    "no hello": b'{"hi": 1}\n',
    "another version": b'{"hello": 2}\n',
    "another role": b'{"hello": 1, "role": "producer"}\n',
    "no role": b'{"hello": 1, "role": "a\\nb"}\n',
    "another option": b'{"hello": 1, "ids": "any"}\n',
    "another rule": b'{"hello": 1, "without": ["boom"]}\n',
    "rules as text": b'{"hello": 1, "without": "retry"}\n',
    "a large retry": b'{"hello": 1, "max_retry": 1.5}\n',
}


def read(request: dict[str, Any]) -> dict[str, Any]:
    decoder = Decoder()
    events = [
        {"data": event.data, "event": event.event, "id": event.id, "retry": event.retry, "chunk": at}
        for at, chunk in enumerate(request["chunks"])
        for event in decoder.feed(base64.b64decode(chunk))
    ]
    return {"n": request["n"], "events": events}


def misbehave(mode: str, number: int) -> None:
    print(f"it is {mode}", file=sys.stderr, flush=True)
    if mode == "dies":
        sys.exit(3)
    if mode == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "hangs":
        time.sleep(600)
    if mode == "leaves a child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=False)
        sys.exit(4)
    if mode == "leaves a child elsewhere":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"], start_new_session=True)
        sys.exit(5)
    if mode == "closes":
        os.close(1)
        time.sleep(600)
    if mode == "writes without end":
        while True:
            sys.stdout.buffer.write(b"x" * 65536)
    sys.stdout.buffer.write(LINES[mode].replace(b"N", str(number).encode()))
    sys.stdout.flush()


def main(mode: str) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "hello" in request:
            if mode == "does not flush":
                time.sleep(600)
            if mode == "dies at once":
                sys.exit("no config")
            sys.stdout.buffer.write(HELLOS.get(mode, b'{"hello": 1, "name": "odd"}\n'))
            sys.stdout.flush()
        elif any(b"X" in base64.b64decode(chunk) for chunk in request["chunks"]) and mode not in HELLOS:
            misbehave(mode, request["n"])
        else:
            print(json.dumps(read(request)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
