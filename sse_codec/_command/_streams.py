"""What a command reads and writes: files, pipes and terminals, and the errors that say which of them failed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

from ._terminal import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_SIZE = 64 * 1024


class Failure(Exception):
    """The run can't go on: the exit status, and the one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class Sink:
    """Standard output: text in, UTF-8 out, whatever the locale says; flushed at once."""

    def __init__(self) -> None:
        if sys.stdout is None:
            raise Failure(2, "standard output is closed")
        self.is_terminal = sys.stdout.isatty()
        self.is_pipe = _mode(sys.stdout, stat.S_ISFIFO, stat.S_ISSOCK)
        self._buffer = sys.stdout.buffer
        self.progress: Progress | None = None

    def write(self, text: str) -> None:
        """Write a text now.

        Raises:
            Failure: it can't be written: the disk is full, for instance.
            BrokenPipeError: nobody reads any more.
        """
        if self.is_terminal and self.progress is not None:
            self.progress.clear()
        try:
            self._buffer.write(text.encode("utf-8", "surrogateescape"))  # a file's name may not be UTF-8
            self._buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Failure(1, f"standard output: {error.strerror}") from None


def let_go() -> None:
    """Let what could not be written go nowhere: the interpreter tries once more when it exits, and would say so."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None: it was closed when the program started
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(line: str) -> None:
    """Write a line for people to standard error, if it is there to be written to."""
    with contextlib.suppress(OSError):  # nobody can be told
        print(line, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Write what `--help` and the like ask for."""
    Sink().write(text)


class Source:
    """What is read: a file, or standard input for "-".

    Args:
        path: of the file.
        command: the name of the command, for a message.
        sink: standard output, on which progress must not get in the way.
        events: whether what is written scrolls over a terminal as it is read, which is progress enough.

    Attributes:
        name: for messages.
        is_file: whether it all comes at once.
        size: of the file in bytes, -1 for a pipe.
        read: how many bytes have been.

    Raises:
        Failure: it can't be opened.
    """

    def __init__(self, path: str, command: str, sink: Sink, *, events: bool) -> None:
        self._owned = path != "-"
        self.name = path if self._owned else "standard input"
        self.file: Any = _open(path, command) if self._owned else _standard_input()
        self.is_file = _mode(self.file, stat.S_ISREG)
        self.size = os.fstat(self.file.fileno()).st_size if self.is_file else -1
        self.read = 0
        shown = not sink.is_pipe and not (events and sink.is_terminal)
        self.progress = Progress(sys.stderr, self.size if shown else -1)
        sink.progress = self.progress

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they come in."""
        while chunk := self._next():
            self.add(len(chunk))
            yield chunk

    def lines(self) -> Iterator[bytes]:
        """Yield lines as they come in."""
        while line := self._guard(self.file.readline):
            self.add(len(line))
            yield line

    def add(self, size: int) -> None:
        """Note that so many bytes more were read."""
        self.read += size
        self.progress.add(size)

    def close(self) -> None:
        """Take the progress away, and close a file."""
        self.progress.clear()
        if self._owned:
            self.file.close()

    def _next(self) -> bytes:
        return self._guard(lambda: self.file.read1(READ_SIZE))

    def _guard(self, read: Any) -> bytes:
        try:
            data: bytes = read()
        except OSError as error:
            raise Failure(1, f"{self.name}: {error.strerror}") from None
        return data


def _standard_input() -> Any:
    if sys.stdin is None:
        raise Failure(2, "standard input is closed")
    return sys.stdin.buffer


def _open(path: str, command: str) -> Any:
    try:
        return open(path, "rb")
    except OSError as error:
        if re.match(r"https?://", path):
            raise Failure(
                2, f"{path} is a URL, and sse-codec reads files and pipes: curl -N '{path}' | sse-codec {command}"
            ) from None
        raise Failure(2, f"{path}: {error.strerror}") from None


def _mode(file: Any, *tests: Any) -> bool:
    """Tell whether a file is of one of the kinds that functions of `stat` test for."""
    try:
        mode = os.fstat(file.fileno()).st_mode
    except OSError:  # it has no file behind it, as in tests
        return False
    return any(test(mode) for test in tests)
