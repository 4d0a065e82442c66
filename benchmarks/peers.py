"""The competing decoders, each behind the same call, from chunks to a list of events.

An adapter does exactly what the library's own reading loop does with a response's chunks, without an HTTP client. A
library is imported when it is measured. A missing library is named and left out.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.timing import Timer, timer
from benchmarks.workloads import Chunks
from sse_codec import DEFAULT_MAX_EVENT_SIZE, Decoder, ReceivedEvent
from sse_codec import __version__ as our_version

#: An event's type, data and id.
Seen = tuple[str, str, str | None]
Read = Callable[[Chunks], list[Any]]

OURS = "sse-codec"
FLOOR = "split loop"
NODE = "eventsource-parser"


def expected(streams: list[Chunks]) -> list[ReceivedEvent]:
    """Return the expected events: ours, which the tests check against the standard."""
    return [event for chunks in streams for event in _ours()(chunks)]


class Peer:
    """A decoder that runs in this process."""

    def __init__(self, name: str, version: str, read: Read, *, sticky: bool) -> None:
        self.name = name
        self.version = version
        #: Whether its events have the last event ID instead of the block's own id.
        self.sticky = sticky
        self.read = read

    def events(self, streams: list[Chunks]) -> list[Seen]:
        """Return the events that it reads from streams."""
        events = [event for chunks in streams for event in self.read(chunks)]
        return [(event.event or "message", event.data, event.id or "" if self.sticky else event.id) for event in events]

    def timer(self, streams: list[Chunks]) -> Timer:
        """Return a timer of one pass over all streams."""
        if len(streams) == 1:
            return timer(partial(self.read, streams[0]))
        return timer(lambda: [self.read(chunks) for chunks in streams])

    def close(self) -> None:
        """Do nothing, because it holds no resources."""


class NodePeer:
    """eventsource-parser, in a Node process that runs one pass per request."""

    name = NODE
    sticky = False

    def __init__(self, node: str, package: Path) -> None:
        described = json.loads((package / "package.json").read_text(encoding="utf-8"))
        node_version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        self.version = f"{described['version']} on Node {node_version}"
        script = Path(__file__).with_name("node.mjs")
        self._command = [node, str(script), str(package / "dist" / "index.js")]
        self._process: subprocess.Popen[str] | None = None
        #: Seconds to run untimed before timing: a second at first, less for each further workload.
        self._warm_up = 1.0

    def _ask(self, **request: object) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            return json.loads(self._process.stdout.readline() if self._process.stdout else "")
        except BaseException:  # it may still be working on the abandoned request
            self.close()
            raise

    def _load(self, streams: list[Chunks]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            wire = Path(folder, "wire")
            wire.write_bytes(b"".join(chunk for chunks in streams for chunk in chunks))
            self._ask(wire=str(wire), streams=[[len(chunk) for chunk in chunks] for chunks in streams])

    def events(self, streams: list[Chunks]) -> list[Seen]:
        """Return the events that it reads from streams."""
        self._load(streams)
        return [(kind, data, own) for kind, data, own in self._ask(do="events")]

    def timer(self, streams: list[Chunks]) -> Timer:
        """Return a timer of one pass over all streams, after V8 has had time to compile."""
        self._load(streams)
        warm_up, self._warm_up = self._warm_up, 0.15
        passes = max(3, round(warm_up / self._ask(do="passes", number=3)))
        number = max(1, round(0.05 / self._ask(do="passes", number=passes)))
        return lambda: float(self._ask(do="passes", number=number))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            with self._process:
                self._process.kill()
            self._process, self._warm_up = None, 1.0


def _ours() -> Read:
    def read(chunks: Chunks) -> list[ReceivedEvent]:
        events: list[ReceivedEvent] = []
        feed = Decoder().feed
        for chunk in chunks:
            events += feed(chunk)
        return events

    return read


class _Plain(NamedTuple):
    event: str
    data: str
    id: str | None


def _split_loop() -> Read:
    """Split at blank lines, as code without a library does: wrong in most disputed cases, but a floor for speed."""

    def read(chunks: Chunks) -> list[_Plain]:
        events = []
        buffer = b""
        for chunk in chunks:
            *blocks, buffer = (buffer + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
            for block in blocks:
                event, data, own = "message", [], None
                for line in block.decode().split("\n"):
                    if line.startswith("data: "):
                        data.append(line[6:])
                    elif line.startswith("event: "):
                        event = line[7:]
                    elif line.startswith("id: "):
                        own = line[4:]
                if data:
                    events.append(_Plain(event, "\n".join(data), own))
        return events

    return read


def _httpx_sse() -> Read:
    """As `EventSource.iter_sse` does: from the response's text, without empty strings, to lines and events."""
    from httpx_sse._decoders import SSEDecoder, SSELineDecoder

    def read(chunks: Chunks) -> list[Any]:
        events = []
        text, lines, decoder = codecs.getincrementaldecoder("utf-8")("replace"), SSELineDecoder(), SSEDecoder()
        for chunk in chunks:
            if piece := text.decode(chunk):
                for line in lines.decode(piece):
                    event = decoder.decode(line.rstrip("\n"))
                    if event is not None:
                        events.append(event)
        for line in lines.flush():
            event = decoder.decode(line.rstrip("\n"))
            if event is not None:
                events.append(event)
        return events

    return read


def _httpx2() -> Read:
    """As iterating over its `EventSource` does, with our limit for an event instead of 1 MiB."""
    from httpx2._sse import _SSEParser

    def read(chunks: Chunks) -> list[Any]:
        events: list[Any] = []
        text, parser = codecs.getincrementaldecoder("utf-8")("replace"), _SSEParser(DEFAULT_MAX_EVENT_SIZE)
        for chunk in chunks:
            if piece := text.decode(chunk):
                events += parser.decode(piece)
        events += parser.flush()
        return events

    return read


def _openai() -> Read:
    """As its `Stream` does, before it makes objects from the data."""
    from openai._streaming import SSEDecoder

    return lambda chunks: list(SSEDecoder().iter_bytes(iter(chunks)))


def _anthropic() -> Read:
    """As `Stream.raw_events` does."""
    from anthropic._streaming import SSEDecoder

    return lambda chunks: list(SSEDecoder().iter_bytes(iter(chunks)))


def _sseclient() -> Read:
    from sseclient import SSEClient

    return lambda chunks: list(SSEClient(iter(chunks)).events())


def _launchdarkly() -> Read:
    """Its `SSEClient`, over our own connection class, as its documentation describes."""
    from ld_eventsource import SSEClient
    from ld_eventsource.config import ConnectionClient, ConnectionResult, ConnectStrategy

    class Connection(ConnectionClient, ConnectStrategy):  # type: ignore[misc]  # Any where types are checked without it
        def __init__(self, chunks: Chunks) -> None:
            self.chunks = chunks

        def create_client(self, _logger: object) -> Any:
            return self

        def connect(self, _last_event_id: str | None) -> Any:
            return ConnectionResult(iter(self.chunks), None)

    return lambda chunks: list(SSEClient(Connection(chunks)).events)


def _axio_sse() -> Read:
    """As its `events` does, which is a coroutine around this."""
    from axio_sse import Decoder as AxioDecoder

    def read(chunks: Chunks) -> list[Any]:
        events: list[Any] = []
        decoder = AxioDecoder()
        for chunk in chunks:
            events += decoder.decode(chunk)
        events += decoder.decode(final=True)
        return events

    return read


def _assel() -> Read:
    import assel

    def read(chunks: Chunks) -> list[Any]:
        assel.LineParser.utf8dec.reset()  # all its parsers share it, so a failed stream would affect the next
        return list(assel.parse(chunks))

    return read


class _Library(NamedTuple):
    """A decoder, and the package to install; "" if it is always there."""

    name: str
    package: str
    #: Imports it and returns its read function.
    load: Callable[[], Read]
    sticky: bool = False


_DECODERS = (
    _Library(OURS, "", _ours),
    _Library(FLOOR, "", _split_loop),
    _Library("httpx-sse", "httpx-sse", _httpx_sse, sticky=True),
    _Library("httpx2", "httpx2", _httpx2, sticky=True),
    _Library("openai", "openai", _openai, sticky=True),
    _Library("anthropic", "anthropic", _anthropic, sticky=True),
    _Library("sseclient-py", "sseclient-py", _sseclient),
    _Library("launchdarkly", "launchdarkly-eventsource", _launchdarkly),
    _Library("axio-sse", "axio-sse", _axio_sse, sticky=True),
    _Library("assel", "assel", _assel),
)


def decoders() -> tuple[list[Peer | NodePeer], list[str]]:
    """Return the installed decoders, ours first, and the names of those that are missing.

    The environment variable SSE_CODEC_NODE_MODULES names the folder with the npm package eventsource-parser.
    """
    found: list[Peer | NodePeer] = []
    missing = []
    for library in _DECODERS:
        try:
            read = library.load()
        except ImportError:
            missing.append(library.name)
            continue
        version = metadata.version(library.package) if library.package else our_version
        found.append(Peer(library.name, version, read, sticky=library.sticky))
    node, modules = shutil.which("node"), os.environ.get("SSE_CODEC_NODE_MODULES")
    package = Path(modules, NODE) if modules else None
    if node and package and package.exists():
        found.append(NodePeer(node, package))
    else:
        missing.append(f"{NODE} (it needs Node, and the folder of the npm package in SSE_CODEC_NODE_MODULES)")
    return found, missing
