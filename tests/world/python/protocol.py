"""The part that all adapters share: the fuzz protocol of sse-codec, over standard input and output.

An adapter is a function under `@consumer(...)` or `@producer(...)`. A file of adapters runs the one that its argument
names: `python consumers.py httpx-sse`. docs/fuzz-protocol.md describes the protocol. This module needs only the
standard library, so that an adapter runs in an environment with nothing but its library.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from types import SimpleNamespace

#: Seconds between two chunks that go over HTTP, so that they are not read as one.
PAUSE = 0.002

_adapters = {}


def consumer(name, **hello):
    """Register a function that takes the chunks of a stream, and returns an iterable of events, async or not."""
    return lambda function: _adapters.setdefault(name, (function, {"role": "consumer", **hello}))


def producer(name, **hello):
    """Register a function that takes an event with data, event, id and retry, and returns its bytes or str."""
    return lambda function: _adapters.setdefault(name, (function, {"role": "producer", **hello}))


class Chunks:
    """The chunks of a stream. The iterators note which chunk is being read; `all` is the plain list."""

    def __init__(self, chunks):
        self.all = chunks
        self.read = 0
        self.timed = False

    def __iter__(self):
        self.timed = True
        for chunk in self.all:
            self.read += 1
            yield chunk
        self.read += 1

    async def stream(self):
        """Yield the chunks, for async libraries that refuse an object that is a sync iterable too."""
        for chunk in self:
            yield chunk

    def url(self):
        """Serve the stream once on the loopback; later requests get 204, which tells clients to stop."""
        return _Server.url(self.all)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    running = None

    @classmethod
    def url(cls, chunks):
        if cls.running is None:
            cls.running = cls(("127.0.0.1", 0), _Handler)
            cls.running.streams, cls.running.number = {}, 0
            threading.Thread(target=cls.running.serve_forever, daemon=True).start()
        server = cls.running
        server.number += 1
        server.streams[f"/{server.number}"] = chunks
        return f"http://127.0.0.1:{server.server_port}/{server.number}"

    def handle_error(self, request, client_address):
        """Ignore it: clients may disconnect at any time."""


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self):
        chunks = self.server.streams.pop(self.path, None)
        if chunks is None:  # "HTTP 204 No Content" tells a client to stop reconnecting (9.2.1)
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
            if len(chunks) > 1:
                time.sleep(PAUSE)

    def log_message(self, *_):
        """Log nothing."""


def _members(item):
    """Return an event in the protocol's form."""
    if isinstance(item, dict):
        return item
    names = ("data", "event", "type", "id", "last_event_id", "retry", "comment")
    return {name: getattr(item, name) for name in names if hasattr(item, name)}


def _consume(function, request):
    chunks = Chunks([base64.b64decode(chunk) for chunk in request["chunks"]])
    events = []

    def add(item):
        events.append({**_members(item), **({"chunk": chunks.read - 1} if chunks.timed else {})})

    async def collect(items):
        async for item in items:
            add(item)

    try:
        result = function(chunks)
        if hasattr(result, "__aiter__"):
            asyncio.run(collect(result))
        else:
            for item in result:
                add(item)
    except Exception as error:  # reported as part of the answer
        return {"events": events, "error": f"{type(error).__name__}: {error}"}
    return {"events": events}


def _produce(function, request):
    try:
        wire = function(SimpleNamespace(**request["event"]))
        wire = asyncio.run(wire) if hasattr(wire, "__await__") else wire
        wire = wire.encode() if isinstance(wire, str) else bytes(wire)
    except Exception as error:  # a refusal, which is right for an unsendable event
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"wire": base64.b64encode(wire).decode()}


def main():
    """Answer for the adapter that the command line names."""
    if len(sys.argv) != 2:
        print(*_adapters, sep="\n")
        return
    function, hello = _adapters[sys.argv[1]]
    answer = _consume if hello["role"] == "consumer" else _produce
    output = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # so that the output of a library does not mix with answers
        for line in sys.stdin:
            request = json.loads(line)
            if "hello" in request:
                told = {"hello": 1, "name": sys.argv[1], "version": metadata.version(sys.argv[1]), **hello}
            else:
                told = {"n": request["n"], **answer(function, request)}
            print(json.dumps(told, default=str), file=output, flush=True)
