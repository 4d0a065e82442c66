"""CPython 3.14 as WebAssembly: the package's own tests on Node, and the page of docs/pyodide.md in Chromium.

Pyodide has no threads, no processes and no sockets: pyodide_tests.py says what is left out for that reason.

The environment variable SSE_CODEC_NODE_MODULES names the folder with the npm package `pyodide`, and SSE_CODEC_PYODIDE
one with the Python packages that the tests need, none of them compiled:

    python -m pip install --target DIR --only-binary :all: --platform any --python-version 3.14 --implementation py \\
        --abi none pytest hypothesis typing-extensions
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import io
import json
import os
import shutil
import subprocess
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sse_codec
from sse_codec import ServerSentEvent, encode, encode_comment, response_headers

from . import devtools
from .servers import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MEDIA_TYPES = {
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".html": "text/html",
    ".json": "application/json",
}
#: Seconds that anything may take in Pyodide, where Python itself must be compiled first. What takes longer hangs.
LONGEST = 600.0


@pytest.fixture(scope="module")
def pyodide() -> Path:
    modules = os.environ.get("SSE_CODEC_NODE_MODULES")
    if not modules or not Path(modules, "pyodide").exists():
        pytest.skip("SSE_CODEC_NODE_MODULES does not say where the npm package pyodide is")
    return Path(modules, "pyodide").resolve()


def test_the_tests_pass_on_node(pyodide: Path) -> None:
    node, packages = shutil.which("node"), os.environ.get("SSE_CODEC_PYODIDE")
    if node is None or not packages:
        pytest.skip("Node is not installed, or SSE_CODEC_PYODIDE does not say where pytest for Pyodide is")
    command: list[str | Path] = [node, HERE / "pyodide.mjs", pyodide, ROOT, packages]
    run = subprocess.run(command, capture_output=True, check=False, text=True, timeout=LONGEST)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    version, *_, summary = run.stdout.strip().splitlines()
    print(f"{version}: {summary}")
    assert version.startswith("3.14")
    assert int(summary.split()[0]) > 1000, "an empty run would pass too"


def wheel() -> tuple[str, bytes]:
    """Return the name of a wheel of this package, and the wheel."""
    version = sse_codec.__version__
    about = importlib.metadata.distribution("sse-codec")
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        package = Path(str(sse_codec.__file__)).parent
        for path in package.rglob("*.py"):
            archive.write(path, path.relative_to(package.parent))
        for name in ("METADATA", "WHEEL", "RECORD"):
            archive.writestr(f"sse_codec-{version}.dist-info/{name}", about.read_text(name) or "")
    return f"sse_codec-{version}-py3-none-any.whl", written.getvalue()


class Site(ThreadingHTTPServer):
    """Serves Pyodide, the wheel, the page and its program, and an answer, whose events each wait for a permit."""

    daemon_threads = True

    def __init__(self, pyodide: Path) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        name, content = wheel()
        recipes = HERE / "recipes"
        self.pyodide = pyodide
        self.files = {"/": recipes / "browser.html", "/browser.py": recipes / "browser.py"}
        self.wheels = {f"/{name}": content}
        self.events: list[bytes] = []
        self.permits = threading.Semaphore(0)
        self.questions: list[tuple[str, str]] = []
        self.left = threading.Event()

    def content(self, path: str) -> tuple[bytes, str]:
        if path in self.wheels:
            return self.wheels[path], "application/zip"
        file = self.files.get(path) or self.pyodide / path.removeprefix("/pyodide/")
        return file.read_bytes(), MEDIA_TYPES.get(file.suffix, "text/plain")


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        try:
            content, kind = self.server.content(self.path)
        except FileNotFoundError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        question = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.questions.append((question, self.headers["Accept"]))
        self.send_response(200)
        for name, value in response_headers().items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        try:
            for wire in self.server.events:
                for byte in wire:  # one write for each, so that characters are cut too
                    self.wfile.write(bytes([byte]))
                assert self.server.permits.acquire(timeout=PATIENCE), "nobody asks for more"
            while True:  # until the page has left
                self.wfile.write(encode_comment(""))
                self.server.permits.acquire(timeout=0.01)
        except OSError:
            self.server.left.set()


@contextlib.contextmanager
def serving(pyodide: Path) -> Iterator[Site]:
    with Site(pyodide) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()


def test_a_page_reads_the_body_of_a_fetch(browser: str, pyodide: Path) -> None:
    """Each token is shown before the next is sent, and at the sentinel the page hangs up."""
    tokens = ["Hello, ", "naïve ", "🍊", "!\n"]
    shown = ""

    async def run(site: Site) -> None:
        nonlocal shown
        async with devtools.page(browser) as page:
            await page.open(f"http://127.0.0.1:{site.server_port}/")
            for token in tokens:
                shown += token
                await page.until('document.querySelector("#answer").textContent', shown, patience=LONGEST)
                site.permits.release()
            site.permits.release()
            assert await asyncio.to_thread(site.left.wait, PATIENCE), "the page has not hung up"

    with serving(pyodide) as site:
        payloads = [*(json.dumps({"token": token}, ensure_ascii=False) for token in tokens), "[DONE]"]
        site.events = [encode(ServerSentEvent(payload)) for payload in payloads]
        asyncio.run(run(site))
        assert site.questions == [("Who are you?", "text/event-stream")]
