"""The servers of `apps`, each as a process of its own, started by the command that the guide gives."""

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


class Command(NamedTuple):
    """How a server is started."""

    app: str
    #: What has to be installed.
    needs: tuple[str, ...]
    #: As in the guide, but for the port, and for the name of the application.
    words: str
    #: What it is told to reload by, where it can.
    reload: str = ""


UVICORN = "uvicorn tests.interop.apps:app --port {port}"
HYPERCORN = "hypercorn tests.interop.apps:app --bind 127.0.0.1:{port} --graceful-timeout 1"
GUNICORN = "gunicorn tests.interop.apps:app --bind 127.0.0.1:{port} --config {recipes}/gunicorn_conf.py"
OWN = "python -m tests.interop.apps"

COMMANDS = {
    "FastAPI on uvicorn": Command("fastapi", ("fastapi", "uvicorn"), UVICORN, "--reload --reload-dir {folder}"),
    "Starlette on uvicorn": Command("starlette", ("starlette", "uvicorn"), UVICORN),
    "raw ASGI on uvicorn": Command("asgi", ("uvicorn",), UVICORN),
    "Litestar on uvicorn": Command("litestar", ("litestar", "uvicorn"), UVICORN),
    "Quart on uvicorn": Command("quart", ("quart", "uvicorn"), UVICORN),
    "Django on uvicorn": Command("django", ("django", "uvicorn"), UVICORN),
    "FastAPI on hypercorn": Command("fastapi", ("fastapi", "hypercorn"), HYPERCORN, "--reload"),
    "Quart on hypercorn": Command("quart", ("quart", "hypercorn"), HYPERCORN),
    "FastAPI on granian": Command(
        "fastapi", ("fastapi", "granian"), "granian --interface asgi tests.interop.apps:app --port {port}"
    ),
    "Django on daphne": Command("django", ("django", "daphne"), "daphne -p {port} tests.interop.apps:app"),
    "aiohttp": Command("aiohttp", ("aiohttp",), f"{OWN} aiohttp {{port}}"),
    "Flask on gunicorn": Command("flask", ("flask", "gunicorn"), GUNICORN, "--reload"),
    "Django on gunicorn": Command("django_wsgi", ("django", "gunicorn"), GUNICORN),
    "Flask on waitress": Command("flask", ("flask", "waitress"), f"{OWN} waitress {{port}}"),
    "Flask on its own": Command("flask", ("flask",), f"{OWN} flask {{port}}", "--reload"),
    "http.server": Command("", (), f"{OWN} http {{port}}"),
}
REDIS = Command("redis", ("fastapi", "redis", "uvicorn"), UVICORN)


class Process:
    """A server that runs."""

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
        """What it has printed."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def count(self, line: str) -> int:
        """How often a source has said something."""
        return self._log.read_text(encoding="utf-8").splitlines().count(line) if self._log.exists() else 0

    def wait_for(self, line: str, count: int) -> None:
        """Wait until a source has said something so often."""
        end = time.monotonic() + PATIENCE
        while self.count(line) < count:
            assert time.monotonic() < end, f"{line!r} {self.count(line)} times, and not {count}:\n{self.output[-3000:]}"
            time.sleep(0.01)

    def wait(self) -> float:
        """Wait until it has ended; return how many seconds that took."""
        start = time.monotonic()
        self.process.wait(PATIENCE)
        return time.monotonic() - start


@contextlib.contextmanager
def run_command(command: Command, folder: Path, *more: str, **variables: str) -> Iterator[Process]:
    """Run a server; skip the test where something is not installed.

    Args:
        command: how it is started.
        folder: where it runs; it leaves its log there.
        more: words behind the command's.
        variables: of its environment.
    """
    for library in command.needs:
        module(library)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, *words = [
        word.format(port=port, recipes=ROOT / "tests" / "interop" / "recipes") for word in command.words.split()
    ]
    scripts = Path(sys.executable).parent
    log, output = folder / "log", folder / "output"
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "PYTHONUNBUFFERED": "1",
        "SSE_CODEC_APP": command.app,
        "SSE_CODEC_LOG": str(log),
        **variables,
    }
    with output.open("wb") as file:
        process = subprocess.Popen(
            [str(scripts / program), *words, *more],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
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
