"""Reads event streams with the EventSource of a headless Chromium.

It takes streams as chunks, and returns what a page saw of each. A server on this machine serves the page and the
streams. The page asks for a batch of streams, opens an EventSource for each, five at a time (a browser opens six
connections to a host, and the page needs one for itself), and posts what it saw.

The platform limits what a page can see in two ways:

- EventSource has no listener for events of all types. The page listens to "message" and to every type that the stream
  could possibly name (`named_types`), whatever our decoder makes of it, so the page also sees events that ours misses.
  DevTools, which reports all events, saw exactly the same ones in 1500 streams.
- The cuts between chunks may not reach the parser as they were made. Each chunk is sent separately, as a chunk of
  HTTP's chunked encoding, and a short pause follows. That guarantees nothing; a fetch() in the same page saw 958 of
  969 cuts.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from sse_codec import parse_last_event_id, response_headers
from tests.world.engines import named_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self

    from .differential import Chunks

BATCH = 250
#: Seconds that the slowest batch may take. One that takes longer hangs; this does not measure anything.
PATIENCE = 120.0
PAUSE = 0.001

PAGE = b"""<!doctype html><script type="module">
// An event whose type is "error" or "open" is a MessageEvent; the connection's own are not.
const read = ({url, types, reconnect}) => new Promise((resolve) => {
  const source = new EventSource(url);
  const events = [];
  for (const type of types) {
    source.addEventListener(type, (event) => {
      if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
    });
  }
  source.addEventListener("error", (event) => {
    if (event instanceof MessageEvent || (reconnect && source.readyState === EventSource.CONNECTING)) return;
    const ended = source.readyState;
    source.close();
    resolve({events, ended});
  });
});

for (;;) {
  const batch = await (await fetch("/batch")).json();
  const results = [];
  const waiting = batch.entries();
  const worker = async () => { for (const [index, stream] of waiting) results[index] = await read(stream); };
  await Promise.all([worker(), worker(), worker(), worker(), worker()]);
  await fetch("/results", {method: "POST", body: JSON.stringify(results)});
}
</script>"""

CONNECTING, CLOSED = 0, 2  # EventSource.readyState


class Event(NamedTuple):
    """What a page sees of an event: three attributes of its MessageEvent."""

    type: str
    data: str
    last_event_id: str


class Reading(NamedTuple):
    """What Chromium made of a stream."""

    events: list[Event]
    #: What it sent in `Last-Event-ID` when it reconnected; "" for no header, None if it was not asked to reconnect.
    last_event_id: str | None


def executable() -> str | None:
    """Return the path of an installed Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Process(NamedTuple):
    """A running Chromium."""

    #: The folder with its state.
    profile: str
    #: What it wrote to standard error.
    log: BinaryIO


@contextlib.contextmanager
def start(path: str, url: str, *flags: str) -> Iterator[Process]:
    """Run a headless Chromium with a new profile, and open a URL in it."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        open(os.path.join(profile, "log"), "w+b") as log,
        subprocess.Popen(
            [
                path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={profile}", *flags, url,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # so that its helper processes end with it
        ) as process,
    ):  # fmt: skip
        try:
            yield Process(profile, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.batches: queue.Queue[bytes] = queue.Queue()
        self.results: queue.Queue[Any] = queue.Queue()
        self.streams: Sequence[Chunks] = ()
        #: For each stream of the batch, the `Last-Event-ID` of each request for it.
        self.requests: list[list[str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, "text/html", PAGE)
        elif self.path == "/batch":
            self._answer(200, "application/json", self.server.batches.get())
        elif self.path.startswith("/stream/"):
            self._stream(int(self.path.removeprefix("/stream/")))
        else:
            self._answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        self.server.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(200, "text/plain", b"")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, index: int) -> None:
        requests = self.server.requests[index]
        requests.append(parse_last_event_id(self.headers.get("Last-Event-ID")))
        if len(requests) > 1:
            # "HTTP 204 No Content" tells a client to stop reconnecting (9.2.1).
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        for name, value in response_headers().items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in filter(None, self.server.streams[index]):  # an empty chunk would end the body
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            time.sleep(PAUSE)
        self.wfile.write(b"0\r\n\r\n")


class Chromium:
    """A running browser with the page open; a context manager, so that it does not outlive its tests."""

    def __init__(self, path: str) -> None:
        self.path = path
        output = subprocess.run([path, "--version"], check=True, capture_output=True, text=True)
        self.version = output.stdout.strip()

    def __enter__(self) -> Self:
        self._server = _Server()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._running = start(self.path, f"http://127.0.0.1:{self._server.server_port}/")
        self._process = self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)
        self._server.shutdown()
        self._server.server_close()

    def read(self, streams: Sequence[Chunks], *, reconnect: bool = False) -> Iterator[Reading]:
        """Read each stream over its own connection."""
        for start in range(0, len(streams), BATCH):
            batch = streams[start : start + BATCH]
            server = self._server
            server.streams, server.requests = batch, [[] for _ in batch]
            server.batches.put(
                json.dumps(
                    [
                        {"url": f"/stream/{index}", "types": named_types(b"".join(chunks)), "reconnect": reconnect}
                        for index, chunks in enumerate(batch)
                    ]
                ).encode()
            )
            try:
                results = server.results.get(timeout=PATIENCE)
            except queue.Empty:
                self._process.log.seek(0)
                raise AssertionError(
                    f"Chromium gave no answer in {PATIENCE} s; its log: {self._process.log.read()!r}"
                ) from None
            for result, (first, *more) in zip(results, server.requests, strict=True):
                # Otherwise the harness has failed, not a decoder.
                assert first == ""
                assert result["ended"] == (CLOSED if reconnect else CONNECTING)
                assert len(more) == (1 if reconnect else 0)
                yield Reading([Event(*event) for event in result["events"]], more[0] if reconnect else None)
