"""The EventSource of a browser engine, behind the fuzz protocol: `python engines.py Chromium` (or Firefox, or WebKit).

A server on the loopback serves a page and the streams. The page asks for a stream, opens an EventSource for it, listens
to every type that the stream may name, and sends back the events with the times at which they came. The server knows
when it sent each chunk, and so with which chunk an event came. A busy machine can make an event late; so a stream with
a late event is read again, with long pauses, before that is reported.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from sse_codec import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two chunks: normally, and if an event seemed to be late.
PAUSE, LONG_PAUSE = 0.003, 0.2
#: Streams of more chunks are not read again. The answer then does not say when their events came.
MANY = 8
PATIENCE = 60.0

PAGE = b"""<!doctype html><meta charset="utf-8"><title>EventSource</title><script type="module">
const read = ({url, types}) => new Promise((resolve) => {
  const source = new EventSource(url), events = [];
  for (const type of types) {
    source.addEventListener(type, (event) => {
      if (!(event instanceof MessageEvent)) return;  // the connection's own "open" and "error"
      const {type, data, lastEventId} = event, at = performance.timeOrigin + performance.now();
      events.push({event: type, data, last_event_id: lastEventId, at});
    });
  }
  source.addEventListener("error", (event) => {
    if (event instanceof MessageEvent) return;
    source.close();
    resolve(events);
  });
});
let body = "null";
for (;;) {
  const next = await (await fetch("/next", {method: "POST", body})).json();
  body = JSON.stringify(await read(next));
}
</script>"""


def named_types(wire: bytes) -> list[str]:
    """Return every event type that a stream may name to a reader that ends lines at CR or LF."""
    types = {"message"}
    for line in re.split(rb"[\r\n]", wire):
        _, found, rest = line.partition(b"event")
        if found:
            text = rest.removeprefix(b":").decode("utf-8", "replace")
            types |= {
                text,
                text.removeprefix(" "),
                text.strip(),
                text.replace("\0", ""),
                text.strip().replace("\0", ""),
            }
    return sorted(types)


class Server(ThreadingHTTPServer):
    """The page, and one stream at a time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tasks: queue.Queue[bytes] = queue.Queue()
        self.results: queue.Queue[Any] = queue.Queue()
        self.chunks: list[bytes] = []
        self.pause = PAUSE
        self.sent: list[float] = []
        self.number = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: Any) -> None:
        """Ignore it: browsers may disconnect at any time."""

    def read(self, chunks: list[bytes], pause: float) -> list[dict[str, Any]]:
        """Have the page read one stream, and return its events; each says with which chunk it came."""
        self.chunks, self.pause, self.sent = chunks, pause, []
        self.number += 1
        task = {"url": f"/stream/{self.number}", "types": named_types(b"".join(chunks))}
        self.tasks.put(json.dumps(task).encode())
        events: list[dict[str, Any]] = self.results.get(timeout=PATIENCE)
        for event in events:
            at = event.pop("at") / 1000 + 0.001  # clocks of browsers are coarse
            event["chunk"] = max(sum(time <= at for time in self.sent) - 1, 0)
            if not self.waits_at_the_end:
                event["chunk"] = min(event["chunk"], len(chunks) - 1)
        return events

    @property
    def waits_at_the_end(self) -> bool:
        """Whether to keep the stream open for a while: after a CR at the end, a reader may wait for an LF."""
        return self.chunks[-1:] != [] and self.chunks[-1].endswith(b"\r")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        if self.path == f"/stream/{self.server.number}" and not self.server.sent:
            self._stream()
        else:
            # "HTTP 204 No Content" tells a client to stop reconnecting (9.2.1).
            self._answer(200 if self.path == "/" else 204, "text/html", PAGE if self.path == "/" else b"")

    def do_POST(self) -> None:
        result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if result is not None:
            self.server.results.put(result)
        self._answer(200, "application/json", self.server.tasks.get())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, chunk in enumerate(self.server.chunks):
            if number:
                time.sleep(self.server.pause)
            self.server.sent.append(time.time())
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if self.server.waits_at_the_end:
            time.sleep(self.server.pause)
        self.server.sent.append(time.time())
        self.wfile.write(b"0\r\n\r\n")


def _found(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    sys.exit(f"{names[0]} is not installed")


@contextlib.contextmanager
def _running(command: list[str], **variables: str) -> Iterator[None]:
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **variables},
        start_new_session=True,  # so that its helper processes can be ended with it
    ) as process:
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def chromium(url: str, profile: str) -> Iterator[str]:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [_found("chromium", "chromium-browser", "google-chrome"), *flags, f"--user-data-dir={profile}", url]
    with _running(command):
        yield _version(command[0])


@contextlib.contextmanager
def firefox(url: str, profile: str) -> Iterator[str]:
    command = [_found("firefox-esr", "firefox"), "--headless", "--no-remote", "--profile", profile, url]
    with _running(command, HOME=profile):
        yield _version(command[0])


@contextlib.contextmanager
def webkit(url: str, profile: str) -> Iterator[str]:
    """Run WebKitGTK on a virtual screen, as it has no headless mode, and without its sandbox, which refuses root."""
    port, screen = _free_port(), f":{_free_port()}"
    browser = _mini_browser()
    variables = {"DISPLAY": screen, "HOME": profile, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    with (
        _running([_found("Xvfb"), screen, "-nolisten", "tcp"]),
        _running([_found("WebKitWebDriver"), f"--port={port}"], **variables),
    ):
        options = {"webkitgtk:browserOptions": {"binary": browser, "args": ["--automation"]}}
        session = _driver(port, "session", {"capabilities": {"alwaysMatch": options}})
        _driver(port, f"session/{session['sessionId']}/url", {"url": url})
        yield session["capabilities"]["browserVersion"]


def _mini_browser() -> str:
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/libexec"):
        for version in ("webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"):
            path = f"{folder}/{version}/MiniBrowser"
            if os.path.exists(path):
                return path
    sys.exit("WebKit's MiniBrowser is not installed")


def _driver(port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", json.dumps(body).encode())
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request) as response:
                value: dict[str, Any] = json.loads(response.read())["value"] or {}
                return value
        except urllib.error.HTTPError as error:
            sys.exit(f"WebKitWebDriver: {error.read().decode()}")
        except OSError:  # it does not listen yet
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _version(program: str) -> str:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", output)
    return found[0] if found else ""


ENGINES: dict[str, Callable[[str, str], contextlib.AbstractContextManager[str]]] = {
    "Chromium": chromium,
    "Firefox": firefox,
    "WebKit": webkit,
}

#: An EventSource does not tell the reconnection time, and in HTTP only the last chunk is empty.
HELLO = {"role": "consumer", "ids": "sticky", "without": ["retry", "empty-chunk"]}


def answer(server: Server, chunks: list[bytes]) -> list[dict[str, Any]]:
    """Read a stream. If an event seems to be late, read it again with long pauses."""
    chunks = list(filter(None, chunks))
    events = server.read(chunks, PAUSE)
    if is_late(chunks, events):
        if len(chunks) > MANY:
            return [{**event, "chunk": None} for event in events]
        events = server.read(chunks, LONG_PAUSE)
    return events


def is_late(chunks: list[bytes], events: list[dict[str, Any]]) -> bool:
    decoder = Decoder()
    complete = [number for number, chunk in enumerate(chunks) for _ in decoder.feed(chunk)]
    return any(event["chunk"] > number for event, number in zip(events, complete, strict=False))


def main() -> None:
    name = sys.argv[1]
    server = Server()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        ENGINES[name](server.url, profile) as version,
    ):
        for line in sys.stdin:
            request = json.loads(line)
            if "hello" in request:
                told: dict[str, Any] = {"hello": 1, "name": name, "version": version, **HELLO}
            else:
                chunks = [base64.b64decode(chunk) for chunk in request["chunks"]]
                told = {"n": request["n"], "events": answer(server, chunks)}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
