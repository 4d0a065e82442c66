"""Runs the servers of `apps`, each in its own process, with the command that the guide gives."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .servers import PATIENCE, module

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent


#: The option that sets a server's port, by command.
PORT = {
    "daphne": "-p {port}",
    "granian": "--port {port}",
    "gunicorn": "--bind 127.0.0.1:{port}",
    "hypercorn": "--bind 127.0.0.1:{port}",
    "uvicorn": "--port {port}",
}


class Command(NamedTuple):
    """How to start a server."""

    app: str
    #: The libraries that must be installed.
    needs: tuple[str, ...]
    #: What the guide shows: a command, or a line of Python that is in `apps.main`.
    guide: str
    #: Its name in `apps.main`.
    own: str = ""
    #: The options that make it reload when a source changes, if it can.
    reload: str = ""

    def words(self, port: int) -> list[str]:
        """Return the command with a port."""
        if self.own:
            return f"python -m tests.interop.apps {self.own} {port}".split()
        words = self.guide.replace("app:app", "tests.interop.apps:app").split()
        config = str(ROOT / "tests" / "interop" / "recipes" / "gunicorn_conf.py")
        words = [config if word == "gunicorn.conf.py" else word for word in words]
        return [*words, *PORT[words[0]].format(port=port).split()]


UVICORN = "uvicorn app:app"
HYPERCORN = "hypercorn app:app --graceful-timeout 1"
GUNICORN = "gunicorn app:app --config gunicorn.conf.py"

#: By the first two columns of the guide's table.
COMMANDS = {
    "FastAPI on uvicorn": Command("fastapi", ("fastapi", "uvicorn"), UVICORN, reload="--reload --reload-dir {folder}"),
    "Starlette on uvicorn": Command("starlette", ("starlette", "uvicorn"), UVICORN),
    "raw ASGI on uvicorn": Command("asgi", ("uvicorn",), UVICORN),
    "Litestar on uvicorn": Command("litestar", ("litestar", "uvicorn"), UVICORN),
    "Quart on uvicorn": Command("quart", ("quart", "uvicorn"), UVICORN),
    "Django on uvicorn": Command("django", ("django", "uvicorn"), UVICORN),
    "FastAPI on hypercorn": Command("fastapi", ("fastapi", "hypercorn"), HYPERCORN, reload="--reload"),
    "Quart on hypercorn": Command("quart", ("quart", "hypercorn"), HYPERCORN),
    "FastAPI on granian": Command("fastapi", ("fastapi", "granian"), "granian --interface asgi app:app"),
    "Django on daphne": Command("django", ("django", "daphne"), "daphne app:app"),
    "aiohttp on its own": Command(
        "aiohttp", ("aiohttp",), "web.run_app(app, handler_cancellation=True)", own="aiohttp"
    ),
    "Flask on gunicorn": Command("flask", ("flask", "gunicorn"), GUNICORN, reload="--reload"),
    "Django on gunicorn": Command("django_wsgi", ("django", "gunicorn"), GUNICORN),
    "Flask on waitress": Command("flask", ("flask", "waitress"), "waitress.serve(app, threads=100)", own="waitress"),
    "Flask on its own": Command("flask", ("flask",), "app.run()", own="flask", reload="--reload"),
    "http.server on its own": Command(
        "", (), "ThreadingHTTPServer(address, make_handler(events)).serve_forever()", own="http"
    ),
}
REDIS = Command("redis", ("fastapi", "redis", "uvicorn"), UVICORN)


class Process:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path, output: Path) -> None:
        self.process = process
        self.port = port
        self._log = log
        self._output = output

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    @property
    def output(self) -> str:
        """What the server has printed."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def count(self, line: str) -> int:
        """Return how many times a source has logged a line."""
        return self._log.read_text(encoding="utf-8").splitlines().count(line) if self._log.exists() else 0

    def wait_for(self, line: str, count: int, patience: float = PATIENCE) -> None:
        """Wait until a source has logged a line this many times."""
        end = time.monotonic() + patience
        while self.count(line) < count:
            assert time.monotonic() < end, f"{line!r} {self.count(line)} times, not {count}:\n{self.output[-3000:]}"
            time.sleep(0.01)

    def wait(self) -> float:
        """Wait until the server has ended; return how many seconds that took."""
        start = time.monotonic()
        self.process.wait(PATIENCE)
        return time.monotonic() - start


@contextlib.contextmanager
def run_command(command: Command, folder: Path, *more: str, **variables: str) -> Iterator[Process]:
    """Run a server; skip the test if a library is not installed.

    Args:
        command: how to start it.
        folder: where it runs, and writes its log.
        more: more words for the command.
        variables: more environment variables.
    """
    for library in command.needs:
        module(library)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, *words = command.words(port)
    scripts = Path(sys.executable).parent
    log, output = folder / "log", folder / "output"
    environment = os.environ | {
        "HOME": str(folder),  # gunicorn puts a socket there
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "PYTHONUNBUFFERED": "1",
        "SSE_CODEC_APP": command.app,
        "SSE_CODEC_LOG": str(log),
        **variables,
    }
    # Tests that run in the background may ignore SIGINT, and a process that they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with output.open("wb") as file:
            process = subprocess.Popen(
                [str(scripts / program), *words, *more],
                cwd=folder,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    finally:
        signal.signal(signal.SIGINT, before)
    running = Process(process, port, log, output)
    try:
        wait_until_it_listens(running)
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_listens(running: Process) -> None:
    """Wait until a server accepts connections."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", running.port)):
            return
        assert running.process.poll() is None, running.output
        assert time.monotonic() < end, running.output
        time.sleep(0.02)
