"""Runs eventsource-parser, the parser under most JavaScript clients, on Node.

It takes streams as chunks, and returns what the parser made of each chunk. One process reads all streams.

The environment variable SSE_CODEC_NODE_MODULES names the folder with the npm package, as `npm install --prefix DIR
eventsource-parser` makes it in DIR/node_modules.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .differential import Chunks

SCRIPT = Path(__file__).with_name("node.mjs")


class NodeEvent(NamedTuple):
    """An event, with the last event ID that a client would track."""

    type: str
    data: str
    last_event_id: str
    #: The block's own id; None if it had none.
    id: str | None


class Step(NamedTuple):
    """What one chunk produced, and the state after it."""

    events: list[NodeEvent]
    comments: list[str]
    last_event_id: str
    #: In milliseconds, as a JavaScript number; None if no field set it.
    reconnection_time: float | None


class Engine(NamedTuple):
    """An installed eventsource-parser and the Node to run it."""

    node: str
    #: The package's folder.
    package: Path

    @property
    def version(self) -> str:
        described = json.loads((self.package / "package.json").read_text(encoding="utf-8"))
        return f"{described['name']} {described['version']}"

    def read(self, streams: Sequence[Chunks]) -> list[list[Step]]:
        """Return a step for each chunk of each stream, and one for its end."""
        request = {
            "module": (self.package / "dist" / "index.js").as_uri(),
            "streams": [[base64.b64encode(chunk).decode() for chunk in chunks] for chunks in streams],
        }
        run = subprocess.run([self.node, SCRIPT], input=json.dumps(request).encode(), capture_output=True, check=False)
        assert run.returncode == 0, run.stderr.decode()
        return [
            [
                Step([NodeEvent(*event) for event in events], comments, last_event_id, retry and float(retry))
                for events, comments, last_event_id, retry in steps
            ]
            for steps in json.loads(run.stdout)
        ]


def find() -> Engine | str:
    """Return the installed engine, or what is missing."""
    node = shutil.which("node")
    if node is None:
        return "Node is not installed"
    modules = os.environ.get("SSE_CODEC_NODE_MODULES")
    if not modules:
        return "SSE_CODEC_NODE_MODULES does not say where the npm package eventsource-parser is"
    package = Path(modules, "eventsource-parser").resolve()
    return Engine(node, package) if package.exists() else f"there is no eventsource-parser in {modules}"
