"""Runs tests of the package inside Pyodide; pyodide.mjs starts it, test_pyodide.py reads what it prints.

A test that fails after it asked for a thread, a process or a socket is skipped: Pyodide has none.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

#: The modules to run. The others open sockets, start processes, read sources and pages (which are the same on every
#: Python), or take minutes in Pyodide, like those of the fuzz kit.
MODULES = (
    *("blocks", "channel", "conforms", "decoder", "dialects", "docstrings", "encoder", "errors", "event", "exports"),
    *("framing", "grammar", "http", "interpret", "iterate", "laws", "lines", "lint", "reference", "resume", "serving"),
    *("stateful", "strategies", "streams"),
)
#: Tests in them that are not run, and why.
LEFT_OUT = {
    "test_lint.py::test_json_that_is_nested_too_deeply": "overflows the stack of JavaScript, which ends Pyodide",
    "test_serving.py::test_a_stream_sends_what_encode_sends": "starts threads, and is slow to find that there are none",
}


class Nothing:
    """A selector that only waits, because there are no sockets."""

    @staticmethod
    def select(timeout: float | None) -> list[Any]:
        assert timeout is not None, "everything waits for something that can't happen here"
        time.sleep(timeout)
        return []

    @staticmethod
    def close() -> None:
        """There is nothing to close."""


class Loop(asyncio.BaseEventLoop):
    """An event loop of timers and callbacks. Pyodide's own loop is the browser's, and can't be waited for here."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = Nothing()

    def _process_events(self, _: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """It would wake the loop from another thread."""


def run(main: Any, *, debug: bool | None = None, loop_factory: Any = Loop) -> Any:
    """Do what `asyncio.run` does, with this loop."""
    runner = vars(asyncio)["Runner"]  # which the oldest Python does not have
    with runner(debug=debug, loop_factory=loop_factory) as running:
        return running.run(main)


class Skips:
    """Skips a test that fails after it asked for something that the platform does not have."""

    def __init__(self) -> None:
        self._asked = ""
        for owner, name, what in (
            (threading.Thread, "start", "threads"),
            (subprocess.Popen, "__init__", "processes"),
            (multiprocessing, "get_context", "processes"),
            (os, "fork", "processes"),
            (socket.socket, "connect", "sockets"),
            (socket.socket, "listen", "sockets"),
        ):
            self._watch(owner, name, what)

    def _watch(self, owner: Any, name: str, what: str) -> None:
        function = getattr(owner, name)

        def asking(*args: Any, **kwargs: Any) -> Any:
            self._asked = what
            return function(*args, **kwargs)

        setattr(owner, name, asking)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        self._asked = ""
        try:
            return (yield)
        except Exception:
            if self._asked:
                pytest.skip(f"Pyodide has no {self._asked}")
            raise


def main(arguments: list[str]) -> int:
    """Run the tests; return pytest's status."""
    print(sys.version)
    asyncio._set_running_loop(None)  # the browser's loop, which is always running in Pyodide
    asyncio.run, asyncio.new_event_loop = run, Loop
    options = [
        *(f"--deselect=tests/{name}" for name in LEFT_OUT),
        "-k not two_way_cut and not nearly_like and not just_fits",  # thousands of tests much like others
        "-W ignore:It looks like `register_random`",  # this Hypothesis on CPython 3.14
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "--hypothesis-profile=few",
    ]
    if all(argument.startswith("-") for argument in arguments):
        options += [f"tests/test_{name}.py" for name in MODULES]
    return int(pytest.main([*options, *arguments], plugins=[Skips()]))
